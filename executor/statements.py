"""What SQLite and PostgreSQL take alike: statements for a row that may be there already, and texts that both can keep.

Which rows, and why, is the caller's.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Integer, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def storable(text: str) -> str:
    """A text that every database takes: PostgreSQL has no NUL, and a lone surrogate is no character."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


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


def floored(moment: ColumnElement[int], step_ms: int) -> ColumnElement[int]:
    """The first millisecond of the hour or day that a moment lies in."""
    # Written out, because PostgreSQL does not see two parameters as the same expression.
    return moment - moment % literal_column(str(step_ms), Integer)


def _insert(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).values(**values)
    return sqlite.insert(table).values(**values)
