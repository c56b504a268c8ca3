"""Promises about what payers may still use, on SQLite and PostgreSQL alike: never a run too many, never one lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

import pytest
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import database
from executor.allowances import Claim, Exhausted, ahead
from executor.ledger import ExecutionRecord, Ledger
from executor.months import Month
from executor.pricing import Usage
from executor.tables import allowances, metadata, rates, reservations, usage
from tests.support.patience import PATIENCE_S

NOVEMBER = Month(2026, 11)
AT = NOVEMBER.start_ms + 86_400_000
WORST = Usage(5_000_000, 1_000)
USED = Usage(600_000, 90)


@pytest.fixture
async def engines(either_database: str) -> AsyncIterator[list[AsyncEngine]]:
    """Three connections' worth of nodes on one database."""
    async with AsyncExitStack() as stack:
        made = [database.connect(either_database) for _ in range(3)]
        for engine in made:
            stack.push_async_callback(engine.dispose)
        async with made[0].begin() as connection:
            await connection.run_sync(metadata.create_all)
        yield made


@pytest.fixture
def nodes(engines: list[AsyncEngine]) -> list[Ledger]:
    return [Ledger(engine) for engine in engines]


def queued(id: str, at: int = AT) -> ExecutionRecord:
    return ExecutionRecord(
        id, "s1", "ada", "Ada", "k1", "n1", "python", "main.py", "d" * 64, 3, "basic", 1, "queued", None, 0, 0, 0, 0, at,
        None, None,
    )  # fmt: skip


async def begin(node: Ledger, id: str, *claims: Claim, at: int = AT) -> bool:
    try:
        await node.insert(queued(id, at), claims=claims, worst=WORST)
    except Exhausted:
        return False
    return True


async def end(node: Ledger, id: str, *, billed: bool = True, at: int = AT + 50) -> None:
    ended = replace(
        queued(id), status="completed", wall_ms=40, compute_micro_units=USED.compute_micro_units,
        cost_micro_dollars=USED.cost_micro_dollars, finished_at=at,
    )  # fmt: skip
    assert await node.settle(ended, billed=billed, first_index=0, events=[])


def money(dollars: int, subject: str = "user:ada", **more: bool) -> Claim:
    return Claim(subject, micro_dollars_max=dollars, **more)


async def left(node: Ledger, claim: Claim, at: int = AT) -> tuple[int | None, int | None]:
    (one,) = await node.left([claim], at)
    return one.runs, one.micro_dollars


LAST_ONES = {
    "rate": Claim("user:ada", 1),
    "rate of an address": Claim("address:192.0.2.1", 1),
    "money": money(1_000),
    "nearly two": money(1_999),
    "money of a link": money(1_000, "key:k1", monthly=False),
    "units": Claim("user:ada", micro_units_max=WORST.compute_micro_units),
    "places of an account": Claim("user:ada", runs_at_once=1, runs_waiting_max=0),
    "places of a key": Claim("key:k1", runs_at_once=1, runs_waiting_max=0),
    "places of a session": Claim("session:s1", runs_at_once=1, runs_waiting_max=0),
}


@pytest.mark.parametrize("claim", LAST_ONES.values(), ids=LAST_ONES)
async def test_of_fifty_racers_for_the_last_run_on_three_nodes_exactly_one_runs(
    nodes: list[Ledger], claim: Claim
) -> None:
    won = await asyncio.gather(*(begin(nodes[index % 3], f"e{index}", claim) for index in range(50)))
    assert sum(won) == 1
    if claim.runs_at_once is not None:
        await end(nodes[1], f"e{won.index(True)}", billed=False)
        assert await begin(nodes[2], "next", claim), "its place is there again"


async def test_in_several_lines_nobody_waits_in_a_circle_and_a_place_that_is_free_is_taken(
    nodes: list[Ledger], engines: list[AsyncEngine]
) -> None:
    lines = [Claim(f"user:{name}", runs_at_once=2) for name in "abc"]
    rooms = [Claim(f"session:{name}", runs_at_once=1) for name in "de"]
    keys = [Claim(f"key:{name}", runs_at_once=2) for name in "fg"]
    waits = {f"e{index}": (lines[index % 3], rooms[index % 2], keys[index // 2 % 2]) for index in range(18)}

    async def come(index: int) -> Claim | None:
        claims = waits[f"e{index}"]
        return await nodes[index % 3].insert(queued(f"e{index}"), claims=claims[:: 1 if index % 2 else -1], worst=WORST)

    front = await asyncio.gather(*map(come, range(18)))
    assert 1 <= front.count(None) <= 2
    while waits:
        found = await ahead(engines[0], list(waits))
        running = [
            id for id, claims in waits.items() if all(found[id][c.subject] < (c.runs_at_once or 0) for c in claims)
        ]
        for claim in {claim for claims in waits.values() for claim in claims}:
            assert sum(claim in waits[id] for id in running) <= (claim.runs_at_once or 0)
        assert running, "somebody may always go on"
        await end(nodes[0], running[0], billed=False)
        del waits[running[0]]


async def test_no_more_runs_than_may_go_on_at_once_are_at_the_front_of_the_line_on_all_nodes_together(
    nodes: list[Ledger], engines: list[AsyncEngine]
) -> None:
    line = Claim("user:ada", runs_at_once=3, runs_waiting_max=5)
    waits: dict[str, bool] = {}

    async def come(index: int) -> None:
        record = queued(f"e{index}")
        with suppress(Exhausted):
            waits[record.id] = await nodes[index % 3].insert(record, claims=[line], worst=WORST) is not None

    async def may_run(node: int) -> set[str]:
        return {id for id, of in (await ahead(engines[node], list(waits))).items() if of["user:ada"] < 3}

    await asyncio.gather(*(come(index) for index in range(20)))
    assert len(waits) == 8, "three go on, five wait, and the others are refused"
    running = {id for id, waiting in waits.items() if not waiting}
    assert len(running) == 3 and await may_run(0) == await may_run(1) == running
    assert (await nodes[0].left([line], AT))[0].unfinished == 8
    for number in range(8):
        over = running.pop()
        await end(nodes[number % 3], over, billed=number % 2 == 0)
        del waits[over]
        now = await may_run((number + 1) % 3)
        assert running < now or len(waits) < 3
        assert len(now) == min(3, len(waits)), "one goes, one comes"
        running = now
    # Numbers go on where they were when the counter is lost.
    await come(20)
    async with engines[0].begin() as connection:
        await connection.execute(delete(rates))
    await come(22)
    assert await may_run(0) == {"e20", "e22"}


@pytest.mark.soak
async def test_over_a_thousand_rounds_of_racing_nothing_is_granted_twice_and_the_ledger_adds_up(
    nodes: list[Ledger], engines: list[AsyncEngine]
) -> None:
    charged = 0
    for round in range(1000):
        claim = replace(money(1_000), subject=f"key:x{round}")
        ids = [f"r{round}-{index}" for index in range(6)]
        won = await asyncio.gather(*(begin(nodes[index % 3], id, claim) for index, id in enumerate(ids)))
        assert sum(won) == 1, f"round {round}"
        await end(nodes[round % 3], ids[won.index(True)], billed=round % 5 != 4)
        charged += round % 5 != 4
    async with engines[0].connect() as connection:
        ledger = int((await connection.execute(select(func.sum(usage.c.cost_micro_dollars)))).scalar() or 0)
        counted = int((await connection.execute(select(func.sum(allowances.c.spent_micro_dollars)))).scalar() or 0)
        assert (await connection.execute(select(func.sum(allowances.c.reserved_micro_dollars)))).scalar() == 0
    assert ledger == counted == charged * USED.cost_micro_dollars


async def test_every_run_that_is_granted_is_counted_once_and_money_adds_up_to_the_last_unit(
    nodes: list[Ledger], engines: list[AsyncEngine]
) -> None:
    cap = money(12_345)

    async def worker(index: int) -> int:
        done = 0
        for round in range(12):
            id = f"e{index}-{round}"
            if await begin(nodes[index % 3], id, cap):
                await end(nodes[(index + 1) % 3], id, billed=round % 4 != 3)
                done += round % 4 != 3
        return done

    paid = sum(await asyncio.gather(*(worker(index) for index in range(6))))
    async with engines[0].connect() as connection:
        charged = (await connection.execute(select(func.sum(usage.c.cost_micro_dollars)))).scalar()
        row = (await connection.execute(select(allowances))).mappings().one()
        assert (await connection.execute(select(func.count()).select_from(reservations))).scalar() == 0
    assert int(charged or 0) == row["spent_micro_dollars"] == paid * USED.cost_micro_dollars
    assert (row["reserved_micro_dollars"], row["reserved_micro_units"]) == (0, 0)
    assert await left(nodes[0], cap) == (None, 12_345 - paid * USED.cost_micro_dollars)


async def test_a_refused_payer_costs_the_others_nothing(nodes: list[Ledger]) -> None:
    rich, poor = Claim("user:ada", 10, 1_000_000), money(999, "session:s1")
    assert not await begin(nodes[0], "e1", rich, poor)
    assert await left(nodes[0], rich) == (10, 1_000_000)
    assert await nodes[0].get("e1") is None


async def test_what_a_free_run_reserved_comes_back_whole(nodes: list[Ledger]) -> None:
    cap = money(1_000)
    assert await begin(nodes[0], "e1", cap) and not await begin(nodes[1], "e2", cap)
    await end(nodes[2], "e1", billed=False)
    assert await left(nodes[0], cap) == (None, 1_000) and await begin(nodes[1], "e3", cap)


async def test_a_rate_comes_back_with_time_and_says_when(nodes: list[Ledger]) -> None:
    claim = Claim("user:ada", 60)
    granted = [await begin(nodes[0], f"e{index}", claim) for index in range(60)]
    assert all(granted) and await left(nodes[0], claim) == (0, None)
    with pytest.raises(Exhausted, match="your account may start 60 runs a minute") as refused:
        await nodes[1].insert(queued("late"), claims=[claim], worst=WORST)
    assert refused.value.retry_after_s == pytest.approx(1, abs=0.01)
    assert await begin(nodes[1], "later", claim, at=AT + 1_000)
    assert not await begin(nodes[2], "too soon", claim, at=AT + 1_001)
    assert await left(nodes[0], claim, AT + 61_000) == (60, None)


async def test_a_clock_that_was_set_back_locks_nobody_out_and_gives_no_more_than_a_minutes_runs(
    nodes: list[Ledger],
) -> None:
    claim, hour = Claim("user:ada", 3), 3_600_000
    assert all([await begin(nodes[0], f"e{index}", claim, at=AT + hour) for index in range(3)])
    assert [await begin(nodes[0], f"b{index}", claim) for index in range(4)] == [True, True, True, False]


async def test_a_run_over_the_edge_of_a_month_is_charged_to_one_period_the_one_of_its_usage(
    nodes: list[Ledger],
) -> None:
    cap, december = money(10_000), NOVEMBER.following
    assert await begin(nodes[0], "e1", cap, at=NOVEMBER.end_ms - 10)
    assert await left(nodes[0], cap, NOVEMBER.end_ms - 5) == (None, 9_000)
    await end(nodes[0], "e1", at=december.start_ms + 20)
    assert await left(nodes[0], cap, NOVEMBER.end_ms - 5) == (None, 10_000)
    assert await left(nodes[0], cap, december.start_ms + 30) == (None, 10_000 - USED.cost_micro_dollars)


async def test_a_links_cap_holds_for_ever_and_a_budget_begins_anew_with_the_month(nodes: list[Ledger]) -> None:
    cap, budget = money(1_050, "key:k1", monthly=False), money(1_050)
    assert await begin(nodes[0], "e1", cap, budget)
    await end(nodes[0], "e1")
    later = NOVEMBER.following.start_ms + 1
    assert await left(nodes[0], cap, later) == (None, 960) and await left(nodes[0], budget, later) == (None, 1_050)
    assert not await begin(nodes[0], "e2", cap, at=later) and await begin(nodes[0], "e3", budget, at=later)


async def test_counters_that_were_lost_are_made_anew_from_the_ledger(
    nodes: list[Ledger], engines: list[AsyncEngine]
) -> None:
    cap = money(1_100)
    assert await begin(nodes[0], "e1", cap)
    await end(nodes[0], "e1")
    async with engines[0].begin() as connection:
        await connection.execute(allowances.delete())
    assert await left(nodes[0], cap) == (None, 1_100 - USED.cost_micro_dollars)
    async with engines[0].begin() as connection:
        await connection.execute(insert(usage).values(_spent(500)))
    assert not await begin(nodes[0], "e2", cap), "590 of 1100 are spent, so 1000 are not left"


def _spent(micro_dollars: int) -> dict[str, object]:
    return {
        "execution_id": "old", "actor_id": "ada", "language": "python", "tier": "basic", "tier_version": 1, "wall_ms": 1,
        "memory_bytes": 1, "compute_micro_units": 1, "cost_micro_dollars": micro_dollars, "created_at": AT,
    }  # fmt: skip


async def test_a_sessions_budget_set_while_a_run_goes_on_counts_that_run(nodes: list[Ledger]) -> None:
    assert await begin(nodes[0], "e1", money(10_000))
    cap = money(2_000, "session:s1")
    assert await begin(nodes[0], "e2", cap)
    await end(nodes[0], "e1")
    await end(nodes[0], "e2")
    assert await left(nodes[0], cap) == (None, 2_000 - 2 * USED.cost_micro_dollars)


async def test_runs_of_the_same_payers_never_wait_for_each_other_in_a_circle(nodes: list[Ledger]) -> None:
    def claims(index: int) -> Sequence[Claim]:
        pair = [Claim("user:ada", 100_000, 10**9), Claim("session:s1", 100_000, 10**9), Claim("address:1", 100_000)]
        return pair if index % 2 else pair[::-1]

    async with asyncio.timeout(PATIENCE_S):
        won = await asyncio.gather(*(begin(nodes[index % 3], f"e{index}", *claims(index)) for index in range(30)))
    assert all(won)
