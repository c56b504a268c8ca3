"""The same session on other nodes: telling them what happened here, and taking what happened there.
What a message does to the document and the members is the room's; how it travels is the bus's."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from crdt import wire
from crdt.bus import Bus, Subscription
from crdt.model import SYSTEM, Actor, FrameError, Limits
from crdt.presence import Presence
from crdt.protocol import EMPTY_UPDATE, awareness_payload, parse_awareness
from crdt.replica import ApplyFailed

logger = logging.getLogger(__name__)

NODE_OWNER = "node:"
# Until every node has said that it takes no more; what is not heard is asked again.
SEALED_S = 5.0
SEAL_REPEAT_S = 0.25
# Of undos whose updates came too early, of one node.
MARKS_MAX = 64

Mark = tuple[str, bytes]


class Host(Protocol):
    """What a room does for its neighbours' messages."""

    @property
    def version(self) -> int: ...
    def state_vector(self) -> bytes: ...
    def missing(self, state_vector: bytes) -> bytes: ...
    def lacks(self, state_vector: bytes) -> bool: ...
    def take_remote(
        self,
        update: bytes,
        version: int,
        actor: Actor,
        node: bytes,
        undoes: bytes | None = None,
        marks: Sequence[Mark] = (),
    ) -> bool:
        """False when something in between is missing. `marks`: the undos that are in it, each with who did it."""
        ...

    def unsaved_undos(self) -> Sequence[tuple[bytes, int, Actor, bytes]]:
        """(update, version, who did it, what it took back) of those of this node that are not on disk."""
        ...

    def take_saved(self, node: bytes, version: int) -> None: ...
    def owe(self, version: int) -> None:
        """A node was given what is not known to be saved, and wants to hear when it is."""
        ...

    def touch(self, client_ids: Sequence[int]) -> None: ...
    def take_event(self, frame: str, event: dict[str, Any]) -> None: ...
    def seals_told(self) -> list[bytes]: ...
    def take_seal(self, raw: bytes) -> str:
        """Nothing is added here any more; the seal's name."""
        ...

    def break_seal(self, name: str) -> None: ...


class Neighbours:
    """Listen, then load, then ask: what is heard before `begin` waits."""

    def __init__(self, host: Host, bus: Bus, topic: str, node: bytes, presence: Presence, limits: Limits) -> None:
        self._host = host
        self._bus = bus
        self._topic = topic
        self._node = node
        self._presence = presence
        self._limits = limits
        self._subscription: Subscription | None = None
        self._backlog: list[bytes] | None = []
        self._closed = False
        # By the name of a seal: the nodes that keep to it, and of which everything is here.
        self._sealed: dict[str, set[bytes]] = {}
        self._sealing = asyncio.Event()
        # By node: undos that built on what is missing here; the difference that brings them says nothing of it.
        self._marks: dict[bytes, list[Mark]] = {}
        self.answered = asyncio.Event()

    async def listen(self) -> None:
        self._subscription = await self._bus.subscribe(self._topic, self.hear, self.ask)

    def begin(self) -> None:
        """The document is loaded: takes what came meanwhile and asks the others for the rest."""
        backlog, self._backlog = self._backlog or [], None
        for message in backlog:
            self.hear(message)
        self.ask()

    def ask(self) -> None:
        """Exchanges state vectors: whatever was lost on the way is sent again."""
        if not self._closed and self._backlog is None:
            self._send(wire.HELLO, self._host.state_vector())
            self.tell_presence(None)

    @property
    def within_reach(self) -> bool:
        """Whether there may be any."""
        return self._bus.reaches(self._topic, self._subscription)

    def tell_change(self, update: bytes, version: int, actor: Actor, undoes: bytes | None) -> None:
        if self.within_reach:
            self._send(wire.UPDATE, update, version=version, actor=wire.encode_actor(actor), undoes=undoes)

    def tell_saved(self, version: int) -> None:
        """Everything this node has told up to its `version` is on disk."""
        if self.within_reach:
            self._send(wire.SAVED, b"", version=version)

    def tell_event(self, frame: str) -> None:
        self._send(wire.EVENT, frame.encode())

    async def seal(self, name: str, told: bytes) -> bool:
        """Whether all nodes that have the session open keep to a seal, and this one has all that they took before."""
        sealed = self._sealed[name] = set()
        loop = asyncio.get_running_loop()
        until = loop.time() + SEALED_S
        try:
            while len(sealed) < await self._bus.peers(self._topic) - 1:
                if loop.time() >= until:
                    return False
                self._sealing.clear()
                self._send(wire.SEAL, told)
                with suppress(TimeoutError):
                    async with asyncio.timeout(SEAL_REPEAT_S):
                        await self._sealing.wait()
            return True
        finally:
            del self._sealed[name]

    def tell_unsealed(self, name: str) -> None:
        self._send(wire.UNSEAL, name.encode())

    def tell_presence(self, client_ids: Sequence[int] | None) -> None:
        """Of the people on this node only; None: of all of them."""
        entries = self._presence.entries(self._presence.local_ids(client_ids, node_prefix=NODE_OWNER))
        if entries:
            self._send(wire.AWARENESS, awareness_payload(entries))

    def _send(
        self,
        kind: int,
        payload: bytes,
        *,
        to: bytes = wire.TO_ALL,
        version: int = 0,
        actor: bytes = b"",
        undoes: bytes | None = None,
    ) -> None:
        message = wire.encode(kind, self._node, payload, to=to, version=version, actor=actor, undoes=undoes)
        self._bus.publish(self._topic, message, self._subscription)

    def hear(self, raw: bytes) -> None:
        """A message of the bus; never raises."""
        if self._backlog is not None:
            self._backlog.append(raw)
            return
        message = wire.decode(raw)
        if message is None or message.node == self._node or self._closed:
            return
        if message.to not in (wire.TO_ALL, self._node):
            return
        try:
            self._take(message)
        except (FrameError, ApplyFailed, ValueError, TypeError) as error:
            logger.warning("a message of another node on %s is unusable: %s", self._topic, error)

    def _take(self, message: wire.BusMessage) -> None:
        owner = NODE_OWNER + message.node.hex()
        if message.kind == wire.UPDATE:
            self._take_update(message, wire.decode_actor(message.actor))
        elif message.kind == wire.AWARENESS:
            self._host.touch(self._presence.merge(owner, parse_awareness(message.payload, self._limits)))
        elif message.kind == wire.HELLO:
            self._answer(message)
        elif message.kind == wire.DIFF:
            self._take_update(message, SYSTEM)
            self.answered.set()
        elif message.kind == wire.SAVED:
            self._host.take_saved(message.node, message.version)
        elif message.kind == wire.EVENT:
            self._host.take_event(message.payload.decode(), json.loads(message.payload))
        elif message.kind == wire.BYE:
            self._host.touch(self._presence.leave(owner))
        elif message.kind == wire.SEAL:
            name = self._host.take_seal(message.payload)
            self._send(
                wire.SEALED, self._host.state_vector(), to=message.node, version=self._host.version, actor=name.encode()
            )
        elif message.kind == wire.SEALED:
            self._take_sealed(message)
        elif message.kind == wire.UNSEAL:
            self._host.break_seal(message.payload.decode())

    def _take_update(self, message: wire.BusMessage, actor: Actor) -> None:
        if message.payload == EMPTY_UPDATE:
            return
        marks = self._marks.pop(message.node, []) if message.kind == wire.DIFF else []
        if not self._host.take_remote(message.payload, message.version, actor, message.node, message.undoes, marks):
            if message.undoes is not None:
                marks.append((actor.id, message.undoes))
            waiting = self._marks.setdefault(message.node, [])
            waiting += [mark for mark in marks if mark not in waiting]
            del waiting[:-MARKS_MAX]
            self._send(wire.HELLO, self._host.state_vector(), to=message.node)

    def _take_sealed(self, message: wire.BusMessage) -> None:
        sealed = self._sealed.get(message.actor.decode())
        if sealed is None:
            return
        if self._host.lacks(message.payload):
            # Something it took was lost on the way: it is asked for, and so is the seal again.
            self._send(wire.HELLO, self._host.state_vector(), to=message.node)
            return
        sealed.add(message.node)
        self._sealing.set()

    def _answer(self, message: wire.BusMessage) -> None:
        for told in self._host.seals_told():
            # First of all: who opens a session that is sealed takes nothing.
            self._send(wire.SEAL, told, to=message.node)
        for update, version, actor, undoes in self._host.unsaved_undos():
            # The difference does not say what of it is an undo, and nor does the log yet.
            self._send(
                wire.UPDATE,
                update,
                to=message.node,
                version=version,
                actor=wire.encode_actor(actor),
                undoes=undoes,
            )
        missing = self._host.missing(message.payload)
        self._send(wire.DIFF, missing, to=message.node, version=self._host.version)
        if missing != EMPTY_UPDATE:
            self._host.owe(self._host.version)
        self.tell_presence(None)
        if self._host.lacks(message.payload):
            self._send(wire.HELLO, self._host.state_vector(), to=message.node)

    def close(self) -> None:
        if self._subscription is not None:
            self._send(wire.BYE, b"")
            self._subscription.close()
            self._subscription = None
        self._closed = True
