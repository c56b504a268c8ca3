"""The database's form, version by version: brings any earlier one forward, and may be interrupted and run again."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

HERE = Path(__file__).resolve().parent


def config(connection: Connection) -> Config:
    """Alembic's configuration for an open connection; there is no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["connection"] = connection
    return made


class NewerDatabase(Exception):
    """The database has a form that this version does not know; the text names both and says what to do."""


def require_known(connection: Connection) -> None:
    """Raises NewerDatabase for a form that is not among ours; an empty database, or an older one, is fine."""
    scripts = ScriptDirectory.from_config(config(connection))
    ours = {script.revision for script in scripts.walk_revisions()}
    for found in MigrationContext.configure(connection).get_current_heads():
        if found not in ours:
            raise NewerDatabase(
                f"the database is of form {found}, and collab-server {version('collab-server')} knows forms up to "
                f"{scripts.get_current_head()}: a newer version has written it. Install that version, or restore a backup "
                "from before the upgrade"
            )


async def upgrade(engine: AsyncEngine) -> None:
    """Bring the database to the newest form; does nothing when it is there. Raises NewerDatabase."""

    def forward(connection: Connection) -> None:
        require_known(connection)
        command.upgrade(config(connection), "head")

    async with engine.begin() as connection:
        await connection.run_sync(forward)
