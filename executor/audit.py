"""The audit: who did what to what, from where, in rows of which each carries the hash of all that went before.

Rows are only appended; changing, removing or slipping in one breaks the chain, and `verify` says where.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from executor.events import encode
from executor.tables import audit, audit_head

PAGE_MAX = 500
VERIFY_ROWS = 2_000
SUBJECT_CHARS_MAX = 255
ORIGIN_CHARS_MAX = 64
_HEAD = audit_head.c.id == 1
_FIRST = text("INSERT INTO audit_head (id, last_id, hash) VALUES (1, 0, '') ON CONFLICT DO NOTHING")


@dataclass(frozen=True)
class Act:
    """One row as it is shown."""

    id: int
    at: int
    actor_id: str
    action: str
    subject: str
    origin: str
    detail: dict[str, Any]
    hash: str


@dataclass(frozen=True)
class Verdict:
    """What `verify` found: the end of the chain, and the first row that does not fit, if one does not."""

    rows: int
    head: str
    broken_id: int | None = None
    reason: str | None = None


async def record(
    connection: AsyncConnection,
    now_ms: int,
    actor_id: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    *,
    origin: str = "",
) -> None:
    """Append an act, in the transaction that does it and as its last statement: appending waits for whoever appends now."""
    # The update takes the lock; what is read after it nobody changes before this transaction ends.
    step = update(audit_head).where(_HEAD).values(last_id=audit_head.c.last_id + 1)
    if (await connection.execute(step)).rowcount == 0:
        await connection.execute(_FIRST)
        await connection.execute(step)
    last = (await connection.execute(select(audit_head).where(_HEAD))).mappings().one()
    row = {
        "id": last["last_id"], "at": now_ms, "actor_id": actor_id, "action": action,
        "subject": subject[:SUBJECT_CHARS_MAX], "origin": origin[:ORIGIN_CHARS_MAX], "detail": encode(detail),
    }  # fmt: skip
    linked = _link(last["hash"], row)
    await connection.execute(insert(audit).values(**row, hash=linked))
    await connection.execute(update(audit_head).where(_HEAD).values(hash=linked))


def _link(before: str, row: Mapping[str, Any]) -> str:
    """The hash of a row and of all before it. JSON keeps the fields apart whatever is in them."""
    fields = [before, *(row[name] for name in ("id", "at", "actor_id", "action", "subject", "origin"))]
    plain = json.dumps([*fields, bytes(row["detail"]).decode()], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


class Audit:
    """Reads the chain."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self,
        *,
        actor_id: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Act]:
        """The acts that match, newest first, below the id `before`."""
        query = select(audit).order_by(audit.c.id.desc()).limit(max(1, min(limit, PAGE_MAX)))
        for column, value in ((audit.c.actor_id, actor_id), (audit.c.action, action), (audit.c.subject, subject)):
            if value is not None:
                query = query.where(column == value)
        if from_ms is not None:
            query = query.where(audit.c.at >= from_ms)
        if to_ms is not None:
            query = query.where(audit.c.at < to_ms)
        if before is not None:
            query = query.where(audit.c.id < before)
        async with self._engine.connect() as connection:
            return [_act(row) for row in (await connection.execute(query)).mappings()]

    async def verify(self, head: str | None = None) -> Verdict:
        """Walk the whole chain from its first row to its end. `head` is the hash of an end that was seen before: who has
        rewritten the chain from the start, hashes and all, is found out by it."""
        before, rows, met = "", 0, head is None
        # The end is read first: rows that come while this walks are beyond it and not missed.
        async with self._engine.connect() as connection:
            end = (await connection.execute(select(audit_head).where(_HEAD))).mappings().first()
            while True:
                query = select(audit).where(audit.c.id > rows).order_by(audit.c.id).limit(VERIFY_ROWS)
                if end is not None:
                    query = query.where(audit.c.id <= end["last_id"])
                chunk = (await connection.execute(query)).mappings().all()
                for row in chunk:
                    if row["id"] != rows + 1:
                        return Verdict(rows, before, rows + 1, "a row is missing")
                    if _link(before, dict(row)) != row["hash"]:
                        return Verdict(rows, before, row["id"], "a row was changed, or one before it")
                    before, rows = row["hash"], row["id"]
                    met = met or before == head
                if len(chunk) < VERIFY_ROWS:
                    break
        if (rows, before) != ((end["last_id"], end["hash"]) if end is not None else (0, "")):
            return Verdict(rows, before, rows + 1, "the end of the chain is missing")
        if not met:
            return Verdict(rows, before, rows + 1, "the end that was seen before is not in the chain")
        return Verdict(rows, before)


def _act(row: RowMapping) -> Act:
    values = {**row, "detail": json.loads(row["detail"])}
    return Act(**values)
