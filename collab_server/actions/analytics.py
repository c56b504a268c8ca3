"""What somebody's own work looks like in figures: run times, failures, costs by session and language, files in much use.

Money is the ledger's, as on the invoice; who may see a whole session's figures is members.py's. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.errors import Invalid
from collab_server.members import Members
from collab_server.principal import Principal
from collab_server.shapes.base import timestamp
from collab_server.sheets import decimal, sheet
from collab_server.tables import sessions
from crdt.tally import Tally
from executor.pricing import MICRO
from executor.statistics import STEP_MS, Share, Statistics, Step

DAYS_DEFAULT = 30
DAYS_MAX = 366
HOURS_SHOWN_MAX = 72
HOT_FILES_MAX = 50


class AnalyticsActions:
    """Reads of one account's runs, or, for its owners, of one session's."""

    def __init__(self, engine: AsyncEngine, members: Members, tally: Tally, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._members = members
        self._tally = tally
        self._now = now

    async def figures(
        self, principal: Principal, from_ms: int | None, to_ms: int | None, session_id: str | None
    ) -> dict[str, Any]:
        """Figures over [from, to), the last DAYS_DEFAULT days by default."""
        end = int(self._now() * 1000) + 1 if to_ms is None else to_ms
        start = max(end - DAYS_DEFAULT * STEP_MS["day"] if from_ms is None else from_ms, 0)
        if start >= end:
            raise Invalid("must lie before `to`", name="from")
        if end - start > DAYS_MAX * STEP_MS["day"]:
            raise Invalid(f"the range has more than {DAYS_MAX} days; ask for a shorter one", name="from")
        if session_id is not None:
            await self._members.access(principal, session_id, "manage")
        whose = {"actor_id": principal.user_id if session_id is None else None, "session_id": session_id}
        read = Statistics(self._engine, **whose)
        totals = await read.totals(start, end)
        by_session = await read.by("session", start, end)
        run = await read.entries(start, end)
        edited = await self._tally.most_edited(start, end, **whose, limit=HOT_FILES_MAX)
        named = {share.key for share in by_session} | {row[0] for row in (*run, *edited)}
        names = await self._names({session for session in named if session is not None})
        step: Step = "hour" if end - start <= HOURS_SHOWN_MAX * STEP_MS["hour"] else "day"
        return {
            "from": timestamp(start),
            "to": timestamp(end),
            "step": step,
            "currency": "USD",
            "totals": {
                "executions": totals.executions,
                "failed": totals.failed,
                "refused": totals.refused,
                "executionTime": totals.wall_ms,
                "computeUnits": totals.compute_micro_units / MICRO,
                "cost": totals.cost_micro_dollars / MICRO,
                "costMicroDollars": totals.cost_micro_dollars,
            },
            "latency": await read.latency(start, end),
            "latencyByLanguage": await read.latency_by_language(start, end),
            "overTime": [
                {"at": timestamp(int(share.key)), **_shown(share)} for share in await read.over_time(start, end, step)
            ],
            "byLanguage": [{"language": share.key, **_shown(share)} for share in await read.by("language", start, end)],
            "bySession": [
                {"sessionId": share.key, "name": names.get(share.key), **_shown(share)} for share in by_session
            ],
            "failures": [
                {"status": status, "kind": kind, "executions": count}
                for status, kind, count in await read.faults(start, end)
            ],
            "filesRun": [
                {
                    "sessionId": session, "sessionName": names.get(session), "name": name, "executions": count,
                    "failed": failed, "cost": cost / MICRO, "costMicroDollars": cost,
                }
                for session, name, count, failed, cost in run[:HOT_FILES_MAX]
            ],
            "filesEdited": [
                {
                    "sessionId": session, "sessionName": names.get(session), "fileId": file_id, "name": name,
                    "edits": edits, "chars": chars,
                }
                for session, file_id, name, edits, chars in edited
            ],
        }  # fmt: skip

    async def _names(self, session_ids: Collection[str]) -> dict[str | None, str]:
        """Of the sessions that are still there."""
        query = select(sessions.c.id, sessions.c.name).where(
            sessions.c.id.in_(session_ids), sessions.c.deleted_at.is_(None)
        )
        async with self._engine.connect() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}


def analytics_sheet(figures: dict[str, Any]) -> bytes:
    """The figures as one table: a line for the whole, each step of time, language, session, kind of failure and file."""
    parts = (("time", "overTime", "at"), ("language", "byLanguage", "language"), ("session", "bySession", "sessionId"))
    rows: list[tuple[object, ...]] = [("total", "", "", *_cells(figures["totals"]), "")]
    for part, list_name, key in parts:
        rows += [(part, row[key] or "", row.get("name") or "", *_cells(row), "") for row in figures[list_name]]
    rows += [
        ("failure", row["status"], row["kind"], row["executions"], "", "", "", "", "") for row in figures["failures"]
    ]
    rows += [
        ("file run", row["sessionId"], row["name"], row["executions"], row["failed"], "", "",
         decimal(row["costMicroDollars"]), "") for row in figures["filesRun"]
    ]  # fmt: skip
    rows += [
        ("file edited", row["sessionId"], row["name"], "", "", "", "", "", row["edits"])
        for row in figures["filesEdited"]
    ]
    columns = ("part", "key", "name", "executions", "failed", "refused", "computeUnits", "costUSD", "edits")
    return sheet(columns, rows)


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    return (row["executions"], row["failed"], row["refused"], row["computeUnits"], decimal(row["costMicroDollars"]))


def _shown(share: Share) -> dict[str, Any]:
    return {
        "executions": share.executions,
        "failed": share.failed,
        "refused": share.refused,
        "computeUnits": share.compute_micro_units / MICRO,
        "cost": share.cost_micro_dollars / MICRO,
        "costMicroDollars": share.cost_micro_dollars,
    }
