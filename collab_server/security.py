"""Security events: failed logins, refused access, bad origins, revoked tokens in use, findings of scans; append-only and small.

They are noted without waiting and written in bunches. Alike ones are counted, no flood writes more than a few rows a second, and no flood
of one source (an account at an address) hides what another one did.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import orjson
from sqlalchemy import Text, cast, func, insert, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.caller import ADDRESS, AGENT
from collab_server.shapes.base import timestamp
from collab_server.tables import security_events
from executor import audit
from executor.statements import storable

logger = logging.getLogger(__name__)

Severity = Literal["info", "warning", "error"]
Kind = Literal[
    "login_failed",
    "login_limited",
    "token_revoked",
    "access_refused",
    "bad_origin",
    "scan_finding",
    "overflow",
    "document_fault",
    "document_quarantined",
    "document_repaired",
]
# Which of them are in the audit's chain too: decisions on who may do what.
AUDITED: Mapping[str, str] = {
    "access_refused": "access.refused",
    "bad_origin": "origin.refused",
    "token_revoked": "token.refused",
    "login_limited": "login.refused",
}
FLUSH_S = 0.3
# Of one source; what it does beyond them is one row of its kind, with a count and without a subject.
ROWS_PER_SOURCE_MAX = 10
# Of all sources together; what comes beyond them is counted in one row of the kind `overflow`.
ROWS_PER_FLUSH_MAX = 100
ROWS_PER_SECOND_MAX = 10
PAGE_MAX = 500
SUBJECT_CHARS_MAX = 255
DETAIL_VALUE_CHARS_MAX = 200


@dataclass(frozen=True)
class _Alike:
    """What makes two events one row with a count."""

    kind: Kind
    severity: Severity
    actor_id: str | None
    origin: str
    subject: str
    detail: bytes


@dataclass
class _Counted:
    """When the first of them came, and how many."""

    at: int
    count: int = 1


MANY = orjson.dumps({"more": True})
OVERFLOW = _Alike("overflow", "warning", None, "", "", b"{}")


class SecurityLog:
    """Keeps what was noted for FLUSH_S, then writes it."""

    def __init__(self, engine: AsyncEngine, *, now: Callable[[], float], node_id: str) -> None:
        self._engine = engine
        self._now = now
        self._node_id = node_id
        self._waiting: dict[_Alike, _Counted] = {}
        # How many of the waiting rows are of a source.
        self._rows_of: Counter[tuple[str | None, str]] = Counter()
        self._dropped = 0
        # How many of each kind since the start.
        self.noted: Counter[str] = Counter()
        self._noted = asyncio.Event()
        # Told which kinds were written, for whoever looks whether they are too many.
        self.on_written: Callable[[frozenset[str]], Awaitable[None]] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write_forever())

    async def close(self) -> None:
        """Write what still waits."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._write()

    async def flush(self) -> None:
        """Write at once what waits, for what may be the last that this process does."""
        await self._write()

    def note(
        self, kind: Kind, severity: Severity, *, actor_id: str | None = None, subject: str = "", **detail: Any
    ) -> None:
        """Note an event of the address at hand; never waits, never fails. Nothing given here may hold a token."""
        self.noted[kind] += 1
        if agent := AGENT.get():
            detail["agent"] = agent
        alike = _Alike(
            kind, severity, actor_id, ADDRESS.get()[:64], storable(subject)[:SUBJECT_CHARS_MAX], _encoded(detail)
        )
        self._count(alike, _Counted(int(self._now() * 1000), 1))
        self._noted.set()

    def _count(self, alike: _Alike, counted: _Counted) -> None:
        source = (alike.actor_id, alike.origin)
        if alike not in self._waiting and self._rows_of[source] >= ROWS_PER_SOURCE_MAX:
            alike = replace(alike, subject="", detail=MANY)
        known = self._waiting.get(alike)
        if known is not None:
            known.at = min(known.at, counted.at)
            known.count += counted.count
        elif len(self._waiting) < ROWS_PER_FLUSH_MAX:
            self._waiting[alike] = counted
            self._rows_of[source] += 1
        else:
            self._dropped += counted.count

    async def _write_forever(self) -> None:
        while True:
            await self._noted.wait()
            await asyncio.sleep(FLUSH_S)
            rows = await self._write()
            # However much comes, ROWS_PER_SECOND_MAX are written in the long run; what comes meanwhile is counted.
            await asyncio.sleep(rows / ROWS_PER_SECOND_MAX)

    async def _write(self) -> int:
        taken, dropped = self._waiting, self._dropped
        self._waiting, self._dropped = {}, 0
        self._rows_of.clear()
        self._noted.clear()
        if dropped:
            known = taken.pop(OVERFLOW, _Counted(int(self._now() * 1000), 0))
            taken[OVERFLOW] = replace(known, count=known.count + dropped)
        rows = [
            {**asdict(alike), "at": counted.at, "count": counted.count, "node_id": self._node_id}
            for alike, counted in taken.items()
        ]
        if not rows:
            return 0
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(security_events), rows)
                # Last: the end of the chain is locked by whoever appends to it.
                for row in rows:
                    if (action := AUDITED.get(row["kind"])) is not None:
                        detail = orjson.loads(row["detail"]) | {"count": row["count"]}
                        who, subject = row["actor_id"] or "", row["subject"]
                        await audit.record(connection, row["at"], who, action, subject, detail, origin=row["origin"])
        except Exception:
            logger.exception("%d security events could not be written; they are tried again", len(rows))
            for alike, counted in taken.items():
                self._count(alike, counted)
            self._noted.set()
            return len(rows)
        if self.on_written is not None:
            try:
                await self.on_written(frozenset(row["kind"] for row in rows))
            except Exception:
                logger.exception("the alert rules could not be looked at")
        return len(rows)

    async def page(
        self,
        *,
        kind: str | None = None,
        rule: str | None = None,
        severity: str | None = None,
        actor_id: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[dict[str, Any]]:
        """The events that match, newest first, below the id `before`."""
        table = security_events.c
        query = select(security_events).order_by(table.id.desc()).limit(max(1, min(limit, PAGE_MAX)))
        for column, value in ((table.kind, kind), (table.severity, severity), (table.actor_id, actor_id)):
            if value is not None:
                query = query.where(column == value)
        if rule is not None:
            # The detail is JSON in bytes; a rule's id stands in it as a string of its own.
            postgres = self._engine.dialect.name == "postgresql"
            detail = func.convert_from(table.detail, "UTF8") if postgres else cast(table.detail, Text)
            query = query.where(table.kind == "scan_finding", detail.contains(f'"{rule}"', autoescape=True))
        if from_ms is not None:
            query = query.where(table.at >= from_ms)
        if to_ms is not None:
            query = query.where(table.at < to_ms)
        if before is not None:
            query = query.where(table.id < before)
        async with self._engine.connect() as connection:
            return [_shown(row) for row in (await connection.execute(query)).mappings()]


def _encoded(detail: Mapping[str, Any]) -> bytes:
    short = {
        key: storable(value)[:DETAIL_VALUE_CHARS_MAX] if isinstance(value, str) else value
        for key, value in detail.items()
    }
    return orjson.dumps(short)


def _shown(row: RowMapping) -> dict[str, Any]:
    return {
        "id": row["id"],
        "at": timestamp(row["at"]),
        "kind": row["kind"],
        "severity": row["severity"],
        "actorId": row["actor_id"],
        "origin": row["origin"],
        "subject": row["subject"],
        "detail": orjson.loads(row["detail"]),
        "count": row["count"],
        "nodeId": row["node_id"],
    }
