"""Databases for what is promised on both: a fresh SQLite file or a fresh PostgreSQL database, with the tables that a test wants.
Nothing is expected here; `either_database` gives a test one of each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.support.postgres_server import PostgresServer


@asynccontextmanager
async def filled_with(
    metadata: MetaData, url: str, connect: Callable[[str], AsyncEngine] = create_async_engine
) -> AsyncIterator[AsyncEngine]:
    """An engine on a database that has these tables."""
    engine = connect(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
async def either_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty one."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return await server.create_database()
