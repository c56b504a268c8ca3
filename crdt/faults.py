"""Which sessions have stopped a process, by what, and which of them may only be read until somebody repairs them.
How it is noticed that a process stopped is not known here."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from crdt.tables import faults_table
from crdt.watch import SEVERAL, Doing, Phase

# Two faults of a session within so long are no accident any more.
TOGETHER_S = 24 * 3600


@dataclass(frozen=True)
class Standing:
    """What is known against a session: updates that are refused, versions that could not be loaded, and a `reason`
    where it may only be read."""

    refused: frozenset[bytes] = frozenset()
    suspect: bool = False
    reason: str | None = None
    unloadable: tuple[int, ...] = ()

    @property
    def without(self) -> int | None:
        """Where it may only be read, this version and what came after it is left out."""
        return self.unloadable[0] if self.reason is not None and self.unloadable else None


NOTHING = Standing()

# The ids of all sessions that may only be read.
QUARANTINED = select(faults_table.c.session_id).where(
    faults_table.c.decisive.is_(True), faults_table.c.lifted_at_ms.is_(None)
)


class Faults:
    """Kept for all nodes: the session that stopped one would stop the next."""

    def __init__(self, engine: AsyncEngine, *, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._now = now

    async def record(self, key: str, doing: Doing, how: str) -> bool:
        """Whether the session may only be read from now on, because it is not the first time.

        A `key` that is known already is the same fault, told again."""
        now_ms = int(self._now() * 1000)
        columns = faults_table.c
        lately = (columns.session_id == doing.session_id, columns.lifted_at_ms.is_(None))
        row = {
            "key": key,
            "session_id": doing.session_id,
            "at_ms": now_ms,
            "how": how,
            "phase": int(doing.phase),
            "version": doing.version,
            "digest": doing.digest,
        }
        async with self._engine.begin() as connection:
            told = (await connection.execute(select(columns.decisive).where(columns.key == key))).scalar()
            if told is not None:
                return bool(told)
            count = select(func.count()).where(*lately, columns.at_ms >= now_ms - TOGETHER_S * 1000)
            again = (await connection.execute(count)).scalar_one() > 0
            await connection.execute(insert(faults_table).values(**row, decisive=again))
        return again

    async def standing(self, session_id: str) -> Standing:
        columns = faults_table.c
        query = (
            select(faults_table)
            .where(columns.session_id == session_id, columns.lifted_at_ms.is_(None))
            .order_by(columns.id)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        if not rows:
            return NOTHING
        decisive = [row for row in rows if row["decisive"]]
        since_ms = (self._now() - TOGETHER_S) * 1000
        return Standing(
            refused=frozenset(row["digest"] for row in rows if any(row["digest"])),
            suspect=bool(decisive) or rows[-1]["at_ms"] >= since_ms,
            reason=f"it stopped the server {len(rows)} times, at last at version {decisive[-1]['version']}"
            if decisive
            else None,
            unloadable=tuple(sorted({row["version"] for row in rows if row["phase"] == Phase.LOAD} - {SEVERAL})),
        )

    async def quarantined(self, session_ids: Collection[str]) -> set[str]:
        """Those that may only be read."""
        query = QUARANTINED.where(faults_table.c.session_id.in_(session_ids))
        async with self._engine.connect() as connection:
            return set((await connection.execute(query)).scalars())

    async def lift(self, session_id: str) -> int:
        """Nothing is held against the session any more; returns how much was."""
        columns = faults_table.c
        standing = (columns.session_id == session_id, columns.lifted_at_ms.is_(None))
        async with self._engine.begin() as connection:
            done = await connection.execute(
                update(faults_table).where(*standing).values(lifted_at_ms=int(self._now() * 1000))
            )
        return int(done.rowcount)
