"""How nodes tell each other what happened in a session: the port, and its adapter for a single process.
Delivery is not promised; whoever must be sure asks again. What messages mean is never known here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

OnMessage = Callable[[bytes], None]
OnReset = Callable[[], None]


class Subscription(Protocol):
    """A place on a topic; `close` takes effect at once for this node."""

    def close(self) -> None: ...


class Bus(Protocol):
    """Topics with subscribers. Implementations never throw from `publish` and never call back from within a call."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def subscribe(self, topic: str, on_message: OnMessage, on_reset: OnReset) -> Subscription:
        """Returns once messages flow. `on_reset` is called whenever some may have been missed since.

        A node may hear its own messages too: an adapter cannot always tell; the reader drops them."""
        ...

    def publish(self, topic: str, message: bytes, sender: Subscription | None = None) -> None:
        """To all subscribers of the topic, but not to `sender` where that can be spared."""
        ...

    def reaches(self, topic: str, sender: Subscription | None) -> bool:
        """Whether anybody but `sender` may hear what is published; asked for every change, before it is put into bytes."""
        ...

    @property
    def connected(self) -> bool:
        """Whether other nodes can be reached now."""
        ...

    @property
    def lag_s(self) -> float:
        """How long a message lately took."""
        ...

    @property
    def queued_bytes(self) -> int:
        """What waits to be published."""
        ...

    @property
    def dropped_messages(self) -> int:
        """How many were given up since the start."""
        ...

    async def peers(self, topic: str) -> int:
        """How many subscriptions the topic has, this one included; 1 when that cannot be told."""
        ...


class _LocalSubscription:
    def __init__(self, bus: LocalBus, topic: str, on_message: OnMessage) -> None:
        self.bus = bus
        self.topic = topic
        self.on_message = on_message
        self.open = True

    def close(self) -> None:
        self.open = False
        self.bus.forget(self)

    def deliver(self, message: bytes) -> None:
        if self.open:
            self.on_message(message)


class LocalBus:
    """Subscribers of one process; several sets of rooms may share one, as the tests of many nodes do."""

    lag_s = 0.0
    queued_bytes = 0
    dropped_messages = 0

    def __init__(self) -> None:
        self._topics: dict[str, list[_LocalSubscription]] = {}

    async def start(self) -> None:
        return None

    async def close(self) -> None:
        self._topics.clear()

    async def subscribe(self, topic: str, on_message: OnMessage, on_reset: OnReset) -> Subscription:
        subscription = _LocalSubscription(self, topic, on_message)
        self._topics.setdefault(topic, []).append(subscription)
        return subscription

    def forget(self, subscription: _LocalSubscription) -> None:
        subscribers = self._topics.get(subscription.topic)
        if subscribers is None or subscription not in subscribers:
            return
        subscribers.remove(subscription)
        if not subscribers:
            del self._topics[subscription.topic]

    def publish(self, topic: str, message: bytes, sender: Subscription | None = None) -> None:
        subscribers = self._topics.get(topic)
        if not subscribers:
            return
        for subscription in subscribers:
            if subscription is not sender:
                asyncio.get_running_loop().call_soon(subscription.deliver, message)

    def reaches(self, topic: str, sender: Subscription | None) -> bool:
        subscribers = self._topics.get(topic)
        return subscribers is not None and (len(subscribers) > 1 or subscribers[0] is not sender)

    @property
    def connected(self) -> bool:
        return True

    async def peers(self, topic: str) -> int:
        return len(self._topics.get(topic, ()))
