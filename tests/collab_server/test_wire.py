"""Promises of the WebSocket itself (RFC 6455), told by raw sockets in the manner of Autobahn's cases.

Every promise holds on both wires: the transport taken over from uvicorn, and plain ASGI.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map, Text
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from collab_server.connection import Connection
from collab_server.serving import uvicorn_config
from collab_server.settings import Settings
from collab_server.wire_uvicorn import CONTROL_FRAMES_MAX, HandOver
from crdt.protocol import write_varint
from tests.support.wires import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    MESSAGE_BYTES_MAX,
    PING,
    PONG,
    QUERY_AWARENESS,
    TEXT,
    WIRES,
    Client,
    Host,
    frame,
    hosting,
)


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
        writer.send(BINARY, b"\x00\x02" + write_varint(len(update)) + update)
        # The answer says that the update was applied; what the writer has to read stays small.
        writer.send(TEXT, ping_text(f"p{number}"))
        writer.answer(f"p{number}")
    content.insert(0, "the end ")
    update = typist.get_update()
    writer.send(BINARY, b"\x00\x02" + write_varint(len(update)) + update)
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
