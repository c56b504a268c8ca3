"""Tells whoever watches over the whole server of what kind of thing something is new, so that they look at once.

It says neither what is new nor about whom: that is read by the routes, with the rights that they ask for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Literal

from sqlalchemy import false, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.errors import ActionError, TooMany
from collab_server.identity import Identity
from collab_server.principal import Principal
from collab_server.revocation import Revocations
from collab_server.tables import alerts, nodes, security_events, sessions
from crdt.tables import updates_table
from executor.tables import audit_head, executions, usage

logger = logging.getLogger(__name__)

Topic = Literal["runs", "sessions", "audit", "security", "alerts", "nodes"]
POLL_S = 0.5
# After a failure: a database that is away is not asked twice a second.
PAUSE_S = 5.0
# So often something is said in any case, so that a proxy keeps the connection and a lost one is noticed.
HEARTBEAT_S = 15.0
WATCHERS_MAX = 100

# By topic, figures of which at least one is another after each change, from any node; each of them is found by an index.
# A new session mostly has files, and with them an update; all that admins change has its record in the audit.
_UNFINISHED = executions.c.finished_at.is_(None)
_MARKS = {
    "runs": (
        select(func.max(executions.c.created_at)),
        select(func.count()).select_from(executions).where(_UNFINISHED),
        select(func.count(executions.c.started_at)).where(_UNFINISHED),
        select(func.max(usage.c.id)),
    ),
    "sessions": (
        select(func.max(updates_table.c.id)),
        select(func.max(sessions.c.created_at)).where(sessions.c.deleted_at.is_(None), sessions.c.is_public == false()),
    ),
    "audit": (select(func.max(audit_head.c.last_id)),),
    "security": (select(func.max(security_events.c.id)),),
    "alerts": (select(func.max(alerts.c.at)),),
    "nodes": (select(func.max(nodes.c.seen_at)), select(func.count()).select_from(nodes)),
}
_NAMES: list[Topic] = [topic for topic, marks in _MARKS.items() for _ in marks]  # type: ignore[misc]
_QUERY = select(*(mark.scalar_subquery() for marks in _MARKS.values() for mark in marks))
Marks = tuple[object, ...]


class Watcher:
    """An admin who looks on, from `marks` on; a holder that is asked again when rights are taken away."""

    session_id = ""

    def __init__(self, principal: Principal, identity: Identity, marks: Marks) -> None:
        self.principal = principal
        self.over = False
        self._identity = identity
        self._marks = marks
        self._new: set[Topic] = set()
        self._woken = asyncio.Event()

    async def recheck(self) -> None:
        """Look again whether this is an admin; end when not."""
        try:
            self.principal.require_admin()
            valid = await self._identity.still_valid(self.principal)
        except ActionError:
            valid = False
        if not valid:
            self.end()

    def end(self) -> None:
        """Nothing more comes."""
        self.over = True
        self._woken.set()

    def saw(self, marks: Marks) -> None:
        """The marks as they are now."""
        self._new |= {name for name, before, now in zip(_NAMES, self._marks, marks, strict=True) if before != now}
        self._marks = marks
        if self._new:
            self._woken.set()

    async def wait(self) -> frozenset[Topic]:
        """Of what kind the next news is; empty when there was none for a while."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._woken.wait()
        except TimeoutError:
            return frozenset()
        self._woken.clear()
        found, self._new = frozenset(self._new), set()
        return found


class News:
    """Looks at the database while somebody watches, and never else: whichever node it was that changed something."""

    def __init__(self, engine: AsyncEngine, identity: Identity, revocations: Revocations) -> None:
        self._engine = engine
        self._identity = identity
        self._revocations = revocations
        self._watchers: set[Watcher] = set()
        self._task: asyncio.Task[None] | None = None
        self._ended = False

    async def close(self) -> None:
        """Stop looking."""
        self.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def end(self) -> None:
        """Whoever watches is let go: these streams never end by themselves, and the server is about to."""
        self._ended = True
        for watcher in self._watchers:
            watcher.end()

    async def watcher(self, admin: Principal) -> Watcher:
        """One who sees what changes from now on; for `follow`."""
        if len(self._watchers) >= WATCHERS_MAX:
            raise TooMany(f"at most {WATCHERS_MAX} watch a node; ask now and then instead", retry_after_s=PAUSE_S)
        return Watcher(admin, self._identity, await marks_of(self._engine))

    async def follow(self, watcher: Watcher) -> AsyncIterator[frozenset[Topic]]:
        """Of what kind each piece of news is, as it comes; ends with the right to it, and with the server."""
        self._watchers.add(watcher)
        self._revocations.add(watcher)
        try:
            # What was taken away before it was heard of.
            await watcher.recheck()
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._look())
            while not (watcher.over or self._ended):
                yield await watcher.wait()
        finally:
            self._watchers.discard(watcher)
            self._revocations.discard(watcher)

    async def _look(self) -> None:
        while self._watchers:
            await asyncio.sleep(POLL_S)
            try:
                marks = await marks_of(self._engine)
            except Exception as error:
                # The pages ask by themselves, too, and say that they are not up to date.
                logger.warning("what is new could not be read (%s)", type(error).__name__)
                await asyncio.sleep(PAUSE_S)
                continue
            for watcher in self._watchers:
                watcher.saw(marks)


async def marks_of(engine: AsyncEngine) -> Marks:
    """The figures by which it is known that something is new."""
    async with engine.connect() as connection:
        return tuple((await connection.execute(_QUERY)).one())
