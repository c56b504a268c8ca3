"""Starts workerd processes through the nursery and tells of their output and their end.

How many there should be, and which run gets which, is the pool's part.
"""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import psutil

from executor import nursery
from executor.confinement import CLOSED, NETWORK, NONE, Mode, confinement
from executor.connection import Address, Connection, PlatformFault
from executor.workerd import PUBLIC, Installation, Reach, write_config
from executor.workerd_program import NotBuilt

READY_TIMEOUT_S = 20.0
STDERR_TAIL_BYTES = 8_192
ECHO_MARK = b"\x1e"
# A process that writes more than this to its stdout beside the protocol is no longer read: it stops by itself.
STDOUT_BYTES_MAX = 256 * 2**20
ANSWER_BYTES_MAX = 65_536
BACKLOG = 16
SECRET_BYTES = 32
PARENT_ENDED = "the parent of the runtimes ended meanwhile"


class EchoLines(asyncio.Protocol):
    """The frames in a process's stdout; lines without the mark, and lines too long, are dropped as they come."""

    def __init__(self, line_bytes_max: int) -> None:
        self._line_bytes_max = line_bytes_max
        self._parts: list[bytes] = []
        self._pending_bytes = 0
        self._dropping = False
        self._seen_bytes = 0
        self._held = False
        self._transport: asyncio.ReadTransport | None = None
        self.on_line: Callable[[bytes], None] | None = None
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, not a check: uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.ReadTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._seen_bytes += len(data)
        if self._seen_bytes > STDOUT_BYTES_MAX:
            self.hold(True)
            return
        head, *rest = data.split(b"\n")
        self._append(head)
        for line in rest:
            self._complete()
            self._append(line)

    def hold(self, wanted: bool) -> None:
        """Lets the process wait at its full pipe, or reads on; nothing happens to a pipe that has ended."""
        wanted = wanted or self._seen_bytes > STDOUT_BYTES_MAX
        if self._transport is None or wanted == self._held or self.ended.is_set():
            return
        self._held = wanted
        if wanted:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _append(self, part: bytes) -> None:
        if self._dropping or not part:
            return
        starts = not self._pending_bytes
        self._pending_bytes += len(part)
        if (starts and not part.startswith(ECHO_MARK)) or self._pending_bytes > self._line_bytes_max:
            self._dropping = True
            self._parts.clear()
        else:
            self._parts.append(part)

    def _complete(self) -> None:
        if self._parts and self.on_line is not None:
            self.on_line(b"".join(self._parts)[len(ECHO_MARK) :])
        self._parts.clear()
        self._pending_bytes = 0
        self._dropping = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()


class Tail(asyncio.Protocol):
    """The last bytes of a stream; for stderr, and for the readiness line."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._bytes = 0
        self.news = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data[-STDERR_TAIL_BYTES:])
        self._bytes += len(self._chunks[-1])
        while self._bytes - len(self._chunks[0]) >= STDERR_TAIL_BYTES:
            self._bytes -= len(self._chunks.popleft())
        self.news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.news.set()

    @property
    def text(self) -> str:
        return b"".join(self._chunks)[-STDERR_TAIL_BYTES:].decode(errors="replace")


@dataclass(frozen=True)
class Kind:
    """What a process was started for: a heap size, and a language when that has processes of its own."""

    heap_mb: int
    variant: str | None = None
    # Whether its runs may leave the machine; a process without that has no sockets of its own.
    network: bool = False


class RuntimeProcess:
    """One workerd: leased once, then killed."""

    def __init__(
        self, number: int, kind: Kind, socket_path: Path, line_bytes_max: int, kill: Callable[[], None]
    ) -> None:
        self.number = number
        self.kind = kind
        self.pid = 0
        self.address = Address("localhost", path=str(socket_path))
        self.stdout = EchoLines(line_bytes_max)
        self.stderr = Tail()
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.transports: list[asyncio.BaseTransport] = []
        self._socket_path = socket_path
        self._kill = kill

    @property
    def alive(self) -> bool:
        return not self.exited.done()

    def kill(self) -> None:
        if self.alive:
            self._kill()

    def resident_bytes(self) -> int:
        """What it takes of the machine's memory now; 0 when that cannot be told."""
        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(self.pid).memory_info().rss)
        return 0

    def dispose(self) -> None:
        """Kills it and lets go of everything that belonged to it."""
        self.kill()
        for transport in self.transports:
            transport.close()
        with contextlib.suppress(OSError):
            self._socket_path.unlink(missing_ok=True)


def _itself(protocol: asyncio.Protocol) -> asyncio.Protocol:
    return protocol


class Processes:
    """The nursery's client: one per pool."""

    def __init__(
        self, installation: Installation, line_bytes_max: int, sandbox: Mode = "auto", reach: Reach = PUBLIC
    ) -> None:
        self._sandbox: Mode = sandbox
        self.confinement = NONE
        self._installation = installation
        self._reach = reach
        self._line_bytes_max = line_bytes_max
        self.secret = secrets.token_urlsafe(SECRET_BYTES)
        self._folder: Path | None = None
        self._control: socket.socket | None = None
        self._nursery: subprocess.Popen[bytes] | None = None
        self._program_fd = -1
        self._configs: dict[Kind, Path] = {}
        self._writing: defaultdict[Kind, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._reviving = asyncio.Lock()
        self._by_number: dict[int, RuntimeProcess] = {}
        self._last_number = 0
        self._buffer = b""

    async def start(self) -> None:
        """Starts the nursery; the folder is its to remove, so that it goes even after a kill -9 of the server."""
        self._folder = Path(tempfile.mkdtemp(prefix="collab-pool-"))
        if os.geteuid() == 0:
            os.chown(self._folder, nursery.NOBODY, nursery.NOBODY)
        self._program_fd = os.open(self._installation.program, os.O_RDONLY)
        self.confinement = confinement(self._sandbox, self._installation.program, self._folder)
        self._configs.clear()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            # No environment: nothing of the server's may reach a runtime.
            self._nursery = subprocess.Popen(  # noqa: S603, ASYNC220 — our own program; it returns at once
                [sys.executable, "-I", "-S", nursery.__file__, str(theirs.fileno()), str(self._folder),
                 self.confinement.to_json()],
                pass_fds=[theirs.fileno()], env={}, start_new_session=True, cwd="/",
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        self._control = ours
        asyncio.get_running_loop().add_reader(ours.fileno(), self._hear)

    async def close(self) -> None:
        self._lost()
        if self._nursery is not None:
            await asyncio.to_thread(self._nursery.wait)
            self._nursery = None
        if self._program_fd >= 0:
            os.close(self._program_fd)
            self._program_fd = -1
        if self._folder is not None:
            # The nursery has done it, unless it was killed.
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def running(self) -> bool:
        return self._control is not None

    async def spawn(self, kind: Kind, haste: bool = False) -> RuntimeProcess:
        """A process that is ready, and warm unless somebody waits for it; PlatformFault when it does not get there."""
        await self._revive()
        assert self._folder is not None and self._control is not None
        config = await self._config(kind)
        self._last_number += 1
        number = self._last_number
        path = self._folder / f"{number}.sock"
        process = RuntimeProcess(number, kind, path, self._line_bytes_max, lambda: self._tell_kill(number))
        self._by_number[number] = process
        try:
            ready = await self._launch(process, config, path)
            await self._await_ready(process, ready, haste)
            return process
        except BaseException:
            process.dispose()
            raise

    async def _revive(self) -> None:
        # One at a time: who comes second finds the nursery that the first has started.
        async with self._reviving:
            if not self.running:
                await self.close()
                await self.start()

    async def prepare(self, kinds: Iterable[Kind]) -> None:
        """Writes the configurations that are likely to be needed, so that no run waits for that."""
        for kind in kinds:
            # The first process that needs it tells of the fault.
            with contextlib.suppress(PlatformFault):
                await self._config(kind)

    async def _config(self, kind: Kind) -> Path:
        assert self._folder is not None
        folder = self._folder
        kind = replace(kind, network=False)  # one configuration serves both
        # Written once: a process may be reading what a second writer would truncate.
        async with self._writing[kind]:
            if kind not in self._configs:
                try:
                    config = await asyncio.to_thread(
                        write_config,
                        self._installation,
                        folder,
                        self.secret,
                        kind.heap_mb,
                        kind.variant,
                        self._reach,
                    )
                except (NotBuilt, OSError, ValueError, KeyError) as error:  # a Worker that is being rebuilt, say
                    raise PlatformFault("no_process", f"the Worker's build cannot be read: {error}") from error
                if folder != self._folder:
                    raise PlatformFault("no_process", PARENT_ENDED)
                self._configs[kind] = config
            return self._configs[kind]

    async def _launch(self, process: RuntimeProcess, config: Path, path: Path) -> Tail:
        if self._control is None or self._folder is None:  # since the configuration was written
            raise PlatformFault("no_process", PARENT_ENDED)
        loop = asyncio.get_running_loop()
        ready = Tail()
        listener = socket.socket(socket.AF_UNIX)
        given: list[int] = []
        try:
            protocols: list[asyncio.Protocol] = [process.stdout, process.stderr, ready]
            for protocol in protocols:
                read_fd, write_fd = os.pipe()
                given.append(write_fd)
                pipe = os.fdopen(read_fd, "rb", buffering=0)
                transport, _ = await loop.connect_read_pipe(partial(_itself, protocol), pipe)
                process.transports.append(transport)
            listener.bind(str(path))
            listener.listen(BACKLOG)
            argv = ["workerd", "serve", str(config), "--binary", "--experimental",
                    f"--control-fd={nursery.CONTROL_FD}", "--socket-fd", f"http={nursery.SOCKET_FD}"]  # fmt: skip
            profile = NETWORK if process.kind.network else CLOSED
            message = {"op": "spawn", "id": process.number, "argv": argv, "cwd": str(self._folder), "profile": profile}
            fds = [*given, listener.fileno(), self._program_fd]
            socket.send_fds(self._control, [json.dumps(message).encode() + b"\n"], fds)
        except OSError as error:
            raise PlatformFault("no_process", f"cannot start a runtime: {error}") from error
        finally:
            listener.close()
            for fd in given:
                os.close(fd)
        return ready

    async def _await_ready(self, process: RuntimeProcess, ready: Tail, haste: bool) -> None:
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while '"listen"' not in ready.text:
                    if not process.alive or (ready.news.is_set() and not ready.text):
                        said = process.stderr.text[-500:]
                        raise PlatformFault("no_process", f"the runtime ended at its start: {said}")
                    ready.news.clear()
                    await ready.news.wait()
                connection = await Connection.open(process.address, READY_TIMEOUT_S)
                try:
                    wanted = [f"language={process.kind.variant}"] * (process.kind.variant is not None) + [
                        "haste"
                    ] * haste
                    await connection.send("POST", f"/warm?{'&'.join(wanted)}", self.secret, b"")
                    status = await connection.status()
                    answer = await connection.body(ANSWER_BYTES_MAX)
                finally:
                    connection.close()
        except TimeoutError as error:
            raise PlatformFault("no_process", f"a runtime was not ready within {READY_TIMEOUT_S} s") from error
        if status >= 300:
            said = f"{answer[:200]!r} {process.stderr.text[-500:]}"
            raise PlatformFault("no_process", f"the Worker did not warm up: {status} {said}")

    def _tell_kill(self, number: int) -> None:
        if self._control is not None:
            try:
                self._control.sendall(json.dumps({"op": "kill", "id": number}).encode() + b"\n")
            except OSError:
                self._lost()

    def _hear(self) -> None:
        assert self._control is not None
        try:
            data = self._control.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "pid" in message:
                if process := self._by_number.get(message["id"]):
                    process.pid = message["pid"]
            elif process := self._by_number.pop(message["exit"], None):
                process.exited.set_result(message["status"])

    def _lost(self) -> None:
        """The nursery is gone or is let go; its children die with it."""
        if self._control is None:
            return
        asyncio.get_running_loop().remove_reader(self._control.fileno())
        self._control.close()
        self._control = None
        self._buffer = b""
        gone, self._by_number = self._by_number, {}
        for process in gone.values():
            if process.alive:
                process.exited.set_result(-9)
