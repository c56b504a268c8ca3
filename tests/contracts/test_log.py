"""What every store must do for the log: one suite over SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pycrdt import Doc, Map, Text
from sqlalchemy import make_url, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from crdt import commits
from crdt.loading import build
from crdt.log import Log
from crdt.model import Limits
from crdt.tables import metadata, snapshots_table
from tests.crdt.clients import Clock, rename_table
from tests.support.patience import PATIENCE_S
from tests.support.postgres_server import PostgresServer
from tests.support.stores import filled_with
from tests.support.tcp_proxy import proxied


@pytest.fixture
async def engine(either_database: str) -> AsyncIterator[AsyncEngine]:
    async with filled_with(metadata, either_database) as made:
        yield made


@pytest.fixture
async def log(engine: AsyncEngine) -> AsyncIterator[Log]:
    made = Log(engine, commit_interval_s=0.0)
    await made.start()
    yield made
    await made.close()


def nothing() -> None:
    return None


async def test_rows_come_back_in_order_with_their_authors(log: Log) -> None:
    for version in range(1, 6):
        log.append("s", version, f"actor-{version % 2}", bytes([version, 0, 255]), nothing)
    log.append("other", 1, "x", b"not mine", nothing)
    await log.flush()
    loaded = await log.load("s")
    assert [(row.version, row.actor_id, row.update) for row in loaded.rows] == [
        (version, f"actor-{version % 2}", bytes([version, 0, 255])) for version in range(1, 6)
    ]


async def test_the_commit_is_told_after_the_row_can_be_read(log: Log) -> None:
    done = asyncio.Event()
    log.append("s", 1, "a", b"1", done.set)
    async with asyncio.timeout(PATIENCE_S):
        await done.wait()
    assert [row.version for row in (await log.load("s")).rows] == [1]


async def test_many_appends_share_few_commits(log: Log) -> None:
    for version in range(1, 501):
        log.append("s", version, "a", b"u", nothing)
    await log.flush()
    assert log.rows_committed == 500
    assert log.commits <= 3


async def test_what_nobody_is_told_of_waits_for_the_next_that_somebody_is(engine: AsyncEngine) -> None:
    log = Log(engine, commit_interval_s=0.0, unheard_interval_s=3600.0)
    await log.start()
    done = [asyncio.Event() for _ in range(4)]
    async with asyncio.timeout(PATIENCE_S):
        log.append_change("s", 1, [("a", b"u")], done[0].set, heard=False)
        await done[0].wait()  # the first after a pause goes at once
        log.append_change("s", 2, [("a", b"u")], done[1].set, heard=False)
        assert len((await log.load("s")).rows) == 1
        log.append_change("s", 3, [("a", b"u")], done[2].set)
        await done[2].wait()
        assert done[1].is_set() and log.commits == 2
        log.append_change("s", 4, [("a", b"u")], done[3].set, heard=False)
        log.hurry()
        await done[3].wait()
    await log.close()


async def test_a_failed_commit_is_shown_repeated_and_keeps_its_order(engine: AsyncEngine, log: Log) -> None:
    await rename_table(engine, "document_updates", "away")
    failed = asyncio.Event()
    committed: list[int] = []
    for version in (1, 2):
        done = functools.partial(committed.append, version)
        log.append_change("s", version, [("a", b"u")], done, lambda _: failed.set())
    async with asyncio.timeout(PATIENCE_S):
        await failed.wait()
        log.append_change("s", 3, [("a", b"u")], lambda: committed.append(3), None)
        assert committed == []
        await rename_table(engine, "away", "document_updates")
        await log.flush()
    assert committed == [1, 2, 3]
    assert [row.version for row in (await log.load("s")).rows] == [1, 2, 3]


async def test_a_commit_whose_answer_was_lost_is_not_written_twice(engine: AsyncEngine, log: Log) -> None:
    lose = True

    class Lossy(Log):
        async def _commit(self, group: list[object]) -> None:  # type: ignore[override]
            nonlocal lose
            await super()._commit(group)  # type: ignore[arg-type]
            if lose:
                lose = False
                raise ConnectionResetError

    lossy = Lossy(engine, commit_interval_s=0.0)
    await lossy.start()
    lossy.append("s", 1, "a", b"u", nothing)
    await lossy.flush()
    await lossy.close()
    assert lossy.failures == 1
    assert len((await log.load("s")).rows) == 1


async def test_a_database_that_falls_silent_has_failed_and_nothing_is_lost_or_written_twice(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "COMMIT_S", 0.3)
    url = make_url(await postgres_server.create_database())
    assert url.port is not None
    async with proxied(url.port) as between:
        engine = create_async_engine(url.set(host="127.0.0.1", port=between.port))
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        log = Log(engine, commit_interval_s=0.0)
        await log.start()
        log.append("s", 1, "a", b"u", nothing)
        await log.flush()
        between.stall()
        failed, committed = asyncio.Event(), asyncio.Event()
        log.append_change("s", 2, [("a", b"u")], committed.set, lambda _: failed.set())
        async with asyncio.timeout(PATIENCE_S):
            await failed.wait()
            assert not committed.is_set()
            await between.mend()
            await log.flush()
        assert committed.is_set()
        await log.close()
        assert [row.version for row in (await log.load("s")).rows] == [1, 2]
        await engine.dispose()


async def test_a_connection_that_the_database_has_closed_is_made_anew_and_nobody_is_told_of_a_failure(
    postgres_server: PostgresServer,
) -> None:
    engine = create_async_engine(await postgres_server.create_database())
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    log = Log(engine, commit_interval_s=0.0)
    await log.start()
    log.append("s", 1, "a", b"u", nothing)
    await log.flush()
    store = log._store
    assert isinstance(store, commits.PostgresCommits)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database() AND backend_type = 'client backend'"
            )
        )
    async with asyncio.timeout(PATIENCE_S):
        while not store._driver.is_closed():
            await asyncio.sleep(0)
        log.append("s", 2, "a", b"u", nothing)
        await log.close()
    assert log.failures == 0
    assert [row.version for row in (await log.load("s")).rows] == [1, 2]
    await engine.dispose()


async def test_close_writes_what_is_waiting(engine: AsyncEngine) -> None:
    log = Log(engine, commit_interval_s=5.0)
    await log.start()
    for version in range(1, 50):
        log.append("s", version, "a", b"u", nothing)
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_S):
        await log.close()
    assert len((await log.load("s")).rows) == 49


def history(count: int) -> tuple[list[bytes], list[str]]:
    doc: Doc[Any] = Doc(client_id=7)
    updates: list[bytes] = []
    texts: list[str] = []
    doc.observe(lambda change: updates.append(change.update))
    files = doc.get("files", type=Map)
    files["f"] = Map({"name": "a.txt", "language": "text", "content": Text("\0😀")})
    texts.append("\0😀")
    for number in range(count - 1):
        text = files["f"]["content"]
        if number % 3 == 2:
            del text[0:1]
        else:
            text.insert(0, chr(97 + number % 26))
        texts.append(str(text))
    return updates, texts


async def test_any_version_can_be_read_back_before_and_after_snapshots(log: Log) -> None:
    updates, texts = history(30)
    for version, change in enumerate(updates, start=1):
        log.append("s", version, "a", change, nothing)
    await log.flush()
    for upper in (10, 20, 25):
        then = await log.load_at("s", upper)
        document, fault = build(then, Limits(), now=Clock())
        assert fault is None
        last = max(row.id for row in (await log.load("s", from_first=True)).rows if row.version <= upper)
        await log.compact("s", upper, document.encode(), {"modified": {"f": 5}}, last)
    assert [snapshot.version for snapshot in (await log.load("s")).snapshots] == [25, 20]
    for version in (1, 9, 10, 19, 21, 25, 30):
        document, fault = build(await log.load_at("s", version), Limits(), now=Clock())
        assert fault is None
        assert document.file("f").content == texts[version - 1]


async def test_a_damaged_snapshot_gives_way_to_the_one_before_and_the_log(engine: AsyncEngine, log: Log) -> None:
    updates, texts = history(20)
    for version, change in enumerate(updates, start=1):
        log.append("s", version, "a", change, nothing)
    await log.flush()
    rows = (await log.load("s")).rows
    for upper in (5, 15):
        document, _ = build(await log.load_at("s", upper), Limits(), now=Clock())
        await log.compact("s", upper, document.encode(), {}, rows[upper - 1].id)
    async with engine.begin() as connection:
        await connection.execute(
            update(snapshots_table).where(snapshots_table.c.version == 15).values(state=b"rubbish")
        )
    loaded = await log.load("s")
    assert [snapshot.version for snapshot in loaded.snapshots] == [5]
    document, fault = build(loaded, Limits(), now=Clock())
    assert fault is None and document.version == 20 and document.file("f").content == texts[-1]


async def test_versions_can_be_named_and_listed(log: Log) -> None:
    for version in range(1, 6):
        log.append_change("s", version, [("ann", b"u"), ("bob", b"u")], nothing)
    await log.flush()
    await log.name_version("s", 3, "before the \0 refactoring 😀", "ann")
    assert [(entry.version, entry.name) for entry in await log.versions("s")] == [(3, "before the \0 refactoring 😀")]
    listed = await log.history("s", limit=3)
    assert [(entry.version, entry.actor_ids) for entry in listed] == [
        (5, ("ann", "bob")),
        (4, ("ann", "bob")),
        (3, ("ann", "bob")),
    ]
    assert listed[-1].name == "before the \0 refactoring 😀"
    assert [entry.version for entry in await log.history("s", before=3)] == [2, 1]


async def test_a_deleted_session_leaves_nothing(log: Log) -> None:
    log.append("s", 1, "a", b"u", nothing)
    log.append("t", 1, "a", b"u", nothing)
    await log.flush()
    await log.delete("s")
    assert (await log.load("s")).rows == () and len((await log.load("t")).rows) == 1


async def test_the_past_is_read_in_whole_versions_and_by_author(log: Log) -> None:
    for version in range(1, 8):
        log.append_change("s", version, [("ann", b"12345"), (f"actor-{version % 2}", b"12345")], nothing)
    await log.flush()

    async def page(after: int, rows_max: int, bytes_max: int) -> list[int]:
        rows = await log.page_behind("s", after, 6, rows_max=rows_max, bytes_max=bytes_max)
        return [row.version for row in rows]

    assert await page(0, 5, 1_000) == [1, 1, 2, 2]
    assert await page(2, 100, 25) == [3, 3, 4, 4]
    assert await page(4, 100, 1) == [5, 5], "one version goes through whatever its size"
    assert await page(5, 100, 1_000) == [6, 6]
    assert await page(6, 100, 1_000) == []
    assert await log.versions_by("s", "actor-1", limit=2) == [7, 5]
    assert [row.version for row in await log.rows_between("s", 2, 4, limit=3)] == [3, 3, 4]


async def test_a_mark_changes_with_every_change_also_with_one_that_a_slower_node_numbered_lower(log: Log) -> None:
    log.append("s", 7, "a", b"1", nothing)
    log.append("other", 1, "a", b"1", nothing)
    await log.flush()
    before = await log.marks(["s", "other", "new"])
    log.append("s", 5, "b", b"2", nothing)
    await log.flush()
    after = await log.marks(["s", "other", "new"])
    assert after["s"] != before["s"]
    assert (after["other"], after["new"]) == (before["other"], before["new"])
    assert await log.marks([]) == {}
