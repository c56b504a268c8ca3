"""The append-only record of every change, its snapshots and its named versions, in SQLite or PostgreSQL.
What an update means is never looked at here; a room hands over bytes and is told when they are safe."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

logger = logging.getLogger(__name__)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_Id = BigInteger().with_variant(Integer, "sqlite")

updates_table = Table(
    "document_updates",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    # Names the row for good, so that a commit whose answer was lost is not written twice.
    Column("row_key", String(64), nullable=False),
    Column("session_id", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("actor_id", String(255), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("update", LargeBinary, nullable=False),
    UniqueConstraint("row_key"),
)
Index(None, updates_table.c.session_id, updates_table.c.version, updates_table.c.id)

snapshots_table = Table(
    "document_snapshots",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("session_id", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("last_update_id", BigInteger, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("facts", LargeBinary, nullable=False),
)
Index(None, snapshots_table.c.session_id, snapshots_table.c.version)

versions_table = Table(
    "document_versions",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("session_id", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("actor_id", String(255), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
)
Index(None, versions_table.c.session_id, versions_table.c.version)

ROWS_PER_COMMIT_MAX = 2_000
BYTES_PER_COMMIT_MAX = 16 * 1024 * 1024
RETRY_FIRST_S = 0.05
RETRY_LAST_S = 5.0
SNAPSHOTS_KEPT = 2
EMPTY_STATE = b"\x00\x00"


@dataclass(frozen=True)
class LogRow:
    """One author's part of one version."""

    id: int
    version: int
    actor_id: str
    created_at_ms: int
    update: bytes


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


@dataclass(slots=True)
class _Entry:
    session_id: str
    rows: list[dict[str, Any]]
    size_bytes: int
    on_commit: Callable[[], None]
    on_failure: Callable[[BaseException], None] | None
    attempts: int = 0


class Log:
    """One writer task commits for all rooms of the process together, in order for each session."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        now: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        commit_interval_s: float = 0.02,
    ) -> None:
        self._engine = engine
        self._now = now
        self._prefix = new_id()
        self._count = 0
        # At most one commit per interval: the first after a pause goes at once, a stream of them goes together.
        self._commit_interval_s = commit_interval_s
        self._queue: deque[_Entry] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.commits = 0
        self.rows_committed = 0
        self.failures = 0

    async def start(self) -> None:
        if self._task is None:
            self._closing = False
            self._task = asyncio.create_task(self._write(), name="log-writer")

    async def close(self) -> None:
        """Returns when everything appended is committed."""
        if self._task is None:
            return
        self._closing = True
        self._wake.set()
        await self._task
        self._task = None

    @property
    def commits_in_id_order(self) -> bool:
        """Whether a row that shows up later has a higher id: where writers are many, a slow one may come in between."""
        return self._engine.dialect.name == "sqlite"

    @property
    def queued(self) -> int:
        return len(self._queue)

    # -- writing -------------------------------------------------------------------------------------------------

    def append(
        self, session_id: str, version: int, actor_id: str, update: bytes, on_commit: Callable[[], None]
    ) -> None:
        self.append_change(session_id, version, [(actor_id, update)], on_commit)

    def append_change(
        self,
        session_id: str,
        version: int,
        authored: Sequence[tuple[str, bytes]],
        on_commit: Callable[[], None],
        on_failure: Callable[[BaseException], None] | None = None,
    ) -> None:
        """One version, a row for each author. `on_failure` is called at every failed attempt; it is tried again."""
        created_at_ms = int(self._now() * 1000)
        rows = []
        for actor_id, update in authored:
            self._count += 1
            rows.append(
                {
                    "row_key": f"{self._prefix}:{self._count}",
                    "session_id": session_id,
                    "version": version,
                    "actor_id": actor_id,
                    "created_at_ms": created_at_ms,
                    "update": update,
                }
            )
        size = sum(len(update) for _, update in authored)
        self._queue.append(_Entry(session_id, rows, size, on_commit, on_failure))
        self._idle.clear()
        self._wake.set()

    async def flush(self) -> None:
        """Returns when nothing is waiting to be written."""
        await self._idle.wait()

    async def _write(self) -> None:
        backoff = 0.0
        loop = asyncio.get_running_loop()
        while True:
            if not self._queue:
                self._idle.set()
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            began = loop.time()
            failed = await self._commit_some()
            if failed:
                self.failures += 1
                backoff = min(max(backoff * 2, RETRY_FIRST_S), RETRY_LAST_S)
                await asyncio.sleep(backoff)
                continue
            backoff = 0.0
            rest = self._commit_interval_s - (loop.time() - began)
            if rest > 0 and not self._closing:
                await asyncio.sleep(rest)

    async def _commit_some(self) -> bool:
        batch: list[_Entry] = []
        rows = size = 0
        while self._queue and rows < ROWS_PER_COMMIT_MAX and size < BYTES_PER_COMMIT_MAX:
            entry = self._queue.popleft()
            batch.append(entry)
            rows += len(entry.rows)
            size += entry.size_bytes
        if all(entry.attempts == 0 for entry in batch):
            groups = [batch]
        else:
            # After a failure each session goes alone, so that one that cannot be written holds up no other.
            by_session: dict[str, list[_Entry]] = {}
            for entry in batch:
                by_session.setdefault(entry.session_id, []).append(entry)
            groups = list(by_session.values())
        unsaved: list[_Entry] = []
        for group in groups:
            try:
                await self._commit(group)
            except Exception as error:
                logger.warning("saving %d changes failed: %s", len(group), type(error).__name__)
                for entry in group:
                    entry.attempts += 1
                    if entry.on_failure is not None:
                        entry.on_failure(error)
                unsaved.extend(group)
                continue
            self.commits += 1
            for entry in group:
                self.rows_committed += len(entry.rows)
                entry.on_commit()
        # Back to the front and in their order: what came meanwhile is younger.
        self._queue.extendleft(reversed(unsaved))
        return bool(unsaved)

    async def _commit(self, group: list[_Entry]) -> None:
        rows = [row for entry in group for row in entry.rows]
        async with self._engine.begin() as connection:
            if any(entry.attempts for entry in group):
                rows = await self._unwritten(connection, rows)
            if rows:
                await connection.execute(insert(updates_table), rows)

    async def _unwritten(self, connection: AsyncConnection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        written: set[str] = set()
        keys = [row["row_key"] for row in rows]
        for at in range(0, len(keys), 500):
            found = await connection.execute(
                select(updates_table.c.row_key).where(updates_table.c.row_key.in_(keys[at : at + 500]))
            )
            written.update(found.scalars())
        return [row for row in rows if row["row_key"] not in written]

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

    async def delete(self, session_id: str) -> None:
        """Removes all that is kept of a session; its room must be gone by then."""
        async with self._engine.begin() as connection:
            for table in (updates_table, snapshots_table, versions_table):
                await connection.execute(delete(table).where(table.c.session_id == session_id))


def _row(row: RowMapping) -> LogRow:
    return LogRow(row["id"], row["version"], row["actor_id"], row["created_at_ms"], row["update"])
