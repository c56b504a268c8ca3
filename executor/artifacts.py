"""Files that runs left behind and that are too large to travel in an event: kept for download, the oldest dropped first.

Who may read one is never decided here; what a program wrote is bytes and is never looked into.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from executor.tables import execution_artifacts

PRUNE_ROWS_MAX = 1_000


@dataclass(frozen=True)
class KeptFile:
    name: str
    content: bytes


async def keep(connection: AsyncConnection, execution_id: str, files: Sequence[KeptFile], now_ms: int) -> None:
    """In the transaction that ends the run."""
    rows = [
        {
            "execution_id": execution_id, "name": file.name, "size": len(file.content), "content": file.content,
            "created_at": now_ms,
        }
        for file in files
    ]  # fmt: skip
    if rows:
        await connection.execute(insert(execution_artifacts), rows)


async def read(engine: AsyncEngine, execution_id: str, name: str) -> bytes | None:
    """None when it was not kept, or was dropped since."""
    table = execution_artifacts
    query = select(table.c.content).where(table.c.execution_id == execution_id, table.c.name == name)
    async with engine.connect() as connection:
        content = (await connection.execute(query)).scalar_one_or_none()
    return None if content is None else bytes(content)


async def prune(engine: AsyncEngine, bytes_max: int) -> int:
    """Drops the oldest until what is kept fits; returns how many files went."""
    table = execution_artifacts
    async with engine.begin() as connection:
        total = (await connection.execute(select(func.coalesce(func.sum(table.c.size), 0)))).scalar_one()
        if total <= bytes_max:
            return 0
        oldest = select(table.c.id, table.c.size).order_by(table.c.id).limit(PRUNE_ROWS_MAX)
        gone: list[int] = []
        for row in (await connection.execute(oldest)).all():
            if total <= bytes_max:
                break
            gone.append(row.id)
            total -= row.size
        await connection.execute(delete(table).where(table.c.id.in_(gone)))
    return len(gone)
