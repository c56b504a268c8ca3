"""The port between a run and whatever carries it out, and its first adapter: a Worker anywhere, over HTTP.

Who may run, what it costs and what is told to people is never decided here. Implementations never raise for what a
run does: the last thing they yield is an Ended, and a fault of the platform is a PlatformFault inside it.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import ValidationError

from executor.connection import Address, Connection, FaultKind, PlatformFault
from executor.wire import FRAME, FinishedFrame, Frame, StdinLine, WireMessage, WireRefusal, WireRequest

__all__ = ["Ended", "HttpRunner", "Job", "Leased", "PlatformFault", "Runner", "RunnerLimits", "Stdin", "Waiting"]

Cause = Literal["finished", "deadline", "memory", "cancelled", "fault"]


@dataclass(frozen=True)
class RunnerLimits:
    connect_timeout_s: float = 5.0
    line_bytes_max: int = 16 * 2**20
    refusal_bytes_max: int = 65_536
    frames_waiting_max: int = 256
    frames_waiting_bytes_max: int = 4 * 2**20
    # After the deadline the Worker may still say how far it came, before it is killed.
    deadline_grace_s: float = 0.15


class Stdin:
    """What is typed while a run goes on; bounded, because nobody says that the program reads it."""

    def __init__(self, bytes_max: int = 2**20) -> None:
        self._lines: deque[StdinLine] = deque()
        self._bytes_max = bytes_max
        self._bytes = 0
        self._news = asyncio.Event()
        self.ended = False

    def put(self, data: str, eof: bool = False) -> bool:
        """False when the program has left too much unread, or the end was already sent."""
        if self.ended or self._bytes + len(data) > self._bytes_max:
            return False
        self._lines.append(StdinLine(data=data, eof=True if eof else None))
        self._bytes += len(data)
        self.ended = eof
        self._news.set()
        return True

    async def lines(self) -> AsyncIterator[StdinLine]:
        """Ends after the line that says eof."""
        while True:
            while self._lines:
                line = self._lines.popleft()
                self._bytes -= len(line.data)
                yield line
                if line.eof:
                    return
            self._news.clear()
            await self._news.wait()


@dataclass(eq=False)
class Job:
    request: WireRequest
    stdin: Stdin = field(default_factory=Stdin)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    # Of the request to the Worker, beside those of the protocol.
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """The machine has no room for the run yet; `position` counts those who wait for it."""

    position: int


@dataclass(frozen=True)
class Leased:
    """The run has its process: the clock and the meter run from here."""


@dataclass(frozen=True)
class Ended:
    """The last item of every run. Time and memory are the host's own measures."""

    cause: Cause
    wall_ms: int
    memory_bytes: int = 0
    frame: FinishedFrame | None = None
    fault: PlatformFault | None = None


RunItem = Waiting | Leased | Frame | Ended


class Runner(Protocol):
    """Implementations never raise for what a run does; a platform fault is a typed PlatformFault in `Ended`."""

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    def run(self, job: Job) -> AsyncGenerator[RunItem, None]: ...
    def languages(self) -> frozenset[str] | None:
        """What the Worker can run; None while it is not known."""
        ...

    def memory_bytes_max(self) -> int | None:
        """The largest memory limit that a run can be given; None when no bound is known."""
        ...

    async def healthy(self) -> bool: ...
    def stats(self) -> dict[str, int]: ...


class Exchange:
    """One run's conversation: frames in order from every source, until something concludes it."""

    def __init__(self, job: Job, limits: RunnerLimits, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.job = job
        self.limits = limits
        self.cause: Cause | None = None
        self.fault: PlatformFault | None = None
        self.finished: FinishedFrame | None = None
        self._monotonic = monotonic
        self._started_at = monotonic()
        self._ended_at = self._started_at
        self._frames: deque[tuple[Frame, int]] = deque()
        self._waiting_bytes = 0
        self._last_n = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self.on_room: Callable[[], None] | None = None

    def conclude(self, cause: Cause, fault: PlatformFault | None = None) -> None:
        """The first conclusion stands."""
        if self.cause is None:
            self.cause, self.fault, self._ended_at = cause, fault, self._monotonic()
            self._wake.set()

    def reconsider(self, cause: Cause, fault: PlatformFault | None = None) -> None:
        """Replaces a conclusion by what was learned when the process was looked at."""
        self.cause, self.fault = cause, fault

    def offer(self, line: bytes, *, trusted_order: bool) -> None:
        """Takes the line if it is the next frame. From an echo, everything else is ignored."""
        try:
            frame = FRAME.validate_json(line)
        except ValidationError as error:
            if trusted_order:
                message = f"the Worker sent something that is no frame: {error.errors()[0]['msg'][:200]}"
                raise PlatformFault("protocol", message) from error
            return
        if frame.n != self._last_n + 1 or self.finished is not None:
            if trusted_order and frame.n > self._last_n + 1:
                raise PlatformFault("protocol", f"frame {frame.n} came after frame {self._last_n}")
            return
        self._last_n = frame.n
        if isinstance(frame, FinishedFrame):
            self.finished = frame
            self.conclude("finished")
            return
        self._frames.append((frame, len(line)))
        self._waiting_bytes += len(line)
        limits = self.limits
        if len(self._frames) >= limits.frames_waiting_max or self._waiting_bytes >= limits.frames_waiting_bytes_max:
            self._room.clear()
        self._wake.set()

    @property
    def full(self) -> bool:
        return not self._room.is_set()

    def drained(self) -> list[Frame]:
        frames = [frame for frame, _ in self._frames]
        self._frames.clear()
        self._waiting_bytes = 0
        self._room.set()
        if self.on_room is not None:
            self.on_room()
        return frames

    async def frames(self) -> AsyncIterator[Frame]:
        """Frames as they come, until there is a conclusion; what came before it is yielded first."""
        while True:
            for frame in self.drained():
                yield frame
            if self.cause is not None:
                return
            await self._wake.wait()
            self._wake.clear()

    def ended(self, memory_bytes: int = 0) -> Ended:
        assert self.cause is not None
        limit_ms = self.job.request.timeout_ms
        wall_ms = max(1, round((self._ended_at - self._started_at) * 1000))
        cause = self.cause
        if cause == "finished" and wall_ms >= limit_ms:
            cause = "deadline"  # its last word came after its time was up
        # Nobody pays for the grace in which a late program may still speak.
        return Ended(cause, min(wall_ms, limit_ms), memory_bytes, self.finished, self.fault)

    async def converse(self, address: Address, secret: str) -> None:
        """Sends the request and the stdin, reads the answer; concludes with what came of it."""
        try:
            connection = await Connection.open(address, self.limits.connect_timeout_s)
        except PlatformFault as fault:
            self.conclude("fault", fault)
            return
        feeding: asyncio.Task[None] | None = None
        try:
            first = encode_line(self.job.request.to_json())
            interactive = self.job.request.interactive
            sending = asyncio.create_task(
                connection.send("POST", "/execute", secret, first, keep_open=interactive, more=self.job.headers)
            )
            # A Worker may refuse before it has read all: the answer is read while the request is still being sent.
            sending.add_done_callback(_heard)
            status = await connection.status()
            if status != 200:
                raise refusal(status, await connection.body(self.limits.refusal_bytes_max))
            if interactive:
                await sending
                feeding = asyncio.create_task(self._feed(connection))
            async for line in connection.lines(self.limits.line_bytes_max):
                if line:
                    self.offer(line, trusted_order=True)
                if self.cause is not None:
                    return
                await self._room.wait()
            self.conclude("fault", PlatformFault("cut", "the Worker ended its answer without saying how the run ended"))
        except PlatformFault as fault:
            self.conclude("fault", fault)
        finally:
            if feeding:
                feeding.cancel()
            connection.close()

    async def _feed(self, connection: Connection) -> None:
        try:
            async for line in self.job.stdin.lines():
                await connection.send_more(encode_line(line.to_json()))
            await connection.end_body()
        except PlatformFault:
            return  # the reading side sees the same and says it better

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """The deadline and the wish to cancel, for as long as the run goes on."""
        loop = asyncio.get_running_loop()
        limit_s = self.job.request.timeout_ms / 1000 + self.limits.deadline_grace_s
        timer = loop.call_later(limit_s, self.conclude, "deadline")
        cancelling = asyncio.create_task(self.job.cancelled.wait())
        cancelling.add_done_callback(lambda task: None if task.cancelled() else self.conclude("cancelled"))
        try:
            yield
        finally:
            timer.cancel()
            cancelling.cancel()


def _heard(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled():
        task.exception()  # the reading side reports the broken connection


def encode_line(value: dict[str, Any]) -> bytes:
    # ASCII, so that a lone surrogate crosses as its escape.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def refusal(status: int, body: bytes) -> PlatformFault:
    kind: FaultKind = "refused"
    try:
        said = WireRefusal.model_validate_json(body)
    except ValidationError:
        return PlatformFault(kind, f"the Worker answered {status}")
    return PlatformFault(kind, said.message[:1000], said.code[:64] if 400 <= status < 500 and status != 401 else None)


class HttpRunner:
    """A Worker behind a URL.

    Memory cannot be measured from here, and what an isolate says of itself is no measure: a run is billed for the
    limit that was set aside for it.
    """

    def __init__(self, url: str, secret: str, limits: RunnerLimits | None = None) -> None:
        self._address = Address.of_url(url)
        self._secret = secret
        self._limits = limits or RunnerLimits()
        self._health: Health | None = None
        self._running = 0

    async def start(self) -> None:
        """A Worker that is away now may come back: the server starts without it and /readyz says so."""
        await self.healthy()

    async def close(self) -> None:
        """Connections live as long as their run; there is nothing else to close."""

    async def healthy(self) -> bool:
        try:
            async with asyncio.timeout(self._limits.connect_timeout_s):
                self._health = await ask_health(self._address, self._secret, self._limits)
        except (PlatformFault, TimeoutError):
            return False
        return True

    def languages(self) -> frozenset[str] | None:
        return self._health.languages if self._health else None

    def memory_bytes_max(self) -> int | None:
        return self._health.memory_bytes_max if self._health else None

    def stats(self) -> dict[str, int]:
        return {"running": self._running}

    async def run(self, job: Job) -> AsyncGenerator[RunItem, None]:
        exchange = Exchange(job, self._limits)
        self._running += 1
        talking = asyncio.create_task(exchange.converse(self._address, self._secret))
        try:
            yield Leased()
            async with exchange.watched():
                async for frame in exchange.frames():
                    yield frame
            yield exchange.ended(job.request.memory_limit_bytes)
        finally:
            # Closes the connection, which is how a Worker learns that its run is over.
            talking.cancel()
            await asyncio.wait([talking])
            self._running -= 1


class Health(WireMessage):
    """What a Worker says of itself."""

    languages: frozenset[str]
    memory_bytes_max: int | None = None


async def ask_health(address: Address, secret: str, limits: RunnerLimits) -> Health:
    connection = await Connection.open(address, limits.connect_timeout_s)
    try:
        await connection.send("GET", "/healthz", secret, b"")
        status = await connection.status()
        body = await connection.body(limits.refusal_bytes_max)
        if status != 200:
            raise PlatformFault("refused", f"the Worker's health is {status}")
        try:
            return Health.model_validate_json(body)
        except ValidationError as error:
            raise PlatformFault("protocol", "the Worker's health answer is not understood") from error
    finally:
        connection.close()
