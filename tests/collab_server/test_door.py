"""Promises about connections before anybody is known: so many, so long, and those who behave are served meanwhile."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Literal, cast

import pytest

from collab_server import http_uvicorn
from collab_server.http_uvicorn import BEGUN_PER_TURN_MAX, HEAD_BYTES_MAX, BoundedHttp
from collab_server.identity import Identity
from collab_server.principal import Principal
from tests.support.patience import PATIENCE_S
from tests.support.wires import WIRES, Host, hosting

PER_ADDRESS_MAX, IN_ALL_MAX = 6, 10
DEADLINE_S = 0.5
CROWD = 10 * BEGUN_PER_TURN_MAX


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """127.0.0.1 is a stranger here."""
    limits = {
        "trusted_proxies": ("192.0.2.1",),
        "http_connections_per_address_max": PER_ADDRESS_MAX,
        "http_connections_max": IN_ALL_MAX,
        "connections_max": 1,
    }
    with hosting(tmp_path_factory.mktemp("door"), next(iter(WIRES)), limits) as started:
        yield started


def opened(host: Host, address: str = "127.0.0.1", say: bytes = b"") -> socket.socket:
    """A connection from one of this machine's own addresses, which has said something."""
    made = socket.create_connection(("127.0.0.1", host.port), PATIENCE_S, source_address=(address, 0))
    made.sendall(say)
    return made


def rest(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    read = b""
    try:
        while piece := connection.recv(65536):
            read += piece
    except ConnectionResetError:
        pass
    return read


def asked(host: Host, address: str) -> bytes:
    """What a well-behaved client gets."""
    with closing(opened(host, address, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) as asking:
        return rest(asking)


def served_again(host: Host, address: str) -> None:
    """The server sees a moment later than we do that a connection is gone."""
    deadline = time.monotonic() + PATIENCE_S
    while not asked(host, address).startswith(b"HTTP/1.1 200"):
        assert time.monotonic() < deadline


@pytest.mark.parametrize("owed", ["anything", "the head", "the body"])
def test_who_does_not_finish_a_request_is_turned_out_however_slowly_he_talks(
    host: Host, monkeypatch: pytest.MonkeyPatch, owed: str
) -> None:
    monkeypatch.setattr(http_uvicorn, "BODY_S" if owed == "the body" else "HEAD_S", DEADLINE_S)
    head = f"POST /api/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {host.token}\r\nX-Slow: "
    said = {"anything": "", "the head": head, "the body": f"{head}\r\nContent-Length: 99999\r\n\r\n"}[owed]
    with closing(opened(host, say=said.encode())) as slow:
        slow.settimeout(0.05)
        read, deadline = b"", time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                # A byte now and then does not put it off.
                if said:
                    slow.sendall(b" ")
                piece = slow.recv(65536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            read += piece
            if not piece:
                break
        else:
            raise AssertionError("it may go on for ever")
    assert read.startswith(b"HTTP/1.1 408") or (not read and said), read
    served_again(host, "127.0.0.1")


def test_an_address_and_a_node_that_are_full_say_so_at_once_and_others_are_served(host: Host) -> None:
    with ExitStack() as stack:

        def enter(address: str) -> socket.socket:
            return stack.enter_context(closing(opened(host, address)))

        for _ in range(PER_ADDRESS_MAX):
            enter("127.0.0.1")
        refused = rest(enter("127.0.0.1"))
        assert refused.startswith(b"HTTP/1.1 503") and b"\r\nRetry-After: " in refused
        assert asked(host, "127.0.0.2").startswith(b"HTTP/1.1 200")
        served_again(host, "127.0.0.2")
        for _ in range(IN_ALL_MAX - PER_ADDRESS_MAX):
            enter("127.0.0.2")
        assert rest(enter("127.0.0.3")).startswith(b"HTTP/1.1 503")
    served_again(host, "127.0.0.1")
    served_again(host, "127.0.0.3")


def test_a_head_without_end_is_refused(host: Host) -> None:
    with closing(opened(host)) as long:
        with suppress(ConnectionError):
            long.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * (HEAD_BYTES_MAX + 1))
        assert rest(long)[:12] in (b"HTTP/1.1 400", b"")
    served_again(host, "127.0.0.1")


def test_a_crowd_that_asks_at_once_is_answered_by_turns_of_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    turn = 0
    begin = BoundedHttp.handle_events

    def noted(protocol: BoundedHttp) -> None:
        begun.append(turn)
        begin(protocol)

    def count() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(count)

    with hosting(tmp_path, next(iter(WIRES))) as host, ExitStack() as stack:
        loop = host.server.servers[0].get_loop()
        door = cast("type[BoundedHttp]", host.server.config.http_protocol_class).door
        crowd = [stack.enter_context(closing(opened(host))) for _ in range(CROWD)]
        deadline = time.monotonic() + PATIENCE_S
        while door.open < CROWD:
            assert time.monotonic() < deadline
        monkeypatch.setattr(BoundedHttp, "handle_events", noted)
        held, let_go = threading.Event(), threading.Event()

        def hold() -> None:
            held.set()
            let_go.wait(PATIENCE_S)
            count()

        loop.call_soon_threadsafe(hold)
        assert held.wait(PATIENCE_S)
        # All of them have asked before the server looks.
        for one in crowd:
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let_go.set()
        assert all(rest(one).startswith(b"HTTP/1.1 200") for one in crowd)
    assert len(begun) == CROWD
    # In one turn those who waited, and those who come into it.
    assert max(Counter(begun).values()) <= 2 * BEGUN_PER_TURN_MAX


ODD_HANDSHAKES = {
    "a body": "Content-Length: 3",
    "a body in chunks": "Transfer-Encoding: chunked",
    "a line too long": f"X-Long: {'x' * 9000}",
    "too many lines": "\r\n".join(f"X-{number}: x" for number in range(200)),
}


@pytest.mark.parametrize("odd", list(ODD_HANDSHAKES))
def test_a_handshake_that_is_none_is_answered_and_holds_no_connection(host: Host, odd: str) -> None:
    lines = ["GET /ws/x HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade", ODD_HANDSHAKES[odd]]
    lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", ""]
    with closing(opened(host, say="\r\n".join(lines).encode())) as asking:
        assert rest(asking).startswith(b"HTTP/1.1 400 ")


def test_who_waits_to_be_known_has_a_place_already(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, let_go = threading.Event(), threading.Event()
    authenticate = Identity.authenticate

    async def slow(identity: Identity, token: str, via: Literal["bearer", "cookie"]) -> Principal:
        if via == "bearer" and not asked.is_set():
            asked.set()
            await asyncio.to_thread(let_go.wait, PATIENCE_S)
        return await authenticate(identity, token, via)

    session_id = host.session()
    monkeypatch.setattr(Identity, "authenticate", slow)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(host.client, session_id)
        try:
            assert asked.wait(PATIENCE_S)
            assert host.client(session_id).close_code() == 1013
        finally:
            let_go.set()
        inside = first.result(PATIENCE_S)
    inside.say(type="ping", id="1")
    assert inside.answer("1")["type"] == "ok"
    inside.socket.close()
    # The place is free again a moment after it is gone: who has no such session is told so.
    deadline = time.monotonic() + PATIENCE_S
    while host.client("nowhere").close_code() != 4404:
        assert time.monotonic() < deadline


def test_a_full_node_tells_further_sockets_to_come_again_and_keeps_those_it_has(host: Host) -> None:
    session_id = host.session()
    inside = host.client(session_id)
    inside.say(type="ping", id="1")
    assert inside.answer("1")["type"] == "ok"
    assert host.client(session_id).close_code() == 1013
    inside.say(type="ping", id="2")
    assert inside.answer("2")["type"] == "ok"
    inside.socket.close()
