"""Counts who edits which file how much, for figures: in memory as it happens, in the store every few seconds.
A count that a crash takes along is not missed; no text and no decision ever depends on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from crdt.content import FileChange
from crdt.tables import file_edits_table as table

logger = logging.getLogger(__name__)

DAY_MS = 86_400_000
FLUSH_S = 10.0
COUNTED_MAX = 10_000
KEPT_DAYS = 400
ID_CHARS_MAX = 128
NAME_CHARS_MAX = 1024


class Tally:
    """`note` is called for every change of this node: it adds to a number and returns."""

    def __init__(self, engine: AsyncEngine, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now
        # By session, file and actor: the file's last name, edits, characters.
        self._counted: dict[tuple[str, str, str], list[Any]] = {}
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._write_forever(), name="tally")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.flush()

    def note(self, session_id: str, files: Sequence[FileChange], actor_ids: Sequence[str]) -> None:
        """A change of several authors counts for each of them."""
        for file in files:
            chars = 0
            for edit in file.edits:
                chars += edit.end - edit.start + len(edit.text)
            for actor_id in actor_ids:
                counted = self._counted.get((session_id, file.file_id, actor_id))
                if counted is not None:
                    counted[0] = file.name
                    counted[1] += 1
                    counted[2] += chars
                elif len(self._counted) < COUNTED_MAX:
                    self._counted[session_id, file.file_id, actor_id] = [file.name, 1, chars]

    async def _write_forever(self) -> None:
        await self._prune()
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()

    async def flush(self) -> None:
        """What was counted so far is stored; while the store is away it is dropped."""
        async with self._writing:
            counted, self._counted = self._counted, {}
            day_ms = int(self._now() * 1000) // DAY_MS * DAY_MS
            rows = [
                dict(zip(("session_id", "file_id", "actor_id", "name", "edits", "chars"), (*key, *values), strict=True))
                | {"day_ms": day_ms, "name": _storable(values[0])[:NAME_CHARS_MAX]}
                for key, values in counted.items()
                if len(key[1]) <= ID_CHARS_MAX and _storable(key[1]) == key[1]
            ]
            if not rows:
                return
            insert: Any = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
            added = insert(table)
            added = added.on_conflict_do_update(
                index_elements=list(table.primary_key),
                set_={
                    "name": added.excluded.name,
                    "edits": table.c.edits + added.excluded.edits,
                    "chars": table.c.chars + added.excluded.chars,
                },
            )
            try:
                async with self._engine.begin() as connection:
                    # In one order everywhere, so that two nodes do not wait for each other.
                    await connection.execute(
                        added, sorted(rows, key=lambda row: (row["session_id"], row["file_id"], row["actor_id"]))
                    )
            except Exception:
                logger.warning("the counts of %d edited files were not stored", len(rows), exc_info=True)

    async def _prune(self) -> None:
        try:
            async with self._engine.begin() as connection:
                await connection.execute(
                    delete(table).where(table.c.day_ms < int(self._now() * 1000) - KEPT_DAYS * DAY_MS)
                )
        except Exception:
            logger.warning("old counts of edited files were not removed", exc_info=True)

    async def most_edited(
        self, from_ms: int, to_ms: int, *, actor_id: str | None = None, session_id: str | None = None, limit: int
    ) -> list[tuple[str, str, str, int, int]]:
        """(session, file, its last name, edits, characters) of whole days, the most edited first."""
        await self.flush()
        edits = func.sum(table.c.edits)
        query: Select[Any] = (
            select(table.c.session_id, table.c.file_id, func.max(table.c.name), edits, func.sum(table.c.chars))
            .where(table.c.day_ms >= from_ms // DAY_MS * DAY_MS, table.c.day_ms < to_ms)
            .group_by(table.c.session_id, table.c.file_id)
            .order_by(edits.desc(), table.c.file_id)
            .limit(limit)
        )
        if actor_id is not None:
            query = query.where(table.c.actor_id == actor_id)
        if session_id is not None:
            query = query.where(table.c.session_id == session_id)
        async with self._engine.connect() as connection:
            return [(*row[:3], int(row[3]), int(row[4])) for row in await connection.execute(query)]


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
