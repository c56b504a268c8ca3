"""Promises of the WebSocket itself (RFC 6455), told by raw sockets in the manner of Autobahn's cases.

Every promise holds on both wires: the transport taken over from uvicorn, and plain ASGI.
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
import pytest
import uvicorn
from pycrdt import Doc, Map, Text
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from collab_server import database, migrations
from collab_server.app import create_app
from collab_server.connection import Connection
from collab_server.identity import Identity
from collab_server.serving import uvicorn_config
from collab_server.settings import Settings
from collab_server.wire_uvicorn import CONTROL_FRAMES_MAX, HandOver
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


@pytest.fixture(scope="module", params=list(WIRES))
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosting(tmp_path_factory.mktemp("wire"), request.param) as started:
        yield started


@pytest.fixture(scope="module")
def session_id(host: Host) -> str:
    return host.session()


@pytest.fixture
def client(host: Host, session_id: str) -> Iterator[Client]:
    made = host.client(session_id)
    yield made
    made.socket.close()


def ping_text(message_id: str) -> bytes:
    return json.dumps({"type": "ping", "id": message_id}, ensure_ascii=False).encode()


# -- messages ------------------------------------------------------------------------------------------------------


def test_no_compression_is_agreed_on_even_if_it_is_offered(client: Client) -> None:
    assert "sec-websocket-extensions" not in client.headers
    assert client.headers["sec-websocket-protocol"] == "collab.v1"


@pytest.mark.parametrize("size", [1, 96, 97, 98, 120, 3000, 16_000])
def test_text_of_every_length_form_comes_back(client: Client, size: int) -> None:
    # The ids are short; white space makes the message as long as it should be.
    client.send(TEXT, ping_text("né€𝄞") + b" " * size)
    assert client.answer("né€𝄞")["type"] == "ok"


def test_a_message_may_be_as_long_as_the_limit(client: Client) -> None:
    message = ping_text("full")
    client.send(TEXT, message + b" " * (MESSAGE_BYTES_MAX - len(message)))
    assert client.answer("full")["type"] == "ok"


def test_a_message_in_fragments_is_one_message_even_where_a_character_is_cut(client: Client) -> None:
    message = ping_text("né€𝄞")
    for at in range(len(message)):
        client.send(TEXT if at == 0 else CONTINUATION, message[at : at + 1], first=0)
    client.send(CONTINUATION, b"", first=FIN)
    assert client.answer("né€𝄞")["type"] == "ok"


def test_binary_messages_may_come_in_fragments_too(client: Client) -> None:
    client.say(type="presence", here=True)
    client.until(lambda opcode, data: opcode == BINARY and data[:1] == b"\x01")
    client.send(BINARY, b"", first=0)
    client.send(CONTINUATION, QUERY_AWARENESS, first=0)
    client.send(CONTINUATION, b"", first=FIN)
    client.until(lambda opcode, data: opcode == BINARY and data[:1] == b"\x01")


def test_bytes_may_come_one_at_a_time(client: Client) -> None:
    for byte in frame(TEXT, ping_text("slow") + b" " * 200):
        client.socket.sendall(bytes((byte,)))
    assert client.answer("slow")["type"] == "ok"


def test_many_frames_may_come_at_once_and_are_answered_in_order(client: Client) -> None:
    client.socket.sendall(b"".join(frame(PING, str(number).encode()) for number in range(2000)))
    assert [client.pong() for _ in range(2000)] == [str(number).encode() for number in range(2000)]


def test_the_lanes_share_one_order(client: Client) -> None:
    client.say(type="write", id="w", name="order.txt", content="written before the question")
    client.send(BINARY, b"\x00\x00\x01\x00")
    answered = False
    while True:
        opcode, payload = client.read()
        answered = answered or (opcode == TEXT and json.loads(payload).get("replyTo") == "w")
        if opcode == BINARY and payload[:2] == b"\x00\x01":
            break
    assert answered
    assert b"written before the question" in payload


def test_text_is_refused_to_a_client_that_did_not_ask_for_that_lane(host: Host, session_id: str) -> None:
    client = host.client(session_id, text_lane=False)
    client.send(TEXT, b"{}")
    assert client.close_code() == 4400


# -- control frames ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"hello", bytes(range(125))])
def test_a_ping_is_answered_with_its_payload(client: Client, payload: bytes) -> None:
    client.send(PING, payload)
    assert client.pong() == payload


def test_a_ping_between_fragments_is_answered_at_once_and_the_message_stays_whole(client: Client) -> None:
    message = ping_text("between")
    client.send(TEXT, message[:5], first=0)
    client.send(PING, b"now")
    assert client.pong() == b"now"
    client.send(CONTINUATION, message[5:])
    assert client.answer("between")["type"] == "ok"


def test_a_pong_that_nobody_asked_for_is_ignored(client: Client) -> None:
    client.send(PONG, b"unasked")
    client.send(TEXT, ping_text("after"))
    assert client.answer("after")["type"] == "ok"


def test_a_flood_of_pings_ends_its_own_socket_and_no_other(host: Host) -> None:
    session_id = host.session()
    client, witness = host.client(session_id), host.client(session_id)
    client.socket.sendall(frame(PING, b"x") * (CONTROL_FRAMES_MAX + 1))
    if host.server.config.ws is HandOver:
        assert client.close_code() == 1013
    else:
        # uvicorn's own protocol answers pings by itself, one by one.
        for _ in range(CONTROL_FRAMES_MAX + 1):
            assert client.pong() == b"x"
    witness.send(PING, b"still here")
    assert witness.pong() == b"still here"


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 3000, 3999, 4000, 4999])
def test_a_close_is_answered_with_its_code_and_the_end_of_the_stream(client: Client, code: int) -> None:
    client.send(CLOSE, struct.pack("!H", code) + "gute Nacht – bye".encode())
    assert client.close_code() == code


def test_a_close_without_a_code_is_answered(client: Client) -> None:
    client.send(CLOSE)
    assert client.close_code() in (1000, 1005)


def test_a_close_in_the_middle_of_a_message_is_still_a_close(client: Client) -> None:
    client.send(TEXT, b"{", first=0)
    client.send(CLOSE, struct.pack("!H", 1000))
    # uvicorn's own reader takes the message that was cut short for a fault.
    assert client.close_code() in (1000, 1002)


def test_what_follows_a_close_is_not_read(host: Host) -> None:
    session_id = host.session()
    client, witness = host.client(session_id), host.client(session_id)
    late = frame(TEXT, json.dumps({"type": "write", "id": "w", "name": "late.txt", "content": "x"}).encode())
    client.socket.sendall(frame(CLOSE, struct.pack("!H", 1000)) + late)
    assert client.close_code() == 1000
    witness.say(type="files", id="f")
    assert [file["name"] for file in witness.answer("f")["files"]] == ["main.js"]


# -- faults --------------------------------------------------------------------------------------------------------

WRONG_FRAMES = {
    "an unmasked text": frame(TEXT, b"{}", masked=False),
    "an unmasked ping": frame(PING, b"", masked=False),
    "reserved bit 1": frame(TEXT, b"{}", first=FIN | 0x40),
    "reserved bit 2": frame(BINARY, b"x", first=FIN | 0x20),
    "reserved bit 3 on a ping": frame(PING, b"", first=FIN | 0x10),
    **{f"reserved opcode {code}": frame(code, b"") for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a ping of 126 bytes": frame(PING, b"x" * 126),
    "a fragmented ping": frame(PING, b"x", first=0),
    "a fragmented close": frame(CLOSE, b"", first=0),
    "a continuation of nothing": frame(CONTINUATION, b"x"),
    "a continuation after a whole message": frame(PONG, b"") + frame(CONTINUATION, b"x", first=0),
    "a message within a message": frame(TEXT, b"{", first=0) + frame(TEXT, b"}"),
    "a binary message within a text": frame(TEXT, b"{", first=0) + frame(BINARY, b"}"),
    "a close of one byte": frame(CLOSE, b"\x03"),
    **{
        f"close code {code}": frame(CLOSE, struct.pack("!H", code))
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}


@pytest.mark.parametrize("wrong", list(WRONG_FRAMES))
def test_a_broken_protocol_is_closed_with_1002(client: Client, wrong: str) -> None:
    client.socket.sendall(WRONG_FRAMES[wrong])
    assert client.close_code() == 1002


BAD_TEXT = {
    "a lone byte": b"\xff",
    "a cut character": b'{"type": "\xe2\x82"}',
    "an overlong slash": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "an end within a character": b"{}\xe2\x82",
}


@pytest.mark.parametrize("bad", list(BAD_TEXT))
def test_text_that_is_not_utf8_is_closed_with_1007(client: Client, bad: str) -> None:
    client.send(TEXT, BAD_TEXT[bad])
    assert client.close_code() == 1007


@pytest.mark.parametrize("bad", list(BAD_TEXT))
def test_text_that_is_not_utf8_over_its_fragments_is_closed_with_1007(client: Client, bad: str) -> None:
    text = BAD_TEXT[bad]
    client.send(TEXT, text[:1], first=0)
    client.send(CONTINUATION, text[1:], first=0)
    client.send(CONTINUATION, b"")
    assert client.close_code() == 1007


def test_a_close_reason_that_is_not_utf8_is_closed_with_1007(client: Client) -> None:
    client.send(CLOSE, struct.pack("!H", 1000) + b"\xff")
    assert client.close_code() == 1007


@pytest.mark.parametrize("size", [MESSAGE_BYTES_MAX + 1, 2**31, 2**40])
def test_a_message_over_the_limit_is_closed_with_1009_before_it_has_come(client: Client, size: int) -> None:
    client.socket.sendall(frame(BINARY, b"", size=size))
    assert client.close_code() == 1009


def test_fragments_that_add_up_to_too_much_are_closed_with_1009(client: Client) -> None:
    half = MESSAGE_BYTES_MAX // 2 + 1
    client.send(BINARY, bytes(half), first=0)
    client.send(CONTINUATION, bytes(half), first=0)
    assert client.close_code() == 1009


def test_a_faulty_client_ends_alone(host: Host) -> None:
    session_id = host.session()
    good, bad = host.client(session_id), host.client(session_id)
    bad.socket.sendall(WRONG_FRAMES["a continuation of nothing"])
    assert bad.close_code() == 1002
    good.send(TEXT, ping_text("still here"))
    assert good.answer("still here")["type"] == "ok"


def test_who_is_sent_away_while_coming_in_is_nowhere_left(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(connection: Connection) -> None:
        raise NoConnectionLeft("the database is asked by too many")

    session_id = host.session()
    monkeypatch.setattr(Connection, "recheck", away)
    assert host.client(session_id).close_code() == 1013
    room = host.server.config.app.state.services.rooms.get(session_id)  # type: ignore[union-attr]
    assert room.empty


# -- slow readers --------------------------------------------------------------------------------------------------


def test_a_slow_reader_misses_frames_and_gets_one_difference_instead(host: Host) -> None:
    session_id = host.session("start")
    slow = host.client(session_id, text_lane=False, receive_bytes=4096)
    slow.send(BINARY, b"\x00\x00\x01\x00")
    document: Doc[Any] = Doc()
    _, answer = slow.until(lambda opcode, data: opcode == BINARY and data[:2] == b"\x00\x01")
    document.apply_update(_update_in(answer))
    typist: Doc[Any] = Doc()
    typist.apply_update(_update_in(answer))
    content = _content(typist)
    writer = host.client(session_id)
    count = 800
    for number in range(count):
        before = typist.get_state()
        # What is deleted in the transaction that wrote it would not be sent at all.
        if number % 2:
            del content[5 : 5 + 40_000]
        else:
            content.insert(5, "x" * 40_000)
        update = typist.get_update(before)
        writer.send(BINARY, b"\x00\x02" + _varint(len(update)) + update)
        # The answer says that the update was applied; what the writer has to read stays small.
        writer.send(TEXT, ping_text(f"p{number}"))
        writer.answer(f"p{number}")
    content.insert(0, "the end ")
    update = typist.get_update()
    writer.send(BINARY, b"\x00\x02" + _varint(len(update)) + update)
    wanted = str(content)
    frames = 0
    while str(_content(document)) != wanted:
        opcode, payload = slow.read()
        assert opcode != CLOSE
        if opcode == BINARY and payload[:2] == b"\x00\x02":
            frames += 1
            document.apply_update(_update_in(payload))
    assert frames < count


def test_a_reader_that_never_reads_is_dropped_with_1013(host: Host) -> None:
    client = host.client(host.session("x" * 50_000), receive_bytes=4096)
    asked = frame(TEXT, json.dumps({"type": "files", "id": "f"}).encode())
    content = json.dumps({"type": "write", "id": "w", "name": "main.js", "content": "y" * 50_000}).encode()
    client.send(TEXT, content)
    client.answer("w")
    for _ in range(2000):
        try:
            client.send(BINARY, b"\x00\x00\x01\x00")
            client.socket.sendall(asked)
        except (ConnectionResetError, BrokenPipeError):
            break
    assert client.close_code() == 1013


def _content(document: Doc[Any]) -> Text:
    files = document.get("files", type=Map)
    entry = next(iter(files.values()))
    content = entry["content"]
    assert isinstance(content, Text)
    return content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes((*out, number))


def _update_in(payload: bytes) -> bytes:
    at = 2
    while payload[at] > 127:
        at += 1
    return payload[at + 1 :]


# -- time ----------------------------------------------------------------------------------------------------------


PING_TIMEOUT_S = 1.0


@pytest.fixture(scope="module", params=list(WIRES))
def impatient(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("impatient")
    with hosting(folder, request.param, ws_ping_interval=0.2, ws_ping_timeout=PING_TIMEOUT_S) as started:
        yield started


def test_a_client_that_answers_no_ping_is_gone_and_its_presence_with_it(impatient: Host) -> None:
    session_id = impatient.session()
    silent = impatient.client(session_id)
    silent.say(type="presence", id="p", silent=True)
    silent.answer("p")
    witness = impatient.client(session_id)
    seen: list[str] = []
    while not seen or "silent" in seen[-1]:
        opcode, payload = witness.read()
        if opcode == PING:
            witness.send(PONG, payload)
        elif opcode == TEXT and b'"members"' in payload and (seen or b'"silent"' in payload):
            seen.append(payload.decode())
    with pytest.raises((EOFError, ConnectionResetError)):
        while True:
            silent.read()


def test_who_is_cut_off_without_a_word_is_gone_after_45_seconds_at_most(tmp_path: Path) -> None:
    config = uvicorn_config("nobody:serves", Settings(data_dir=tmp_path))
    assert config.ws_ping_interval and config.ws_ping_timeout
    assert 0 < config.ws_ping_interval + config.ws_ping_timeout < 45


def test_a_client_that_answers_pings_and_says_nothing_else_stays(impatient: Host) -> None:
    client = impatient.client()
    for _ in range(3):
        _, payload = client.until(lambda opcode, _: opcode == PING)
        client.send(PONG, payload)
    client.send(TEXT, ping_text("here"))
    assert client.answer("here")["type"] == "ok"


@pytest.mark.parametrize("wire", list(WIRES))
def test_a_server_that_ends_closes_every_client_with_1012(tmp_path: Path, wire: str) -> None:
    with hosting(tmp_path, wire) as host:
        session_id = host.session()
        clients = [host.client(session_id) for _ in range(5)]
        for number, client in enumerate(clients):
            client.send(TEXT, ping_text(str(number)))
            client.answer(str(number))
        host.server.should_exit = True
        assert [client.close_code() for client in clients] == [1012] * 5
        began = time.monotonic()
        host.stop()
        assert time.monotonic() - began < 10
