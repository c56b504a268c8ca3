"""Fixtures of the executor's tests: a real pool of real processes, and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from executor.pool import LocalPool, PoolLimits
from executor.tables import metadata


@pytest.fixture
async def pool() -> AsyncIterator[LocalPool]:
    pool = LocalPool(limits=PoolLimits(idle_min=1))
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'executor.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()
