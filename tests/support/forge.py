"""Starts servers out of one process that has imported all of the server already: a start takes a tenth of its processor time.
They are processes as any other, told apart from those of the console script by nothing but how they came to be."""

from __future__ import annotations

import array
import asyncio
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

ORDER_BYTES_MAX = 2**20
# Standard input, output and error, and where the process id and then the exit code are told.
PIPES = 4


class Forged:
    """A process started here: what asyncio's own subprocess offers, as far as servers need it."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader, told: asyncio.Task[int]):
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self._told = told

    @property
    def returncode(self) -> int | None:
        return self._told.result() if self._told.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self._told)

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)


class Forge:
    """The one process that all others are forked from; it ends when this side of the socket is closed."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forge", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                cwd=Path(__file__).resolve().parents[2],
            )

    async def start(self, arguments: Sequence[str], cwd: Path, env: dict[str, str], stdin: str = "") -> Forged:
        """`collab-server` with these arguments; `stdin` is short enough for a pipe to hold."""
        given, giving = os.pipe()
        os.write(giving, stdin.encode())
        os.close(giving)
        ends = [os.pipe() for _ in range(PIPES - 1)]
        order = json.dumps({"arguments": arguments, "cwd": str(cwd), "env": env}).encode() + b"\n"
        passed = [given, *(write for _, write in ends)]
        try:
            socket.send_fds(self._orders, [order], passed)
        finally:
            for descriptor in passed:
                os.close(descriptor)
        stdout, stderr, told = [await _reader(read) for read, _ in ends]
        pid = int(await told.readline())

        async def code() -> int:
            return int(await told.readline())

        return Forged(pid, stdout, stderr, asyncio.create_task(code()))

    def close(self) -> None:
        self._orders.close()
        self._process.wait()


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0)
    )
    return reader


_forge: Forge | None = None


def forge() -> Forge:
    """The forge of this test run, started when it is first needed."""
    global _forge
    if _forge is None:
        _forge = Forge()
    return _forge


@pytest.fixture(scope="session", autouse=True)
def _forge_ends_with_the_run() -> Iterator[None]:
    yield
    if _forge is not None:
        _forge.close()


# -- the other side ---------------------------------------------------------------------------------------------------


def _serve_orders(orders: socket.socket) -> dict[str, Any]:
    """Forks for each order; returns in the forked process, with what it shall do."""
    wake, waker = os.pipe()
    for end in (wake, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    selector = selectors.DefaultSelector()
    selector.register(orders, selectors.EVENT_READ)
    selector.register(wake, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fd == wake:
                os.read(wake, 4096)
                _reap(running)
                continue
            raw, descriptors = _next_order(orders)
            if not raw:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                os._exit(0)
            stdin, stdout, stderr, told = descriptors
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                selector.close()
                orders.close()
                os.dup2(stdin, 0)
                os.dup2(stdout, 1)
                os.dup2(stderr, 2)
                for descriptor in (*descriptors, *running.values(), wake, waker):
                    os.close(descriptor)
                order: dict[str, Any] = json.loads(raw)
                return order
            running[pid] = told
            os.write(told, b"%d\n" % pid)
            for descriptor in (stdin, stdout, stderr):
                os.close(descriptor)


def _next_order(orders: socket.socket) -> tuple[bytes, list[int]]:
    raw, descriptors = b"", array.array("i")
    while not raw.endswith(b"\n"):
        more, passed, _, _ = socket.recv_fds(orders, ORDER_BYTES_MAX, PIPES)
        if not more:
            return b"", []
        raw += more
        descriptors.extend(passed)
    return raw, list(descriptors)


def _reap(running: dict[int, int]) -> None:
    for pid, told in list(running.items()):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            del running[pid]
            with suppress(BrokenPipeError):
                os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
            os.close(told)


def main() -> NoReturn:
    """Imports what a server is made of, then waits for orders."""
    from collab_server import backup, checkup, cli, doctor, remote, serving  # noqa: F401 — what is forked has them

    # Nothing of it is looked at by the collector of those that are forked, nor written to by it.
    gc.collect()
    gc.freeze()

    order = _serve_orders(socket.socket(fileno=int(sys.argv[1])))
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv = ["collab-server", *order["arguments"]]
    cli.main()
    raise AssertionError("it leaves by sys.exit")


if __name__ == "__main__":
    main()
