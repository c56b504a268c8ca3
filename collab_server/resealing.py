"""Seals everything in the database anew, under the key in force: what follows on a change of the key.

Which keys there are and how sealing is done is sealing.py's; here are the columns that hold what is sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, LargeBinary, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import database, migrations
from collab_server.acts import OPERATOR, audited
from collab_server.errors import Conflict
from collab_server.sealing import (
    KEY_FILE,
    OLD_KEY_FILE,
    Sealer,
    Unsealable,
    change_key,
    place_of_answer,
    place_of_secret,
)
from collab_server.settings import Settings
from collab_server.tables import idempotency, secrets, webhooks

ROWS_PER_TRANSACTION = 200
OLD_STAYS = (
    f"{OLD_KEY_FILE} still opens what a server seals that has not met the new key yet: restart what runs, "
    f"`collab-server secrets reseal` once more, then take {OLD_KEY_FILE} away"
)

# Where something is sealed: the column, and its place by the primary key of its row.
SEALED: tuple[tuple[Column[Any], Callable[..., str]], ...] = (
    (secrets.c.sealed, place_of_secret),
    (webhooks.c.secret, lambda webhook_id: webhook_id),
    (idempotency.c.body, place_of_answer),
)


@dataclass
class Report:
    """How many were sealed under another key, under the one in force, and under none that is known."""

    resealed: int = 0
    kept: int = 0
    lost: int = 0


async def reseal(settings: Settings, *, new_key: bool, now_ms: Callable[[], int]) -> Report:
    """Go through everything; a row that somebody changes meanwhile is theirs. Raises Conflict."""
    if new_key:
        _change_key(settings)
    sealer, report = Sealer.of(settings), Report()
    engine = database.connect(settings.database)
    try:
        await migrations.upgrade(engine)
        for column, place in SEALED:
            await _reseal(engine, column, place, sealer, report)
        async with engine.begin() as connection:
            told = {"resealed": report.resealed, "kept": report.kept, "lost": report.lost, "newKey": new_key}
            await audited(connection, now_ms(), OPERATOR, "secrets.resealed", "", **told)
    finally:
        await engine.dispose()
    return report


def _change_key(settings: Settings) -> None:
    if settings.secret_key:
        raise Conflict(
            "the key is in COLLAB_SECRET_KEY: set a new one there (`openssl rand -base64 32`), name the one of before in "
            "COLLAB_SECRET_KEYS_ACCEPTED, restart, and then `collab-server secrets reseal`"
        )
    Sealer.of(settings)  # there is a key to change
    try:
        change_key(settings.data_dir)
    except FileExistsError:
        raise Conflict(
            f"{OLD_KEY_FILE} is from an earlier change of {KEY_FILE}: `collab-server secrets reseal`, take it away, and then "
            "change the key again"
        ) from None


async def _reseal(
    engine: AsyncEngine, column: Column[Any], place: Callable[..., str], sealer: Sealer, report: Report
) -> None:
    table = column.table
    assert isinstance(column.type, LargeBinary)
    keys = list(table.primary_key.columns)
    async with engine.connect() as connection:
        rows = (await connection.execute(select(*keys).where(column.is_not(None)))).all()
    for some in _portions(rows):
        async with engine.begin() as connection:
            for row in some:
                mine = [key == value for key, value in zip(keys, row, strict=True)]
                sealed = (await connection.execute(select(column).where(*mine))).scalar()
                if sealed is None:
                    continue  # it was taken away meanwhile
                try:
                    anew = sealer.resealed(sealed, place(*row))
                except Unsealable:
                    report.lost += 1
                    continue
                if anew is None:
                    report.kept += 1
                    continue
                still = update(table).where(*mine, column == sealed).values({column: anew})
                report.resealed += (await connection.execute(still)).rowcount


def _portions(rows: Any) -> Iterator[Any]:
    for begin in range(0, len(rows), ROWS_PER_TRANSACTION):
        yield rows[begin : begin + ROWS_PER_TRANSACTION]
