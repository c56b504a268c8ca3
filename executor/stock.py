"""The runtime processes of this machine: how many of each kind wait, which run gets which, and what memory they may take.

Shelves follow recent demand; runs wait in one line and leave it in order. What happens in a run is never known here.
"""

import asyncio
import contextlib
import os
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from executor.connection import PlatformFault
from executor.processes import Kind, RuntimeProcess

MB = 2**20
PROCESSES_PER_CORE = 8
PROCESSES_MIN = 4
SPAWN_BACKOFF_FIRST_S = 0.05
SPAWN_BACKOFF_MAX_S = 1.0
# Until the first of a kind was measured.
PROCESS_BYTES_GUESS = 96 * MB
VARIANT_BYTES_GUESS = 288 * MB
CGROUP_MEMORY_MAX = Path("/sys/fs/cgroup/memory.max")


def memory_bytes_here() -> int:
    """Half of the machine's memory, or of what its container may use."""
    total = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit
        total = min(total, int(CGROUP_MEMORY_MAX.read_text()))
    return total // 2


def processes_max_here() -> int:
    return max(PROCESSES_MIN, PROCESSES_PER_CORE * (os.cpu_count() or 1))


@dataclass(frozen=True)
class StockLimits:
    idle_min: int = 2
    idle_max: int = 6
    # Processes with a large interpreter inside are worth more memory than the wait for one is worth time.
    variant_idle_max: int = 2
    processes_max: int = field(default_factory=processes_max_here)
    starting_max: int = field(default_factory=lambda: max(2, os.cpu_count() or 1))
    # All processes together: what they take while they wait, and the limit of every run on top of it.
    memory_bytes_max: int = field(default_factory=memory_bytes_here)
    # A run that finds no room waits this long, then it is refused.
    queue_timeout_s: float = 30.0
    # A process that was promised and does not come is the platform's fault.
    process_wait_s: float = 20.0
    # A run that got its process has the cores to itself for a moment before its replacement is started.
    refill_delay_s: float = 0.1
    shrink_after_s: float = 10.0
    # The last idle process of a kind that is seldom asked for stays this long after it was.
    linger_s: float = 600.0


class _Shelf:
    """The processes of one kind that wait for a run."""

    def __init__(self, idle_min: int, process_bytes: int) -> None:
        self.idle: deque[RuntimeProcess] = deque()
        self.starting = 0
        self.idle_min = idle_min
        self.target = idle_min
        self.fewest_idle = 0
        self.leased_at = 0.0
        self.process_bytes = process_bytes


@dataclass(eq=False)
class _Place:
    """A run's place in the line. `promised`: its memory is set aside, and a process is there or on its way."""

    kind: Kind
    run_bytes: int
    ready: asyncio.Future[RuntimeProcess]
    since: float
    promised: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Stock:
    """The caller closes it, and gives every process back."""

    def __init__(
        self, spawn: Callable[[Kind, bool], Awaitable[RuntimeProcess]], limits: StockLimits, usual: Kind
    ) -> None:
        """`spawn` is told whether a run waits for the process."""
        self.limits = limits
        self.fault: PlatformFault | None = None
        self._spawn = spawn
        self._usual = usual
        self._shelves = {usual: _Shelf(limits.idle_min, PROCESS_BYTES_GUESS)}
        self._line: list[_Place] = []
        self._busy: dict[RuntimeProcess, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._counts: Counter[str] = Counter()
        self._closing = False

    def open(self, first: RuntimeProcess, expected: Iterable[Kind]) -> None:
        """Begins with one process; kinds that are likely to be wanted get one of their own when memory allows."""
        for kind in expected:
            shelf = self._shelf(kind)
            shelf.target, shelf.leased_at = 1, _now()
        self._put(first)
        self._advance()
        self._keep(self._shrink_forever())

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

    @property
    def healthy(self) -> bool:
        return not self._closing and (bool(self._shelves[self._usual].idle or self._busy) or self.fault is None)

    @property
    def run_bytes_max(self) -> int:
        """The largest memory limit that a run can ever be given here."""
        return max(0, self.limits.memory_bytes_max - self._shelves[self._usual].process_bytes)

    def stats(self) -> dict[str, int]:
        shelves = self._shelves.values()
        return {
            "idle": sum(len(shelf.idle) for shelf in shelves),
            "busy": len(self._busy),
            "starting": sum(shelf.starting for shelf in shelves),
            "waiting": len(self._line),
            "target": sum(shelf.target for shelf in shelves),
            "memoryBytes": self._used_bytes(),
            "memoryBytesMax": self.limits.memory_bytes_max,
            "spawned": self._counts["spawned"],
            "failed": self._counts["failed"],
            "missed": self._counts["missed"],
        }

    def pids(self) -> list[int]:
        """The processes that are idle or running now."""
        idle = [process.pid for shelf in self._shelves.values() for process in shelf.idle]
        return sorted([*idle, *(process.pid for process in self._busy)])

    def idle_kinds(self) -> Counter[Kind]:
        return Counter({kind: len(shelf.idle) for kind, shelf in self._shelves.items() if shelf.idle})

    async def lease(
        self, kind: Kind, run_bytes: int, cancelled: asyncio.Event
    ) -> AsyncGenerator[int | RuntimeProcess, None]:
        """The place in the line whenever it changes, then the process; ends without one when the run was cancelled.

        Raises PlatformFault: `busy` when there was no room in time, `no_process` when processes cannot be started.
        """
        place = self._enter(kind, run_bytes)
        cancelling = asyncio.create_task(cancelled.wait())
        told, given = 0, False
        try:
            while not place.ready.done() and not cancelling.done():
                place.news.clear()
                if (position := self._position(place)) != told:
                    told = position
                    yield position
                    continue
                changed = asyncio.create_task(place.news.wait())
                either: set[asyncio.Future[Any]] = {place.ready, cancelling, changed}
                try:
                    await asyncio.wait(either, timeout=self._left_s(place), return_when="FIRST_COMPLETED")
                finally:
                    changed.cancel()
            if place.ready.done():
                given = True
                yield place.ready.result()
        finally:
            cancelling.cancel()
            if not given:
                self._leave(place)

    def _enter(self, kind: Kind, run_bytes: int) -> _Place:
        if self._closing:
            raise PlatformFault("no_process", "the pool is closed")
        shelf = self._shelf(kind)
        shelf.leased_at = _now()
        hit = bool(shelf.idle)
        if not hit:
            self._counts["missed"] += 1
            shelf.fewest_idle = 0
            most = self.limits.variant_idle_max if kind.variant else self.limits.idle_max
            shelf.target = max(shelf.target, min(shelf.target + 1, most))
        place = _Place(kind, run_bytes, asyncio.get_running_loop().create_future(), _now())
        self._line.append(place)
        self._advance(refill=not hit)
        return place

    def _leave(self, place: _Place) -> None:
        """Without the process."""
        if place.ready.done():
            self.give_back(place.ready.result())
            return
        self._line.remove(place)
        place.ready.cancel()
        self._advance()

    def _left_s(self, place: _Place) -> float:
        limit_s = self.limits.process_wait_s if place.promised else self.limits.queue_timeout_s
        left_s = place.since + limit_s - _now()
        if left_s > 0:
            return left_s
        if place.promised:
            why = f": {self.fault.message}" if self.fault else ""
            raise PlatformFault("no_process", f"no process was ready within {limit_s:g} s{why}")
        raise PlatformFault("busy", f"no room for this run within {limit_s:g} s; try again in a moment")

    def _position(self, place: _Place) -> int:
        """Its place among those who wait for room; 0 once a process is promised."""
        if place.promised or place.ready.done():
            return 0
        return 1 + [each for each in self._line if not each.promised].index(place)

    def give_back(self, process: RuntimeProcess) -> None:
        """The run is over, and so is its process."""
        self._busy.pop(process, None)
        process.dispose()
        self._advance()

    def _shelf(self, kind: Kind) -> _Shelf:
        guess = VARIANT_BYTES_GUESS if kind.variant else PROCESS_BYTES_GUESS
        return self._shelves.setdefault(kind, _Shelf(0, guess))

    def _promised(self, kind: Kind) -> int:
        return sum(place.promised and place.kind == kind for place in self._line)

    def _count(self, kind: Kind) -> int:
        """Processes of a kind beside the busy ones: those that are there or coming, and those that must still come."""
        shelf = self._shelves[kind]
        return max(len(shelf.idle) + shelf.starting, self._promised(kind))

    def _used_bytes(self) -> int:
        waiting = sum(self._count(kind) * shelf.process_bytes for kind, shelf in self._shelves.items())
        promised = sum(place.run_bytes for place in self._line if place.promised)
        return waiting + promised + sum(self._busy.values())

    def _processes(self) -> int:
        return len(self._busy) + sum(map(self._count, self._shelves))

    def _fits(self, more_bytes: int, more_processes: int) -> bool:
        return (
            self._used_bytes() + more_bytes <= self.limits.memory_bytes_max
            and self._processes() + more_processes <= self.limits.processes_max
        )

    def _advance(self, refill: bool = True) -> None:
        """Serves the line in order, then the shelves."""
        if self._closing:
            return
        self._promise()
        for place in [place for place in self._line if place.promised]:
            self._hand_over(place)
        for place in self._line:
            place.news.set()
        for kind in list(self._shelves):
            self._start(kind, self._promised(kind))
        if refill:
            self._refill()
        else:
            asyncio.get_running_loop().call_later(self.limits.refill_delay_s, self._advance)

    def _promise(self) -> None:
        """Nobody overtakes a run that waits for memory: large runs would never get any."""
        for place in self._line:
            if place.promised:
                continue
            shelf = self._shelves[place.kind]
            more = int(len(shelf.idle) + shelf.starting <= self._promised(place.kind))
            if not self._make_room(place.kind, place.run_bytes + more * shelf.process_bytes, more):
                return
            place.promised, place.since = True, _now()

    def _make_room(self, kind: Kind, more_bytes: int, more_processes: int) -> bool:
        """An idle process of another kind, the longest unused first, makes room for a run that waits."""
        for other in sorted(self._shelves, key=lambda each: self._shelves[each].leased_at):
            shelf = self._shelves[other]
            while not self._fits(more_bytes, more_processes):
                if other == kind or len(shelf.idle) + shelf.starting <= self._promised(other) or not shelf.idle:
                    break
                shelf.idle.pop().dispose()
        return self._fits(more_bytes, more_processes)

    def _hand_over(self, place: _Place) -> None:
        shelf = self._shelves[place.kind]
        while shelf.idle:
            process = shelf.idle.popleft()
            shelf.fewest_idle = min(shelf.fewest_idle, len(shelf.idle))
            if process.alive:
                self._line.remove(place)
                self._busy[process] = shelf.process_bytes + place.run_bytes
                place.ready.set_result(process)
                return

    def _start(self, kind: Kind, wanted: int) -> None:
        shelf = self._shelves[kind]
        while len(shelf.idle) + shelf.starting < wanted:
            if sum(each.starting for each in self._shelves.values()) >= self.limits.starting_max:
                return
            shelf.starting += 1
            self._keep(self._start_one(kind))

    def _refill(self) -> None:
        """Puts on the shelves what is missing there: the usual kind first, the others by how recently they were used."""
        if not all(place.promised for place in self._line):
            return  # somebody waits for room: what is put on a shelf now would have to make it again
        for kind in sorted(self._shelves, key=lambda each: (each != self._usual, -self._shelves[each].leased_at)):
            shelf = self._shelves[kind]
            while self._count(kind) < self._promised(kind) + shelf.target and self._fits(shelf.process_bytes, 1):
                before = shelf.starting
                self._start(kind, self._count(kind) + 1)
                if shelf.starting == before:
                    return

    def _put(self, process: RuntimeProcess) -> None:
        if self._closing or not process.alive:
            process.dispose()
            return
        shelf = self._shelf(process.kind)
        shelf.process_bytes = process.resident_bytes() or shelf.process_bytes
        shelf.idle.append(process)
        process.exited.add_done_callback(partial(self._idle_died, process))

    def _idle_died(self, process: RuntimeProcess, _: object) -> None:
        shelf = self._shelves[process.kind]
        if process in shelf.idle:
            shelf.idle.remove(process)
            process.dispose()
            self._advance()

    async def _start_one(self, kind: Kind) -> None:
        shelf = self._shelves[kind]
        backoff_s = SPAWN_BACKOFF_FIRST_S
        try:
            while True:
                try:
                    process = await self._spawn(kind, self._promised(kind) > 0)
                    break
                except PlatformFault as fault:
                    self.fault = fault
                    self._counts["failed"] += 1
                    await asyncio.sleep(backoff_s)
                    backoff_s = min(2 * backoff_s, SPAWN_BACKOFF_MAX_S)
        finally:
            shelf.starting -= 1
        self.fault = None
        self._counts["spawned"] += 1
        self._put(process)
        self._advance()

    async def _shrink_forever(self) -> None:
        """Lowers a shelf's target by half of what was never needed in a while."""
        while True:
            for shelf in self._shelves.values():
                shelf.fewest_idle = len(shelf.idle)
            await asyncio.sleep(self.limits.shrink_after_s)
            lingering_since = _now() - self.limits.linger_s
            for shelf in self._shelves.values():
                least = max(shelf.idle_min, int(shelf.leased_at > lingering_since))
                if shelf.fewest_idle > 0 and shelf.target > least:
                    shelf.target = max(least, shelf.target - (shelf.fewest_idle + 1) // 2)
                while len(shelf.idle) > shelf.target:
                    shelf.idle.pop().dispose()

    def _keep(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _now() -> float:
    return asyncio.get_running_loop().time()
