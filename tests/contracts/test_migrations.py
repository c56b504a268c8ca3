"""Promises about the database's form: every earlier version comes forward, twice does no harm, and reports find their views."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import database, migrations
from executor.tables import executions, usage
from tests.support.processes import CONSOLE_SCRIPT


@pytest.fixture
async def engine(either_database: str) -> AsyncIterator[AsyncEngine]:
    made = database.connect(either_database)
    yield made
    await made.dispose()


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    # alembic takes several, though its types say one.
    return list(compare_metadata(context, cast("MetaData", database.METADATA)))


async def test_the_migrations_make_just_the_tables_that_the_code_has(engine: AsyncEngine) -> None:
    await migrations.upgrade(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_each_version_comes_forward_with_what_is_in_it(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(lambda bare: command.upgrade(migrations.config(bare), "0001"))
        await connection.execute(
            text(
                "INSERT INTO users (id, name, tier, admin, suspended, created_at) VALUES ('ada', 'Ada', 'basic', :no, :no, 1)"
            ),
            {"no": False},
        )
    await migrations.upgrade(engine)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT name, overrides FROM users"))).all() == [("Ada", None)]
        assert await connection.run_sync(differences) == []


async def test_nodes_that_start_at_once_bring_it_forward_once(engine: AsyncEngine, tmp_path: Path) -> None:
    settings = {
        "COLLAB_DATABASE_URL": engine.url.render_as_string(hide_password=False), "COLLAB_DATA_DIR": str(tmp_path),
    }  # fmt: skip
    started = [
        await asyncio.create_subprocess_exec(
            str(CONSOLE_SCRIPT), "migrate", env=os.environ | settings, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    told = [(await process.communicate())[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], told
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_reports_read_runs_and_sessions_by_their_own_names(engine: AsyncEngine) -> None:
    await migrations.upgrade(engine)
    charged = {
        "actor_id": "ada", "language": "lua", "tier": "basic", "tier_version": 1, "wall_ms": 5, "memory_bytes": 6,
        "compute_micro_units": 7, "cost_micro_dollars": 8, "created_at": 9,
    }  # fmt: skip
    run = {"actor_name": "Ada", "node_id": "n", "entry": "m.lua", "digest": "d"}
    async with engine.begin() as connection:
        for id, status in (("one", "queued"), ("two", "completed")):
            await connection.execute(insert(executions).values(id=id, status=status, **charged, **run))
        await connection.execute(insert(usage).values(execution_id="two", **charged))
        rows = await connection.execute(
            text(
                "SELECT execution_id, client_id, status, billed, cost_micro_dollars FROM code_execution_usage ORDER BY id"
            )
        )
        assert [(row[0], row[1], row[2], bool(row[3]), row[4]) for row in rows] == [
            ("one", "ada", "PENDING", False, 8), ("two", "ada", "COMPLETED", True, 8),
        ]  # fmt: skip
        assert (await connection.execute(text("SELECT count(*) FROM code_execution_sessions"))).scalar() == 0
