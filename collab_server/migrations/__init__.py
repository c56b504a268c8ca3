"""The database's form, version by version: brings any earlier one forward, and may be interrupted and run again."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

HERE = Path(__file__).resolve().parent


def config(connection: Connection) -> Config:
    """Alembic's configuration for an open connection; there is no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["connection"] = connection
    return made


async def upgrade(engine: AsyncEngine) -> None:
    """Bring the database to the newest form; does nothing when it is there."""
    async with engine.begin() as connection:
        await connection.run_sync(lambda bare: command.upgrade(config(bare), "head"))
