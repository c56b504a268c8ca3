"""Takes rights away from what is already running: reads the feed of access changes and tells whoever holds a socket or a run.

It decides nothing; it asks the holders to look again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sqlalchemy import BigInteger, ColumnElement, String, delete, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from collab_server.principal import Principal
from collab_server.tables import access_changes, branches

logger = logging.getLogger(__name__)

POLL_S = 0.4
KEPT_S = 3600
# Two transactions may commit in the other order than their ids were drawn; so much of the feed is read again each time.
OVERLAP_ROWS = 200


class Holder(Protocol):
    """An open socket: somebody's standing in a session that may end while it is used."""

    principal: Principal
    session_id: str

    async def recheck(self) -> None:
        """Ask again who this is and what they may do, and close when that is nothing."""
        ...


# "tiers": prices or limits changed; "webhooks": who hears of what; "execution": the run named by the subject is to end, wherever it runs.
# "document": what stands against the session named by the subject has changed.
# "session": whoever is in the session named by the subject is to go, and its runs are to end.
# "switches": what holds the whole server up has changed; "executions": all runs are to end.
Topic = Literal["tiers", "execution", "executions", "webhooks", "document", "session", "switches"]


@dataclass(frozen=True)
class Change:
    """One row of the feed: what no longer holds, None meaning any; with a `topic`, other news, about `subject`."""

    user_id: str | None
    session_id: str | None
    token_id: str | None
    topic: Topic | None = None
    subject: str | None = None

    def touches(self, principal: Principal, session_id: str | None) -> bool:
        """Whether a holder with this principal and session has to look again."""
        if self.topic is not None:
            return False
        if self.token_id is not None:
            return principal.token_id == self.token_id
        if self.user_id is not None and principal.user_id != self.user_id:
            return False
        return self.session_id is None or self.session_id == session_id


class Revocations:
    """The feed's reader on this node: within POLL_S of a commit, on any node, every holder it touches is asked to recheck."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        now: Callable[[], float],
        on_change: Callable[[Change], Awaitable[None]],
        refreshed: Callable[[Principal], Awaitable[Principal]],
    ) -> None:
        self._engine = engine
        self._now = now
        self._on_change = on_change
        self._refreshed = refreshed
        self._holders: set[Holder] = set()
        self._seen = 0
        self._read_ids: set[int] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin after what stands in the feed now; older changes were seen when their sockets signed in."""
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(access_changes).where(access_changes.c.created_at < int((self._now() - KEPT_S) * 1000))
            )
            self._seen = (await connection.execute(select(func.max(access_changes.c.id)))).scalar() or 0
            recent = select(access_changes.c.id).where(access_changes.c.id > self._seen - OVERLAP_ROWS)
            self._read_ids = set((await connection.execute(recent)).scalars())
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def add(self, holder: Holder) -> None:
        """From now on `holder` is asked to recheck when a change touches it or its token runs out."""
        self._holders.add(holder)

    def discard(self, holder: Holder) -> None:
        """Its socket is closed."""
        self._holders.discard(holder)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await self._read()
            except Exception:
                # A database that is away must not end the watch: what was missed is read when it is back.
                logger.exception("the feed of access changes could not be read")

    async def _read(self) -> None:
        query = (
            select(access_changes).where(access_changes.c.id > self._seen - OVERLAP_ROWS).order_by(access_changes.c.id)
        )
        async with self._engine.connect() as connection:
            rows = [row for row in (await connection.execute(query)).mappings() if row["id"] not in self._read_ids]
        now_ms = self._now() * 1000
        due = {
            holder
            for holder in self._holders
            if holder.principal.expires_at is not None and holder.principal.expires_at <= now_ms
        }
        changes = [
            Change(row["user_id"], row["session_id"], row["token_id"], row["topic"], row["subject"]) for row in rows
        ]
        for change in changes:
            due |= {holder for holder in self._holders if change.touches(holder.principal, holder.session_id)}
        await asyncio.gather(*(self._recheck(holder) for holder in due))
        for change in changes:
            await self._on_change(change)
        if rows:
            self._seen = max(self._seen, rows[-1]["id"])
            self._read_ids = {
                read for read in self._read_ids | {row["id"] for row in rows} if read > self._seen - OVERLAP_ROWS
            }

    async def _recheck(self, holder: Holder) -> None:
        holder.principal = await self._refreshed(holder.principal)
        await holder.recheck()


async def say(
    connection: AsyncConnection,
    now_ms: int,
    *,
    user_id: str | None = None,
    session_id: str | None = None,
    token_id: str | None = None,
    topic: Topic | None = None,
    subject: str | None = None,
) -> None:
    """Add a change to the feed, in the transaction that makes it; what is said of a session is said of its branches too."""
    if session_id is not None:
        of_branch: list[ColumnElement[Any]] = [literal(user_id, String), branches.c.id, literal(now_ms, BigInteger)]
        said = select(*of_branch).where(
            branches.c.session_id == session_id, branches.c.status.in_(("open", "proposed"))
        )
        await connection.execute(insert(access_changes).from_select(["user_id", "session_id", "created_at"], said))
    await connection.execute(
        insert(access_changes).values(
            user_id=user_id,
            session_id=session_id,
            token_id=token_id,
            topic=topic,
            subject=subject,
            created_at=now_ms,
        )
    )
