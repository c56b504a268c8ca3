"""Which sessions a listing holds, and what it shows of their documents without opening them.

A document is opened only when it changed since it was last listed; who may see what is members.py's, no verb lives here.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, and_, delete, func, insert, or_, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.errors import Invalid
from collab_server.shapes.base import number
from collab_server.tables import listings, roles, sessions
from crdt.archive import Archive
from crdt.faults import Faults
from crdt.model import FileState
from crdt.room import Room
from crdt.rooms import Rooms

Scope = Literal["mine", "shared", "public"]
PAGE_MAX = 100
# Larger texts are not kept a second time: their session is opened when a listing is to hold them.
TEXTS_BYTES_MAX = 256 * 1024
WORDS_MAX = 8
BAD_CURSOR = "is not a cursor that this server gave"


@dataclass(frozen=True)
class Shown:
    """What is shown of a document; without the texts when they were not asked for."""

    files: list[FileState]
    version: int
    quarantined: str | None = None


class Listings:
    """What the table has of sessions, brought up to date by whoever looks."""

    def __init__(self, engine: AsyncEngine, rooms: Rooms, archive: Archive, faults: Faults) -> None:
        self._engine = engine
        self._rooms = rooms
        self._archive = archive
        self._faults = faults

    async def page(
        self, user_id: str, scope: Scope, *, now_ms: int, limit: int, cursor: str | None, q: str | None, archived: bool
    ) -> tuple[Sequence[RowMapping], str | None]:
        """The rows of a page, newest first, and the cursor of the next one."""
        query = select(sessions).where(
            sessions.c.deleted_at.is_(None),
            sessions.c.state.is_distinct_from("closed"),
            or_(sessions.c.expires_at.is_(None), sessions.c.expires_at > now_ms),
            sessions.c.archived_at.is_not(None) if archived else sessions.c.archived_at.is_(None),
        )
        if scope == "public":
            query = query.where(sessions.c.is_public.is_(True))
        else:
            mine = select(roles.c.session_id).where(roles.c.user_id == user_id)
            own = sessions.c.owner_id == user_id
            query = query.where(sessions.c.id.in_(mine), own if scope == "mine" else ~own)
        if q is not None:
            query = query.outerjoin(listings, listings.c.session_id == sessions.c.id)
            for word in q.lower().split()[:WORDS_MAX]:
                columns = (sessions.c.name, sessions.c.description, sessions.c.owner_id, listings.c.names)
                query = query.where(or_(*(func.lower(each).contains(word, autoescape=True) for each in columns)))
        return await page_of(self._engine, query, limit=limit, cursor=cursor)

    async def shown(self, session_ids: Sequence[str], *, texts: bool = True) -> dict[str, Shown]:
        """What is shown of each session's document."""
        marks = await self._archive.marks(session_ids)
        columns = [column for column in listings.c if texts or column is not listings.c.texts]
        async with self._engine.connect() as connection:
            query = select(*columns).where(listings.c.session_id.in_(session_ids))
            kept = {row["session_id"]: row for row in (await connection.execute(query)).mappings()}
        doubtful = await self._faults.quarantined(session_ids)
        found: dict[str, Shown] = {}
        fresh: dict[str, Shown] = {}
        for session_id in session_ids:
            row = kept.get(session_id)
            good = row is not None and row["mark"] == marks[session_id] and session_id not in doubtful
            if (
                row is not None
                and good
                and self._rooms.get(session_id) is None
                and not (texts and row["texts"] is None)
            ):
                found[session_id] = _read(row, texts)
                continue
            room = await self._rooms.open(session_id)
            try:
                found[session_id] = Shown(room.files(), room.version, room.quarantined)
                if not good and await self._settled(room):
                    fresh[session_id] = found[session_id]
            finally:
                await self._rooms.release(room)
        await self._keep(fresh, marks)
        return found

    async def keep(self, room: Room) -> None:
        """Remember what a room shows that has just been saved."""
        marks = await self._archive.marks([room.session_id])
        if await self._settled(room):
            await self._keep({room.session_id: Shown(room.files(), room.version)}, marks)

    async def forget(self, session_id: str) -> None:
        """Nothing is kept of a session that is gone."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(listings).where(listings.c.session_id == session_id))

    async def _settled(self, room: Room) -> bool:
        """Whether what the room shows is what the log holds: nothing is on its way to it, here or on another node."""
        return room.quarantined is None and not room.unsaved_changes and await self._rooms.alone(room.session_id)

    async def _keep(self, shown: dict[str, Shown], marks: dict[str, str]) -> None:
        if not shown:
            return
        rows = [_row(session_id, each, marks[session_id]) for session_id, each in shown.items()]
        # Somebody else may keep the same in the same moment; what either kept is good.
        with suppress(IntegrityError):
            async with self._engine.begin() as connection:
                await connection.execute(delete(listings).where(listings.c.session_id.in_(shown)))
                await connection.execute(insert(listings), rows)


def _row(session_id: str, shown: Shown, mark: str) -> dict[str, Any]:
    texts = json.dumps([file.content for file in shown.files]).encode()
    return {
        "session_id": session_id,
        "mark": mark,
        "version": shown.version,
        "names": "\n".join(file.name for file in shown.files).lower(),
        "files": json.dumps([[f.id, f.name, f.language, f.last_modified] for f in shown.files]).encode(),
        "texts": zlib.compress(texts) if len(texts) <= TEXTS_BYTES_MAX else None,
    }


def _read(row: RowMapping, texts: bool) -> Shown:
    files = json.loads(row["files"])
    contents: Iterable[str] = json.loads(zlib.decompress(row["texts"])) if texts else [""] * len(files)
    return Shown(
        [
            FileState(id, name, language, content, modified)
            for (id, name, language, modified), content in zip(files, contents, strict=True)
        ],
        row["version"],
    )


async def page_of(
    engine: AsyncEngine, query: Select[Any], *, limit: int, cursor: str | None
) -> tuple[Sequence[RowMapping], str | None]:
    """The rows of sessions behind `cursor`, newest first and PAGE_MAX at most, and the cursor of the page that follows.
    Raises Invalid for a cursor that is not ours."""
    if cursor is not None:
        created_at, last_id = _parsed(cursor)
        same = and_(sessions.c.created_at == created_at, sessions.c.id < last_id)
        query = query.where(or_(sessions.c.created_at < created_at, same))
    limit = max(1, min(limit, PAGE_MAX))
    query = query.order_by(sessions.c.created_at.desc(), sessions.c.id.desc()).limit(limit + 1)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).mappings().all()
    page = rows[:limit]
    return page, _cursor_of(page[-1]) if len(rows) > limit else None


def _cursor_of(row: RowMapping) -> str:
    return base64.urlsafe_b64encode(f"{row['created_at']} {row['id']}".encode()).decode()


def _parsed(cursor: str) -> tuple[int, str]:
    try:
        created_at, last_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
    except ValueError as error:
        raise Invalid(BAD_CURSOR, name="cursor") from error
    if (at := number(created_at)) is None:
        raise Invalid(BAD_CURSOR, name="cursor")
    return at, last_id
