"""Promises to those who are billed, on SQLite and PostgreSQL alike: what was issued stays, numbers have no gap, credits add up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import database
from executor.billing import Billing, CreditRefused, NotOver
from executor.months import Month
from executor.tables import issued_invoices, metadata, usage
from tests.support.stores import filled_with

OCTOBER = Month(2026, 10)
AFTER = OCTOBER.end_ms + 2 * 3_600_000


@pytest.fixture
async def engine(either_database: str) -> AsyncIterator[AsyncEngine]:
    async with filled_with(metadata, either_database, database.connect) as made:
        yield made


async def spend(engine: AsyncEngine, id: str, actor_id: str, micro_dollars: int, at: int = OCTOBER.start_ms) -> None:
    row = {
        "execution_id": id, "actor_id": actor_id, "language": "lua", "tier": "basic", "tier_version": 1, "wall_ms": 10,
        "memory_bytes": 1, "compute_micro_units": 5, "cost_micro_dollars": micro_dollars, "created_at": at,
    }  # fmt: skip
    async with engine.begin() as connection:
        await connection.execute(insert(usage).values(row))


async def test_a_month_is_issued_once_to_everyone_however_many_nodes_do_it(engine: AsyncEngine) -> None:
    for index in range(6):
        await spend(engine, f"e{index}", f"user-{index % 3}", 100 + index)
    await spend(engine, "later", "user-9", 7, OCTOBER.end_ms)
    done = await asyncio.gather(*(Billing(engine).issue(OCTOBER, AFTER, by="root") for _ in range(4)))
    assert sum(each.issued for each in done) == 3
    assert sum(each.cost_micro_dollars for each in done) == sum(100 + index for index in range(6))
    numbers = [row["number"] for row in await Billing(engine).listed(before=None, limit=10)]
    assert numbers == [3, 2, 1]
    assert (await Billing(engine).issue(OCTOBER, AFTER, by="root")).issued == 0


async def test_an_issued_invoice_stays_as_it_was(engine: AsyncEngine) -> None:
    await spend(engine, "e1", "ada", 100)
    billing = Billing(engine)
    await billing.issue(OCTOBER, AFTER, by="root")
    await spend(engine, "forged", "ada", 999)
    invoice = await billing.get("ada", OCTOBER, AFTER)
    assert invoice is not None and invoice.number == 1 and invoice.due_micro_dollars == 100
    async with engine.begin() as connection:
        await connection.execute(update(issued_invoices).values(lines=b"[]"))
    with pytest.raises(RuntimeError, match="not what was issued"):
        await billing.get("ada", OCTOBER, AFTER)


async def test_a_month_that_is_not_over_cannot_be_issued(engine: AsyncEngine) -> None:
    for now in (OCTOBER.start_ms, OCTOBER.end_ms, OCTOBER.end_ms + 3_599_999):
        with pytest.raises(NotOver):
            await Billing(engine).issue(OCTOBER, now, by="root")


async def test_credits_never_go_past_their_invoice_though_they_race(engine: AsyncEngine) -> None:
    await spend(engine, "e1", "ada", 1_000)
    billing = Billing(engine)
    await billing.issue(OCTOBER, AFTER, by="root")
    made = await asyncio.gather(
        *(billing.credit(1, 300, "an outage", AFTER, by="root") for _ in range(8)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in made) == ["Credit"] * 3 + ["CreditRefused"] * 5
    rest = await billing.credit(1, None, "the rest", AFTER, by="root")
    assert (rest.number, rest.micro_dollars) == (4, 100)
    with pytest.raises(CreditRefused):
        await billing.credit(1, None, "once more", AFTER, by="root")
    with pytest.raises(LookupError):
        await billing.credit(2, None, "no such", AFTER, by="root")
    invoice = await billing.get("ada", OCTOBER, AFTER)
    assert invoice is not None and invoice.due_micro_dollars == 0
    assert [credit.number for credit in invoice.credits] == [1, 2, 3, 4]
