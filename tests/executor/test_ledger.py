"""Promises about what is stored of executions, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from executor.ledger import DuplicateExecution, ExecutionRecord, Ledger, StaleTier
from executor.months import DAY_MS
from executor.pricing import TIERS
from executor.tables import metadata
from tests.support.stores import filled_with

DAY = 20_000 * DAY_MS


@pytest.fixture
async def ledger(either_database: str) -> AsyncIterator[Ledger]:
    async with filled_with(metadata, either_database) as engine:
        yield Ledger(engine)


def record(id: str, **changes: object) -> ExecutionRecord:
    base = ExecutionRecord(
        id, "s1", "ada", "Ada", None, "n1", "python", "main.py", "d" * 64, 3, "basic", 1, "queued", None, 0, 0, 0, 0, DAY, None,
        None,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


async def settled(ledger: Ledger, id: str, *, billed: bool = True, **changes: object) -> ExecutionRecord:
    begun = record(id, **changes)
    await ledger.insert(begun)
    ended = replace(
        begun, status="completed", exit_code=0, wall_ms=1500, memory_bytes=2**22, compute_micro_units=1_900_000,
        cost_micro_dollars=190, started_at=begun.created_at, finished_at=begun.created_at + 1500,
    )  # fmt: skip
    assert await ledger.settle(ended, billed=billed, first_index=0, events=[{"type": "end"}])
    return ended


async def test_a_settled_run_reads_back_as_it_was_written(ledger: Ledger) -> None:
    ended = await settled(ledger, "e1")
    assert await ledger.get("e1") == ended
    assert await ledger.get("e2") is None
    assert ended.to_json()["metrics"]["cost"] == 0.00019


async def test_settling_twice_charges_once(ledger: Ledger) -> None:
    ended = await settled(ledger, "e1")
    again = await asyncio.gather(
        *(ledger.settle(ended, billed=True, first_index=9, events=[{"type": "late"}]) for _ in range(5))
    )
    assert again == [False] * 5
    (total,) = await ledger.usage_sums("day")
    assert total.executions == 1 and await ledger.events("e1") == [{"type": "end"}]


async def test_an_id_is_taken_once(ledger: Ledger) -> None:
    taken = await asyncio.gather(*(ledger.insert(record("e1")) for _ in range(5)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in taken) == ["DuplicateExecution"] * 4 + ["NoneType"]
    with pytest.raises(DuplicateExecution):
        await ledger.insert(record("e1"))


async def test_events_come_back_in_order_and_byte_for_byte(ledger: Ledger) -> None:
    await ledger.insert(record("e1"))
    texts = ["nul \0", "surrogate \ud800", "line\nbreak\r\n\u2028", "é東🎉"]
    await ledger.progress("e1", 5, 0, [{"text": texts[0]}, {"text": texts[1]}])
    await ledger.progress("e1", 6, 2, [{"text": texts[2]}, {"text": texts[3]}])
    assert [event["text"] for event in await ledger.events("e1")] == texts
    running = await ledger.get("e1")
    assert running is not None and running.status == "running" and running.started_at == 5


async def test_a_page_goes_on_where_the_last_one_ended(ledger: Ledger) -> None:
    for index in range(5):
        await ledger.insert(record(f"e{index}", created_at=DAY + index // 2))
    await ledger.insert(record("other", session_id="s2"))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await ledger.page(session_id="s1", limit=2, cursor=cursor)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ["e4", "e3", "e2", "e1", "e0"]
    with pytest.raises(ValueError, match="cursor"):
        await ledger.page(cursor="nonsense!")


async def test_usage_adds_up_by_day_language_session_and_actor(ledger: Ledger) -> None:
    await settled(ledger, "e1")
    await settled(ledger, "e2", language="ruby", created_at=DAY + DAY_MS - 2_000)
    await settled(ledger, "e3", actor_id="bob", session_id=None, created_at=DAY + DAY_MS)
    await settled(ledger, "free", billed=False)
    by_day = await ledger.usage_sums("day")
    assert [(each.key, each.executions, each.cost_micro_dollars) for each in by_day] == [
        (str(DAY), 2, 380), (str(DAY + DAY_MS), 1, 190),
    ]  # fmt: skip
    assert [(each.key, each.executions) for each in await ledger.usage_sums("language")] == [("python", 2), ("ruby", 1)]
    assert {each.key: each.executions for each in await ledger.usage_sums("session")} == {"s1": 2, None: 1}
    assert {each.key: each.executions for each in await ledger.usage_sums("actor")} == {"ada": 2, "bob": 1}
    (mine,) = await ledger.usage_sums("actor", actor_id="ada", from_ms=DAY + DAY_MS - 2_000, to_ms=DAY + DAY_MS)
    assert (mine.executions, mine.wall_ms, mine.compute_micro_units) == (1, 1500, 1_900_000)


async def test_a_tier_changes_by_a_new_version_and_only_from_the_newest(ledger: Ledger) -> None:
    assert await ledger.tiers() == {tier.name: tier for tier in TIERS}
    dearer = replace(TIERS[0], price_per_second_micro_dollars=200)
    changed = await ledger.put_tier(dearer, 1, "root", DAY)
    assert (changed.version, changed.price_per_second_micro_dollars) == (2, 200)
    assert (await ledger.tiers())["basic"] == changed
    with pytest.raises(StaleTier) as stale:
        await ledger.put_tier(dearer, 1, "root", DAY)
    assert stale.value.current == 2
    both = await asyncio.gather(*(ledger.put_tier(dearer, 2, "root", DAY) for _ in range(2)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["StaleTier", "Tier"]
