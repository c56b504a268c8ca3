"""A whole server in a thread of the test's own, on either wire, and a client that speaks to it by raw frames and bytes.

What a WebSocket promises is told by the tests.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from collab_server import database, migrations
from collab_server.app import create_app
from collab_server.identity import Identity
from collab_server.serving import uvicorn_config
from collab_server.settings import Settings
from collab_server.wire_uvicorn import HandOver
from tests.support.patience import PATIENCE_S

MESSAGE_BYTES_MAX = 64 * 1024
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN = 0x80
QUERY_AWARENESS = b"\x03"
WIRES: dict[str, Any] = {"taken over": HandOver, "plain ASGI": "websockets-sansio"}


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@dataclass
class Host:
    """A whole server in a thread of its own, with the loop that it has in production."""

    settings: Settings
    server: Server
    thread: threading.Thread
    token: str
    port: int

    def session(self, content: str = "") -> str:
        """A new session with one file."""
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/api/sessions",
            json={"name": "a session", "files": [{"name": "main.js", "content": content}]},
            headers={"authorization": f"Bearer {self.token}"},
            trust_env=False,
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def client(self, session_id: str = "", *, text_lane: bool = True, receive_bytes: int = 0) -> Client:
        """A client that shook hands; it has read nothing yet."""
        connected = socket.socket()
        connected.settimeout(PATIENCE_S)
        if receive_bytes:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connected.connect(("127.0.0.1", self.port))
        client = Client(connected)
        client.shake_hands(f"/ws/{session_id or self.session()}?token={self.token}", text_lane)
        return client

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


@contextmanager
def hosting(folder: Path, wire: str, limits: Mapping[str, Any] | None = None, **options: Any) -> Iterator[Host]:
    settings = Settings(
        **(limits or {}),
        data_dir=folder,
        worker_url="http://127.0.0.1:9",
        worker_secret="no run is asked for here",
        frame_bytes_max=MESSAGE_BYTES_MAX,
        outbox_bytes_max=MESSAGE_BYTES_MAX,
    )
    token = asyncio.run(_prepare(settings))
    server = Server(uvicorn_config(create_app(settings), settings, ws=WIRES[wire], **options))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    assert server.listening.wait(PATIENCE_S)
    host = Host(settings, server, thread, token, listening.getsockname()[1])
    try:
        yield host
    finally:
        host.stop()


async def _prepare(settings: Settings) -> str:
    engine = database.connect(settings.database)
    try:
        await migrations.upgrade(engine)
        return (await Identity(engine, settings, now=time.time).issue("ada", kind="api", tier="enterprise"))[1]
    finally:
        await engine.dispose()


@dataclass
class Client:
    """The other end, frame by frame and byte by byte."""

    socket: socket.socket
    headers: dict[str, str] = field(default_factory=dict)
    _read: bytes = b""

    def shake_hands(self, path: str, text_lane: bool) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]
        if text_lane:
            lines.append("Sec-WebSocket-Protocol: collab.v1")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        status, *rest = head.decode().split("\r\n")
        assert " 101 " in status, status
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}

    def _more(self) -> None:
        got = self.socket.recv(65536)
        if not got:
            raise EOFError
        self._read += got

    def _take(self, size: int) -> bytes:
        while len(self._read) < size:
            self._more()
        taken, self._read = self._read[:size], self._read[size:]
        return taken

    def send(self, opcode: int, payload: bytes = b"", *, first: int = FIN) -> None:
        """A masked frame; `first` holds FIN and the reserved bits."""
        self.socket.sendall(frame(opcode, payload, first=first))

    def say(self, **message: Any) -> None:
        self.send(TEXT, json.dumps(message).encode())

    def read(self) -> tuple[int, bytes]:
        """The next frame: (opcode, payload). What a server sends here is whole, unmasked and without reserved bits."""
        first, size = self._take(2)
        assert first & 0xF0 == FIN, "servers send whole frames without extensions"
        assert size < 128, "servers do not mask"
        if size == 126:
            size = struct.unpack("!H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._take(8))[0]
        return first & 0x0F, self._take(size)

    def until(self, wanted: Callable[[int, bytes], bool]) -> tuple[int, bytes]:
        while True:
            opcode, payload = self.read()
            if wanted(opcode, payload):
                return opcode, payload
            assert opcode != CLOSE, payload

    def answer(self, message_id: str) -> dict[str, Any]:
        """The answer to a message of the text lane."""
        _, payload = self.until(lambda op, data: op == TEXT and json.loads(data).get("replyTo") == message_id)
        return dict(json.loads(payload))

    def pong(self) -> bytes:
        return self.until(lambda opcode, _: opcode == PONG)[1]

    def close_code(self) -> int:
        """The code that the server closes with; after it, it ends the stream."""
        try:
            while True:
                opcode, payload = self.read()
                if opcode == CLOSE:
                    break
            if payload:
                payload[2:].decode()
            self.send(CLOSE, payload[:2])
            while self.socket.recv(65536):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass
        return struct.unpack("!H", payload[:2])[0] if payload else 1005


def frame(opcode: int, payload: bytes, *, first: int = FIN, size: int | None = None, masked: bool = True) -> bytes:
    size = len(payload) if size is None else size
    mask = os.urandom(4)
    bit = 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", first | opcode, bit | size)
    elif size < 65536:
        head = struct.pack("!BBH", first | opcode, bit | 126, size)
    else:
        head = struct.pack("!BBQ", first | opcode, bit | 127, size)
    if not masked:
        return head + payload
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
