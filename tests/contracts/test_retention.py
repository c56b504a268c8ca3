"""What retention promises on every store: the text stays, named versions stay, and a kill at any point loses nothing."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from crdt.clearing import Clearing
from crdt.loading import build
from crdt.log import Log
from crdt.model import EditRefused, Limits
from crdt.retention import Retention
from crdt.tables import bases_table, metadata, updates_table
from tests.contracts.test_log import history, nothing
from tests.crdt.clients import Clock
from tests.support.stores import filled_with

DAY_S = 86_400
# Kills its process before or after the nth statement of the transaction that lets go.
KILLED = """
import asyncio, os, signal, sys, time
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from crdt.clearing import Clearing
from crdt.model import Limits
from crdt.retention import Retention

async def main(url, after, now):
    engine = create_async_engine(url)
    archive = Clearing(engine)
    raise_floor, execute, count = archive.raise_floor, AsyncConnection.execute, 0

    async def counted(self, *args, **more):
        nonlocal count
        result = await execute(self, *args, **more)
        count += 1
        if count == after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    async def raised(*args, **more):
        AsyncConnection.execute = counted
        return await raise_floor(*args, **more)

    archive.raise_floor = raised
    await Retention(archive, Limits(), days=1, rows_max=0, now=lambda: now).trim("s")
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
"""


@pytest.fixture
async def engine(either_database: str) -> AsyncIterator[AsyncEngine]:
    async with filled_with(metadata, either_database) as made:
        yield made


async def filled(engine: AsyncEngine, clock: Clock, count: int) -> list[str]:
    """One change an hour; the fifth version has a name."""
    log = Log(engine, now=clock, commit_interval_s=0.0)
    await log.start()
    updates, texts = history(count)
    for version, change in enumerate(updates, start=1):
        log.append("s", version, "ann", change, nothing)
        clock.pass_by(3_600)
    await log.flush()
    await log.name_version("s", 5, "the fifth", "ann")
    await log.close()
    return texts


async def text_at(archive: Clearing, version: int) -> str:
    document, fault = build(await archive.load_at("s", version), Limits(), now=Clock())
    assert fault is None
    return document.file("f").content


async def present(archive: Clearing) -> tuple[int, str]:
    document, fault = build(await archive.load("s"), Limits(), now=Clock())
    assert fault is None
    return document.version, document.file("f").content


async def rows_of(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(updates_table))).scalar() or 0)


async def test_old_history_goes_and_text_names_and_the_rest_stay(engine: AsyncEngine) -> None:
    clock = Clock()
    texts = await filled(engine, clock, 60)
    archive = Clearing(engine, now=clock)
    document, _ = build(await archive.load_at("s", 20), Limits(), now=clock)
    rows = (await archive.load("s", from_first=True)).rows
    await archive.compact("s", 20, document.encode(), {}, rows[19].id)
    retention = Retention(archive, Limits(), days=1, rows_max=0, now=clock)
    assert await retention.sweep() == 36
    assert await rows_of(engine) == 24
    assert await present(archive) == (60, texts[-1])
    for version in (36, 37, 50, 60):
        assert await text_at(archive, version) == texts[version - 1]
    assert await text_at(archive, 5) == texts[4], "a named version is kept for good"
    for version in (4, 6, 35):
        with pytest.raises(EditRefused, match="begins at version 36") as refused:
            await archive.load_at("s", version)
        assert refused.value.code == "gone"
    with pytest.raises(EditRefused, match="begins at version 36"):
        await archive.page_behind("s", 7, 60, rows_max=9, bytes_max=9_999)
    listed = await archive.history("s", limit=100)
    assert [entry.version for entry in listed] == [*range(60, 36, -1), 5] and listed[-1].name == "the fifth"
    # A snapshot that was being made meanwhile builds on rows that are gone: it is not used.
    await archive.compact("s", 20, document.encode(), {}, rows[19].id)
    assert await present(archive) == (60, texts[-1])

    assert await Retention(archive, Limits(), days=0, rows_max=10, now=clock).sweep() == 14
    assert await rows_of(engine) == 10 and await present(archive) == (60, texts[-1])
    assert await text_at(archive, 50) == texts[49] and await text_at(archive, 5) == texts[4]
    clock.pass_by(30 * DAY_S)
    assert await retention.sweep() == 10
    assert await present(archive) == (60, texts[-1]) and await retention.sweep() == 0


async def test_nodes_that_let_go_at_once_lose_nothing(engine: AsyncEngine) -> None:
    clock = Clock()
    texts = await filled(engine, clock, 40)
    archives = [Clearing(engine, now=clock) for _ in range(3)]
    hasty = [
        Retention(archive, Limits(), days=days, rows_max=0, now=clock)
        for archive, days in zip(archives, (1, 1, 0.5), strict=True)
    ]
    await asyncio.gather(*(one.trim("s") for one in hasty), return_exceptions=True)
    assert await present(archives[0]) == (40, texts[-1])
    async with engine.connect() as connection:
        floors = select(func.count()).where(bases_table.c.is_floor.is_(True))
        assert (await connection.execute(floors)).scalar() == 1
    assert await rows_of(engine) in (12, 24)


async def test_a_kill_at_any_point_loses_nothing(engine: AsyncEngine, either_database: str) -> None:
    clock = Clock()
    texts = await filled(engine, clock, 40)
    archive = Clearing(engine, now=clock)
    # Delete the old floor, two inserts, the snapshots, the rows; and after the commit.
    points = range(1, 7) if engine.dialect.name == "sqlite" else (3, 5, 6)
    for after in points:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, either_database, str(after), str(clock.at), cwd=Path(__file__).parents[2]
        )
        assert await process.wait() == -signal.SIGKILL
        assert await present(archive) == (40, texts[-1])
        assert await text_at(archive, 5) == texts[4]
        assert await rows_of(engine) == (24 if after == 6 else 40), f"killed after statement {after}"
    assert await archive.first_version("s") == 16
