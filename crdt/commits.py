"""How rows of the log reach the store: one transaction for all that is given, by the quickest way the store has.
What is committed together, and what follows a failure, is log.py's."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, Protocol, TypeAlias

from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from crdt.tables import updates_table

Row: TypeAlias = tuple[str, str, int, str, int, bytes, bytes | None]
# A database that says nothing for so long has failed: it is told, and tried again. SQLite has its busy_timeout.
COMMIT_S = 10.0
# Each number of rows is a statement of its own, which the connection keeps prepared (128 of them).
ROWS_PER_STEP_MAX = 100
COLUMNS = ("row_key", "session_id", "version", "actor_id", "created_at_ms", "update", "undoes")


class Commits(Protocol):
    """All rows or none, in their order. A row whose key is there already was written by an attempt whose answer was lost."""

    async def commit(self, rows: Sequence[Row]) -> None: ...

    async def close(self) -> None: ...


def commits_to(engine: AsyncEngine) -> Commits:
    in_memory = engine.url.database in (None, "", ":memory:")
    if engine.dialect.name == "postgresql":
        return PostgresCommits(engine)
    return MemoryCommits(engine) if in_memory else SqliteCommits(engine)


INSERT = sqlite.insert(updates_table).on_conflict_do_nothing(index_elements=["row_key"])
# Texts of any length, so that one that is too long for its column is refused and not cut. The constraint goes by its name, because in
# a table that was partitioned (docs/operations.md) it has another column with it.
INSERT_ARRAYS = """
INSERT INTO document_updates (row_key, session_id, version, actor_id, created_at_ms, "update", undoes)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bytea[], $7::bytea[])
ON CONFLICT ON CONSTRAINT uq_document_updates_row_key DO NOTHING
"""


class MemoryCommits:
    """Through SQLAlchemy: a database in memory is its connections' alone."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def commit(self, rows: Sequence[Row]) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(INSERT, [dict(zip(COLUMNS, row, strict=True)) for row in rows])

    async def close(self) -> None:
        return None


class PostgresCommits:
    """A connection of the engine's that is kept, and one statement with an array for each column. It is a transaction by
    itself, so a commit is one message there and one back. COPY is as quick, but cannot leave out the rows that are there."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._kept: AsyncConnection | None = None
        self._driver: Any = None

    async def commit(self, rows: Sequence[Row]) -> None:
        try:
            async with asyncio.timeout(COMMIT_S):
                if self._driver is None or self._driver.is_closed():
                    await self._connect()
                await self._driver.fetch(INSERT_ARRAYS, *map(list, zip(*rows, strict=True)))
        except BaseException:
            await self._let_go()
            raise

    async def _connect(self) -> None:
        await self._let_go()
        self._kept = await self._engine.connect()
        self._driver = (await self._kept.get_raw_connection()).driver_connection

    async def _let_go(self) -> None:
        """Whatever it is in the middle of: nobody else is to get this connection."""
        kept, self._kept, self._driver = self._kept, None, None
        if kept is not None:
            await kept.invalidate()
            await kept.close()

    async def close(self) -> None:
        kept, self._kept, self._driver = self._kept, None, None
        if kept is not None:
            await kept.close()


class SqliteCommits:
    """A connection in a thread of its own: the event loop hands a transaction over and hears when it is done, instead of
    waking a thread for every statement."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "log-commits")
        self._connection: sqlite3.Connection | None = None
        compiled = INSERT.compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=COLUMNS)
        self._head, self._values, self._tail = str(compiled).partition(f"({', '.join('?' * len(COLUMNS))})")

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
            # Every step of SQLite lets go of the interpreter and takes it again, which the event loop feels: few, large steps.
            if len(rows) <= ROWS_PER_STEP_MAX:
                self._insert(connection, rows)
                return
            connection.execute("BEGIN IMMEDIATE")
            for at in range(0, len(rows), ROWS_PER_STEP_MAX):
                self._insert(connection, rows[at : at + ROWS_PER_STEP_MAX])
            connection.execute("COMMIT")
        except BaseException:
            self._connection = None
            connection.close()
            raise

    def _insert(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        values = ", ".join([self._values] * len(rows))
        connection.execute(f"{self._head}{values}{self._tail}", list(chain.from_iterable(rows)))

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
