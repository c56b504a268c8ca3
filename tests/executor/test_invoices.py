"""Promises about invoices and figures: they are the ledger's, to the last micro-dollar, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from executor.invoices import Invoices
from executor.ledger import ExecutionRecord, Ledger
from executor.months import Month
from executor.statistics import Statistics
from executor.tables import metadata
from tests.support.stores import filled_with

NOVEMBER = Month(2026, 11)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
async def engine(either_database: str) -> AsyncIterator[AsyncEngine]:
    async with filled_with(metadata, either_database) as made:
        yield made


async def ran(
    engine: AsyncEngine, id: str, finished_at: int, *, cost: int = 190, wall_ms: int = 1500, **changes: object
) -> None:
    begun = ExecutionRecord(
        id, "s1", "ada", "Ada", None, "n1", "python", "main.py", "d" * 64, 3, "basic", 1, "queued", None, 0, 0, 0, 0,
        finished_at - wall_ms - 20, None, None,
    )  # fmt: skip
    begun = replace(begun, **changes)  # type: ignore[arg-type]
    ledger = Ledger(engine)
    await ledger.insert(begun)
    ended = replace(
        begun, status="completed", exit_code=0, wall_ms=wall_ms, memory_bytes=2**22, compute_micro_units=1_900_000,
        cost_micro_dollars=cost, started_at=finished_at - wall_ms, finished_at=finished_at,
    )  # fmt: skip
    assert await ledger.settle(ended, billed=True, first_index=0, events=[{"type": "end"}])


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "", "٢٠٢٦-11", "0000-01", "9999-12"]
)
def test_what_is_no_month_is_no_invoice(text: str) -> None:
    assert Month.parse(text) is None


def test_a_month_ends_where_the_next_begins() -> None:
    month = Month(2023, 12)
    for _ in range(30):
        assert Month.at(month.start_ms) == month == Month.at(month.end_ms - 1)
        assert Month.at(month.end_ms) == month.following
        month = month.following
    assert str(Month.parse("2024-02")) == "2024-02"
    assert Month(2024, 2).end_ms - Month(2024, 2).start_ms == 29 * DAY_MS


async def test_what_ends_at_the_edge_of_a_month_is_in_one_invoice_only(engine: AsyncEngine) -> None:
    await ran(engine, "first", NOVEMBER.start_ms, cost=1)
    await ran(engine, "last", NOVEMBER.end_ms - 1, cost=10)
    await ran(engine, "next", NOVEMBER.end_ms, cost=100)
    invoices, now = Invoices(engine), NOVEMBER.end_ms + DAY_MS
    november = await invoices.get("ada", NOVEMBER, now)
    december = await invoices.get("ada", NOVEMBER.following, now)
    assert november is not None and december is not None
    assert (november.total("cost_micro_dollars"), december.total("cost_micro_dollars")) == (11, 100)
    assert (november.final, december.final) == (True, False)
    assert await invoices.get("ada", Month(2026, 10), now) is None


async def test_lines_stand_by_day_language_and_version_of_a_tier(engine: AsyncEngine) -> None:
    at = NOVEMBER.start_ms + 5 * HOUR_MS
    await ran(engine, "e1", at)
    await ran(engine, "e2", at + HOUR_MS)
    await ran(engine, "e3", at, language="ruby")
    await ran(engine, "e4", at, tier_version=2)
    await ran(engine, "e5", at + DAY_MS)
    await ran(engine, "other", at, actor_id="bob")
    invoice = await Invoices(engine).get("ada", NOVEMBER, NOVEMBER.end_ms)
    assert invoice is not None
    assert [(line.day_ms, line.language, line.tier_version, line.executions) for line in invoice.lines] == [
        (NOVEMBER.start_ms, "python", 1, 2),
        (NOVEMBER.start_ms, "python", 2, 1),
        (NOVEMBER.start_ms, "ruby", 1, 1),
        (NOVEMBER.start_ms + DAY_MS, "python", 1, 1),
    ]


async def test_all_invoices_together_are_the_ledger_and_the_statistics(engine: AsyncEngine) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201
    chance = random.Random(seed)
    start, end = Month(2026, 9).start_ms, Month(2026, 12).start_ms
    for number in range(60):
        await ran(
            engine, f"e{number}", chance.randrange(start, end), cost=chance.randrange(10**9), actor_id=chance.choice("ab"),
            language=chance.choice(["python", "ruby"]), tier=chance.choice(["basic", "premium"]),
        )  # fmt: skip
    ledger, invoices, statistics = Ledger(engine), Invoices(engine), Statistics(engine)
    everything = 0
    for actor in "ab":
        spent = sum(each.cost_micro_dollars for each in await ledger.usage_sums("day", actor_id=actor))
        briefs = await invoices.of(actor, end)
        assert sum(brief.cost_micro_dollars for brief in briefs) == spent
        for brief in briefs:
            invoice = await invoices.get(actor, brief.month, end)
            assert invoice is not None and invoice.total("cost_micro_dollars") == brief.cost_micro_dollars
            assert invoice.total("executions") == brief.executions
        everything += spent
    totals = await statistics.totals(start, end)
    assert (totals.cost_micro_dollars, totals.executions, totals.users) == (everything, 60, 2)
    for what in ("language", "tier", "actor"):
        assert sum(share.cost_micro_dollars for share in await statistics.by(what, start, end)) == everything
    for step in ("hour", "day"):
        shares = await statistics.over_time(start, end, step)
        assert sum(share.cost_micro_dollars for share in shares) == everything
        assert [int(share.key) for share in shares] == sorted(int(share.key) for share in shares)


async def test_the_present_month_has_an_invoice_before_anything_was_used(engine: AsyncEngine) -> None:
    invoices = Invoices(engine)
    (brief,) = await invoices.of("nobody", NOVEMBER.start_ms)
    assert (str(brief.month), brief.cost_micro_dollars, brief.final) == ("2026-11", 0, False)
    invoice = await invoices.get("nobody", NOVEMBER, NOVEMBER.start_ms)
    assert invoice is not None and invoice.lines == ()


async def test_percentiles_are_of_the_runs_that_ran(engine: AsyncEngine) -> None:
    for number in range(100):
        await ran(engine, f"e{number}", NOVEMBER.start_ms + 10_000 + number, wall_ms=number + 1)
    await Ledger(engine).insert(
        replace(
            ExecutionRecord(
                "refused", None, "ada", "Ada", None, "n1", "python", "main.py", "d", None, "basic", 0, "refused", None, 0, 0, 0, 0,
                NOVEMBER.start_ms + 10_000, None, NOVEMBER.start_ms + 10_000,
            )
        )
    )  # fmt: skip
    statistics = Statistics(engine)
    latency = await statistics.latency(NOVEMBER.start_ms, NOVEMBER.end_ms)
    assert latency["execution"] == {"p50": 50, "p90": 90, "p95": 95, "p99": 99}
    assert latency["queue"] == {"p50": 20, "p90": 20, "p95": 20, "p99": 20}
    assert (await statistics.totals(NOVEMBER.start_ms, NOVEMBER.end_ms)).refused == 1
    assert await statistics.latency_by_language(NOVEMBER.start_ms, NOVEMBER.end_ms) == {"python": latency["execution"]}
    past = await statistics.of_tier("basic", NOVEMBER.start_ms, max_time_ms=90, max_memory_bytes=2**40)
    assert (past.executions, past.wall_ms, past.median_wall_ms, past.beyond) == (100, 5050, 50, 10)
    nothing = await statistics.latency(0, 1)
    assert nothing["execution"] == {"p50": 0, "p90": 0, "p95": 0, "p99": 0}
