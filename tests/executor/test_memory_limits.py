"""Promise: a program that takes too much memory is told so in its own language, near its limit, and ends as `memory`."""

from __future__ import annotations

import pytest

from executor.pool import LocalPool
from executor.runner import Job
from executor.wire import TextFile
from tests.support.runs import MB, carry, order

BOMBS = {
    "strings.py": ("python", "MemoryError", "kept = []\nwhile True: kept.append('x' * 100_000)"),
    "objects.py": ("python", "MemoryError", "kept = []\nwhile True: kept.append([1, 2, 3])"),
    "strings.rb": ("ruby", "NoMemoryError", "kept = []\nloop { kept << 'x' * 100_000 }"),
    "strings.lua": ("lua", "MemoryError", "local kept = {}\nwhile true do kept[#kept + 1] = ('x'):rep(100000) .. #kept end"),
    "rows.sql": (
        "sql", "MemoryError",
        "CREATE TABLE t(x); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"
        " INSERT INTO t SELECT zeroblob(100000) FROM c;",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
async def test_the_language_itself_says_that_memory_is_used_up(pool: LocalPool, name: str) -> None:
    language, kind, code = BOMBS[name]
    limit_bytes = 50 * MB
    request = order(
        "",
        language=language,
        entry=name,
        files=[TextFile(name=name, content=code)],
        memory_limit_bytes=limit_bytes,
        timeout_ms=30_000,
    )
    end = (await carry(pool, Job(request))).end
    assert end.cause == "memory", end
    assert end.frame is not None and end.frame.error is not None and end.frame.error.type == kind
    # The program had most of what it was promised, and the process never more.
    assert 0.6 * limit_bytes < end.memory_bytes <= limit_bytes


async def test_a_bomb_of_objects_ends_as_memory_at_a_large_limit_too(pool: LocalPool) -> None:
    code = "const all = []; while (true) all.push({ x: [1, 2, 3] })"
    end = (await carry(pool, Job(order(code, memory_limit_bytes=512 * MB, timeout_ms=60_000)))).end
    assert end.cause == "memory" and end.wall_ms < 60_000
