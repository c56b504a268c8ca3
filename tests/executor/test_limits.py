"""Promises about the limits of a run in every language: time, memory, output, and nothing left for the next one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest
import pytest_asyncio

from executor.pool import LocalPool, PoolLimits
from executor.runner import Ended, Job, Leased
from executor.wire import OutputFrame, TextFile
from tests.support.patience import SOON_S
from tests.support.runs import MB, Carried, carry, order

LOOPS = {
    "python": 'print("before")\nwhile True: pass',
    "ruby": 'puts "before"\nloop {}',
    "shell": "echo before\nwhile :; do :; done",
    "lua": 'print("before")\nwhile true do end',
    "sql": "select 'before';\nwith recursive n(i) as (select 1 union all select i + 1 from n) select sum(i) from n;",
}
BOMBS = {
    "python": "kept = []\nwhile True: kept.append(bytearray(10**6))",
    "ruby": "kept = []\nloop { kept << 'x' * 1_000_000 }",
    "lua": "local kept = {} for i = 1, 1e9 do kept[i] = string.rep('x', 1000000) .. i end",
    "shell": 'x=x; while :; do x="$x$x"; done',
    "javascript": "const m = new WebAssembly.Memory({ initial: 1 }); for (;;) { m.grow(160); new Uint8Array(m.buffer).fill(1) }",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[LocalPool]:
    """One pool for all languages: its processes are used once each in any case."""
    pool = LocalPool(limits=PoolLimits(idle_min=1))
    await pool.start()
    yield pool
    await pool.close()


def program(language: str, code: str, **limits: int) -> Job:
    more: dict[str, Any] = {"timeout_ms": 60_000} | limits
    return _of(language, code, more)


async def timed(pool: LocalPool, job: Job) -> tuple[Carried, float]:
    """(what came of it, seconds from its start to its end)."""
    carried, leased_at = Carried(), 0.0
    async for item in pool.run(job):
        if isinstance(item, Leased):
            leased_at = time.monotonic()
        elif isinstance(item, OutputFrame):
            carried.frames.append(item)
        elif isinstance(item, Ended):
            carried.ended = item
    return carried, time.monotonic() - leased_at


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("language", LOOPS)
async def test_an_endless_loop_ends_at_its_limit_in_every_language(shared: LocalPool, language: str) -> None:
    carried, took_s = await timed(shared, program(language, LOOPS[language], timeout_ms=1_000))
    assert carried.end.cause == "deadline" and took_s < SOON_S, (carried.end, took_s)
    assert carried.text == "before\n"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("language", BOMBS)
async def test_a_memory_bomb_ends_as_memory_in_every_language_and_its_neighbour_finishes(
    shared: LocalPool, language: str
) -> None:
    bomb, neighbour = await asyncio.gather(
        carry(shared, program(language, BOMBS[language])), carry(shared, Job(order("return 'fine'")))
    )
    assert bomb.end.cause == "memory", bomb.end
    assert neighbour.end.frame is not None and neighbour.end.frame.result == "fine"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("language", ["python", "ruby"])
async def test_endless_output_is_cut_with_a_notice_and_the_servers_memory_stays_flat(
    shared: LocalPool, language: str
) -> None:
    line = "x" * 1000
    code = {
        "python": f"while True: print({line!r})",
        "ruby": f"loop {{ puts {line!r} }}",
    }
    before = psutil.Process().memory_info().rss
    carried = await carry(shared, program(language, code[language], timeout_ms=2_000, output_bytes_max=65_536))
    assert carried.end.cause in ("deadline", "finished", "memory")
    assert len(carried.text) <= 2 * 65_536
    assert any(frame.type == "truncated" for frame in carried.frames)
    assert psutil.Process().memory_info().rss - before < 64 * MB


LEAVE = {
    "javascript": """
        globalThis.leaked = 1; Array.prototype.leaked = 1; process.env.LEAKED = "1";
        require("fs").writeFileSync("/tmp/leaked", "1"); require("fs").writeFileSync("leaked.txt", "1")
    """,
    "python": """
import os, builtins, sys, random
builtins.leaked = 1; sys.modules["leaked"] = sys; os.environ["LEAKED"] = "1"
open("/tmp/leaked", "w").write("1"); open("leaked.txt", "w").write("1")
""",
}
LOOK = {
    "javascript": """
        const fs = require("fs");
        return [typeof leaked, typeof [].leaked, process.env.LEAKED ?? null, fs.existsSync("/tmp/leaked"), fs.existsSync("leaked.txt")]
    """,
    "python": """
import os, builtins, sys
[hasattr(builtins, "leaked"), "leaked" in sys.modules, "LEAKED" in os.environ, os.path.exists("/tmp/leaked"), os.path.exists("leaked.txt")]
""",
}
CLEAN = {"javascript": ["undefined", "undefined", None, False, False], "python": [False] * 5}


async def nothing_leaks(pool: LocalPool, language: str, pairs: int) -> None:
    more: dict[str, Any] = {"allowed_modules": ["fs"], "timeout_ms": 20_000}
    lanes = asyncio.Semaphore(4)

    async def pair() -> None:
        async with lanes:
            left = (await carry(pool, _of(language, LEAVE[language], more))).end
            assert left.frame is not None and left.frame.error is None, left
            seen = (await carry(pool, _of(language, LOOK[language], more))).end
            assert seen.frame is not None and seen.frame.result == CLEAN[language], seen

    await asyncio.gather(*(pair() for _ in range(pairs)))


def _of(language: str, code: str, more: dict[str, Any]) -> Job:
    return Job(order("", language=language, entry="main", files=[TextFile(name="main", content=code)], **more))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("language", "pairs"), [("javascript", 12), ("python", 2)])
async def test_nothing_that_a_run_leaves_is_seen_by_another(shared: LocalPool, language: str, pairs: int) -> None:
    await nothing_leaks(shared, language, pairs)


@pytest.mark.soak
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("language", "pairs"), [("javascript", 900), ("python", 100)])
async def test_a_thousand_pairs_of_runs_leak_nothing(shared: LocalPool, language: str, pairs: int) -> None:
    await nothing_leaks(shared, language, pairs)
