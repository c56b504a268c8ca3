"""What each payer may still use: a rate per minute, runs at once and a budget per month, taken before a run and settled after it.

Every decision is one conditional statement in the transaction that records the run, so that nodes cannot grant twice;
who the payers of a run are and what their limits are is decided by the caller.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from executor.months import Month
from executor.pricing import FREE, MICRO, Usage
from executor.statements import insert_unless_there
from executor.tables import allowances, rates, reservations, usage

MINUTE_US = 60_000_000
EVER = "ever"
PLACE_RETRY_S = 1.0
# A rate never runs further ahead than a minute; what does was written under a clock that has been set back since.
AHEAD_US_MAX = 2 * MINUTE_US

What = Literal["rate", "places", "money", "units"]
_COLUMN_OF = {"user": usage.c.actor_id, "key": usage.c.key_id, "session": usage.c.session_id}


@dataclass(frozen=True)
class Claim:
    """One payer of a run and its limits; None is no limit. `subject` is `user:…`, `key:…`, `session:…` or `address:…`;
    an address has a rate only."""

    subject: str
    runs_per_minute: int | None = None
    micro_dollars_max: int | None = None
    micro_units_max: int | None = None
    # Whether the budget begins anew with each month of UTC.
    monthly: bool = True
    # How many of its runs may go on at once over all nodes, and how many more may wait.
    runs_at_once: int | None = None
    runs_waiting_max: int = 20

    @property
    def budgeted(self) -> bool:
        return self.micro_dollars_max is not None or self.micro_units_max is not None


@dataclass(frozen=True)
class Left:
    """What a payer has left just now; None where there is no limit. `rate_full_in_s`: until the whole rate is there again."""

    claim: Claim
    runs: int | None
    rate_full_in_s: float
    micro_dollars: int | None
    micro_units: int | None
    # Its runs that are not over, on whichever node; None where there is no limit to them.
    unfinished: int | None = None

    def covers(self, worst: Usage) -> bool:
        """Whether a run that may use so much would be admitted now."""
        dollars = self.micro_dollars is None or self.micro_dollars >= worst.cost_micro_dollars
        units = self.micro_units is None or self.micro_units >= worst.compute_micro_units
        return dollars and units and self.runs != 0


class Exhausted(Exception):
    """A payer has no more of something; `retry_after_s` is when there will be, None when never."""

    def __init__(self, claim: Claim, what: What, retry_after_s: float | None) -> None:
        super().__init__(_explain(claim, what))
        self.claim, self.what, self.retry_after_s = claim, what, retry_after_s


def whose(claim: Claim) -> str:
    """A payer in words, to whoever asked for the run."""
    return {
        "user": "your account", "key": "this key or link", "session": "this session", "address": "your network address",
    }[claim.subject.partition(":")[0]]  # fmt: skip


def _explain(claim: Claim, what: What) -> str:
    if what == "places":
        waiting = f"{claim.runs_waiting_max} more may wait"
        return f"{whose(claim)} may have {claim.runs_at_once} runs going on at once, and {waiting}; try again when one is over"
    if what == "rate":
        return f"{whose(claim)} may start {claim.runs_per_minute} runs a minute"
    if what == "money":
        budget = f"${(claim.micro_dollars_max or 0) / MICRO:g}"
        return (
            f"the budget of {whose(claim)}, {budget}{' a month' if claim.monthly else ''}, does not cover the most that this run "
            "can cost; a shorter timeout, a smaller memoryLimit or a cheaper tier costs less"
        )
    return (
        f"{whose(claim)} may use {(claim.micro_units_max or 0) / MICRO:g} compute units a month, and what is left does not cover "
        "the most that this run can use; a shorter timeout or a smaller memoryLimit uses less"
    )


async def take(
    connection: AsyncConnection, execution_id: str, claims: Sequence[Claim], worst: Usage, now_ms: int
) -> Claim | None:
    """Counts one run for every payer, gives it its place in line and reserves the worst it can cost; raises Exhausted, and
    then the caller's transaction must not be committed. Returns the payer that holds it back, because of whose runs it has to wait."""
    held_by = None
    # Always in the same order, so that two runs of the same payers never wait for each other in a circle.
    for claim in sorted(claims, key=lambda claim: claim.subject):
        if claim.runs_per_minute is not None:
            await _count(connection, claim, claim.runs_per_minute, now_ms * 1000)
        number = 0
        if claim.runs_at_once is not None:
            number, ahead = await _line_up(connection, claim)
            if ahead >= claim.runs_at_once + claim.runs_waiting_max:
                raise Exhausted(claim, "places", PLACE_RETRY_S)
            if ahead >= claim.runs_at_once:
                held_by = claim
        if claim.budgeted or claim.subject.startswith("user:"):
            await _reserve(connection, execution_id, claim, worst, now_ms, number)
        elif claim.runs_at_once is not None:
            # A place is all that it holds: without a budget there is nothing to count against.
            await _hold(connection, execution_id, claim.subject, _period(claim, now_ms), FREE, number)
    return held_by


async def _line_up(connection: AsyncConnection, claim: Claim) -> tuple[int, int]:
    """(the next number of a payer's line, how many unfinished runs have a lower one). The row is locked until the
    transaction ends, so whoever has a lower number is there to be counted; and who is ahead only ever leaves."""
    step = update(rates).where(rates.c.subject == claim.subject).values(last_number=rates.c.last_number + 1)
    next_number = step.returning(rates.c.last_number)
    number = (await connection.execute(next_number)).scalar()
    if number is None:
        last = select(func.max(reservations.c.number)).where(reservations.c.subject == claim.subject)
        known = (await connection.execute(last)).scalar() or 0
        await insert_unless_there(
            connection, rates, {"subject": claim.subject, "busy_until_us": 0, "last_number": known}
        )
        number = (await connection.execute(next_number)).scalar_one()
    before = (reservations.c.subject == claim.subject, reservations.c.number < number)
    counted = await connection.execute(select(func.count()).select_from(reservations).where(*before))
    return number, counted.scalar_one()


async def ahead(engine: AsyncEngine, execution_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many unfinished runs are ahead of each of these, by the payer in whose line they stand."""
    mine, other = reservations.alias(), reservations.alias()
    query = (
        select(mine.c.execution_id, mine.c.subject, func.count(other.c.execution_id))
        .outerjoin(other, and_(other.c.subject == mine.c.subject, other.c.number < mine.c.number))
        .where(mine.c.execution_id.in_(execution_ids), mine.c.number > 0)
        .group_by(mine.c.execution_id, mine.c.subject)
    )
    found: dict[str, dict[str, int]] = {}
    async with engine.connect() as connection:
        for execution_id, subject, count in await connection.execute(query):
            found.setdefault(execution_id, {})[subject] = count
    return found


async def _count(connection: AsyncConnection, claim: Claim, per_minute: int, now_us: int) -> None:
    """The generic cell rate algorithm (ITU-T I.371), a token bucket in one number: each run moves `busy_until` on by the
    time that one run takes at the full rate, and nobody may be more than a minute ahead of now."""
    step_us = MINUTE_US // per_minute
    ahead_us = MINUTE_US - step_us
    until = rates.c.busy_until_us
    stale = until > now_us + AHEAD_US_MAX
    free = or_(until <= now_us + ahead_us, stale)
    begin = case((or_(until < now_us, stale), now_us), else_=until)
    step = update(rates).where(rates.c.subject == claim.subject, free).values(busy_until_us=begin + step_us)
    if (await connection.execute(step)).rowcount == 1:
        return
    await insert_unless_there(connection, rates, {"subject": claim.subject, "busy_until_us": 0, "last_number": 0})
    if (await connection.execute(step)).rowcount == 1:
        return
    found = (await connection.execute(select(until).where(rates.c.subject == claim.subject))).scalar_one()
    raise Exhausted(claim, "rate", max(1, found - ahead_us - now_us) / 1e6)


async def _reserve(
    connection: AsyncConnection, execution_id: str, claim: Claim, worst: Usage, now_ms: int, number: int
) -> None:
    period = _period(claim, now_ms)
    row = allowances.c
    fits: list[ColumnElement[bool]] = [row.subject == claim.subject, row.period == period]
    if claim.micro_dollars_max is not None:
        most = claim.micro_dollars_max - worst.cost_micro_dollars
        fits.append(row.spent_micro_dollars + row.reserved_micro_dollars <= most)
    if claim.micro_units_max is not None:
        most = claim.micro_units_max - worst.compute_micro_units
        fits.append(row.spent_micro_units + row.reserved_micro_units <= most)
    hold = update(allowances).where(*fits).values(
        reserved_micro_dollars=row.reserved_micro_dollars + worst.cost_micro_dollars,
        reserved_micro_units=row.reserved_micro_units + worst.compute_micro_units,
    )  # fmt: skip
    if (await connection.execute(hold)).rowcount != 1:
        await _begin(connection, claim.subject, period)
        if (await connection.execute(hold)).rowcount != 1:
            what = await _short_of(connection, claim, period, worst)
            ends = (Month.at(now_ms).end_ms - now_ms) / 1000 if claim.monthly else None
            raise Exhausted(claim, what, ends)
    await _hold(connection, execution_id, claim.subject, period, worst, number)


async def _hold(
    connection: AsyncConnection, execution_id: str, subject: str, period: str, most: Usage, number: int
) -> None:
    held = {"micro_dollars": most.cost_micro_dollars, "micro_units": most.compute_micro_units}
    await connection.execute(
        insert(reservations).values(execution_id=execution_id, subject=subject, period=period, number=number, **held)
    )


async def _short_of(connection: AsyncConnection, claim: Claim, period: str, worst: Usage) -> What:
    left = await _budget_left(connection, claim, period)
    return "money" if left[0] is not None and left[0] < worst.cost_micro_dollars else "units"


async def settle(
    connection: AsyncConnection, execution_id: str, session_id: str | None, used: Usage | None, now_ms: int
) -> None:
    """Gives back what a run had reserved and counts what it used; `used` None: it is free. Called once per run, in the
    transaction that ends it and writes its usage."""
    mine = reservations.c.execution_id == execution_id
    held = (
        (await connection.execute(select(reservations).where(mine).order_by(reservations.c.subject))).mappings().all()
    )
    row, used = allowances.c, used or FREE
    spent = {
        "spent_micro_dollars": row.spent_micro_dollars + used.cost_micro_dollars,
        "spent_micro_units": row.spent_micro_units + used.compute_micro_units,
    }
    month = str(Month.at(now_ms))
    subjects: set[str] = set()
    for one in held:
        subjects.add(one["subject"])
        given = {
            "reserved_micro_dollars": row.reserved_micro_dollars - one["micro_dollars"],
            "reserved_micro_units": row.reserved_micro_units - one["micro_units"],
        }
        # The charge belongs to the month in which the run ended, as its row in the usage does.
        ends_here = one["period"] in (EVER, month)
        await connection.execute(
            update(allowances)
            .where(row.subject == one["subject"], row.period == one["period"])
            .values(**given, **(spent if ends_here else {}))
        )
        # A new row begins with what the usage table says, which has this run already.
        if not ends_here and used is not FREE and not await _begin(connection, one["subject"], month):
            here = (row.subject == one["subject"], row.period == month)
            await connection.execute(update(allowances).where(*here).values(**spent))
    if session_id is not None and f"session:{session_id}" not in subjects and used is not FREE:
        # Its budget may have been set while this ran.
        here = (row.subject == f"session:{session_id}", row.period == month)
        await connection.execute(update(allowances).where(*here).values(**spent))
    await connection.execute(delete(reservations).where(mine))


async def left(engine: AsyncEngine, claims: Iterable[Claim], now_ms: int) -> list[Left]:
    """What the payers have left, without taking anything."""
    found = []
    async with engine.connect() as connection:
        for claim in claims:
            runs, full_in_s = None, 0.0
            if claim.runs_per_minute is not None:
                query = select(rates.c.busy_until_us).where(rates.c.subject == claim.subject)
                ahead_us = ((await connection.execute(query)).scalar() or 0) - now_ms * 1000
                ahead_us = 0 if ahead_us > AHEAD_US_MAX else max(0, ahead_us)
                runs = (MINUTE_US - ahead_us) // (MINUTE_US // claim.runs_per_minute)
                runs, full_in_s = max(0, min(claim.runs_per_minute, runs)), ahead_us / 1e6
            dollars, units = await _budget_left(connection, claim, _period(claim, now_ms))
            unfinished = None
            if claim.runs_at_once is not None:
                mine = select(func.count()).select_from(reservations).where(reservations.c.subject == claim.subject)
                unfinished = (await connection.execute(mine)).scalar_one()
            found.append(Left(claim, runs, full_in_s, dollars, units, unfinished))
    return found


async def _budget_left(connection: AsyncConnection, claim: Claim, period: str) -> tuple[int | None, int | None]:
    """(micro-dollars, micro-units) that are neither spent nor reserved."""
    if not claim.budgeted:
        return None, None
    row = allowances.c
    query = select(
        row.spent_micro_dollars + row.reserved_micro_dollars, row.spent_micro_units + row.reserved_micro_units
    ).where(row.subject == claim.subject, row.period == period)
    found = (await connection.execute(query)).first()
    taken = tuple(found) if found is not None else await _spent(connection, claim.subject, period)
    dollars = None if claim.micro_dollars_max is None else max(0, claim.micro_dollars_max - taken[0])
    units = None if claim.micro_units_max is None else max(0, claim.micro_units_max - taken[1])
    return dollars, units


async def _begin(connection: AsyncConnection, subject: str, period: str) -> bool:
    """Makes an allowance's row from the usage table, which is the truth; False when it was there."""
    dollars, units = await _spent(connection, subject, period)
    return await insert_unless_there(
        connection,
        allowances,
        {
            "subject": subject, "period": period, "spent_micro_dollars": dollars, "spent_micro_units": units,
            "reserved_micro_dollars": 0, "reserved_micro_units": 0,
        },
    )  # fmt: skip


async def _spent(connection: AsyncConnection, subject: str, period: str) -> tuple[int, int]:
    kind, _, name = subject.partition(":")
    wanted = [_COLUMN_OF[kind] == name]
    if period != EVER:
        month = Month.parse(period)
        assert month is not None
        wanted.append(and_(usage.c.created_at >= month.start_ms, usage.c.created_at < month.end_ms))
    query = select(func.sum(usage.c.cost_micro_dollars), func.sum(usage.c.compute_micro_units)).where(*wanted)
    dollars, units = (await connection.execute(query)).one()
    return int(dollars or 0), int(units or 0)


def _period(claim: Claim, now_ms: int) -> str:
    return str(Month.at(now_ms)) if claim.monthly else EVER
