"""Figures over all executions of a time: how many, by whom, in what, how long they took and what they brought.

Money and compute are sums of the usage table, so they are the ledger's to the last micro-dollar; nothing is written here.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Table, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from executor.months import DAY_MS, HOUR_MS
from executor.statements import floored
from executor.tables import executions, usage

STEP_MS = {"hour": HOUR_MS, "day": DAY_MS}
PERCENTILES = (50, 90, 95, 99)
Step = Literal["hour", "day"]
By = Literal["language", "tier", "status", "actor", "session"]
TOP_MAX = 100
FAILURES = ("failed", "timeout", "memory", "lost")
_REFUSED = func.count().filter(executions.c.status == "refused")
_NO_PERCENTILES = {f"p{percentile}": 0 for percentile in PERCENTILES}
_WAITED_MS = executions.c.started_at - executions.c.created_at
_FAILED = func.count().filter(executions.c.status.in_(FAILURES))


@dataclass(frozen=True)
class Totals:
    executions: int
    users: int
    sessions: int
    refused: int
    failed: int
    billed: int
    wall_ms: int
    compute_micro_units: int
    cost_micro_dollars: int


@dataclass(frozen=True)
class Share:
    """One group's part. `key` is a language, tier, status, user or, over time, the first millisecond of the step."""

    key: Any
    executions: int
    users: int
    sessions: int
    # Of the executions: those that were refused, and those that began and did not complete.
    refused: int
    failed: int
    compute_micro_units: int
    cost_micro_dollars: int


@dataclass(frozen=True)
class PastOfTier:
    """The billed runs of a tier: how many, their sums and medians, and how many went beyond some limits."""

    executions: int
    wall_ms: int
    memory_bytes: int
    median_wall_ms: int
    median_memory_bytes: int
    beyond: int


class Statistics:
    """Reads over [from_ms, to_ms): executions by when they were asked for, money by when they ended. Of everybody, or only
    of one actor, or of one session."""

    def __init__(self, engine: AsyncEngine, *, actor_id: str | None = None, session_id: str | None = None) -> None:
        self._engine = engine
        self._only = {"actor_id": actor_id, "session_id": session_id}

    def _within(self, table: Table, from_ms: int, to_ms: int) -> list[ColumnElement[bool]]:
        # The equalities come with the time in one index each.
        only = [table.c[name] == value for name, value in self._only.items() if value is not None]
        return [*only, table.c.created_at >= from_ms, table.c.created_at < to_ms]

    async def totals(self, from_ms: int, to_ms: int) -> Totals:
        runs = select(
            func.count(),
            func.count(executions.c.actor_id.distinct()),
            func.count(executions.c.session_id.distinct()),
            _REFUSED,
            _FAILED,
        ).where(*self._within(executions, from_ms, to_ms))
        paid = select(
            func.count(),
            func.sum(usage.c.wall_ms),
            func.sum(usage.c.compute_micro_units),
            func.sum(usage.c.cost_micro_dollars),
        ).where(*self._within(usage, from_ms, to_ms))
        async with self._engine.connect() as connection:
            counted = (await connection.execute(runs)).one()
            summed = (await connection.execute(paid)).one()
        return Totals(*(int(value or 0) for value in (*counted, *summed)))

    async def over_time(self, from_ms: int, to_ms: int, step: Step) -> list[Share]:
        """One share for each step in which anything happened, in order."""
        runs, paid = (floored(table.c.created_at, STEP_MS[step]) for table in (executions, usage))
        shares = await self._shares(runs, paid, from_ms, to_ms)
        return sorted(shares, key=lambda share: int(share.key))

    async def by(self, what: By, from_ms: int, to_ms: int) -> list[Share]:
        """Shares by language, tier, status, user or session, largest first. Money by status is what the executions' own rows say."""
        if what == "status":
            shares = await self._by_status(from_ms, to_ms)
        else:
            name = f"{what}_id" if what in ("actor", "session") else what
            shares = await self._shares(executions.c[name], usage.c[name], from_ms, to_ms)
        return sorted(shares, key=lambda share: (-share.executions, str(share.key)))[:TOP_MAX]

    async def of_tier(self, tier: str, from_ms: int, *, max_time_ms: int, max_memory_bytes: int) -> PastOfTier:
        """What was run in a tier since a moment, by the usage table."""
        mine = (usage.c.tier == tier, usage.c.created_at >= from_ms)
        beyond = func.count().filter(or_(usage.c.wall_ms > max_time_ms, usage.c.memory_bytes > max_memory_bytes))
        sums = select(func.count(), func.sum(usage.c.wall_ms), func.sum(usage.c.memory_bytes), beyond).where(*mine)
        async with self._engine.connect() as connection:
            count, wall_ms, memory_bytes, over = (int(value or 0) for value in (await connection.execute(sums)).one())
            middle = [
                (
                    await connection.execute(
                        select(column).where(*mine).order_by(column).limit(1).offset(max(0, (count - 1) // 2))
                    )
                ).scalar()
                or 0
                for column in (usage.c.wall_ms, usage.c.memory_bytes)
            ]
        return PastOfTier(count, wall_ms, memory_bytes, int(middle[0]), int(middle[1]), over)

    async def latency(self, from_ms: int, to_ms: int) -> dict[str, dict[str, int]]:
        """{"execution" | "queue": {"p50": ms, …}} of the runs that ran."""
        return {
            name: (await self._percentiles(value, literal_column("''"), from_ms, to_ms)).get("", _NO_PERCENTILES)
            for name, value in (("execution", executions.c.wall_ms), ("queue", _WAITED_MS))
        }

    async def latency_by_language(self, from_ms: int, to_ms: int) -> dict[str, dict[str, int]]:
        """{language: {"p50": ms, …}}: how long the runs took."""
        return await self._percentiles(executions.c.wall_ms, executions.c.language, from_ms, to_ms)

    async def faults(self, from_ms: int, to_ms: int) -> list[tuple[str, str, int]]:
        """(status, fault, how many) of what did not complete: a program's error type, a limit's name, a refusal's code."""
        fault = func.coalesce(executions.c.fault, executions.c.status)
        query = (
            select(executions.c.status, fault.label("fault"), func.count().label("count"))
            .where(*self._within(executions, from_ms, to_ms), executions.c.status.in_((*FAILURES, "refused")))
            .group_by(executions.c.status, fault)
            .order_by(func.count().desc(), "fault")
            .limit(TOP_MAX)
        )
        async with self._engine.connect() as connection:
            return [(row[0], row[1], int(row[2])) for row in await connection.execute(query)]

    async def entries(self, from_ms: int, to_ms: int) -> list[tuple[str, str, int, int, int]]:
        """(session, file, runs, failed, micro-dollars) of the files that were run most."""
        query = (
            select(
                executions.c.session_id,
                executions.c.entry,
                func.count().label("count"),
                _FAILED,
                func.sum(executions.c.cost_micro_dollars),
            )
            .where(*self._within(executions, from_ms, to_ms), executions.c.session_id.is_not(None))
            .group_by(executions.c.session_id, executions.c.entry)
            .order_by(func.count().desc(), executions.c.entry)
            .limit(TOP_MAX)
        )
        async with self._engine.connect() as connection:
            return [(row[0], row[1], *(int(each or 0) for each in row[2:])) for row in await connection.execute(query)]

    async def _percentiles(
        self, value: ColumnElement[Any], group: ColumnElement[Any], from_ms: int, to_ms: int
    ) -> dict[str, dict[str, int]]:
        """By nearest rank: the value that so many in a hundred of a group do not exceed. SQLite has no function for it."""
        ranked = (
            select(
                group.label("key"),
                value.cast(BigInteger).label("value"),
                func.row_number().over(partition_by=group, order_by=value).label("rank"),
                func.count().over(partition_by=group).label("count"),
            )
            .where(
                *self._within(executions, from_ms, to_ms),
                executions.c.started_at.is_not(None),
                executions.c.finished_at.is_not(None),
            )
            .subquery()
        )
        # All in one pass: over a year of everybody's runs a pass takes seconds.
        ranks = [(ranked.c.count * percentile + 99) // 100 for percentile in PERCENTILES]
        query = select(ranked.c.key, ranked.c.value, ranked.c.rank, *ranks).where(ranked.c.rank.in_(ranks))
        found: dict[str, dict[str, int]] = {}
        async with self._engine.connect() as connection:
            for key, value_at, rank, *wanted in await connection.execute(query):
                for percentile, rank_wanted in zip(PERCENTILES, wanted, strict=True):
                    if rank == rank_wanted:
                        found.setdefault(key, {})[f"p{percentile}"] = int(value_at or 0)
        return found

    async def _shares(
        self, run_key: ColumnElement[Any], paid_key: ColumnElement[Any], from_ms: int, to_ms: int
    ) -> list[Share]:
        runs = select(
            run_key.label("key"),
            func.count(),
            func.count(executions.c.actor_id.distinct()),
            func.count(executions.c.session_id.distinct()),
            _REFUSED,
            _FAILED,
        ).where(*self._within(executions, from_ms, to_ms)).group_by("key")  # fmt: skip
        paid = select(
            paid_key.label("key"), func.sum(usage.c.compute_micro_units), func.sum(usage.c.cost_micro_dollars)
        ).where(*self._within(usage, from_ms, to_ms)).group_by("key")  # fmt: skip
        async with self._engine.connect() as connection:
            counted = {row[0]: row[1:] for row in await connection.execute(runs)}
            summed = {row[0]: row[1:] for row in await connection.execute(paid)}
        return [
            Share(key, *counted.get(key, (0,) * 5), *(int(value) for value in summed.get(key, (0, 0))))
            for key in counted.keys() | summed.keys()
        ]

    async def _by_status(self, from_ms: int, to_ms: int) -> list[Share]:
        query = select(
            executions.c.status.label("key"),
            func.count(),
            func.count(executions.c.actor_id.distinct()),
            func.count(executions.c.session_id.distinct()),
            _REFUSED,
            _FAILED,
            func.sum(executions.c.compute_micro_units),
            func.sum(executions.c.cost_micro_dollars),
        ).where(*self._within(executions, from_ms, to_ms)).group_by("key")  # fmt: skip
        async with self._engine.connect() as connection:
            return [Share(row[0], *(int(value or 0) for value in row[1:])) for row in await connection.execute(query)]
