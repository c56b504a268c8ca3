"""The verbs of an admin on everybody's sessions and runs: figures, lists, delete a session, end a run.

Whether the caller is an admin is looked at by the transport's one gate, `Principal.require_admin`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

from sqlalchemy import func, or_, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import revocation
from collab_server.actions.custody import state_of
from collab_server.actions.sessions import SessionActions
from collab_server.acts import audited
from collab_server.errors import Invalid, NotFound
from collab_server.listings import BAD_CURSOR, page_of
from collab_server.money import is_final, shown_run
from collab_server.nodes import node_of
from collab_server.principal import Principal
from collab_server.shapes.base import timestamp, timestamp_or_none
from collab_server.sheets import decimal, sheet
from collab_server.tables import NO_BRANCH, sessions, users
from crdt import sizes
from crdt.faults import QUARANTINED
from crdt.tables import faults_table
from executor.executions import Executor
from executor.ledger import UNFINISHED
from executor.pricing import MICRO
from executor.statistics import STEP_MS, Share, Statistics, Step, Totals

STEPS_MAX = 2_000
DAYS_DEFAULT = 30
HOURS_SHOWN_MAX = 72
State = Literal["running", "queued", "recent"]
SessionState = Literal["open", "readOnly", "closed", "archived", "quarantined", "deleted"]


class OversightActions:
    """Reads over everything; what it changes goes through the session's and the executor's own verbs."""

    def __init__(
        self, engine: AsyncEngine, executor: Executor, sessions: SessionActions, *, now: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._executor = executor
        self._sessions = sessions
        self._statistics = Statistics(engine)
        self._now = now

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def stats(self, from_ms: int | None, to_ms: int | None, step: Step | None) -> dict[str, Any]:
        """Figures over [from, to): totals, over time, by language, tier, status and user, and latency percentiles."""
        end = self._now_ms() + 1 if to_ms is None else to_ms
        start = max(end - DAYS_DEFAULT * STEP_MS["day"] if from_ms is None else from_ms, 0)
        if start >= end:
            raise Invalid("must lie before `to`", name="from")
        step = step or ("hour" if end - start <= HOURS_SHOWN_MAX * STEP_MS["hour"] else "day")
        if (end - start) // STEP_MS[step] > STEPS_MAX:
            raise Invalid(f"the range has more than {STEPS_MAX} steps; take days or a shorter range", name="step")
        read = self._statistics
        async with self._engine.connect() as connection:
            accounts = select(func.count()).select_from(users)
            present = select(func.count()).select_from(sessions).where(sessions.c.deleted_at.is_(None), NO_BRANCH)
            counts = {
                "users": (await connection.execute(accounts)).scalar_one(),
                "sessions": (await connection.execute(present)).scalar_one(),
                "newUsers": (
                    await connection.execute(accounts.where(*_within(users.c.created_at, start, end)))
                ).scalar_one(),
                "newSessions": (
                    await connection.execute(present.where(*_within(sessions.c.created_at, start, end)))
                ).scalar_one(),
            }
        over_time = await read.over_time(start, end, step)
        return {
            "from": timestamp(start),
            "to": timestamp(end),
            "step": step,
            "currency": "USD",
            "present": counts,
            "totals": _totals(await read.totals(start, end)),
            "overTime": [{"at": timestamp(int(share.key)), **_share(share)} for share in over_time],
            "byLanguage": [_keyed(share) for share in await read.by("language", start, end)],
            "byTier": [_keyed(share) for share in await read.by("tier", start, end)],
            "byStatus": [_keyed(share) for share in await read.by("status", start, end)],
            "byUser": [_keyed(share) for share in await read.by("actor", start, end)],
            "latency": await read.latency(start, end),
            "latencyByLanguage": await read.latency_by_language(start, end),
        }

    async def listed_sessions(
        self, *, search: str | None, state: SessionState | None, limit: int, cursor: str | None, open_here: Counter[str]
    ) -> dict[str, Any]:
        """{items, nextCursor} of everybody's sessions, newest first; found by name, id or owner, deleted ones only by their state."""
        deleted = sessions.c.deleted_at.is_not(None)
        query = select(sessions).where(deleted if state == "deleted" else ~deleted, NO_BRANCH)
        if state == "archived":
            query = query.where(sessions.c.archived_at.is_not(None))
        elif state == "quarantined":
            query = query.where(sessions.c.id.in_(QUARANTINED))
        elif state in ("open", "readOnly", "closed"):
            query = query.where(sessions.c.state.is_not_distinct_from(None if state == "open" else state))
        # A branch is found by its id alone.
        query = query.where(or_(sessions.c.id == (search or ""), NO_BRANCH))
        if search:
            query = query.where(
                or_(
                    sessions.c.id == search,
                    sessions.c.owner_id == search,
                    sessions.c.name.icontains(search, autoescape=True),
                )
            )
        page, following = await page_of(self._engine, query, limit=limit, cursor=cursor)
        return {"items": await self._shown(page, open_here), "nextCursor": following}

    async def _shown(self, rows: Any, open_here: Counter[str]) -> list[dict[str, Any]]:
        ids = [row["id"] for row in rows]
        members = await self._sessions.members.of(ids)
        stored = await sizes.stored_of(self._engine, ids)
        async with self._engine.connect() as connection:
            harmful = set((await connection.execute(QUARANTINED.where(faults_table.c.session_id.in_(ids)))).scalars())
        return [
            _session(row, members[row["id"]], stored[row["id"]], open_here[row["id"]])
            | {"quarantined": row["id"] in harmful}
            for row in rows
        ]

    async def delete_session(self, principal: Principal, session_id: str) -> None:
        """Delete anybody's session; audited like every delete."""
        await self._sessions.remove(principal.user_id, session_id)

    async def listed_executions(
        self, state: State, *, user_id: str | None, session_id: str | None, limit: int, cursor: str | None
    ) -> dict[str, Any]:
        """{items, nextCursor} of everybody's runs: those that run, that wait, or all; newest first."""
        statuses = None if state == "recent" else UNFINISHED
        try:
            page = await self._executor.list(
                actor_id=user_id, session_id=session_id, statuses=statuses, limit=limit, cursor=cursor
            )
        except ValueError as error:
            raise Invalid(BAD_CURSOR, name="cursor") from error
        # This node knows better than the store what has just begun or ended.
        items = [record for record in page.items if state in ("recent", record.status)]
        return {
            "items": [shown_run(record) | {"nodeId": node_of(record.node_id)} for record in items],
            "nextCursor": page.next_cursor,
        }

    async def cancel(self, principal: Principal, execution_id: str) -> bool:
        """End anybody's run on whichever node it is, within a second; False when it was over already."""
        record = await self._executor.get(execution_id)
        if record is None:
            raise NotFound(f"there is no execution {execution_id[:64]!r}")
        if is_final(record):
            return False
        now_ms = self._now_ms()
        async with self._engine.begin() as connection:
            await revocation.say(connection, now_ms, topic="execution", subject=execution_id)
            await audited(
                connection, now_ms, principal.user_id, "execution.cancelled", execution_id, user=record.actor_id
            )
        await self._executor.cancel(execution_id)
        return True


def stats_sheet(figures: dict[str, Any]) -> bytes:
    """The figures of `stats` as one table: a line for the whole, for each step of time, language, tier, status and user."""
    parts = (
        ("time", "overTime"),
        ("language", "byLanguage"),
        ("tier", "byTier"),
        ("status", "byStatus"),
        ("user", "byUser"),
    )
    shares = [("total", "", figures["totals"])]
    shares += [(part, share.get("key") or share["at"], share) for part, name in parts for share in figures[name]]
    counts = ("executions", "users", "sessions", "failed", "refused", "computeUnits")
    return sheet(
        ("part", "key", *counts, "revenue", "currency"),
        (
            (part, key, *(share[name] for name in counts), decimal(share["revenueMicroDollars"]), "USD")
            for part, key, share in shares
        ),
    )


def _within(moment: Any, start: int, end: int) -> tuple[Any, Any]:
    return moment >= start, moment < end


def _session(row: RowMapping, roles: dict[str, Any], stored: sizes.Stored, connections: int) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "ownerId": row["owner_id"],
        "isPublic": bool(row["is_public"]),
        "state": state_of(row),
        "archived": row["archived_at"] is not None,
        "members": len(roles),
        "roles": roles,
        "sizeBytes": stored.bytes,
        "version": stored.version,
        "connectionsHere": connections,
        "createdAt": timestamp(row["created_at"]),
        "lastActivityAt": timestamp(max(row["updated_at"], stored.last_change_ms or 0)),
        "expiresAt": timestamp_or_none(row["expires_at"]),
    }


def _totals(totals: Totals) -> dict[str, Any]:
    figures = asdict(totals)
    return {
        "executions": figures["executions"],
        "users": figures["users"],
        "sessions": figures["sessions"],
        "refused": figures["refused"],
        "failed": figures["failed"],
        "billed": figures["billed"],
        "executionTime": figures["wall_ms"],
        "computeUnits": figures["compute_micro_units"] / MICRO,
        "revenue": figures["cost_micro_dollars"] / MICRO,
        "revenueMicroDollars": figures["cost_micro_dollars"],
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "executions": share.executions,
        "users": share.users,
        "sessions": share.sessions,
        "failed": share.failed,
        "refused": share.refused,
        "computeUnits": share.compute_micro_units / MICRO,
        "revenue": share.cost_micro_dollars / MICRO,
        "revenueMicroDollars": share.cost_micro_dollars,
    }


def _keyed(share: Share) -> dict[str, Any]:
    return {"key": share.key, **_share(share)}
