"""The statements that SQLite and PostgreSQL spell alike and SQLAlchemy has only by dialect: a row that may be there already.

Which rows, and why, is the caller's.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def insert_unless_there(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Inserts a row; False when one with its key is there, which stays as it is."""
    made = await connection.execute(_insert(connection, table, values).on_conflict_do_nothing())
    return bool(made.rowcount == 1)


async def insert_or_replace(
    connection: AsyncConnection, table: Table, values: Mapping[str, Any], *, key: Collection[str]
) -> None:
    """Inserts a row, or gives the one with the same `key` these values."""
    statement = _insert(connection, table, values)
    rest = {name: statement.excluded[name] for name in values if name not in key}
    await connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=rest))


def _insert(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).values(**values)
    return sqlite.insert(table).values(**values)
