"""The bus over Redis pub/sub: batched publishing, one reader, and a fresh subscription after every interruption.
Pub/sub drops what nobody hears; what to do about it is the reader's business, told by `on_reset`."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import uuid
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from crdt.bus import OnMessage, OnReset, Subscription

logger = logging.getLogger(__name__)

QUEUED_BYTES_MAX = 32 * 1024 * 1024
BATCH_MESSAGES_MAX = 512
RETRY_FIRST_S = 0.05
# Together they are what it takes at most to be back on the bus once Redis is.
RETRY_LAST_S = 1.0
CONNECT_TIMEOUT_S = 1.5
READ_WAIT_S = 1.0
# A pulled cable closes nothing: who hears no answer to a ping for so long connects anew.
SILENT_S = 3.0
SOCKET_TIMEOUT_S = 2.0
CANCEL_AGAIN_S = 0.1
PROBE_S = 5.0
PROBE_LOST_S = 15.0
PREFIX = "collab:"


async def ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Returns once they are over. The library takes what ends it while it connects for a fault of the connection, so it is told
    again until it hears."""
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=CANCEL_AGAIN_S)


class _RedisSubscription:
    def __init__(self, bus: RedisBus, topic: str, on_message: OnMessage, on_reset: OnReset) -> None:
        self.bus = bus
        self.topic = topic
        self.on_message = on_message
        self.on_reset = on_reset
        self.open = True

    def close(self) -> None:
        if self.open:
            self.open = False
            self.bus.forget(self)


class RedisBus:
    """One connection publishes, one listens. A topic is a channel with a common prefix."""

    def __init__(self, url: str, *, prefix: str = PREFIX, own: str | None = None) -> None:
        self._prefix = prefix
        self._redis: Redis = Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=SOCKET_TIMEOUT_S,
            # The library would connect again by itself, and nobody would know that messages were missed.
            retry=Retry(NoBackoff(), 0),
            # Each greeting costs a way there and back before anything is heard again.
            protocol=2,
            driver_info=None,
        )
        self._pubsub: PubSub | None = None
        self._topics: dict[str, list[_RedisSubscription]] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        # Whoever listens there may have missed something, and is told once the channel is confirmed.
        self._pending_reset: set[str] = set()
        self._outbox: deque[tuple[str, bytes]] = deque()
        self._outbox_bytes = 0
        self._outbox_wake = asyncio.Event()
        self._outbox_empty = asyncio.Event()
        self._outbox_empty.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._connected = asyncio.Event()
        self.dropped_messages = 0
        # A topic of this connection's alone, which keeps it subscribed when no room is open, and measures the way.
        self._own = own or f"wake:{uuid.uuid4().hex}"
        self._lag_s = 0.0
        self._probed_s: float | None = None

    async def start(self) -> None:
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._read(), name="bus-reader"),
                asyncio.create_task(self._publish_all(), name="bus-publisher"),
                asyncio.create_task(self._probe(), name="bus-probe"),
            ]

    async def close(self) -> None:
        if self.connected and self._tasks:
            with suppress(TimeoutError):
                async with asyncio.timeout(READ_WAIT_S):
                    await self._outbox_empty.wait()
        await ended(self._tasks)
        self._tasks = []
        self._topics.clear()
        await self._redis.aclose()

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def queued_bytes(self) -> int:
        """What waits to be published."""
        return self._outbox_bytes

    @property
    def lag_s(self) -> float:
        """How long a message of this node's lately took to come back to it, or has been on its way by now."""
        return self._lag_s if self._probed_s is None else max(self._lag_s, time.monotonic() - self._probed_s)

    async def _probe(self) -> None:
        """A message to ourselves, which waits and travels like any other."""
        while True:
            await asyncio.sleep(PROBE_S)
            if self.connected and self._probed_s is None:
                self._probed_s = time.monotonic()
                self.publish(self._own, repr(self._probed_s).encode())
            elif self._probed_s is not None and time.monotonic() - self._probed_s > PROBE_LOST_S:
                self._probed_s = None  # lost in an interruption: the next one tells

    def _probe_heard(self, data: object) -> None:
        if self._probed_s is not None and data == repr(self._probed_s).encode():
            self._lag_s, self._probed_s = time.monotonic() - self._probed_s, None

    # -- publishing ----------------------------------------------------------------------------------------------

    def publish(self, topic: str, message: bytes, sender: Subscription | None = None) -> None:
        self._outbox.append((self._prefix + topic, message))
        self._outbox_bytes += len(message)
        while self._outbox_bytes > QUEUED_BYTES_MAX:
            # Redis is away: the oldest goes, and the exchange of state vectors brings it back later.
            self._outbox_bytes -= len(self._outbox.popleft()[1])
            self.dropped_messages += 1
        self._outbox_wake.set()
        self._outbox_empty.clear()

    def reaches(self, topic: str, sender: Subscription | None) -> bool:
        return True  # who else there is, only Redis knows

    async def _publish_all(self) -> None:
        backoff = 0.0
        while True:
            if not self._outbox:
                self._outbox_empty.set()
                self._outbox_wake.clear()
                await self._outbox_wake.wait()
            await self._connected.wait()
            batch = [self._outbox.popleft() for _ in range(min(len(self._outbox), BATCH_MESSAGES_MAX))]
            self._outbox_bytes -= sum(len(message) for _, message in batch)
            try:
                await self._send(batch)
                backoff = 0.0
            except (RedisError, OSError) as error:
                # Perhaps some were sent: hearing an update twice is harmless.
                self._outbox.extendleft(reversed(batch))
                self._outbox_bytes += sum(len(message) for _, message in batch)
                backoff = min(max(backoff * 2, RETRY_FIRST_S), RETRY_LAST_S)
                logger.warning("publishing failed: %s", type(error).__name__)
                await asyncio.sleep(backoff)

    # -- what a server of a cluster is asked otherwise -----------------------------------------------------------

    async def _send(self, batch: list[tuple[str, bytes]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for channel, message in batch:
                pipeline.publish(channel, message)
            await pipeline.execute()

    async def _join(self, pubsub: PubSub, *channels: str) -> None:
        await pubsub.subscribe(*channels)

    async def _part(self, pubsub: PubSub, channel: str) -> None:
        await pubsub.unsubscribe(channel)

    async def _count(self, channel: str) -> int:
        counts = await self._redis.pubsub_numsub(channel)
        return int(counts[0][1]) if counts else 0

    def _refused(self, refusal: ResponseError) -> None:
        """To a question on the listening connection."""
        raise refusal

    def _parted(self, channel: str) -> None:
        """The server sends no more of the channel."""

    def _interrupted(self) -> None:
        """Nothing is heard until it is connected again."""

    # -- subscribing ---------------------------------------------------------------------------------------------

    async def subscribe(self, topic: str, on_message: OnMessage, on_reset: OnReset) -> Subscription:
        """Without Redis this returns too, after a while: editing goes on, and `on_reset` tells when it is back."""
        subscription = _RedisSubscription(self, topic, on_message, on_reset)
        channel = self._prefix + topic
        first = channel not in self._topics
        self._topics.setdefault(channel, []).append(subscription)
        if first:
            self._confirmed[channel] = asyncio.Event()
            await self._send_subscribe(channel)
        with suppress(TimeoutError):
            async with asyncio.timeout(RETRY_LAST_S if self.connected else RETRY_FIRST_S):
                await self._confirmed[channel].wait()
        return subscription

    async def _send_subscribe(self, channel: str) -> None:
        if self._pubsub is not None and self.connected:
            with suppress(RedisError, OSError):
                await self._join(self._pubsub, channel)

    def forget(self, subscription: _RedisSubscription) -> None:
        channel = self._prefix + subscription.topic
        subscribers = self._topics.get(channel)
        if subscribers is None or subscription not in subscribers:
            return
        subscribers.remove(subscription)
        if not subscribers:
            del self._topics[channel]
            self._confirmed.pop(channel, None)
            if self._tasks:
                task = asyncio.create_task(self._unsubscribe(channel))
                self._tasks.append(task)
                task.add_done_callback(lambda done: self._tasks.remove(done) if done in self._tasks else None)

    async def _unsubscribe(self, channel: str) -> None:
        if channel not in self._topics and self._pubsub is not None and self.connected:
            with suppress(RedisError, OSError):
                await self._part(self._pubsub, channel)

    async def peers(self, topic: str) -> int:
        if not self.connected:
            return 1
        try:
            return max(1, await self._count(self._prefix + topic))
        except (RedisError, OSError):
            return 1

    async def _read(self) -> None:
        backoff = 0.0
        while True:
            pubsub = self._redis.pubsub()
            try:
                asked = set(self._topics)
                for confirmed in self._confirmed.values():
                    confirmed.clear()
                await self._join(pubsub, self._prefix + self._own, *asked)
                self._pubsub = pubsub
                self._probed_s = None
                self._connected.set()
                backoff = 0.0
                self._pending_reset = set(self._topics)
                late = self._pending_reset - asked
                if late:
                    await self._join(pubsub, *late)
                heard_at = asyncio.get_running_loop().time()
                while True:
                    try:
                        message = await pubsub.get_message(timeout=READ_WAIT_S)
                    except ResponseError as refusal:
                        self._refused(refusal)
                        continue
                    now = asyncio.get_running_loop().time()
                    if message is not None:
                        heard_at = now
                        self._dispatch(message)
                    elif now - heard_at >= SILENT_S:
                        raise TimeoutError
                    else:
                        await pubsub.ping()
            except (RedisError, OSError) as error:
                logger.warning("the bus is interrupted: %s", type(error).__name__)
            finally:
                self._pubsub = None
                self._connected.clear()
                self._interrupted()
                with suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
            backoff = min(max(backoff * 2, RETRY_FIRST_S), RETRY_LAST_S)
            await asyncio.sleep(backoff * (0.5 + random.random()))  # noqa: S311

    def _dispatch(self, message: dict[str, object]) -> None:
        if message["type"] == "pong":
            return
        channel_raw = message["channel"]
        channel = channel_raw.decode() if isinstance(channel_raw, bytes) else str(channel_raw)
        if channel == self._prefix + self._own and message["type"] in ("message", "smessage"):
            self._probe_heard(message["data"])
        elif message["type"] in ("unsubscribe", "sunsubscribe"):
            self._parted(channel)
        elif message["type"] in ("subscribe", "ssubscribe"):
            confirmed = self._confirmed.get(channel)
            if confirmed is not None:
                confirmed.set()
            if channel in self._pending_reset:
                self._pending_reset.discard(channel)
                for subscription in list(self._topics.get(channel, ())):
                    subscription.on_reset()
        elif message["type"] in ("message", "smessage"):
            data = message["data"]
            if isinstance(data, bytes):
                for subscription in list(self._topics.get(channel, ())):
                    if subscription.open:
                        self._deliver(subscription, data)

    @staticmethod
    def _deliver(subscription: _RedisSubscription, data: bytes) -> None:
        try:
            subscription.on_message(data)
        except Exception:
            logger.exception("a subscriber failed")
