"""The bench's figures of runs: end to end over REST, and the pool by itself: cold, warm, many at once, and what it keeps in memory.

No threshold is in here. A warm figure is of a run for which a process waited; a cold one, of a run that had to start its own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from collab_server.figures import Figure, figure
from executor.pool import MB, LocalPool, PoolLimits
from executor.runner import Ended, Job
from executor.wire import TextFile, WireRequest

# Between two runs of one person: long enough for the pool to have replaced the process that was used up.
PAUSE_S = 0.4
AT_ONCE = 8
READY_WAIT_S = 20.0
BURST_LANES = 8
# When the pool's memory is looked at after a burst.
SHRINK_LOOKS_S = (0, 15, 40)
PROGRAMS = {
    "javascript": "return 6 * 7",
    "typescript": "const n: number = 7; return 6 * n",
    "python": "6 * 7",
    "ruby": "6 * 7",
    "shell": "echo $((6 * 7))",
    "sql": "select 6 * 7",
    "lua": "print(6 * 7)",
    "html": "<!doctype html><title>t</title><p>42</p>",
    "css": "p { color: red }",
}
# What uses a name of the run before it, and leaves it for the next.
GOING_ON = {
    "javascript": "var n = (typeof n === 'number' ? n : 0) + 1; return n",
    "typescript": "var n: number = (typeof n === 'number' ? n : 0) + 1; return n",
    "python": "n = globals().get('n', 0) + 1\nn",
    "ruby": "n = (n || 0) + 1",
    "shell": "n=$((n + 1)); echo $n",
    "sql": "create table if not exists t(a); insert into t values (1); select count(*) from t;",
    "lua": "n = (n or 0) + 1; return n",
}


async def end_to_end(http: httpx.AsyncClient, count: int) -> list[Figure]:
    """Over REST: one at a time with a pause in which the pool refills, as people run; in a kept environment; eight at once."""
    figures = []
    for language, code in PROGRAMS.items():
        figures.append(await _runs(http, f"run {language}", "/api/executions", language, code, count))
    session = (await http.post("/api/sessions", json={"name": "bench", "files": []})).json()
    for language, code in GOING_ON.items():
        place = f"/api/sessions/{session['id']}/executions"
        what = f"run {language}, environment"
        figures.append(await _runs(http, what, place, language, code, count // 2, persistEnvironment=True))

    async def lane() -> list[float]:
        code = PROGRAMS["javascript"]
        return [(await _timed(http, "/api/executions", "javascript", code))[1] for _ in range(count // 4)]

    began = time.perf_counter()
    together = [ms for lane in await asyncio.gather(*(lane() for _ in range(AT_ONCE))) for ms in lane]
    note = f"{AT_ONCE} at once; {len(together) / (time.perf_counter() - began):.1f} runs/s"
    return [*figures, figure("run javascript, concurrent", "ms", together, note)]


async def _runs(
    http: httpx.AsyncClient, what: str, place: str, language: str, code: str, count: int, **more: Any
) -> Figure:
    took: list[float] = []
    while len(took) <= count:
        answer, ms = await _timed(http, place, language, code, **more)
        if not answer.get("success") or not answer.get("environment", {"kept": True})["kept"]:
            return figure(what, "ms", [], f"failed: {answer.get('error') or answer.get('environment') or answer}"[:200])
        took.append(ms)
        await asyncio.sleep(PAUSE_S)
    return figure(what, "ms", took[1:], f"first {took[0]:.0f} ms")


async def _timed(
    http: httpx.AsyncClient, place: str, language: str, code: str, **more: Any
) -> tuple[dict[str, Any], float]:
    """(the result, milliseconds from the request to it)."""
    began = time.perf_counter()
    answer = await http.post(place, json={"language": language, "code": code, **more})
    return answer.json(), (time.perf_counter() - began) * 1000


async def pool_alone(count: int) -> list[Figure]:
    """The pool without a server around it."""
    figures = []
    async with _pool(PoolLimits(idle_min=0, idle_max=0, variant_idle_max=0)) as pool:
        await _run(pool, "javascript")  # uses up the process that every pool starts with
        for language in _languages(pool):
            await _run(pool, language)  # writes its configuration, once per pool
            figures.append(figure(f"pool, cold {language}", "ms", [await _run(pool, language) for _ in range(count)]))
    async with _pool(PoolLimits()) as pool:
        for language in _languages(pool):
            await _run(pool, language)
            took = []
            for _ in range(count):
                await _until_waiting(pool, language)
                took.append(await _run(pool, language))
            figures.append(figure(f"pool, warm {language}", "ms", took))
    async with _pool(PoolLimits()) as pool:
        figures += await _burst(pool, count)
    return figures


async def _burst(pool: LocalPool, count: int) -> list[Figure]:
    async def lane() -> list[float]:
        return [await _run(pool, "javascript") for _ in range(count)]

    idle = pool.stats()["memoryBytes"] / MB
    began = time.perf_counter()
    took = [ms for lane in await asyncio.gather(*(lane() for _ in range(BURST_LANES))) for ms in lane]
    per_core = len(took) / (time.perf_counter() - began) / (os.cpu_count() or 1)
    rows = [
        figure("pool, idle at the start", "MiB", [idle], f"{pool.stats()['idle']} processes"),
        figure("pool, 8 at once", "ms", took, f"{per_core:.1f} runs/s for each processor"),
    ]
    began = time.perf_counter()
    for look_s in SHRINK_LOOKS_S:
        await asyncio.sleep(max(0.0, began + look_s - time.perf_counter()))
        held = pool.stats()
        note = f"{held['idle'] + held['starting']} processes"
        rows.append(figure(f"pool, {look_s} s after a burst", "MiB", [held["memoryBytes"] / MB], note))
    return rows


@asynccontextmanager
async def _pool(limits: PoolLimits) -> AsyncIterator[LocalPool]:
    pool = LocalPool(limits=limits)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


def _languages(pool: LocalPool) -> list[str]:
    return [language for language in PROGRAMS if language in (pool.languages() or ())]


async def _until_waiting(pool: LocalPool, language: str) -> None:
    """A process for the language waits, and none is being started beside it."""
    kind = language if language in pool.variants else "javascript"
    async with asyncio.timeout(READY_WAIT_S):
        while kind not in pool.idle_languages() or pool.stats()["starting"]:  # noqa: ASYNC110 — the pool tells nobody
            await asyncio.sleep(0.005)


async def _run(pool: LocalPool, language: str) -> float:
    """Milliseconds from the wish to the end."""
    request = WireRequest(
        execution_id="bench", language=language, entry="main", files=[TextFile(name="main", content=PROGRAMS[language])],
        argv=[], stdin="", interactive=False, context={}, timeout_ms=20_000, memory_limit_bytes=50 * MB,
        allowed_modules=[], tier="", tier_of_module={}, output_bytes_max=MB, artifact_bytes_max=MB,
    )  # fmt: skip
    began = time.perf_counter()
    async for item in pool.run(Job(request)):
        if isinstance(item, Ended) and (item.frame is None or item.frame.exit_code != 0):
            raise RuntimeError(f"the bench's own {language} program failed: {item}")
    return (time.perf_counter() - began) * 1000
