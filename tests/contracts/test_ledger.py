"""Promises about what the store keeps of runs and accounts when connections are cut and callers come at once, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from collab_server import database
from collab_server.accounts import ensure_user
from collab_server.tables import users
from executor.ledger import ExecutionRecord, Ledger

RUN = ExecutionRecord(
    "r1", "s1", "ada", "Ada", None, "n1", "python", "main.py", "d" * 64, 3, "basic", 1, "queued", None, 0, 0, 0, 0, 1_000,
    None, None,
)  # fmt: skip
SAID = [{"type": "execution.output", "seq": seq} for seq in range(1, 6)]


@pytest.fixture
async def engine(either_database: str) -> AsyncIterator[AsyncEngine]:
    made = database.connect(either_database)
    async with made.begin() as connection:
        for metadata in database.METADATA:
            await connection.run_sync(metadata.create_all)
    yield made
    await made.dispose()


@pytest.fixture
async def ledger(engine: AsyncEngine) -> Ledger:
    ledger = Ledger(engine)
    await ledger.insert(RUN)
    return ledger


async def test_what_is_said_again_after_a_cut_commit_is_kept_once(ledger: Ledger) -> None:
    await ledger.progress("r1", 1_100, 0, SAID[:1])
    await ledger.progress("r1", 1_100, 1, SAID[1:3])  # committed, though the answer never came
    await ledger.progress("r1", 1_100, 1, SAID[1:4])
    assert await ledger.events("r1") == SAID[:4]
    ended = RUN.__class__(**{**RUN.__dict__, "status": "completed", "finished_at": 1_200})
    assert await ledger.settle(ended, billed=True, first_index=1, events=SAID[1:])
    assert await ledger.events("r1") == SAID
    (total,) = await ledger.usage_sums("actor")
    assert total.executions == 1


async def test_nothing_more_is_taken_of_a_run_that_was_ended_elsewhere(ledger: Ledger) -> None:
    await ledger.progress("r1", 1_100, 0, SAID[:1])
    lost = RUN.__class__(**{**RUN.__dict__, "status": "lost", "finished_at": 1_200})
    assert await ledger.settle(lost, billed=False, first_index=1, events=SAID[1:2])
    await ledger.progress("r1", 1_100, 1, SAID[2:4])
    record = await ledger.get("r1")
    assert await ledger.events("r1") == SAID[:2] and record is not None and record.status == "lost"


async def test_events_are_read_from_any_place_on(ledger: Ledger) -> None:
    await ledger.progress("r1", 1_100, 0, SAID[:2])
    await ledger.progress("r1", 1_100, 2, SAID[2:])
    assert [await ledger.events("r1", after) for after in range(7)] == [SAID[after:] for after in range(7)]
    assert await ledger.events("unknown") == await ledger.events("unknown", 1) == []


class _Interrupted:
    """A connection on which something happens elsewhere after the first statement."""

    def __init__(self, connection: AsyncConnection, then: Callable[[], Awaitable[None]]) -> None:
        self._connection = connection
        self._then: Callable[[], Awaitable[None]] | None = then
        self.dialect = connection.dialect

    async def execute(self, *statement: Any) -> Any:
        result = await self._connection.execute(*statement)
        if self._then is not None:
            then, self._then = self._then, None
            await then()
        return result


async def test_an_account_that_comes_with_two_requests_at_once_is_made_once_and_both_go_on(engine: AsyncEngine) -> None:
    async def first() -> None:
        async with engine.begin() as connection:
            await ensure_user(connection, "ada", name="Ada", tier=None, admin=None, now_ms=1)

    async with engine.begin() as connection:
        second = cast("AsyncConnection", _Interrupted(connection, first))
        await ensure_user(second, "ada", name="Ada Lovelace", tier="premium", admin=None, now_ms=2)
    async with engine.connect() as connection:
        (row,) = (await connection.execute(select(users))).all()
    assert (row.name, row.tier, row.created_at) == ("Ada Lovelace", "premium", 1)
