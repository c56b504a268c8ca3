"""What every Runner promises, over the same built Worker: the local pool, and a Worker behind a URL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from executor.pool import LocalPool, PoolLimits
from executor.runner import Ended, HttpRunner, Job, Leased, Runner
from executor.wire import InputFrame, OutputFrame
from tests.support.patience import SOON_S
from tests.support.runs import MB, carry, order, served_worker


@pytest.fixture(params=["pool", "http"])
async def runner(request: pytest.FixtureRequest) -> AsyncIterator[Runner]:
    if request.param == "pool":
        pool = LocalPool(limits=PoolLimits(idle_min=1))
        await pool.start()
        yield pool
        await pool.close()
        return
    async with served_worker("s3cret") as url:
        remote = HttpRunner(url, "s3cret")
        await remote.start()
        yield remote
        await remote.close()


async def test_a_run_is_leased_then_tells_its_output_in_order_then_ends_once(runner: Runner) -> None:
    items = [item async for item in runner.run(Job(order('console.log("a"); console.error("b"); return 1 + 1')))]
    assert isinstance(items[0], Leased) and isinstance(items[-1], Ended)
    assert sum(isinstance(item, Ended | Leased) for item in items) == 2
    outputs = [(item.stream, item.level, item.text) for item in items if isinstance(item, OutputFrame)]
    assert outputs == [("stdout", "log", "a\n"), ("stderr", "error", "b\n")]
    end = items[-1]
    assert end.cause == "finished" and end.frame is not None
    assert (end.frame.exit_code, end.frame.result, end.frame.error) == (0, 2, None)
    assert 1 <= end.wall_ms < 1000 * SOON_S


async def test_memory_is_a_figure_of_the_hosts_within_the_limit_whatever_a_program_says(runner: Runner) -> None:
    limit = 64 * MB
    code = "const kept = new Uint8Array(32 * 2 ** 20).fill(1); process.memoryUsage = () => ({ rss: 1 }); return kept.length"
    end = (await carry(runner, Job(order(code, memory_limit_bytes=limit)))).end
    assert end.cause == "finished" and 16 * MB < end.memory_bytes <= limit


async def test_a_programs_error_is_an_end_and_never_an_exception(runner: Runner) -> None:
    end = (await carry(runner, Job(order('throw new RangeError("too far")')))).end
    assert end.cause == "finished" and end.fault is None and end.frame is not None
    assert end.frame.exit_code != 0 and end.frame.error is not None
    assert (end.frame.error.type, end.frame.error.message) == ("RangeError", "too far")


async def test_an_unsupported_language_is_refused_with_a_code_before_anything_runs(runner: Runner) -> None:
    carried = await carry(runner, Job(order("1", language="klingon")))
    assert carried.end.cause == "fault" and carried.frames == []
    assert carried.end.fault is not None and carried.end.fault.code == "unsupported_language"


async def test_the_languages_are_known_after_the_start(runner: Runner) -> None:
    languages = runner.languages()
    assert languages is not None and {"javascript", "typescript"} <= languages
    assert await runner.healthy()


async def test_a_run_that_waits_past_its_limit_ends_by_the_deadline(runner: Runner) -> None:
    code = 'console.log("before"); await new Promise((done) => setTimeout(done, 60_000))'
    carried = await carry(runner, Job(order(code, timeout_ms=1_000)))
    assert carried.end.cause == "deadline" and carried.end.wall_ms == 1_000
    assert carried.text == "before\n"


async def test_a_cancelled_run_ends_at_once(runner: Runner) -> None:
    job = Job(order('console.log("on"); await new Promise((done) => setTimeout(done, 60_000))', timeout_ms=30_000))
    cancelled_at = 0.0

    def cancel(_: object) -> None:
        nonlocal cancelled_at
        cancelled_at = asyncio.get_running_loop().time()
        job.cancelled.set()

    carried = await carry(runner, job, cancel)
    assert carried.end.cause == "cancelled"
    assert asyncio.get_running_loop().time() - cancelled_at < SOON_S


async def test_what_is_typed_reaches_a_program_that_waits_for_it(runner: Runner) -> None:
    code = """
        const readline = await import("node:readline/promises");
        const lines = readline.createInterface({ input: process.stdin, output: process.stdout });
        const name = await lines.question("name? ");
        console.log("hello " + name);
        lines.close();
    """
    job = Job(order(code, interactive=True))
    carried = await carry(runner, job, lambda frame: _answer(job, frame))
    assert carried.end.cause == "finished" and carried.end.frame is not None and carried.end.frame.error is None
    assert "hello Ada\n" in carried.text


def _answer(job: Job, frame: object) -> None:
    if isinstance(frame, InputFrame):
        job.stdin.put("Ada\n", eof=True)


async def test_stdin_that_is_given_whole_is_read_and_ends(runner: Runner) -> None:
    code = 'let all = ""; for await (const piece of process.stdin) all += piece; return all'
    end = (await carry(runner, Job(order(code, stdin="one\ntwo\n")))).end
    assert end.frame is not None and end.frame.error is None and end.frame.result == "one\ntwo\n"


async def test_a_consumer_that_stops_listening_ends_the_run(runner: Runner) -> None:
    job = Job(order("setInterval(() => console.log('tick'), 5)", timeout_ms=30_000))
    async with aclosing(runner.run(job)) as items:
        async for item in items:
            if isinstance(item, OutputFrame):
                break
    stats = runner.stats()
    assert stats.get("busy", stats.get("running")) == 0


async def test_nothing_of_one_run_is_seen_by_the_next(runner: Runner) -> None:
    await carry(runner, Job(order("globalThis.secret = 1; Array.prototype.mine = 1")))
    end = (await carry(runner, Job(order("return [typeof secret, typeof [].mine]")))).end
    assert end.frame is not None and end.frame.result == ["undefined", "undefined"]
