"""The store's part of letting old history go: which rows may, and the state that stands for them.
When and for whom is retention.py's; nothing is read for its meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select

from crdt.archive import OWN_ID, Archive, base_row
from crdt.kept import Base
from crdt.tables import bases_table, snapshots_table, updates_table, versions_table


class Clearing(Archive):
    """An archive whose oldest rows may go."""

    async def long_sessions(self, before_ms: int | None, rows_max: int, *, limit: int) -> list[str]:
        """Sessions with rows older than `before_ms`, or with more than `rows_max`."""
        columns = updates_table.c
        found: dict[str, None] = {}
        async with self._engine.connect() as connection:
            if before_ms is not None:
                query = select(columns.session_id).where(columns.created_at_ms < before_ms).distinct().limit(limit)
                found.update(dict.fromkeys((await connection.execute(query)).scalars()))
            if rows_max:
                many = select(columns.session_id).group_by(columns.session_id).having(func.count() > rows_max)
                found.update(dict.fromkeys((await connection.execute(many.limit(limit))).scalars()))
        return list(found)[:limit]

    async def last_to_go(
        self, session_id: str, before_ms: int | None, rows_max: int, settled_ms: int, *, limit: int
    ) -> int | None:
        """The id of the last row that may go: too old or too many, and all of its version with it."""
        columns = updates_table.c
        mine = columns.session_id == session_id
        ids = select(columns.id).where(mine).order_by(OWN_ID)
        async with self._engine.connect() as connection:

            async def one(query: Any) -> int | None:
                value: int | None = (await connection.execute(query)).scalar()
                return value

            many = await one(select(func.count()).where(mine)) or 0
            wishes = [-1]
            if before_ms is not None:
                younger = await one(select(func.min(OWN_ID)).where(mine, columns.created_at_ms >= before_ms))
                below = select(func.max(OWN_ID)).where(mine)
                wishes.append(await one(below if younger is None else below.where(columns.id < younger)) or -1)
            if rows_max and many > rows_max:
                wishes.append(await one(ids.offset(many - rows_max - 1).limit(1)) or -1)
            last = max(wishes)
            if many > limit:
                last = min(last, await one(ids.offset(limit - 1).limit(1)) or -1)
            unsettled = await one(select(func.min(OWN_ID)).where(mine, columns.created_at_ms >= settled_ms))
            if unsettled is not None:
                last = min(last, unsettled - 1)
            version = await one(select(func.max(columns.version)).where(mine, columns.id <= last))
            if version is None:
                return None
            last = await one(select(func.max(OWN_ID)).where(mine, columns.version <= version)) or last
            return last if unsettled is None or last < unsettled else None

    async def named_without_base(self, session_id: str, below: int) -> list[int]:
        """Named versions that would be out of reach if the floor were at `below`."""
        names, bases = versions_table.c, bases_table.c
        have = select(bases.version).where(bases.session_id == session_id, bases.is_floor.is_(False))
        query = select(names.version).where(
            names.session_id == session_id, names.version < below, names.version.not_in(have)
        )
        async with self._engine.connect() as connection:
            floor = await self._floor(connection, session_id)
            found = set((await connection.execute(query)).scalars())
        return sorted(version for version in found if floor is None or version >= floor.version)

    async def raise_floor(self, session_id: str, floor: Base, named: Sequence[Base], *, rows: int) -> int:
        """Puts the floor in the place of the `rows` rows that it is made of, all or nothing; 0 where it is not them
        any more that are there."""
        columns = updates_table.c
        async with self._engine.connect() as connection, connection.begin() as transaction:
            old = delete(bases_table).where(bases_table.c.session_id == session_id, bases_table.c.is_floor.is_(True))
            await connection.execute(old)
            for base, is_floor in [(floor, True), *((base, False) for base in named)]:
                await connection.execute(base_row(session_id, base, is_floor=is_floor, now=self._now))
            await connection.execute(
                delete(snapshots_table).where(
                    snapshots_table.c.session_id == session_id,
                    snapshots_table.c.last_update_id < floor.last_update_id,
                )
            )
            gone = await connection.execute(
                delete(updates_table).where(columns.session_id == session_id, columns.id <= floor.last_update_id)
            )
            # Another node was faster, or a row came late: what the floor is made of is not what would go.
            if gone.rowcount != rows:
                await transaction.rollback()
                return 0
        return rows
