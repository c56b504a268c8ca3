"""What is kept of each session: its rows, snapshots and named versions are read, made and removed here.
Appending changes is log.py's; what an update means is never looked at."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Collection
from typing import Any

import orjson
from sqlalchemy import Insert, RowMapping, String, delete, false, func, insert, literal, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from crdt.kept import Base, Loaded, LogRow, Snapshot, VersionInfo
from crdt.model import EditRefused
from crdt.tables import bases_table, faults_table, set_aside_table, snapshots_table, updates_table, versions_table

logger = logging.getLogger(__name__)

SNAPSHOTS_KEPT = 2
VERSIONS_MARKED = 50
# The first or last row of one session. As a bare column PostgreSQL may walk the primary key past the rows of all others to find it.
OWN_ID = updates_table.c.id + 0


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

    async def load(self, session_id: str, *, from_first: bool = False, up_to_id: int = 2**62) -> Loaded:
        """The newest whole snapshots and every row that the oldest of them does not contain.

        `from_first`: no snapshot, and every row that is kept."""
        while True:
            async with self._engine.connect() as connection:
                floor = await self._floor(connection, session_id)
                snapshots = [] if from_first else await self._snapshots(connection, session_id, None, floor)
                if not snapshots and floor is not None:
                    snapshots = [floor]
                after = snapshots[-1].last_update_id if snapshots else 0
                columns = updates_table.c
                query = select(updates_table).where(columns.session_id == session_id, columns.id > after)
                found = await connection.execute(query.where(columns.id <= up_to_id).order_by(columns.id))
                rows = tuple(_row(row) for row in found.mappings())
                if await self._stands(connection, session_id, floor):
                    return Loaded(tuple(snapshots), rows)

    async def load_at(self, session_id: str, version: int) -> Loaded:
        """What the session was made of at `version`; EditRefused `gone` where that is not kept any more."""
        while True:
            async with self._engine.connect() as connection:
                floor = await self._floor(connection, session_id)
                if floor is not None and version < floor.version:
                    named = await self._base(connection, session_id, is_floor=False, version=version)
                    if named is None:
                        raise _gone(version, floor.version)
                    return Loaded((named,), ())
                snapshots = (await self._snapshots(connection, session_id, version, floor))[:1]
                if not snapshots and floor is not None:
                    snapshots = [floor]
                after = snapshots[0].last_update_id if snapshots else 0
                columns = updates_table.c
                query = select(updates_table).where(
                    columns.session_id == session_id, columns.id > after, columns.version <= version
                )
                found = await connection.execute(query.order_by(columns.id))
                rows = tuple(_row(row) for row in found.mappings())
                if await self._stands(connection, session_id, floor):
                    return Loaded(tuple(snapshots), rows)

    async def rows_between(self, session_id: str, after: int, up_to: int, *, limit: int) -> list[LogRow]:
        """The rows of the versions behind `after`, in the order in which they were saved."""
        columns = updates_table.c
        query = select(updates_table).where(
            columns.session_id == session_id, columns.version > after, columns.version <= up_to
        )
        async with self._engine.connect() as connection:
            rows = [_row(row) for row in (await connection.execute(query.order_by(columns.id).limit(limit))).mappings()]
            await self._require(connection, session_id, after)
        return rows

    async def page_behind(
        self, session_id: str, after: int, up_to: int, *, rows_max: int, bytes_max: int
    ) -> list[LogRow]:
        """The rows of the next versions behind `after`, whole versions and at least one."""
        columns = updates_table.c
        mine = (columns.session_id == session_id, columns.version > after, columns.version <= up_to)
        sizes = select(columns.version, func.length(columns.update)).where(*mine)
        async with self._engine.connect() as connection:
            found = (await connection.execute(sizes.order_by(columns.version, columns.id).limit(rows_max + 1))).all()
            await self._require(connection, session_id, after)
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
            page = [_row(row) for row in (await connection.execute(rows)).mappings()]
            await self._require(connection, session_id, after)
        return page

    async def versions_by(self, session_id: str, actor_id: str, *, limit: int) -> list[int]:
        """What an actor changed, newest first."""
        columns = updates_table.c
        mine = (columns.session_id == session_id, columns.actor_id == actor_id)
        query = select(columns.version).where(*mine).group_by(columns.version).order_by(columns.version.desc())
        async with self._engine.connect() as connection:
            return list((await connection.execute(query.limit(limit))).scalars())

    async def marks(self, session_ids: Collection[str]) -> dict[str, str]:
        """For each session what its log looks like at its end: another mark means that something was saved since.

        Several nodes number their versions side by side, so the rows of the last ones are counted too."""
        if not session_ids:
            return {}
        asked = union_all(*(select(literal(each, String).label("session_id")) for each in session_ids)).subquery(
            "asked"
        )
        columns, aside = updates_table.c, set_aside_table.c
        newest = func.coalesce(
            select(columns.version).where(columns.session_id == asked.c.session_id)
            .order_by(columns.version.desc()).limit(1).correlate(asked).scalar_subquery(),
            0,
        )  # fmt: skip
        rows = select(func.count()).where(
            columns.session_id == asked.c.session_id, columns.version > newest - VERSIONS_MARKED
        )
        removed = select(func.count()).where(aside.session_id == asked.c.session_id)
        query = select(
            asked.c.session_id,
            newest,
            rows.correlate(asked).scalar_subquery(),
            removed.correlate(asked).scalar_subquery(),
        )
        async with self._engine.connect() as connection:
            return {row[0]: f"{row[1]}:{row[2]}:{row[3]}" for row in await connection.execute(query)}

    async def first_version(self, session_id: str) -> int:
        """The oldest version that all of the history since is kept of."""
        async with self._engine.connect() as connection:
            floor = await self._floor(connection, session_id)
        return 0 if floor is None else floor.version

    async def _floor(self, connection: AsyncConnection, session_id: str) -> Snapshot | None:
        return await self._base(connection, session_id, is_floor=True)

    async def _base(
        self, connection: AsyncConnection, session_id: str, *, is_floor: bool, version: int | None = None
    ) -> Snapshot | None:
        columns = bases_table.c
        query = select(bases_table).where(columns.session_id == session_id, columns.is_floor.is_(is_floor))
        if version is not None:
            query = query.where(columns.version == version)
        row = (await connection.execute(query.order_by(columns.version.desc()).limit(1))).mappings().first()
        if row is None:
            return None
        if hashlib.sha256(row["state"]).hexdigest() != row["digest"]:
            logger.error("the base of session %s at version %d is damaged", session_id, row["version"])
        return Snapshot(row["version"], row["last_update_id"], row["state"], orjson.loads(row["facts"]))

    async def _stands(self, connection: AsyncConnection, session_id: str, floor: Snapshot | None) -> bool:
        """Whether the floor is where it was: else rows may have gone between two statements."""
        query = select(func.max(bases_table.c.last_update_id)).where(
            bases_table.c.session_id == session_id, bases_table.c.is_floor.is_(True)
        )
        return int((await connection.execute(query)).scalar() or 0) == (0 if floor is None else floor.last_update_id)

    async def _require(self, connection: AsyncConnection, session_id: str, after: int) -> None:
        query = select(func.max(bases_table.c.version)).where(
            bases_table.c.session_id == session_id, bases_table.c.is_floor.is_(True)
        )
        first = int((await connection.execute(query)).scalar() or 0)
        if after < first:
            raise _gone(after, first)

    async def _snapshots(
        self, connection: AsyncConnection, session_id: str, up_to_version: int | None, floor: Snapshot | None
    ) -> list[Snapshot]:
        query = select(snapshots_table).where(snapshots_table.c.session_id == session_id)
        if floor is not None:
            # One that was being made while the floor rose builds on rows that are gone.
            query = query.where(snapshots_table.c.last_update_id >= floor.last_update_id)
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
        found = [
            VersionInfo(version, tuple(actors), created_at_ms, named.get(version))
            for version, (actors, created_at_ms) in collected.items()
        ]
        if len(found) < limit:
            # Named ones stay when the history around them goes.
            oldest = min(collected, default=2**62 if before is None else before)
            found.extend(version for version in await self.versions(session_id) if version.version < oldest)
        return found[:limit]

    # -- snapshots and names -------------------------------------------------------------------------------------

    async def last_update_id(self, session_id: str) -> int:
        async with self._engine.connect() as connection:
            found = await connection.execute(select(func.max(OWN_ID)).where(updates_table.c.session_id == session_id))
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

    async def begin(self, session_id: str, base: Base, connection: AsyncConnection) -> None:
        """Lets the log of a session that has none yet begin with a state of another one, at its version."""
        await connection.execute(base_row(session_id, base, is_floor=True, now=self._now))

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
            for table in (updates_table, snapshots_table, bases_table, versions_table, faults_table, set_aside_table):
                await connection.execute(delete(table).where(table.c.session_id == session_id))


def _row(row: RowMapping) -> LogRow:
    return LogRow(row["id"], row["version"], row["actor_id"], row["created_at_ms"], row["update"], row["undoes"])


def base_row(session_id: str, base: Base, *, is_floor: bool, now: Callable[[], float]) -> Insert:
    return insert(bases_table).values(
        session_id=session_id,
        version=base.version,
        is_floor=is_floor,
        last_update_id=base.last_update_id,
        created_at_ms=int(now() * 1000),
        digest=hashlib.sha256(base.state).hexdigest(),
        state=base.state,
        facts=orjson.dumps(base.facts),
    )


def _gone(version: int, first: int) -> EditRefused:
    return EditRefused("gone", f"the history of version {version} is not kept any more; it begins at version {first}")
