"""What is kept of each session: its rows, snapshots and named versions are read, made and removed here.
Appending changes is log.py's; what an update means is never looked at."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import RowMapping, delete, false, func, insert, literal, select, true
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from crdt.tables import faults_table, set_aside_table, snapshots_table, updates_table, versions_table

logger = logging.getLogger(__name__)

SNAPSHOTS_KEPT = 2


@dataclass(frozen=True)
class LogRow:
    """One author's part of one version."""

    id: int
    version: int
    actor_id: str
    created_at_ms: int
    update: bytes
    undoes: bytes | None = None


@dataclass(frozen=True)
class Snapshot:
    """A whole state; `last_update_id` is the newest row it contains for certain."""

    version: int
    last_update_id: int
    state: bytes
    facts: dict[str, Any]


@dataclass(frozen=True)
class Loaded:
    """What a session is made of: the snapshots that are whole, newest first, and the rows behind the oldest of them."""

    snapshots: tuple[Snapshot, ...]
    rows: tuple[LogRow, ...]

    def rows_after(self, snapshot: Snapshot | None) -> list[LogRow]:
        return [row for row in self.rows if snapshot is None or row.id > snapshot.last_update_id]


@dataclass(frozen=True)
class VersionInfo:
    """A point in the history: `name` only where somebody gave one."""

    version: int
    actor_ids: tuple[str, ...]
    created_at_ms: int
    name: str | None = None


class Archive:
    """The store of one engine; every method is one statement or one transaction."""

    def __init__(self, engine: AsyncEngine, *, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._now = now

    @property
    def commits_in_id_order(self) -> bool:
        """Whether a row that shows up later has a higher id: where writers are many, a slow one may come in between."""
        return self._engine.dialect.name == "sqlite"

    # -- reading -------------------------------------------------------------------------------------------------

    async def load(self, session_id: str, *, from_first: bool = False) -> Loaded:
        """The newest whole snapshots and every row that the oldest of them does not contain.

        `from_first`: no snapshot, and every row there ever was."""
        async with self._engine.connect() as connection:
            snapshots = [] if from_first else await self._snapshots(connection, session_id, None)
            after = snapshots[-1].last_update_id if snapshots else 0
            found = await connection.execute(
                select(updates_table)
                .where(updates_table.c.session_id == session_id, updates_table.c.id > after)
                .order_by(updates_table.c.id)
            )
            rows = tuple(_row(row) for row in found.mappings())
        return Loaded(tuple(snapshots), rows)

    async def load_at(self, session_id: str, version: int) -> Loaded:
        """What the session was made of at `version`."""
        async with self._engine.connect() as connection:
            snapshots = (await self._snapshots(connection, session_id, version))[:1]
            after = snapshots[0].last_update_id if snapshots else 0
            found = await connection.execute(
                select(updates_table)
                .where(
                    updates_table.c.session_id == session_id,
                    updates_table.c.id > after,
                    updates_table.c.version <= version,
                )
                .order_by(updates_table.c.id)
            )
            rows = tuple(_row(row) for row in found.mappings())
        return Loaded(tuple(snapshots), rows)

    async def rows_between(self, session_id: str, after: int, up_to: int, *, limit: int) -> list[LogRow]:
        """The rows of the versions behind `after`, in the order in which they were saved."""
        columns = updates_table.c
        query = select(updates_table).where(
            columns.session_id == session_id, columns.version > after, columns.version <= up_to
        )
        async with self._engine.connect() as connection:
            return [_row(row) for row in (await connection.execute(query.order_by(columns.id).limit(limit))).mappings()]

    async def page_behind(
        self, session_id: str, after: int, up_to: int, *, rows_max: int, bytes_max: int
    ) -> list[LogRow]:
        """The rows of the next versions behind `after`, whole versions and at least one."""
        columns = updates_table.c
        mine = (columns.session_id == session_id, columns.version > after, columns.version <= up_to)
        sizes = select(columns.version, func.length(columns.update)).where(*mine)
        async with self._engine.connect() as connection:
            found = (await connection.execute(sizes.order_by(columns.version, columns.id).limit(rows_max + 1))).all()
            if not found:
                return []
            last, size = found[0][0], 0
            for at, (version, length) in enumerate(found):
                size += length
                if at == rows_max or size > bytes_max:
                    # The version of this row is incomplete: the one before it ends the page.
                    break
                if at + 1 == len(found) or found[at + 1][0] != version:
                    last = version
            rows = select(updates_table).where(*mine, columns.version <= last).order_by(columns.version, columns.id)
            return [_row(row) for row in (await connection.execute(rows)).mappings()]

    async def versions_by(self, session_id: str, actor_id: str, *, limit: int) -> list[int]:
        """What an actor changed, newest first."""
        columns = updates_table.c
        mine = (columns.session_id == session_id, columns.actor_id == actor_id)
        query = select(columns.version).where(*mine).group_by(columns.version).order_by(columns.version.desc())
        async with self._engine.connect() as connection:
            return list((await connection.execute(query.limit(limit))).scalars())

    async def _snapshots(
        self, connection: AsyncConnection, session_id: str, up_to_version: int | None
    ) -> list[Snapshot]:
        query = select(snapshots_table).where(snapshots_table.c.session_id == session_id)
        if up_to_version is not None:
            query = query.where(snapshots_table.c.version <= up_to_version)
        query = query.order_by(snapshots_table.c.version.desc(), snapshots_table.c.id.desc()).limit(SNAPSHOTS_KEPT)
        whole = []
        for row in (await connection.execute(query)).mappings():
            if hashlib.sha256(row["state"]).hexdigest() != row["digest"]:
                logger.error("a snapshot of session %s is damaged; the one before and the log are used", session_id)
                continue
            whole.append(Snapshot(row["version"], row["last_update_id"], row["state"], orjson.loads(row["facts"])))
        return whole

    async def damaged_snapshots(self, session_id: str) -> list[int]:
        """The versions whose snapshots are not as they were written."""
        columns = snapshots_table.c
        query = select(columns.version, columns.digest, columns.state).where(columns.session_id == session_id)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query.order_by(columns.id))).all()
        return [version for version, digest, state in rows if hashlib.sha256(state).hexdigest() != digest]

    async def history(self, session_id: str, *, before: int | None = None, limit: int = 100) -> list[VersionInfo]:
        """The versions, newest first, with their authors and names."""
        columns = updates_table.c
        query = select(columns.version, columns.actor_id, columns.created_at_ms).where(columns.session_id == session_id)
        if before is not None:
            query = query.where(columns.version < before)
        wanted = select(columns.version).where(columns.session_id == session_id).group_by(columns.version)
        if before is not None:
            wanted = wanted.where(columns.version < before)
        wanted = wanted.order_by(columns.version.desc()).limit(limit)
        query = query.where(columns.version.in_(wanted)).order_by(columns.version.desc(), columns.id)
        named = {version.version: version.name for version in await self.versions(session_id)}
        collected: dict[int, tuple[list[str], int]] = {}
        async with self._engine.connect() as connection:
            for version, actor_id, created_at_ms in await connection.execute(query):
                actors, _ = collected.setdefault(version, ([], created_at_ms))
                if actor_id not in actors:
                    actors.append(actor_id)
        return [
            VersionInfo(version, tuple(actors), created_at_ms, named.get(version))
            for version, (actors, created_at_ms) in collected.items()
        ]

    # -- snapshots and names -------------------------------------------------------------------------------------

    async def last_update_id(self, session_id: str) -> int:
        async with self._engine.connect() as connection:
            found = await connection.execute(
                select(func.max(updates_table.c.id)).where(updates_table.c.session_id == session_id)
            )
            return int(found.scalar() or 0)

    async def compact(
        self, session_id: str, version: int, state: bytes, facts: dict[str, Any], last_update_id: int
    ) -> None:
        """Keeps a whole state, so that loading is quick. Rows are never deleted, and the snapshot before stays.

        `state` must be made of the log itself, of every row up to `last_update_id`."""
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(snapshots_table).values(
                    session_id=session_id,
                    version=version,
                    last_update_id=last_update_id,
                    created_at_ms=int(self._now() * 1000),
                    digest=hashlib.sha256(state).hexdigest(),
                    state=state,
                    facts=orjson.dumps(facts),
                )
            )
            kept = (
                select(snapshots_table.c.id)
                .where(snapshots_table.c.session_id == session_id)
                .order_by(snapshots_table.c.version.desc(), snapshots_table.c.id.desc())
                .limit(SNAPSHOTS_KEPT)
            )
            keep = list((await connection.execute(kept)).scalars())
            await connection.execute(
                delete(snapshots_table).where(
                    snapshots_table.c.session_id == session_id, snapshots_table.c.id.not_in(keep)
                )
            )

    async def name_version(self, session_id: str, version: int, name: str, actor_id: str) -> VersionInfo:
        created_at_ms = int(self._now() * 1000)
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(versions_table).values(
                    session_id=session_id,
                    version=version,
                    name=name.encode("utf-8", "replace"),
                    actor_id=actor_id,
                    created_at_ms=created_at_ms,
                )
            )
        return VersionInfo(version, (actor_id,), created_at_ms, name)

    async def versions(self, session_id: str) -> list[VersionInfo]:
        """The named ones, newest first."""
        async with self._engine.connect() as connection:
            found = await connection.execute(
                select(versions_table)
                .where(versions_table.c.session_id == session_id)
                .order_by(versions_table.c.version.desc(), versions_table.c.id.desc())
            )
            return [
                VersionInfo(row["version"], (row["actor_id"],), row["created_at_ms"], row["name"].decode())
                for row in found.mappings()
            ]

    async def set_aside(self, session_id: str, version: int, *, rows: bool = True) -> int:
        """Takes the rows of a version out of the log, and every snapshot that was made of them; returns how many.

        The rows are kept elsewhere as they were. Without `rows` only the snapshots go, which the log can replace."""
        columns = updates_table.c
        chosen = (columns.session_id == session_id, columns.version == version, true() if rows else false())
        moved = [column.name for column in updates_table.columns]
        async with self._engine.begin() as connection:
            taken = select(*(columns[name] for name in moved), literal(int(self._now() * 1000))).where(*chosen)
            await connection.execute(insert(set_aside_table).from_select([*moved, "set_aside_at_ms"], taken))
            gone = await connection.execute(delete(updates_table).where(*chosen))
            await connection.execute(
                delete(snapshots_table).where(
                    snapshots_table.c.session_id == session_id, snapshots_table.c.version >= version
                )
            )
        return int(gone.rowcount)

    async def delete(self, session_id: str) -> None:
        """Removes all that is kept of a session; its room must be gone by then."""
        async with self._engine.begin() as connection:
            for table in (updates_table, snapshots_table, versions_table, faults_table, set_aside_table):
                await connection.execute(delete(table).where(table.c.session_id == session_id))


def _row(row: RowMapping) -> LogRow:
    return LogRow(row["id"], row["version"], row["actor_id"], row["created_at_ms"], row["update"], row["undoes"])
