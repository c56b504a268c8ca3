"""Promises about the audit: what was done is there for good, and whoever tampers with it is found out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from executor.audit import Audit, record
from executor.tables import audit, audit_head, metadata
from tests.support.stores import filled_with


@pytest.fixture
async def engine(either_database: str) -> AsyncIterator[AsyncEngine]:
    async with filled_with(metadata, either_database) as made:
        yield made


async def act(engine: AsyncEngine, number: int, *, fail: bool = False) -> None:
    async with engine.begin() as connection:
        detail = {"number": number, "text": "nul \0 and \ud800"}
        await record(connection, 1000 + number, "root", "user.changed", f"user-{number}", detail, origin="127.0.0.1")
        if fail:
            raise RuntimeError("the act itself failed")


async def test_acts_come_back_as_they_were_written_newest_first(engine: AsyncEngine) -> None:
    for number in range(5):
        await act(engine, number)
    chain = Audit(engine)
    acts = await chain.page(limit=2)
    assert [each.subject for each in acts] == ["user-4", "user-3"]
    assert acts[0].detail == {"number": 4, "text": "nul \0 and \ud800"} and acts[0].origin == "127.0.0.1"
    assert [each.id for each in await chain.page(before=acts[1].id)] == [3, 2, 1]
    assert [each.id for each in await chain.page(subject="user-1")] == [2]
    assert [each.id for each in await chain.page(from_ms=1001, to_ms=1003)] == [3, 2]
    assert await chain.page(actor_id="nobody") == []


async def test_an_empty_chain_and_a_whole_one_hold(engine: AsyncEngine) -> None:
    chain = Audit(engine)
    assert (await chain.verify()).broken_id is None
    for number in range(3):
        await act(engine, number)
    whole = await chain.verify()
    assert (whole.broken_id, whole.rows) == (None, 3)
    assert whole.head == (await chain.page(limit=1))[0].hash


async def test_acts_at_the_same_time_make_one_chain_without_gaps(engine: AsyncEngine) -> None:
    await asyncio.gather(*(act(engine, number) for number in range(12)))
    whole = await Audit(engine).verify()
    assert (whole.broken_id, whole.rows) == (None, 12)


async def test_an_act_that_failed_leaves_no_trace_and_no_gap(engine: AsyncEngine) -> None:
    await act(engine, 1)
    with pytest.raises(RuntimeError):
        await act(engine, 2, fail=True)
    await act(engine, 3)
    whole = await Audit(engine).verify()
    assert (whole.broken_id, whole.rows) == (None, 2)


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (update(audit).where(audit.c.id == 3).values(actor_id="somebody else"), 3),
        (update(audit).where(audit.c.id == 3).values(detail=b"{}"), 3),
        (update(audit).where(audit.c.id == 1).values(at=1), 1),
        (update(audit).where(audit.c.id == 4).values(origin="elsewhere"), 4),
        (delete(audit).where(audit.c.id == 2), 2),
        (delete(audit).where(audit.c.id == 1), 1),
        (delete(audit).where(audit.c.id == 5), 5),
        (delete(audit), 1),
        (update(audit_head).values(last_id=4), 5),
    ],
)
async def test_a_row_that_was_changed_or_taken_out_is_found(engine: AsyncEngine, tamper: object, found: int) -> None:
    for number in range(5):
        await act(engine, number)
    async with engine.begin() as connection:
        await connection.execute(tamper)  # type: ignore[call-overload]
    broken = await Audit(engine).verify()
    assert broken.broken_id == found and broken.reason


async def test_a_row_that_was_slipped_in_is_found(engine: AsyncEngine) -> None:
    for number in range(2):
        await act(engine, number)
    forged = {"id": 3, "at": 5, "actor_id": "root", "action": "user.changed", "subject": "me", "origin": ""}
    async with engine.begin() as connection:
        await connection.execute(insert(audit).values(**forged, detail=b"{}", hash="0" * 64))
        await connection.execute(update(audit_head).values(last_id=3, hash="0" * 64))
    assert (await Audit(engine).verify()).broken_id == 3
