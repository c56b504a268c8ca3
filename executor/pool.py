"""The local Runner: a supervised pool of workerd processes, one run each, killed after use.

It carries a run through in the process that the stock gives it; how many there are, and how they start, is decided elsewhere.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path

from executor import workerd
from executor.confinement import Mode, Unavailable
from executor.connection import PlatformFault
from executor.meter import Meter
from executor.modules import EVERYTHING, plain_name
from executor.processes import Kind, Processes, RuntimeProcess
from executor.runner import Exchange, Job, Leased, RunItem, RunnerLimits, Waiting, ask_health
from executor.stock import Stock, StockLimits
from executor.wire import WireRequest

logger = logging.getLogger(__name__)

MB = 2**20
HEAP_CLASSES_MB = (128, 256, 512, 1024)
USUAL = Kind(HEAP_CLASSES_MB[0])
NETWORKED_LANGUAGES = frozenset(("javascript", "typescript", "python", "shell"))
MEMORY_POLL_S = 0.02
# Over its limit by no more than that and for no longer, a program may still say in its own words that its memory is used up.
LAST_WORD_BYTES = 8 * MB
LAST_WORD_S = 1.0
EXIT_NOTICE_S = 0.25
LAST_OUTPUT_S = 0.5
# A state is parsed, said again and put together on its way through a process; the next one comes out the same way.
STATE_COPIES = 10
STATE_BYTES_MIN = 32 * MB
# What V8 says on stderr when it dies of its heap; only read when the process did die.
_OUT_OF_MEMORY = re.compile(r"out of memory|allocation failed|OOM|heap limit", re.IGNORECASE)
# The program's own words for the same, where the runtime can still throw.
_ALLOCATION_ERRORS = {
    "RangeError": re.compile("allocation failed|could not allocate|out of memory|invalid string length", re.IGNORECASE),
    "MemoryError": re.compile(""),
    "NoMemoryError": re.compile(""),
}


@dataclass(frozen=True)
class PoolLimits(StockLimits):
    runner: RunnerLimits = field(default_factory=RunnerLimits)


class LocalPool:
    """Implements Runner."""

    def __init__(
        self,
        *,
        program: str | Path | None = None,
        dist: str | Path | None = None,
        limits: PoolLimits | None = None,
        expected: Iterable[str] = (),
        sandbox: Mode = "auto",
        reach: workerd.Reach = workerd.PUBLIC,
    ) -> None:
        """`expected`: languages that get a process of their own at the start, when memory allows; then every other
        language is made ready to be started as well."""
        self._sandbox: Mode = sandbox
        self._reach = reach
        self._program = program
        self._dist = dist
        self.limits = limits or PoolLimits()
        self._expected = tuple(expected)
        self._processes: Processes | None = None
        self._stock: Stock | None = None
        self._variants: frozenset[str] = frozenset()
        self._languages: frozenset[str] | None = None
        self._preparing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when the first process is ready; raises NotBuilt or PlatformFault when there can be none."""
        installation = workerd.find(self._program, self._dist)
        self._variants = workerd.variants(workerd.read_manifest(installation.dist))
        try:
            processes, first, base = await self._open(installation, self._sandbox)
        except Unavailable as error:
            raise PlatformFault("no_process", str(error)) from error
        except PlatformFault as fault:
            if self._sandbox != "auto":
                raise
            processes, first, base = await self._open(installation, "off")
            logger.warning("runtimes do not start confined by the kernel here and run without it: %s", fault.message)
        self._processes = processes
        # The process that answered has the base languages alone; those of the variants have processes of their own.
        self._languages = base | self._variants
        self._stock = Stock(processes.spawn, self.limits, USUAL)
        self._stock.open(first, [self._kind(USUAL.heap_mb, language) for language in self._expected])
        if self._expected:
            kinds = [Kind(USUAL.heap_mb, name) for name in self._variants]
            self._preparing = asyncio.create_task(processes.prepare(kinds))

    async def _open(
        self, installation: workerd.Installation, sandbox: Mode
    ) -> tuple[Processes, RuntimeProcess, frozenset[str]]:
        """The parent of all processes, the first of them, and the languages that it has."""
        processes = Processes(installation, self.limits.runner.line_bytes_max, sandbox, self._reach)
        await processes.start()
        try:
            first = await processes.spawn(USUAL)
            health = await ask_health(first.address, processes.secret, self.limits.runner)
        except BaseException:
            await processes.close()
            raise
        return processes, first, health.languages

    async def close(self) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.wait([self._preparing])
        if self._stock is not None:
            await self._stock.close()
        if self._processes is not None:
            await self._processes.close()

    def languages(self) -> frozenset[str] | None:
        return self._languages

    def memory_bytes_max(self) -> int | None:
        return self._stock.run_bytes_max if self._stock is not None else None

    async def healthy(self) -> bool:
        return self._stock is not None and self._stock.healthy

    def stats(self) -> dict[str, int]:
        return self._stock.stats() if self._stock is not None else {}

    def pids(self) -> list[int]:
        """The processes that are idle or running now."""
        return self._stock.pids() if self._stock is not None else []

    def layers(self) -> list[str]:
        """What of the kernel stands behind the isolate of every process, by name."""
        return self._processes.confinement.layers if self._processes is not None else []

    @property
    def variants(self) -> frozenset[str]:
        """The languages that have processes of their own; the others share the usual kind."""
        return self._variants

    def idle_languages(self) -> list[str]:
        """The variants that have a process waiting; the usual kind is `javascript` here."""
        kinds = self._stock.idle_kinds() if self._stock is not None else {}
        return sorted({kind.variant or "javascript" for kind in kinds})

    async def run(self, job: Job) -> AsyncGenerator[RunItem, None]:
        exchange = Exchange(job, self.limits.runner)
        process: RuntimeProcess | None = None
        try:
            if self._stock is None:
                raise PlatformFault("no_process", "the pool was not started")
            line = self._stock.lease(self._kind_for(job), _memory_bytes(job), job.cancelled)
            async with aclosing(line):
                async for step in line:
                    if isinstance(step, int):
                        if step:
                            yield Waiting(step)
                    else:
                        process = step
        except PlatformFault as fault:
            exchange.conclude("fault", fault)
        if process is None or self._stock is None:
            exchange.conclude("cancelled")
            yield exchange.ended()
            return
        try:
            meter = Meter(process.pid, _memory_bytes(job))
            exchange = Exchange(job, self.limits.runner)
            async for item in self._carry_out(exchange, process, meter):
                yield item
        finally:
            self._stock.give_back(process)

    async def _carry_out(
        self, exchange: Exchange, process: RuntimeProcess, meter: Meter
    ) -> AsyncGenerator[RunItem, None]:
        assert self._processes is not None

        def echoed(line: bytes) -> None:
            exchange.offer(line, trusted_order=False)
            process.stdout.hold(exchange.full)

        process.stdout.on_line = echoed
        exchange.on_room = lambda: process.stdout.hold(False)
        process.exited.add_done_callback(lambda _: exchange.conclude("fault", _died(process)))
        talking = asyncio.create_task(exchange.converse(process.address, self._processes.secret))
        metering = asyncio.create_task(_poll_memory(meter, exchange))
        try:
            yield Leased()
            async with exchange.watched():
                async for frame in exchange.frames():
                    yield frame
            meter.read()
        finally:
            metering.cancel()
            talking.cancel()
        if exchange.cause in ("deadline", "memory", "fault"):
            await self._look_closer(exchange, process, meter)
            for frame in exchange.drained():
                yield frame
        if exchange.cause == "finished" and _says_out_of_memory(exchange):
            exchange.reconsider("memory")
        yield exchange.ended(min(meter.peak_bytes, meter.limit_bytes))

    async def _look_closer(self, exchange: Exchange, process: RuntimeProcess, meter: Meter) -> None:
        """What the process still had to say, and whether it died of its memory or of something else."""
        if exchange.cause == "fault":
            # A broken answer is often the first sign of a death whose notice is still on its way.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EXIT_NOTICE_S):
                    await asyncio.shield(process.exited)
        died = not process.alive
        process.kill()
        # Everything it printed is in the pipe; the end of the pipe says that all of it has been read.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_OUTPUT_S):
                await process.stdout.ended.wait()
        if exchange.cause != "fault":
            return
        if exchange.finished is not None:
            exchange.reconsider("finished")
        elif died and (_OUT_OF_MEMORY.search(process.stderr.text) or meter.peak_bytes > meter.limit_bytes):
            exchange.reconsider("memory")
        elif died:
            exchange.reconsider("fault", _died(process))

    def _kind_for(self, job: Job) -> Kind:
        request = job.request
        return replace(self._kind(_heap_class(request.memory_limit_bytes), request.language), network=_leaves(request))

    def _kind(self, heap_mb: int, language: str) -> Kind:
        # Such an interpreter's memory is its own and is bounded from inside; V8's heap is not where it grows.
        return Kind(USUAL.heap_mb, language) if language in self._variants else Kind(heap_mb)


async def _poll_memory(meter: Meter, exchange: Exchange) -> None:
    over_since: float | None = None
    while True:
        over_bytes = meter.read() - meter.limit_bytes
        if over_bytes > 0:
            now = time.monotonic()
            over_since = over_since or now
            # Barely over is where a language refuses by itself: it may still say so, in its own words.
            if over_bytes > LAST_WORD_BYTES or now - over_since >= LAST_WORD_S:
                exchange.conclude("memory")
                return
        await asyncio.sleep(MEMORY_POLL_S)


def _leaves(request: WireRequest) -> bool:
    """Whether the run may leave the machine: the gateway decides what it reaches, its process gets sockets at all."""
    clients = ("http", "https", EVERYTHING)
    named = {plain_name(name) for name in request.allowed_modules}
    return request.egress is not None and request.language in NETWORKED_LANGUAGES and not named.isdisjoint(clients)


def _memory_bytes(job: Job) -> int:
    """What the process may take. The way of a state in and out of it is not what a program is ended for."""
    environment = job.request.environment
    carried = 0 if environment is None else STATE_BYTES_MIN + STATE_COPIES * len(environment.state or "")
    return job.request.memory_limit_bytes + carried


def _heap_class(memory_limit_bytes: int) -> int:
    wanted_mb = -(-memory_limit_bytes // MB)
    return next((heap for heap in HEAP_CLASSES_MB if heap >= wanted_mb), HEAP_CLASSES_MB[-1])


def _died(process: RuntimeProcess) -> PlatformFault:
    status = process.exited.result() if process.exited.done() else None
    return PlatformFault("died", f"the runtime process ended by itself (status {status})")


def _says_out_of_memory(exchange: Exchange) -> bool:
    """An allocation that the limit refused ends as the language's own error; the status names what it was."""
    error = exchange.finished.error if exchange.finished else None
    pattern = _ALLOCATION_ERRORS.get(error.type) if error else None
    return bool(error and pattern and pattern.search(error.message))
