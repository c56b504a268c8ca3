"""One frame to many sockets in one call: all bytes arrive in their order, and what a socket did not take is told."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Iterator

import pytest

from collab_server.volley import SOCKETS_PER_CALL_MAX, Volley

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def volley() -> Volley:
    try:
        return Volley()
    except OSError as error:
        pytest.skip(f"no io_uring here: {error}")


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    """More than one call takes."""
    count = SOCKETS_PER_CALL_MAX + 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 3 * count), hard), hard))
    made = [socket.socketpair() for _ in range(count)]
    for near, _ in made:
        near.setblocking(False)
    yield made
    for pair in made:
        for one in pair:
            one.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_everybody_gets_every_frame_in_order_however_many_they_are(volley: Volley, pairs: list[Pair]) -> None:
    # Rounds of another size each, so that they begin anywhere in the ring.
    rounds = [len(pairs) - 37 * number for number in range(25)]
    for number, count in enumerate(rounds):
        frame = f"frame {number} ".encode() * (number + 1)
        took = volley.send([near.fileno() for near, _ in pairs[:count]], frame)
        assert took == [len(frame)] * count
    for index, (_, far) in enumerate(pairs):
        wanted = b"".join(f"frame {n} ".encode() * (n + 1) for n, count in enumerate(rounds) if index < count)
        assert far.recv(len(wanted) + 1) == wanted


def test_a_socket_that_is_full_gone_or_takes_a_part_is_told_and_holds_up_nobody(volley: Volley) -> None:
    pairs = [socket.socketpair() for _ in range(4)]
    listening = socket.create_server(("127.0.0.1", 0))
    try:
        for near, _ in pairs:
            near.setblocking(False)
        pairs[1][1].close()
        with pytest.raises(BlockingIOError):
            while True:
                pairs[2][0].send(b"x" * 4096)
        # A stream takes what there is room for.
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        far.connect(listening.getsockname())
        near, _ = listening.accept()
        near.setblocking(False)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        frame = b"y" * 100_000
        sockets = [pairs[0][0], pairs[1][0], pairs[2][0], near, pairs[3][0]]
        whole, gone, full, part, last = volley.send([one.fileno() for one in sockets], frame)
        assert (gone, full) == (-errno.EPIPE, -errno.EAGAIN)
        assert 0 < part < len(frame)
        for took, (_, reader) in ((whole, pairs[0]), (last, pairs[3])):
            assert took > 0 and len(reader.recv(took, socket.MSG_WAITALL)) == took
        assert far.recv(part, socket.MSG_WAITALL) == frame[:part]
        near.close()
        far.close()
    finally:
        listening.close()
        for pair in pairs:
            for one in pair:
                one.close()
