"""Clients for the tests of rooms: real Yjs documents that speak y-protocols, wired to a room by hand.
Nothing is asserted here."""

from __future__ import annotations

import itertools
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from pycrdt import Doc, Map, Text
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from crdt.bus import Bus, LocalBus
from crdt.log import Log
from crdt.model import Actor, Limits
from crdt.protocol import (
    AuthMessage,
    AwarenessEntry,
    AwarenessUpdate,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
    awareness_frame,
    parse,
    step1_frame,
    step2_frame,
    update_frame,
)
from crdt.room import Member, Room
from crdt.rooms import Rooms
from crdt.tables import metadata

_numbers = itertools.count(1)


def person(name: str = "ann", **more: Any) -> Actor:
    return Actor(id=f"id-{name}", name=name, **more)


class Clock:
    """Time that passes only when told to."""

    def __init__(self, at: float = 1_700_000_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += seconds


class Connection:
    """A peer that keeps what it is sent."""

    def __init__(self, actor: Actor, *, may_edit: bool = True, wants_text: bool = False) -> None:
        self.actor = actor
        self.may_edit = may_edit
        self.wants_text = wants_text
        self.frames: list[bytes] = []
        self.texts: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.refusals = 0

    def send_binary(self, frame: bytes) -> None:
        self.frames.append(frame)

    def send_text(self, frame: str) -> None:
        self.texts.append(json.loads(frame))

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def refused(self) -> None:
        self.refusals += 1

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.texts if event["type"] == kind]


class Client(Connection):
    """What a stock y-websocket provider does, one message per frame; `online = False` is a partition."""

    def __init__(self, actor: Actor, **more: Any) -> None:
        super().__init__(actor, **more)
        self.doc: Doc[Any] = Doc(client_id=next(_numbers) * 1_000)
        self.files = self.doc.get("files", type=Map)
        self.room: Room | None = None
        self.member: Member | None = None
        self.online = True
        self.inbox: deque[bytes] = deque()
        self.outbox: deque[bytes] = deque()
        self.states: dict[int, dict[str, Any] | None] = {}
        self.denied: list[str] = []
        self._applying = False
        self._clock = 0
        self.doc.observe(self._edited)

    def _edited(self, event: Any) -> None:
        if not self._applying:
            self.outbox.append(update_frame(event.update))

    def send_binary(self, frame: bytes) -> None:
        super().send_binary(frame)
        self.inbox.append(frame)

    def connect(self, room: Room) -> None:
        self.room = room
        self.online = True
        self.inbox.clear()
        self.outbox.clear()
        self.member = room.join(self)
        room.receive(self.member, step1_frame(self.doc.get_state()))

    def disconnect(self) -> None:
        assert self.room is not None and self.member is not None
        self.room.leave(self.member)
        self.online = False
        self.room = self.member = None

    def send(self, frame: bytes) -> None:
        assert self.room is not None and self.member is not None
        self.room.receive(self.member, frame)

    def show(self, state: dict[str, Any] | None, client_id: int | None = None) -> None:
        self._clock += 1
        raw = orjson.dumps(state)
        self.send(awareness_frame([AwarenessEntry(client_id or self.doc.client_id, self._clock, raw)]))

    def send_all(self) -> None:
        while self.outbox and self.online:
            self.send(self.outbox.popleft())

    def take_all(self) -> bool:
        took = False
        while self.inbox and self.online:
            took = True
            for message in parse(self.inbox.popleft(), Limits()):
                self._take(message)
        return took

    def _take(self, message: object) -> None:
        if isinstance(message, SyncStep1):
            self.send(step2_frame(self.doc.get_update(message.state_vector)))
        elif isinstance(message, SyncStep2 | SyncUpdate):
            self._applying = True
            try:
                self.doc.apply_update(message.update)
            finally:
                self._applying = False
        elif isinstance(message, AwarenessUpdate):
            for entry in message.entries:
                self.states[entry.client_id] = orjson.loads(entry.state)
        elif isinstance(message, AuthMessage):
            self.denied.append(message.reason.decode())

    def text(self, file_id: str) -> Text:
        entry = self.files[file_id]
        assert isinstance(entry, Map)
        content = entry["content"]
        assert isinstance(content, Text)
        return content

    def make_file(self, file_id: str, name: str, content: str = "") -> None:
        self.files[file_id] = Map({"name": name, "language": "text", "content": Text(content)})

    def texts_now(self) -> dict[str, str]:
        texts = {}
        for file_id in list(self.files.keys()):
            entry = self.files[file_id]
            content = entry.get("content") if isinstance(entry, Map) else None
            texts[file_id] = str(content) if isinstance(content, Text) else ""
        return texts


def settle(*clients: Client) -> bool:
    """Until nobody has anything left to say: rooms flush when asked, so no time needs to pass. Returns True."""
    while True:
        for client in clients:
            client.send_all()
        for client in clients:
            if client.room is not None:
                client.room.flush()
        took = sum(client.take_all() for client in clients)
        if not took and not any(client.outbox and client.online for client in clients):
            return True


@asynccontextmanager
async def store(path: Path) -> AsyncIterator[Callable[[], Log]]:
    """A SQLite file and a maker of logs on it."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path / 'log.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    try:
        yield lambda: Log(engine, commit_interval_s=0.0)
    finally:
        await engine.dispose()


async def rename_table(engine: AsyncEngine, old: str, new: str) -> None:
    """A store in which a table is not where it should be fails at every commit, until it is moved back."""
    async with engine.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


@asynccontextmanager
async def node(
    path: Path,
    *,
    bus: Bus | None = None,
    limits: Limits | None = None,
    now: Callable[[], float] = time.time,
    ticks: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Rooms]:
    """The rooms of one node over a SQLite file; `now` is the time of day, `ticks` what passes."""
    async with store(path) as make_log:
        log = make_log()
        rooms = Rooms(log, bus or LocalBus(), limits=limits or Limits(), now=now, ticks=ticks)
        await rooms.start()
        try:
            yield rooms
        finally:
            await rooms.close()
