"""Writes a migration for what the tables have become: `new_migration.py "what changed"`. Read it before it is committed."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command

from collab_server import database, migrations


async def main(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = database.connect(f"sqlite+aiosqlite:///{Path(folder) / 'now.sqlite3'}")
        await migrations.upgrade(engine)
        async with engine.begin() as connection:
            await connection.run_sync(
                lambda bare: command.revision(migrations.config(bare), message, autogenerate=True, rev_id=next_id())
            )
        await engine.dispose()


def next_id() -> str:
    return f"{len(list((migrations.HERE / 'versions').glob('*.py'))) + 1:04d}"


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
