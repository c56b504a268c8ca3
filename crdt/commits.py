"""How rows of the log reach the store: one transaction for all that is given, by the quickest way the store has.
What is committed together, and what follows a failure, is log.py's."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from crdt.tables import updates_table

Row: TypeAlias = tuple[str, str, int, str, int, bytes, bytes | None]
# A database that says nothing for so long has failed: it is told, and tried again. SQLite has its busy_timeout.
COMMIT_S = 10.0
COLUMNS = ("row_key", "session_id", "version", "actor_id", "created_at_ms", "update", "undoes")


class Commits(Protocol):
    """All rows or none, in their order. A row whose key is there already was written by an attempt whose answer was lost."""

    async def commit(self, rows: Sequence[Row]) -> None: ...

    async def close(self) -> None: ...


def commits_to(engine: AsyncEngine) -> Commits:
    in_memory = engine.url.database in (None, "", ":memory:")
    if engine.dialect.name == "sqlite" and not in_memory:
        return SqliteCommits(engine)
    return EngineCommits(engine)


def _insert(dialect: str) -> Insert:
    if dialect == "postgresql":
        return postgresql.insert(updates_table).on_conflict_do_nothing(index_elements=["row_key"])
    return sqlite.insert(updates_table).on_conflict_do_nothing(index_elements=["row_key"])


class EngineCommits:
    """Through SQLAlchemy, whatever the database is."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._insert = _insert(engine.dialect.name)

    async def commit(self, rows: Sequence[Row]) -> None:
        async with asyncio.timeout(COMMIT_S), self._engine.begin() as connection:
            await connection.execute(self._insert, [dict(zip(COLUMNS, row, strict=True)) for row in rows])

    async def close(self) -> None:
        return None


class SqliteCommits:
    """A connection in a thread of its own: the event loop hands a transaction over and hears when it is done, instead of
    waking a thread for every statement."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "log-commits")
        self._connection: sqlite3.Connection | None = None
        compiled = _insert("sqlite").compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=COLUMNS)
        self._statement = str(compiled)

    async def commit(self, rows: Sequence[Row]) -> None:
        if self._connection is None:
            await self._connect()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, rows)

    async def _connect(self) -> None:
        # As the engine connects, and as durable.
        async with self._engine.connect() as like:
            pragmas = [
                f"PRAGMA {name}={(await like.exec_driver_sql(f'PRAGMA {name}')).scalar()}"
                for name in ("synchronous", "busy_timeout")
            ]
        arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._open, arguments, options, pragmas)

    def _open(self, arguments: Sequence[str], options: MutableMapping[str, Any], pragmas: Sequence[str]) -> None:
        options.update(isolation_level=None, check_same_thread=False)
        connection = sqlite3.connect(arguments[0], **options)
        for pragma in pragmas:
            connection.execute(pragma)
        self._connection = connection

    def _write(self, rows: Sequence[Row]) -> None:
        connection = self._connection
        assert connection is not None
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(self._statement, rows)
            connection.execute("COMMIT")
        except BaseException:
            self._connection = None
            connection.close()
            raise

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
