"""The load client of the bench: many typists on one room, over plain sockets, the same for every server.

It counts an update as delivered when a typist other than its author has it, whatever frame it came in; it judges nothing.
"""

from __future__ import annotations

import asyncio
import struct
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from pycrdt import Doc, Map, Text

from crdt.model import FrameError, Limits
from crdt.protocol import read_bytes, read_varint, write_bytes, write_varint
from crdt.update import scan

FIRST_WRITER = 1000
SETTLE_S = 1.0
DRAIN_S = 10.0
_UNLIMITED = Limits(structs_per_update_max=2**40, clients_per_update_max=2**40, deletes_per_update_max=2**40)


@dataclass
class Load:
    """Writers type `per_second` characters each; 0: as fast as their neighbour gets them, `window` ahead."""

    clients: int
    writers: int
    per_second: float
    seconds: float
    window: int = 64


@dataclass
class Outcome:
    """`lost` are updates that somebody did not get at all."""

    delivered: int = 0
    seconds: float = 0.0
    took_ms: list[float] = field(default_factory=list)
    lost: int = 0


def _seed() -> tuple[bytes, int]:
    """A document with one file, and the clock of its text."""
    doc: Doc[Any] = Doc(client_id=1)
    text = Text()
    doc.get("files", type=Map)["bench"] = Map({"name": "bench.txt", "language": "text", "content": text})
    whole = doc.get_update()
    other: Doc[Any] = Doc(client_id=2)
    other.apply_update(whole)
    before = other.get_state()
    cast(Any, other.get("files", type=Map))["bench"]["content"].insert(0, "a")
    # One client, one item, that of client 2 at clock 0: a string whose parent is named by client 1 and a clock.
    return whole, read_varint(other.get_update(before), 7)[0]


_DOCUMENT, _TEXT_CLOCK = _seed()


def _typed(client: int, clock: int) -> bytes:
    """One character at the end of what the client typed."""
    me = write_varint(client)
    where = b"\x84" + me + write_varint(clock - 1) if clock else b"\x04\x00\x01" + write_varint(_TEXT_CLOCK)
    return b"\x01\x01" + me + write_varint(clock) + where + b"\x01a\x00"


class Typist(asyncio.Protocol):
    """One connection; `room` is what Hocuspocus wants before every message."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self._crowd = crowd
        self._number = number
        self._data = b""
        self._transport: asyncio.Transport | None = None
        self.open = asyncio.get_running_loop().create_future()
        self.seen = [0] * crowd.load.writers
        self.sent: list[float] = []
        self.count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        host, port = self._transport.get_extra_info("peername")[:2]
        self._transport.write(
            f"GET {self._crowd.path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self.open.done():
            head, found, rest = self._data.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head:
                self.open.set_exception(ConnectionError(head.decode(errors="replace")[:200]))
                return
            self._data = rest
            if self._crowd.room is not None:
                self.send(b"\x02\x00" + write_bytes(b"token"))
            self.open.set_result(None)
        self._read(time.perf_counter())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.open.done():
            self.open.set_exception(exc or ConnectionError("closed in the handshake"))

    def _read(self, now: float) -> None:
        data, at = self._data, 0
        while len(data) - at >= 2:
            size, begin = data[at + 1], at + 2
            if size == 126 and len(data) >= at + 4:
                size, begin = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127 and len(data) >= at + 10:
                size, begin = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            elif size > 125:
                break
            if len(data) < begin + size:
                break
            opcode, payload = data[at] & 0x0F, data[begin : begin + size]
            at = begin + size
            if opcode == 2:
                self._take(payload, now)
            elif opcode == 9:
                self._write(0x8A, payload)
        self._data = data[at:]

    def _take(self, frame: bytes, now: float) -> None:
        try:
            at = 0
            if self._crowd.room is not None:
                _, at = read_bytes(frame, 0)
            while at < len(frame):
                kind, at = read_varint(frame, at)
                if kind > 1:
                    return
                step = 0
                if kind == 0:
                    step, at = read_varint(frame, at)
                payload, at = read_bytes(frame, at)
                if kind == 0 and step > 0:
                    found = scan(payload, _UNLIMITED)
                    for client, end in found.ends.items():
                        if 0 <= client - FIRST_WRITER < len(self.seen):
                            self._arrived(client - FIRST_WRITER, end, now)
        except (FrameError, IndexError):
            return

    def _arrived(self, writer: int, end: int, now: float) -> None:
        news = end - self.seen[writer]
        if news > 0 and writer != self._number:
            self._crowd.arrived(writer, self.seen[writer], end, now)
        self.seen[writer] = max(end, self.seen[writer])

    def send(self, message: bytes) -> None:
        room = self._crowd.room
        self._write(0x82, message if room is None else write_bytes(room.encode()) + message)

    def _write(self, first: int, payload: bytes) -> None:
        assert self._transport is not None
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else struct.pack("!BH", 0xFE, size)
        # A mask of zeros is a mask: what it leaves alone need not be computed.
        self._transport.write(bytes((first,)) + length + b"\0\0\0\0" + payload)

    def type(self) -> None:
        update = _typed(FIRST_WRITER + self._number, self.count)
        self.count += 1
        self.sent.append(time.perf_counter())
        self.send(b"\x00\x02" + write_bytes(update))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _same(typist: Typist) -> Typist:
    return typist


class Crowd:
    """All typists of one room."""

    def __init__(self, load: Load, path: str, room: str | None) -> None:
        self.load = load
        self.path = path
        self.room = room
        self.outcome = Outcome()
        self._typists: list[Typist] = []
        self._measuring = False

    @property
    def typed(self) -> int:
        """How many characters were sent, all in all."""
        return sum(typist.count for typist in self._typists)

    def arrived(self, writer: int, start: int, end: int, now: float) -> None:
        if self._measuring:
            sent = self._typists[writer].sent
            self.outcome.delivered += end - start
            # In a flood one of each bunch stands for the rest.
            self.outcome.took_ms.append((now - sent[end - 1]) * 1000)

    async def run(self, port: int, cpu_s: Any) -> float:
        """Types and listens; returns the CPU seconds that `cpu_s` counted meanwhile."""
        loop = asyncio.get_running_loop()
        for number in range(self.load.clients):
            typist = Typist(self, number)
            self._typists.append(typist)
            await loop.create_connection(partial(_same, typist), "127.0.0.1", port)
            await typist.open
        try:
            await asyncio.sleep(SETTLE_S)
            self._typists[0].send(b"\x00\x02" + write_bytes(_DOCUMENT))
            await asyncio.sleep(SETTLE_S)
            writers = self._typists[: self.load.writers]
            tasks = [asyncio.create_task(self._write(typist, number)) for number, typist in enumerate(writers)]
            await asyncio.sleep(SETTLE_S)
            cpu, began, self._measuring = cpu_s(), time.perf_counter(), True
            await asyncio.sleep(self.load.seconds)
            self._measuring = False
            cpu, self.outcome.seconds = cpu_s() - cpu, time.perf_counter() - began
            for task in tasks:
                task.cancel()
            await self._drained(writers)
            return float(cpu)
        finally:
            for typist in self._typists:
                typist.close()

    async def _write(self, typist: Typist, number: int) -> None:
        load = self.load
        if not load.per_second:
            neighbour = self._typists[(number + 1) % load.clients]
            while True:
                while typist.count - neighbour.seen[number] < load.window:
                    typist.type()
                await asyncio.sleep(0)
        at = time.perf_counter() + number / load.writers / load.per_second
        while True:
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            typist.type()
            at += 1 / load.per_second

    async def _drained(self, writers: list[Typist]) -> None:
        give_up = time.perf_counter() + DRAIN_S
        while True:
            self.outcome.lost = sum(
                writer.count - other.seen[number]
                for number, writer in enumerate(writers)
                for other in self._typists
                if other is not writer
            )
            if not self.outcome.lost or time.perf_counter() > give_up:
                return
            await asyncio.sleep(0.05)
