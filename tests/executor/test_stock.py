"""Promises about how many runtime processes there are: demand, the machine's memory, and the line of those who wait."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from executor.connection import PlatformFault
from executor.pool import LocalPool, PoolLimits
from executor.processes import Kind, RuntimeProcess
from executor.runner import Job
from executor.stock import Stock, StockLimits
from tests.support.patience import PATIENCE_S
from tests.support.runs import MB, carry, order, until

SLEEP = "await new Promise((done) => setTimeout(done, 60_000))"


@asynccontextmanager
async def opened(limits: PoolLimits, expected: tuple[str, ...] = ()) -> AsyncIterator[LocalPool]:
    pool = LocalPool(limits=limits, expected=expected)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


def sleeper(**changes: object) -> Job:
    return Job(order(SLEEP, timeout_ms=30_000, **changes))


async def test_no_run_starts_beyond_the_memory_budget_and_none_overtakes_one_that_waits_for_it() -> None:
    # Room for a large run and a small one beside it, with what their processes take themselves.
    async with opened(PoolLimits(idle_min=1, memory_bytes_max=700 * MB)) as pool:
        large, second, small = sleeper(memory_limit_bytes=400 * MB), sleeper(memory_limit_bytes=400 * MB), sleeper()
        running = asyncio.create_task(carry(pool, large))
        await until(lambda: pool.stats()["busy"] == 1)
        waits = [asyncio.create_task(carry(pool, second))]
        await until(lambda: pool.stats()["waiting"] == 1)
        waits.append(asyncio.create_task(carry(pool, small)))
        await until(lambda: pool.stats()["waiting"] == 2)
        assert pool.stats()["memoryBytes"] <= 700 * MB
        large.cancelled.set()
        await running
        await until(lambda: pool.stats()["busy"] == 2)
        assert pool.stats()["memoryBytes"] <= 700 * MB
        for job in (second, small):
            job.cancelled.set()
        first, last = await asyncio.gather(*waits)
        assert first.positions == [1] and last.positions in ([2], [2, 1])


async def test_a_warm_interpreter_nobody_uses_makes_room_for_a_run_that_needs_its_memory() -> None:
    async with opened(PoolLimits(idle_min=1, memory_bytes_max=600 * MB), ("python",)) as pool:
        await until(lambda: "python" in pool.idle_languages())
        running = asyncio.create_task(carry(pool, job := sleeper(memory_limit_bytes=400 * MB)))
        await until(lambda: pool.stats()["busy"] == 1)
        assert pool.idle_languages() in ([], ["javascript"])
        job.cancelled.set()
        await running


async def test_a_language_gets_a_warm_process_when_it_is_used_and_loses_it_when_it_is_not() -> None:
    limits = PoolLimits(idle_min=1, linger_s=1.0, shrink_after_s=0.2)
    async with opened(limits) as pool:
        assert (await carry(pool, Job(order("select 1", language="sql", entry="main.js")))).end.cause == "finished"
        await until(lambda: "sql" in pool.idle_languages())
        await until(lambda: pool.idle_languages() == ["javascript"] and pool.stats()["starting"] == 0)


async def test_a_storm_of_runs_starts_no_more_processes_at_once_than_it_may() -> None:
    limits = PoolLimits(idle_min=1, processes_max=6, starting_max=2)
    async with opened(limits) as pool:
        most = 0

        async def watch() -> None:
            nonlocal most
            while True:
                stats = pool.stats()
                most = max(most, stats["starting"])
                assert stats["idle"] + stats["busy"] + stats["starting"] <= limits.processes_max
                await asyncio.sleep(0.002)

        watching = asyncio.create_task(watch())
        runs = await asyncio.gather(*(carry(pool, Job(order(f"return {index}"))) for index in range(20)))
        assert [run.end.frame.result for run in runs if run.end.frame] == list(range(20))
        assert not watching.done() and 1 <= most <= limits.starting_max
        watching.cancel()


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_comes_the_budget_holds_and_everybody_is_served_or_told(seed: int) -> None:
    """Random runs, cancellations, failed starts and deaths; processes are stood for by their bookkeeping alone."""
    chance = random.Random(seed)
    limits = StockLimits(memory_bytes_max=900 * MB, processes_max=7, queue_timeout_s=20.0, refill_delay_s=0.001)
    made: list[RuntimeProcess] = []

    async def spawn(kind: Kind, haste: bool) -> RuntimeProcess:
        await asyncio.sleep(chance.random() * 0.004)
        if chance.random() < 0.03:
            raise PlatformFault("no_process", "by chance")
        process = RuntimeProcess(len(made), kind, Path("/nowhere"), 1, lambda: process.exited.set_result(-9))
        made.append(process)
        return process

    kinds = [Kind(128), Kind(512), Kind(128, "python")]
    stock = Stock(spawn, limits, kinds[0])
    stock.open(await spawned(spawn, kinds[0]), [kinds[2]])
    outcomes: Counter[str] = Counter()

    async def one() -> None:
        cancelled = asyncio.Event()
        if chance.random() < 0.2:
            asyncio.get_running_loop().call_later(chance.random() * 0.02, cancelled.set)
        process = None
        async for step in stock.lease(chance.choice(kinds), chance.randrange(1, 500) * MB, cancelled):
            process = step if isinstance(step, RuntimeProcess) else None
            fits(stock, limits)
        if process is None:
            assert cancelled.is_set()
            outcomes["cancelled"] += 1
            return
        await asyncio.sleep(chance.random() * 0.005)
        stock.give_back(process)
        outcomes["ran"] += 1

    async def kill_some() -> None:
        while True:
            await asyncio.sleep(0.003)
            idle = [process for process in made if process.alive and process.pid == 0]
            if idle and chance.random() < 0.3:
                chance.choice(idle).kill()
            fits(stock, limits)

    killing = asyncio.create_task(kill_some())
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(one() for _ in range(150)))
    assert not killing.done()
    killing.cancel()
    assert outcomes.total() == 150 and outcomes["ran"] > 100
    assert stock.stats()["busy"] == 0 and stock.stats()["waiting"] == 0
    await stock.close()
    assert not any(process.alive for process in made)


def fits(stock: Stock, limits: StockLimits) -> None:
    stats = stock.stats()
    assert stats["memoryBytes"] <= limits.memory_bytes_max, stats
    assert stats["idle"] + stats["busy"] + stats["starting"] <= limits.processes_max, stats


async def spawned(spawn: Callable[[Kind, bool], Awaitable[RuntimeProcess]], kind: Kind) -> RuntimeProcess:
    while True:
        try:
            return await spawn(kind, False)
        except PlatformFault:
            continue


async def test_the_languages_are_those_of_every_kind_of_process() -> None:
    limits = PoolLimits(idle_min=1)
    async with opened(replace(limits, memory_bytes_max=500 * MB)) as pool:
        languages = pool.languages()
        assert languages is not None and {"javascript", "python", "shell", "css"} <= languages
        most = pool.memory_bytes_max()
        assert most is not None and 300 * MB < most < 500 * MB
