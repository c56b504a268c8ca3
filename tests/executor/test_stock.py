"""Promises about how many runtime processes there are: demand, the machine's memory, and the line of those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from executor.pool import LocalPool, PoolLimits
from executor.runner import Job
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
        await until(lambda: "python" in pool.idle_languages(), seconds=20)
        running = asyncio.create_task(carry(pool, job := sleeper(memory_limit_bytes=400 * MB)))
        await until(lambda: pool.stats()["busy"] == 1)
        assert pool.idle_languages() in ([], ["javascript"])
        job.cancelled.set()
        await running


async def test_a_language_gets_a_warm_process_when_it_is_used_and_loses_it_when_it_is_not() -> None:
    limits = PoolLimits(idle_min=1, linger_s=1.0, shrink_after_s=0.2)
    async with opened(limits) as pool:
        assert (await carry(pool, Job(order("select 1", language="sql", entry="main.js")))).end.cause == "finished"
        await until(lambda: "sql" in pool.idle_languages(), seconds=5)
        await until(lambda: pool.idle_languages() == ["javascript"] and pool.stats()["starting"] == 0, seconds=8)


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


async def test_the_languages_are_those_of_every_kind_of_process() -> None:
    limits = PoolLimits(idle_min=1)
    async with opened(replace(limits, memory_bytes_max=500 * MB)) as pool:
        languages = pool.languages()
        assert languages is not None and {"javascript", "python", "shell", "css"} <= languages
        most = pool.memory_bytes_max()
        assert most is not None and 300 * MB < most < 500 * MB
