"""The local Runner: a supervised pool of workerd processes, one run each, killed after use.

It decides how many processes there are and which run gets which; starting and talking to them is done elsewhere.
"""

import asyncio
import contextlib
import os
import re
from collections import Counter, deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from executor import workerd
from executor.connection import PlatformFault
from executor.meter import Meter
from executor.processes import Kind, Processes, RuntimeProcess
from executor.runner import Exchange, Job, Leased, RunItem, RunnerLimits, ask_languages

MB = 2**20
HEAP_CLASSES_MB = (128, 256, 512, 1024)
USUAL = Kind(HEAP_CLASSES_MB[0])
PROCESS_BYTES_ESTIMATE = 256 * MB
PROCESSES_PER_CORE = 8
PROCESSES_MIN = 4
MEMORY_POLL_S = 0.02
EXIT_NOTICE_S = 0.25
LAST_OUTPUT_S = 0.5
SPAWN_BACKOFF_FIRST_S = 0.05
SPAWN_BACKOFF_MAX_S = 1.0
# What V8 says on stderr when it dies of its heap; only read when the process did die.
_OUT_OF_MEMORY = re.compile(r"out of memory|allocation failed|OOM|heap limit", re.IGNORECASE)
# The program's own words for the same, where the runtime can still throw.
_ALLOCATION_ERRORS = {
    "RangeError": re.compile("allocation failed|could not allocate|out of memory|invalid string length", re.IGNORECASE),
    "MemoryError": re.compile(""),
    "NoMemoryError": re.compile(""),
}


def processes_max_here() -> int:
    by_cores = PROCESSES_PER_CORE * (os.cpu_count() or 1)
    by_memory = int(psutil.virtual_memory().available // 2 // PROCESS_BYTES_ESTIMATE)
    return max(PROCESSES_MIN, min(by_cores, by_memory))


@dataclass(frozen=True)
class PoolLimits:
    idle_min: int = 2
    idle_max: int = 6
    # Processes with a large interpreter inside are worth more memory than the wait for one is worth time.
    variant_idle_max: int = 2
    processes_max: int = field(default_factory=processes_max_here)
    starting_max: int = field(default_factory=lambda: max(2, os.cpu_count() or 1))
    # Waiting for a process is the platform's fault, not the program's: after this it is reported as one.
    lease_wait_s: float = 20.0
    shrink_after_s: float = 10.0
    # The last idle process of a kind that is seldom asked for stays this long after it was.
    linger_s: float = 300.0
    runner: RunnerLimits = field(default_factory=RunnerLimits)


class _Shelf:
    """The processes of one heap size that wait for a run."""

    def __init__(self, idle_min: int) -> None:
        self.idle: deque[RuntimeProcess] = deque()
        self.waiting: deque[asyncio.Future[RuntimeProcess]] = deque()
        self.starting = 0
        self.idle_min = idle_min
        self.target = idle_min
        self.fewest_idle = 0
        self.leased_at = 0.0


class LocalPool:
    """Implements Runner."""

    def __init__(
        self,
        *,
        program: str | Path | None = None,
        dist: str | Path | None = None,
        limits: PoolLimits | None = None,
    ) -> None:
        self._program = program
        self._dist = dist
        self.limits = limits or PoolLimits()
        self._processes: Processes | None = None
        self._shelves = {USUAL: _Shelf(self.limits.idle_min)}
        self._variants: frozenset[str] = frozenset()
        self._busy: set[RuntimeProcess] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._languages: frozenset[str] | None = None
        self._closing = False
        self._fault: PlatformFault | None = None
        self._counts: Counter[str] = Counter()

    async def start(self) -> None:
        """Returns when the first process is ready; raises NotBuilt or PlatformFault when there can be none."""
        installation = workerd.find(self._program, self._dist)
        self._variants = workerd.variants(workerd.read_manifest(installation.dist))
        self._processes = Processes(installation, self.limits.runner.line_bytes_max)
        self._closing = False
        await self._processes.start()
        try:
            first = await self._processes.spawn(USUAL)
            self._languages = await ask_languages(first.address, self._processes.secret, self.limits.runner)
        except BaseException:
            await self._processes.close()
            raise
        self._put(first)
        self._refill()
        self._keep(asyncio.create_task(self._shrink_forever()))

    async def close(self) -> None:
        self._closing = True
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for process in [*self._busy, *(idle for shelf in self._shelves.values() for idle in shelf.idle)]:
            process.dispose()
        for shelf in self._shelves.values():
            shelf.idle.clear()
        if self._processes is not None:
            await self._processes.close()

    def languages(self) -> frozenset[str] | None:
        return self._languages

    async def healthy(self) -> bool:
        if self._processes is None or self._closing:
            return False
        return bool(self._shelves[USUAL].idle or self._busy) or self._fault is None

    def stats(self) -> dict[str, int]:
        return {
            "idle": sum(len(shelf.idle) for shelf in self._shelves.values()),
            "busy": len(self._busy),
            "starting": sum(shelf.starting for shelf in self._shelves.values()),
            "waiting": sum(len(shelf.waiting) for shelf in self._shelves.values()),
            "target": sum(shelf.target for shelf in self._shelves.values()),
            "spawned": self._counts["spawned"],
            "failed": self._counts["failed"],
            "missed": self._counts["missed"],
        }

    def pids(self) -> list[int]:
        """The processes that are idle or running now."""
        idle = [process.pid for shelf in self._shelves.values() for process in shelf.idle]
        return sorted([*idle, *(process.pid for process in self._busy)])

    async def run(self, job: Job) -> AsyncGenerator[RunItem, None]:
        exchange = Exchange(job, self.limits.runner)
        try:
            process = await self._lease(self._kind_for(job), job)
        except PlatformFault as fault:
            exchange.conclude("fault", fault)
            yield exchange.ended()
            return
        if process is None:
            exchange.conclude("cancelled")
            yield exchange.ended()
            return
        meter = Meter(process.pid, job.request.memory_limit_bytes)
        exchange = Exchange(job, self.limits.runner)
        try:
            async for item in self._carry_out(exchange, process, meter):
                yield item
        finally:
            self._busy.discard(process)
            process.dispose()
            self._refill()

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
        yield exchange.ended(meter.peak_bytes)

    async def _look_closer(self, exchange: Exchange, process: RuntimeProcess, meter: Meter) -> None:
        """What the process still had to say, and whether it died of its memory or of something else."""
        if exchange.cause == "fault":
            # A broken answer is often the first sign of a death whose notice is still on its way.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(process.exited), EXIT_NOTICE_S)
        died = not process.alive
        process.kill()
        # Everything it printed is in the pipe; the end of the pipe says that all of it has been read.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.stdout.ended.wait(), LAST_OUTPUT_S)
        if exchange.cause != "fault":
            return
        if exchange.finished is not None:
            exchange.reconsider("finished")
        elif died and (_OUT_OF_MEMORY.search(process.stderr.text) or meter.peak_bytes > meter.limit_bytes):
            exchange.reconsider("memory")
        elif died:
            exchange.reconsider("fault", _died(process))

    def _kind_for(self, job: Job) -> Kind:
        if job.request.language in self._variants:
            # Such an interpreter's memory is its own and is bounded from inside; V8's heap is not where it grows.
            return Kind(USUAL.heap_mb, job.request.language)
        return Kind(_heap_class(job.request.memory_limit_bytes))

    async def _lease(self, kind: Kind, job: Job) -> RuntimeProcess | None:
        """The next process of that size; None when the run was cancelled while it waited."""
        shelf = self._shelves.setdefault(kind, _Shelf(0))
        shelf.leased_at = asyncio.get_running_loop().time()
        while shelf.idle:
            process = shelf.idle.popleft()
            shelf.fewest_idle = min(shelf.fewest_idle, len(shelf.idle))
            if process.alive:
                self._busy.add(process)
                self._refill()
                return process
        if self._closing or self._processes is None:
            raise PlatformFault("no_process", "the pool is closed")
        self._counts["missed"] += 1
        shelf.fewest_idle = 0
        shelf.target = min(shelf.target + 1, self.limits.variant_idle_max if kind.variant else self.limits.idle_max)
        ready: asyncio.Future[RuntimeProcess] = asyncio.get_running_loop().create_future()
        shelf.waiting.append(ready)
        self._refill()
        cancelling = asyncio.create_task(job.cancelled.wait())
        either: set[asyncio.Future[Any]] = {ready, cancelling}
        try:
            await asyncio.wait(either, timeout=self.limits.lease_wait_s, return_when="FIRST_COMPLETED")
            if ready.done():
                return ready.result()
            if cancelling.done():
                return None
            why = f": {self._fault.message}" if self._fault else ""
            raise PlatformFault("no_process", f"no process was free for {self.limits.lease_wait_s:g} s{why}")
        except asyncio.CancelledError:
            if ready.done():
                self._busy.discard(ready.result())
                self._put(ready.result())
            raise
        finally:
            cancelling.cancel()
            if not ready.done():
                shelf.waiting.remove(ready)
                ready.cancel()

    def _put(self, process: RuntimeProcess) -> None:
        """Gives a ready process to the first who waits, or keeps it."""
        shelf = self._shelves[process.kind]
        if self._closing or not process.alive:
            process.dispose()
            return
        if shelf.waiting:
            self._busy.add(process)
            shelf.waiting.popleft().set_result(process)
            return
        shelf.idle.append(process)
        process.exited.add_done_callback(lambda _: self._idle_died(process))

    def _idle_died(self, process: RuntimeProcess) -> None:
        shelf = self._shelves[process.kind]
        if process in shelf.idle:
            shelf.idle.remove(process)
            process.dispose()
            self._refill()

    def _refill(self) -> None:
        """Starts what is missing: first for those who wait, then for the idle shelf, the usual size before the rest."""
        if self._closing:
            return
        for need_idle in (False, True):
            for kind, shelf in self._shelves.items():
                wanted = len(shelf.waiting) + (shelf.target if need_idle else 0)
                while len(shelf.idle) + shelf.starting < wanted and self._may_start(shelf, need_idle):
                    shelf.starting += 1
                    self._keep(asyncio.create_task(self._start_one(kind)))

    def _may_start(self, shelf: _Shelf, need_idle: bool) -> bool:
        starting = sum(each.starting for each in self._shelves.values())
        if starting >= self.limits.starting_max:
            return False
        idle = sum(len(each.idle) for each in self._shelves.values())
        if starting + idle + len(self._busy) < self.limits.processes_max:
            return True
        if need_idle:
            return False
        # At the cap an idle process of another size makes room for a run that waits.
        for other in self._shelves.values():
            if other is not shelf and other.idle:
                other.idle.pop().dispose()
                return True
        return False

    async def _start_one(self, kind: Kind) -> None:
        assert self._processes is not None
        shelf = self._shelves[kind]
        backoff_s = SPAWN_BACKOFF_FIRST_S
        try:
            while True:
                try:
                    process = await self._processes.spawn(kind)
                    break
                except PlatformFault as fault:
                    self._fault = fault
                    self._counts["failed"] += 1
                    await asyncio.sleep(backoff_s)
                    backoff_s = min(2 * backoff_s, SPAWN_BACKOFF_MAX_S)
        finally:
            shelf.starting -= 1
        self._fault = None
        self._counts["spawned"] += 1
        self._put(process)
        self._refill()

    async def _shrink_forever(self) -> None:
        """Lowers a shelf's target by half of what was never needed in a while."""
        while True:
            for shelf in self._shelves.values():
                shelf.fewest_idle = len(shelf.idle)
            await asyncio.sleep(self.limits.shrink_after_s)
            lingering_since = asyncio.get_running_loop().time() - self.limits.linger_s
            for shelf in self._shelves.values():
                least = max(shelf.idle_min, int(shelf.leased_at > lingering_since))
                if shelf.fewest_idle > 0 and shelf.target > least:
                    shelf.target = max(least, shelf.target - (shelf.fewest_idle + 1) // 2)
                while len(shelf.idle) > shelf.target:
                    shelf.idle.pop().dispose()

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _poll_memory(meter: Meter, exchange: Exchange) -> None:
    while True:
        if meter.exceeded:
            exchange.conclude("memory")
            return
        await asyncio.sleep(MEMORY_POLL_S)


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
