"""Invoices: what one account used in one month of UTC, in lines that add up to the ledger to the last micro-dollar.

Here it is read from the append-only usage table; freezing it is billing.py's, how it looks is no business of this module.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from executor.months import DAY_MS, Month
from executor.statements import floored
from executor.tables import usage


@dataclass(frozen=True)
class Line:
    """What was used on one day in one language under one version of one tier; `day_ms` is the day's first millisecond."""

    day_ms: int
    language: str
    tier: str
    tier_version: int
    executions: int
    wall_ms: int
    compute_micro_units: int
    cost_micro_dollars: int


@dataclass(frozen=True)
class Credit:
    """A part of an issued invoice that was given back."""

    number: int
    micro_dollars: int
    reason: str
    created_at: int


@dataclass(frozen=True)
class Invoice:
    """`number` and what follows it once it is issued (billing.py)."""

    month: Month
    actor_id: str
    lines: tuple[Line, ...]
    final: bool
    number: int | None = None
    issued_at: int | None = None
    credits: tuple[Credit, ...] = ()

    @property
    def due_micro_dollars(self) -> int:
        """What is to be paid: the total without what was given back."""
        return self.total("cost_micro_dollars") - sum(credit.micro_dollars for credit in self.credits)

    def total(self, figure: str) -> int:
        """The sum of a figure over all lines."""
        return sum(getattr(line, figure) for line in self.lines)


@dataclass(frozen=True)
class Brief:
    """One month of an account, summed."""

    month: Month
    executions: int
    cost_micro_dollars: int
    final: bool


class Invoices:
    """Reads them from the usage table."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, actor_id: str, now_ms: int) -> list[Brief]:
        """The months in which an account used anything, and the present one; newest first."""
        day = floored(usage.c.created_at, DAY_MS)
        query = (
            select(day.label("day"), func.count(), func.sum(usage.c.cost_micro_dollars))
            .where(usage.c.actor_id == actor_id)
            .group_by(day)
        )
        present = Month.at(now_ms)
        sums: dict[Month, tuple[int, int]] = {present: (0, 0)}
        async with self._engine.connect() as connection:
            for start_ms, count, cost in await connection.execute(query):
                before = sums.get(Month.at(start_ms), (0, 0))
                sums[Month.at(start_ms)] = (before[0] + int(count), before[1] + int(cost))
        return [Brief(month, *sums[month], final=month < present) for month in sorted(sums, reverse=True)]

    async def get(self, actor_id: str, month: Month, now_ms: int) -> Invoice | None:
        """The invoice of a month; None when there is none: nothing was used, and it is not the present month."""
        day = floored(usage.c.created_at, DAY_MS)
        keys: tuple[Any, ...] = (day, usage.c.language, usage.c.tier, usage.c.tier_version)
        query = (
            select(
                *keys, func.count(), func.sum(usage.c.wall_ms), func.sum(usage.c.compute_micro_units),
                func.sum(usage.c.cost_micro_dollars),
            )
            .where(
                usage.c.actor_id == actor_id,
                usage.c.created_at >= month.start_ms,
                usage.c.created_at < month.end_ms,
            )
            .group_by(*keys)
            .order_by(*keys)
        )  # fmt: skip
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        present = Month.at(now_ms)
        if not rows and month != present:
            return None
        # PostgreSQL sums bigints as numeric.
        lines = (
            Line(int(row[0]), row[1], row[2], int(row[3]), *(int(value) for value in row[4:])) for row in rows
        )  # fmt: skip
        return Invoice(month, actor_id, tuple(lines), final=month < present)
