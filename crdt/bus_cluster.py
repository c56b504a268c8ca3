"""The bus over a Redis Cluster: sharded pub/sub, so that each message goes through the one server that owns its topic's slot.
Which server that is, this follows; how one of them is spoken to is bus_redis.py's."""

from __future__ import annotations

import asyncio
import itertools
import logging
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import RedisError, ResponseError

from crdt.bus import OnMessage, OnReset, Subscription
from crdt.bus_redis import CONNECT_TIMEOUT_S, PREFIX, QUEUED_BYTES_MAX, RETRY_FIRST_S, RETRY_LAST_S, RedisBus, ended

logger = logging.getLogger(__name__)

SLOTS = 16_384
# Slots that move are told by the servers; so often it is looked whether something was missed.
LOOK_S = 15.0

Batch = Sequence[tuple[str, bytes]]


class Shard(RedisBus):
    """One server of the cluster. What it refuses because it is another's by now, it hands back by `moved`."""

    def __init__(self, url: str, *, prefix: str, own: str, moved: Callable[[Batch], None]) -> None:
        super().__init__(url, prefix=prefix, own=own)
        self.url = url
        self._moved = moved
        self._unsure = False

    async def _send(self, batch: list[tuple[str, bytes]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for channel, message in batch:
                pipeline.spublish(channel, message)
            results = await pipeline.execute(raise_on_error=False)
        refused = [sent for sent, result in zip(batch, results, strict=True) if isinstance(result, Exception)]
        if refused:
            self._moved(refused)

    async def _join(self, pubsub: PubSub, *channels: str) -> None:
        # One question each: those of different slots may not be asked for together.
        for channel in channels:
            await pubsub.ssubscribe(channel)

    async def _part(self, pubsub: PubSub, channel: str) -> None:
        await pubsub.sunsubscribe(channel)

    async def _count(self, channel: str) -> int:
        counts = await self._redis.pubsub_shardnumsub(channel)
        return int(counts[0][1]) if counts else 0

    def _refused(self, refusal: ResponseError) -> None:
        logger.info("a shard refuses: %s", refusal)
        self._unsure = True
        self._moved(())

    def _parted(self, channel: str) -> None:
        """Asked for, or because the slot went to another server."""
        if channel in self._topics or channel == self._prefix + self._own:
            if channel in self._confirmed:
                self._confirmed[channel].clear()
            self._unsure = True
            self._moved(())

    def _interrupted(self) -> None:
        # It may be gone for good, and a replica has its slots.
        self._moved(())

    async def join_again(self) -> None:
        """What the server has refused though it is the one: nobody had the slot for a while."""
        if not self._unsure or self._pubsub is None:
            return
        self._unsure = False
        refused = {channel for channel in self._topics if not self._confirmed[channel].is_set()}
        self._pending_reset |= refused
        with suppress(RedisError, OSError):
            await self._join(self._pubsub, self._prefix + self._own, *refused)

    @property
    def own(self) -> str:
        return self._own

    async def take_own(self, topic: str) -> None:
        self._own, self._probed_s = topic, None
        await self._send_subscribe(self._prefix + topic)

    def give_back(self) -> Batch:
        """What was to be published and is not yet."""
        waiting = tuple(self._outbox)
        self._outbox.clear()
        self._outbox_bytes = 0
        return waiting


class _ClusterSubscription:
    def __init__(self, bus: ClusterBus, topic: str, on_message: OnMessage, on_reset: OnReset) -> None:
        self.bus = bus
        self.topic = topic
        self.on_message = on_message
        self.on_reset = on_reset
        self.open = True
        self.shard: Shard | None = None
        self.inner: Subscription | None = None

    def close(self) -> None:
        self.open = False
        if self.inner is not None:
            self.inner.close()
        self.bus.forget(self)


class ClusterBus:
    """A `Shard` for each server that owns slots; `urls` are those of some of them, with commas in between."""

    def __init__(self, urls: str, *, prefix: str = PREFIX) -> None:
        self._seeds = [url.strip() for url in urls.split(",")]
        self._prefix = prefix
        self._shards: dict[str, Shard] = {}
        self._owners: list[str | None] = [None] * SLOTS
        self._subscriptions: set[_ClusterSubscription] = set()
        # What no server took: sent as soon as it is known whose it is.
        self._homeless: deque[tuple[str, bytes]] = deque()
        self._homeless_bytes = 0
        self._given_up = 0
        self._stale = asyncio.Event()
        self._arranged = asyncio.Event()
        self._follower: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow(), name="bus-cluster")

    async def close(self) -> None:
        if self._follower is not None:
            await ended([self._follower])
            self._follower = None
        await asyncio.gather(*(shard.close() for shard in self._shards.values()))
        self._shards.clear()
        self._subscriptions.clear()

    @property
    def connected(self) -> bool:
        return self._arranged.is_set() and all(shard.connected for shard in self._shards.values())

    @property
    def lag_s(self) -> float:
        return max((shard.lag_s for shard in self._shards.values()), default=0.0)

    @property
    def queued_bytes(self) -> int:
        return self._homeless_bytes + sum(shard.queued_bytes for shard in self._shards.values())

    @property
    def dropped_messages(self) -> int:
        return self._given_up + sum(shard.dropped_messages for shard in self._shards.values())

    # -- topics --------------------------------------------------------------------------------------------------

    def _shard_of(self, channel: str) -> Shard | None:
        return self._shards.get(self._owners[key_slot(channel.encode())] or "")

    def publish(self, topic: str, message: bytes, sender: Subscription | None = None) -> None:
        shard = self._shard_of(self._prefix + topic)
        if shard is None:
            self._take_back([(self._prefix + topic, message)])
        else:
            shard.publish(topic, message)

    def reaches(self, topic: str, sender: Subscription | None) -> bool:
        return True  # who else there is, only Redis knows

    async def subscribe(self, topic: str, on_message: OnMessage, on_reset: OnReset) -> Subscription:
        """Without the cluster this returns too, after a while: `on_reset` tells when it is back."""
        subscription = _ClusterSubscription(self, topic, on_message, on_reset)
        with suppress(TimeoutError):
            async with asyncio.timeout(RETRY_FIRST_S):
                await self._arranged.wait()
        self._subscriptions.add(subscription)
        await self._place(subscription)
        return subscription

    def forget(self, subscription: _ClusterSubscription) -> None:
        self._subscriptions.discard(subscription)

    async def peers(self, topic: str) -> int:
        shard = self._shard_of(self._prefix + topic)
        return 1 if shard is None else await shard.peers(topic)

    async def _place(self, subscription: _ClusterSubscription) -> bool:
        """Where the slot of its topic is; False if it is there already, or nobody has the slot."""
        shard = self._shard_of(self._prefix + subscription.topic)
        if shard is None or shard is subscription.shard or not subscription.open:
            return False
        before, subscription.inner, subscription.shard = subscription.inner, None, shard
        if before is not None:
            before.close()
        inner = await shard.subscribe(subscription.topic, subscription.on_message, subscription.on_reset)
        if subscription.open and subscription.shard is shard:
            subscription.inner = inner
        else:
            inner.close()
        return True

    # -- who has which slot --------------------------------------------------------------------------------------

    def _take_back(self, batch: Batch) -> None:
        """A server has refused, or is not known: it is asked anew who has which slot."""
        for channel, message in batch:
            self._homeless.append((channel, message))
            self._homeless_bytes += len(message)
        while self._homeless_bytes > QUEUED_BYTES_MAX:
            self._homeless_bytes -= len(self._homeless.popleft()[1])
            self._given_up += 1
        self._stale.set()

    async def _follow(self) -> None:
        pause_s = RETRY_FIRST_S
        while True:
            self._stale.clear()
            owners = await self._ask()
            if owners is None:
                self._arranged.clear()
                await asyncio.sleep(RETRY_LAST_S)
                continue
            # Servers take a moment to agree: who asks at once hears the same again.
            pause_s = RETRY_FIRST_S if owners != self._owners else min(2 * pause_s, RETRY_LAST_S)
            await self._arrange(owners)
            await asyncio.sleep(pause_s)
            # Not wait_for, which on Python 3.11 forgets that it was cancelled when what it waits for has just come.
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S if self.connected else RETRY_LAST_S):
                    await self._stale.wait()

    async def _ask(self) -> list[str | None] | None:
        """The server of each slot by its URL; None when nobody can say. Those that answer now are asked first."""
        known = sorted(self._shards.values(), key=lambda shard: not shard.connected)
        for url in dict.fromkeys([*(shard.url for shard in known), *self._seeds]):
            retry = Retry(NoBackoff(), 0)
            redis = Redis.from_url(
                url, socket_connect_timeout=CONNECT_TIMEOUT_S, socket_timeout=CONNECT_TIMEOUT_S, retry=retry
            )
            try:
                return _owners(url, await redis.execute_command("CLUSTER", "SHARDS"))  # type: ignore[no-untyped-call]
            except (RedisError, OSError) as error:
                logger.warning("%s cannot say who has which slot: %s", urlsplit(url).hostname, error)
            finally:
                await redis.aclose()
        return None

    async def _arrange(self, owners: list[str | None]) -> None:
        self._owners = owners
        first_slots: dict[str, int] = {}
        for slot, url in enumerate(owners):
            if url is not None:
                first_slots.setdefault(url, slot)
        for url in first_slots:
            shard = self._shards.get(url)
            if shard is None:
                self._shards[url] = Shard(url, prefix=self._prefix, own=self._own_of(url), moved=self._take_back)
                await self._shards[url].start()
            elif owners[key_slot((self._prefix + shard.own).encode())] != url:
                await shard.take_own(self._own_of(url))
        left = [self._shards.pop(url) for url in list(self._shards) if url not in first_slots]
        if None in owners:
            self._arranged.clear()
        else:
            self._arranged.set()
        await asyncio.gather(*(shard.join_again() for shard in self._shards.values()))
        # Listened first at the new place, then published there.
        await asyncio.gather(*(self._move(subscription) for subscription in list(self._subscriptions)))
        homeless = list(self._homeless) + list(itertools.chain.from_iterable(shard.give_back() for shard in left))
        self._homeless.clear()
        self._homeless_bytes = 0
        for channel, message in homeless:
            self.publish(channel.removeprefix(self._prefix), message)
        for shard in left:
            self._given_up += shard.dropped_messages
            await shard.close()

    async def _move(self, subscription: _ClusterSubscription) -> None:
        if await self._place(subscription) and subscription.open:
            subscription.on_reset()

    def _own_of(self, url: str) -> str:
        """A topic in one of the slots of this server."""
        while True:
            topic = f"wake:{uuid.uuid4().hex}"
            if self._owners[key_slot((self._prefix + topic).encode())] == url:
                return topic


def _owners(asked: str, shards: list[Any]) -> list[str | None]:
    """From the answer to CLUSTER SHARDS. A server that does not know its own address is the one that was asked."""
    scheme, asked_netloc, path, query, _ = urlsplit(asked)
    login, at, asked_place = asked_netloc.rpartition("@")
    owners: list[str | None] = [None] * SLOTS
    for shard in map(_named, shards):
        masters = [
            node for node in map(_named, shard["nodes"]) if node["role"] == b"master" and node["health"] != b"fail"
        ]
        if not masters:
            continue
        host = (masters[0].get("endpoint") or b"").decode()
        port = masters[0].get("tls-port" if scheme == "rediss" else "port") or 6379
        host = host if host not in ("", "?") else urlsplit(f"//{asked_place}").hostname or ""
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        url = urlunsplit((scheme, f"{login}{at}{place}", path, query, ""))
        spans = shard["slots"]
        for first, last in zip(spans[::2], spans[1::2], strict=True):
            owners[int(first) : int(last) + 1] = [url] * (int(last) - int(first) + 1)
    return owners


def _named(fields: Any) -> dict[str, Any]:
    """A map comes as one, or as names and values in turn."""
    pairs = fields.items() if isinstance(fields, dict) else zip(fields[::2], fields[1::2], strict=True)
    return {name.decode(): value for name, value in pairs}
