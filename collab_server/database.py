"""The engine: one SQLAlchemy URL, SQLite or PostgreSQL, with the pragmas and pool that make each durable and quick.

No table and no query lives here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import crdt.tables
import executor.tables
from collab_server import tables

METADATA: list[MetaData] = [tables.metadata, crdt.tables.metadata, executor.tables.metadata]
BUSY_TIMEOUT_MS = 10_000
POOL_CONNECTIONS = 10
POOL_WAIT_S = 10


def connect(url: str) -> AsyncEngine:
    """An engine for `url`; nothing is opened until it is used."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_async_engine(
            url, pool_size=POOL_CONNECTIONS, max_overflow=POOL_CONNECTIONS, pool_timeout=POOL_WAIT_S, pool_pre_ping=True
        )
    engine = create_async_engine(url, pool_size=POOL_CONNECTIONS, pool_timeout=POOL_WAIT_S)

    @event.listens_for(engine.sync_engine, "connect")
    def pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        # WAL lets readers go on while one writes; FULL makes a commit survive a power cut, which is what `saved` promises.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
