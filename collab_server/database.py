"""The engine: one SQLAlchemy URL, SQLite or PostgreSQL, with the pragmas and pool that make each durable and quick.

No table and no query lives here.
"""

from __future__ import annotations

from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import MetaData, event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import crdt.tables
import executor.tables
from collab_server import tables
from collab_server.errors import ActionError

METADATA: list[MetaData] = [tables.metadata, crdt.tables.metadata, executor.tables.metadata]
BUSY_TIMEOUT_MS = 10_000
POOL_CONNECTIONS = 10
POOL_WAIT_S = 10
CONNECT_S = 10
# A server that is silent for so long has failed. Migrations and reports over everything take as long as they take.
STATEMENT_S = 15
CHARACTER_NOT_IN_REPERTOIRE = "22021"


def connect(url: str, statement_s: float | None = None) -> AsyncEngine:
    """An engine for `url`; nothing is opened until it is used. `statement_s` is how long PostgreSQL may take to answer."""
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_async_engine(
            url,
            pool_size=POOL_CONNECTIONS,
            max_overflow=POOL_CONNECTIONS,
            pool_timeout=POOL_WAIT_S,
            pool_pre_ping=True,
            connect_args={"timeout": CONNECT_S, "command_timeout": statement_s, "async_creator_fn": _reach},
        )
        event.listen(engine.sync_engine, "handle_error", _tell_of_nul)
        return engine
    engine = create_async_engine(url, pool_size=POOL_CONNECTIONS, pool_timeout=POOL_WAIT_S)

    @event.listens_for(engine.sync_engine, "connect")
    def pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        # WAL lets readers go on while one writes; FULL makes a commit survive a power cut, which is what `saved` promises.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _tell_of_nul(context: ExceptionContext) -> None:
    """PostgreSQL keeps no text with a NUL, and looks for none: whoever brings one is told, wherever it was."""
    if getattr(context.original_exception, "sqlstate", None) == CHARACTER_NOT_IN_REPERTOIRE:
        raise ActionError("a text with the character NUL (U+0000) cannot be kept or looked for", code="invalid")


async def _reach(*where: Any, **how: Any) -> Any:
    """A connection to PostgreSQL. Whatever is in the way (nobody there, starting up, no connection left) is one error."""
    try:
        return await asyncpg.connect(*where, **how)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise ConnectionError(f"the database cannot be reached: {error or type(error).__name__}") from error
