"""How much is stored of each document, and when it was last changed. Only reads; the log itself is log.py's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from crdt.tables import bases_table, snapshots_table, updates_table


@dataclass(frozen=True)
class Stored:
    """`version` is the newest that is stored, `last_change_ms` None when nothing ever changed."""

    bytes: int = 0
    version: int = 0
    last_change_ms: int | None = None


async def stored_of(engine: AsyncEngine, session_ids: Sequence[str]) -> dict[str, Stored]:
    """What is stored of some sessions; one that has nothing is there too."""
    found = dict.fromkeys(session_ids, Stored())
    if not found:
        return found
    async with engine.connect() as connection:
        for table, content in ((updates_table, "update"), (snapshots_table, "state"), (bases_table, "state")):
            query = (
                select(
                    table.c.session_id,
                    func.sum(func.length(table.c[content])),
                    func.max(table.c.version),
                    func.max(table.c.created_at_ms),
                )
                .where(table.c.session_id.in_(list(found)))
                .group_by(table.c.session_id)
            )
            for session_id, size, version, changed_ms in await connection.execute(query):
                known = found[session_id]
                # A snapshot is made later than the change it holds, so it only tells the time where no update is left.
                last_ms = changed_ms if known.last_change_ms is None else known.last_change_ms
                found[session_id] = Stored(known.bytes + int(size or 0), max(known.version, version), last_ms)
    return found
