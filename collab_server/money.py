"""How runs, tiers and usage are shown: decimal dollars outside, integers of micro-dollars inside (executor's)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.shapes.base import timestamp, timestamp_or_none
from collab_server.tables import roles, sessions
from crdt.tables import updates_table
from executor.ledger import ExecutionRecord, Ledger, UsageSum
from executor.pricing import MICRO, Tier
from executor.tables import executions, usage

GroupBy = Literal["day", "language", "session", "actor"]
FINAL_STATUSES = frozenset({"completed", "failed", "timeout", "memory", "cancelled", "lost", "refused"})


def shown_run(record: ExecutionRecord) -> dict[str, Any]:
    """A run as REST shows it, times in RFC 3339."""
    times = {
        "createdAt": timestamp(record.created_at),
        "startedAt": timestamp_or_none(record.started_at),
        "finishedAt": timestamp_or_none(record.finished_at),
    }
    return record.to_json() | times


def is_final(record: ExecutionRecord) -> bool:
    """Whether the run is over."""
    return record.status in FINAL_STATUSES


def micro(dollars: Decimal | None) -> int | None:
    """Dollars of a request as whole micro-dollars."""
    return None if dollars is None else int(dollars * MICRO)


def shown_tier(tier: Tier) -> dict[str, Any]:
    """A tier as the price list shows it."""
    quota = tier.quota
    return {
        "name": tier.name,
        "version": tier.version,
        "pricePerSecond": tier.price_per_second_micro_dollars / MICRO,
        "pricePerMb": tier.price_per_mb_micro_dollars / MICRO,
        "maxTimeMs": tier.max_time_ms,
        "maxMemoryBytes": tier.max_memory_bytes,
        "modules": list(tier.modules),
        "limits": {
            "runsPerMinute": quota.runs_per_minute,
            "concurrentRuns": quota.concurrent_runs,
            "computeUnitsPerMonth": _whole(quota.month_compute_micro_units),
            "moneyPerMonth": None if quota.month_micro_dollars is None else quota.month_micro_dollars / MICRO,
        },
    }


def _whole(micro: int | None) -> int | None:
    return None if micro is None else micro // MICRO


async def usage_of(
    ledger: Ledger,
    actor_id: str | None,
    start: int | None,
    end: int | None,
    group_by: GroupBy,
    session_id: str | None = None,
) -> dict[str, Any]:
    """{groupBy, items, total}: sums of the ledger, to the last micro-dollar, of one account's runs or one session's."""
    sums = await ledger.usage_sums(group_by, actor_id=actor_id, session_id=session_id, from_ms=start, to_ms=end)
    return {
        "groupBy": group_by,
        "items": [_shown(row, group_by) for row in sums],
        "total": _figures(sums),
        "currency": "USD",
    }


async def with_session_names(engine: AsyncEngine, shown: dict[str, Any], user_id: str) -> dict[str, Any]:
    """Usage by session with the name of each that this account is a member of."""
    mine = (
        select(sessions.c.id, sessions.c.name)
        .join(roles, roles.c.session_id == sessions.c.id)
        .where(roles.c.user_id == user_id, sessions.c.deleted_at.is_(None))
    )
    async with engine.connect() as connection:
        names = dict((await connection.execute(mine)).tuples().all())
    items = [item | ({"name": names[item["key"]]} if item["key"] in names else {}) for item in shown["items"]]
    return shown | {"items": items}


async def usage_by_author(
    engine: AsyncEngine, *, actor_id: str | None, session_id: str | None, start: int | None, end: int | None
) -> dict[str, Any]:
    """The same sums by who wrote what ran: a run counts for everyone whose changes were in its session by the version that
    it ran, so what several people wrote counts for each of them; `total` counts each run once."""
    within = []
    for column, value in ((usage.c.actor_id, actor_id), (usage.c.session_id, session_id)):
        if value is not None:
            within.append(column == value)
    if start is not None:
        within.append(usage.c.created_at >= start)
    if end is not None:
        within.append(usage.c.created_at < end)
    # The log of everybody else's sessions is none of this: it may have millions of rows.
    concerned = select(usage.c.session_id).where(*within, usage.c.session_id.is_not(None))
    first = (
        select(updates_table.c.session_id, updates_table.c.actor_id, func.min(updates_table.c.version).label("version"))
        .where(updates_table.c.session_id.in_(concerned))
        .group_by(updates_table.c.session_id, updates_table.c.actor_id)
        .subquery()
    )
    figures = [
        func.sum(column) for column in (usage.c.wall_ms, usage.c.compute_micro_units, usage.c.cost_micro_dollars)
    ]
    runs = usage.join(executions, executions.c.id == usage.c.execution_id)
    wrote = runs.join(
        first, and_(first.c.session_id == executions.c.session_id, first.c.version <= executions.c.version)
    )
    author = first.c.actor_id
    by_author = (
        select(author, func.count(), *figures).select_from(wrote).where(*within).group_by(author).order_by(author)
    )
    whole = select(func.count(), *figures).select_from(runs).where(*within)
    async with engine.connect() as connection:
        rows = (await connection.execute(by_author)).all()
        total = (await connection.execute(whole)).one()
    return {
        "groupBy": "author",
        "items": [_shown(UsageSum(str(row[0]), *(int(value or 0) for value in row[1:])), "actor") for row in rows],
        "total": _figures([UsageSum(None, *(int(value or 0) for value in total))]),
        "currency": "USD",
    }


def _shown(row: UsageSum, group_by: GroupBy) -> dict[str, Any]:
    key = row.key
    if group_by == "day" and key is not None:
        key = datetime.fromtimestamp(int(key) / 1000, UTC).date().isoformat()
    return {"key": key, **_figures([row])}


def _figures(rows: Sequence[UsageSum]) -> dict[str, Any]:
    return {
        "executions": sum(row.executions for row in rows),
        "executionTime": sum(row.wall_ms for row in rows),
        "computeUnits": sum(row.compute_micro_units for row in rows) / MICRO,
        "cost": sum(row.cost_micro_dollars for row in rows) / MICRO,
    }
