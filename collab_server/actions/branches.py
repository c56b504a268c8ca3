"""The verbs on branches: split one off a session, look at what it changes there, merge it, turn it down, close it.

A branch is a session itself, so editing and running in it are the other actions'; what a merge does to a document is crdt's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from collab_server import revocation
from collab_server.actions.branch_rows import (
    actor_in,
    already_decided,
    beside,
    joined,
    shown_branch,
    still_open,
    texts_of,
)
from collab_server.actions.history import shown_difference
from collab_server.actions.sessions import SessionActions
from collab_server.acts import audited
from collab_server.errors import Conflict, Forbidden, NotFound
from collab_server.members import OPEN, Access, lock
from collab_server.principal import Principal
from collab_server.shapes.branches import BranchChange, NewBranch
from collab_server.switches import Switches
from collab_server.tables import branches, sessions, users
from collab_server.webhooks import Outbox
from crdt.differences import differences
from crdt.log import Log
from crdt.model import Actor, EditRefused, FileState
from crdt.room import Room
from executor.months import DAY_MS

OPEN_PER_SESSION_MAX = 100
OPEN_PER_AUTHOR_MAX = 10
LISTED_MAX = 100
# Longer than this nobody waits for an answer; the branch and its text go then.
BRANCH_DAYS_MAX = 30
MERGING = "this branch is being merged, and nothing more is taken into it; see what became of it, and make another one"
MERGED, REJECTED, CLOSED = "merged", "rejected", "closed"


class BranchActions:
    """Rows of branches; their documents are in rooms of their own that began as the session's.

    A branch has the roles, the budget and the scan policy of its session. It has neither its secrets nor its environments:
    what nobody has looked at yet must not read them.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        sessions: SessionActions,
        log: Log,
        outbox: Outbox,
        switches: Switches,
        *,
        now: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._engine = engine
        self._sessions = sessions
        self._log = log
        self._outbox = outbox
        self._switches = switches
        self._now = now
        self._new_id = new_id

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    # -- making and finding --------------------------------------------------------------------------------------

    async def create(
        self,
        principal: Principal,
        session_id: str,
        wanted: NewBranch,
        *,
        branch_id: str | None = None,
        actor: Actor | None = None,
    ) -> dict[str, Any]:
        """Split a branch off the session as it is now; with a `branch_id` that is there already, that one is answered."""
        access = await self._sessions.members.access(principal, session_id, "propose")
        if access.branch_of is not None:
            raise Conflict(f"this is a branch itself; make another one of the session {access.branch_of}")
        self._switches.require_writable()
        author = actor or principal.actor("agent" if principal.program else "human")
        branch_id, now_ms = branch_id or self._new_id(), self._now_ms()
        title = wanted.title or f"Changes by {author.name}"[:200]
        async with self._sessions.room(session_id) as room:
            await room.saved(room.version)
            image = room.image()
        session = access.session
        with suppress(IntegrityError):
            async with self._engine.begin() as connection:
                await self._keep_within(connection, session_id, author.id, now_ms)
                await connection.execute(
                    insert(sessions).values(
                        id=branch_id,
                        name=title,
                        description="",
                        owner_id=session["owner_id"],
                        is_public=False,
                        environment=session["environment"],
                        scan_policy=session["scan_policy"],
                        created_at=now_ms,
                        updated_at=now_ms,
                        expires_at=now_ms + BRANCH_DAYS_MAX * DAY_MS,
                    )
                )
                await connection.execute(
                    insert(branches).values(
                        id=branch_id,
                        session_id=session_id,
                        author_id=author.id,
                        author_kind=author.kind,
                        message=wanted.message,
                        status="open",
                        base_version=image.version,
                        created_at=now_ms,
                    )
                )
                await self._log.begin(branch_id, image, connection)
                await audited(connection, now_ms, author.id, "branch.made", branch_id, session=session_id)
        return await self._told(principal, session_id, branch_id)

    async def _keep_within(self, connection: AsyncConnection, session_id: str, author_id: str, now_ms: int) -> None:
        # Two who ask at once are put in order.
        await lock(connection, session_id)
        going = (branches.c.session_id == session_id, branches.c.status.in_(OPEN), sessions.c.expires_at > now_ms)
        count = select(func.count()).select_from(joined()).where(*going)
        if (await connection.execute(count)).scalar_one() >= OPEN_PER_SESSION_MAX:
            raise Conflict(
                f"a session has at most {OPEN_PER_SESSION_MAX} open branches; merge or close some", code="too_large"
            )
        if (
            await connection.execute(count.where(branches.c.author_id == author_id))
        ).scalar_one() >= OPEN_PER_AUTHOR_MAX:
            raise Conflict(
                f"you have {OPEN_PER_AUTHOR_MAX} open branches of this session; close one first", code="too_large"
            )

    async def mine(self, principal: Principal, session_id: str, wanted: NewBranch, actor: Actor) -> dict[str, Any]:
        """The branch that the caller works on already, the newest of them; a new one where there is none."""
        await self._sessions.members.access(principal, session_id, "propose")
        for shown in (await self.listed(principal, session_id, open_only=True))["items"]:
            if shown["authorId"] == actor.id:
                return await self.get(principal, session_id, shown["id"])
        return await self.create(principal, session_id, wanted, actor=actor)

    async def listed(self, principal: Principal, session_id: str, *, open_only: bool = False) -> dict[str, Any]:
        """{items}: the newest first; those that are open, or all."""
        await self._sessions.members.access(principal, session_id)
        query = select(branches, sessions.c.name, sessions.c.expires_at).select_from(joined())
        query = query.where(branches.c.session_id == session_id, sessions.c.deleted_at.is_(None))
        if open_only:
            query = query.where(branches.c.status.in_(OPEN), sessions.c.expires_at > self._now_ms())
        query = query.order_by(branches.c.created_at.desc(), branches.c.id.desc()).limit(LISTED_MAX)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return {"items": [shown_branch(row, self._now_ms()) for row in rows]}

    async def get(self, principal: Principal, session_id: str, branch_id: str) -> dict[str, Any]:
        """One branch, with the version that it is at."""
        row = await self._row(principal, session_id, branch_id)
        async with self._sessions.room(branch_id) as room:
            return shown_branch(row, self._now_ms()) | {"version": room.version}

    async def of(self, principal: Principal, branch_id: str) -> str:
        """The session that a branch is of."""
        session_id = (await self._sessions.members.access(principal, branch_id)).branch_of
        if session_id is None:
            raise NotFound(f"there is no branch {branch_id[:64]!r}")
        return session_id

    # -- looking and deciding ------------------------------------------------------------------------------------

    async def change(
        self, principal: Principal, session_id: str, branch_id: str, wanted: BranchChange
    ) -> dict[str, Any]:
        """Name it, say what it is for, and that people may look at it."""
        row = await self._open(principal, session_id, branch_id)
        await self._require_part(principal, session_id, row)
        values: dict[str, Any] = {}
        if wanted.message is not None:
            values["message"] = wanted.message
        if wanted.ready is not None:
            values |= {
                "status": "proposed" if wanted.ready else "open",
                "proposed_at": self._now_ms() if wanted.ready else None,
            }
        async with self._engine.begin() as connection:
            if wanted.title is not None:
                await connection.execute(update(sessions).where(sessions.c.id == branch_id).values(name=wanted.title))
            if values and (await connection.execute(still_open(branch_id).values(**values))).rowcount == 0:
                raise already_decided()
            if wanted.ready:
                await self._emit(connection, "branch.proposed", session_id, row, principal.user_id)
        return await self._told(principal, session_id, branch_id)

    async def diff(
        self, principal: Principal, session_id: str, branch_id: str, *, texts: bool = False
    ) -> dict[str, Any]:
        """What a merge would change in the session now; of one that was merged what it changed, of others what they would have."""
        row = await self._row(principal, session_id, branch_id)
        async with self._sessions.room(session_id) as room, self._sessions.room(branch_id) as branch:
            version = row["merged_branch_version"] or branch.version
            if row["status"] == MERGED:
                now = await room.files_at(row["merged_version"] - 1)
                then = await room.files_at(row["merged_version"])
                authors = await self._authors(branch, row, version)
            else:
                merge = await room.merge_from(branch, row["base_version"], row["author_id"])
                now, then = room.files(), list(merge.files)
                authors = list(dict.fromkeys(actor_id for actor_id, _ in merge.pieces))
            base = await self._base(branch, row["base_version"])
            theirs = branch.files()
            session_version = room.version
        found = await asyncio.to_thread(differences, now, then)
        both, lost = beside(base, now, theirs, found)
        return {
            "branch": shown_branch(row, self._now_ms()) | {"version": version},
            "version": version,
            "sessionVersion": session_version,
            "authorIds": authors,
            "files": [shown_difference(one) for one in found],
            "both": both,
            "lost": lost,
            **({"before": texts_of(now, found), "after": texts_of(then, found)} if texts else {}),
        }

    async def _base(self, branch: Room, version: int) -> list[FileState]:
        with suppress(EditRefused):
            return await branch.files_at(version)
        return []  # the history of the branch was let go

    async def _authors(self, branch: Room, row: RowMapping, up_to: int) -> list[str]:
        with suppress(EditRefused):
            rows = await self._log.rows_between(branch.session_id, row["base_version"], up_to, limit=10_000)
            return list(dict.fromkeys(one.actor_id for one in rows))
        return [row["author_id"]]

    async def merge(
        self, principal: Principal, session_id: str, branch_id: str, version: int | None = None
    ) -> dict[str, Any]:
        """Take what the branch has into the session, each author's part as theirs; text that was typed there meanwhile stays.

        With a `version`, only if the branch is still at it."""
        await self._sessions.members.access(principal, session_id, "edit")
        row = await self._open(principal, session_id, branch_id)
        async with self._sessions.room(session_id) as room, self._sessions.room(branch_id) as branch:
            # From here to the decision nothing comes into the branch on any node: what is not merged was refused, and said so.
            # A seal that is not broken outlasts the moment until every socket has heard that the branch is decided.
            seal = self._new_id()
            await branch.seal(seal, EditRefused("merging", MERGING))
            try:
                taken = branch.version
                if version is not None and version != taken:
                    raise Conflict(
                        f"the branch is at version {taken}, not {version}; look at its diff again",
                        code="stale",
                        version=taken,
                    )
                merge = await room.merge_from(branch, row["base_version"], row["author_id"])
                actors = await self._actors({actor_id for actor_id, _ in merge.pieces}, row)
                merged_version = room.take_in([(actors[actor_id], piece) for actor_id, piece in merge.pieces])
                # The text first: who merges again after a crash finds it there, and merges nothing twice.
                await room.saved(merged_version)
                values = {"merged_version": merged_version, "merged_branch_version": taken}
                await self._decide(principal, session_id, row, MERGED, **values)
            except BaseException:
                branch.unseal(seal)
                raise
        return await self._told(principal, session_id, branch_id)

    async def reject(self, principal: Principal, session_id: str, branch_id: str, reason: str) -> dict[str, Any]:
        """Turn it down; the session stays as it is."""
        await self._sessions.members.access(principal, session_id, "edit")
        row = await self._open(principal, session_id, branch_id)
        await self._decide(principal, session_id, row, REJECTED, reason=reason)
        return await self._told(principal, session_id, branch_id)

    async def close(self, principal: Principal, session_id: str, branch_id: str) -> dict[str, Any]:
        """Give it up: its author, or who may edit the session."""
        row = await self._open(principal, session_id, branch_id)
        await self._require_part(principal, session_id, row)
        await self._decide(principal, session_id, row, CLOSED)
        return await self._told(principal, session_id, branch_id)

    async def refresh(self, principal: Principal, session_id: str, branch_id: str) -> dict[str, Any]:
        """Take into the branch what the session got since; what was done in the branch stays."""
        row = await self._open(principal, session_id, branch_id)
        await self._sessions.members.access(principal, branch_id, "edit")
        async with self._sessions.room(session_id) as room, self._sessions.room(branch_id) as branch:
            merge = await branch.merge_from(room, row["base_version"], (await self._owner(session_id)))
            actors = await self._actors({actor_id for actor_id, _ in merge.pieces}, row)
            await branch.saved(branch.take_in([(actors[actor_id], piece) for actor_id, piece in merge.pieces]))
        return await self.get(principal, session_id, branch_id)

    # -- parts of these ------------------------------------------------------------------------------------------

    async def _decide(self, principal: Principal, session_id: str, row: RowMapping, status: str, **values: Any) -> None:
        now_ms, branch_id = self._now_ms(), row["id"]
        decided = {
            "status": status,
            "decided_at": now_ms,
            "decided_by": principal.agent_id or principal.user_id,
            **values,
        }
        async with self._engine.begin() as connection:
            # A merge that is in the text is told as one, whatever somebody else decided in the same moment.
            of = branches.c.status != MERGED if status == MERGED else branches.c.status.in_(OPEN)
            changed = update(branches).where(branches.c.id == branch_id, of).values(**decided)
            if (await connection.execute(changed)).rowcount == 0:
                raise already_decided()
            # Its sockets may edit no more.
            await revocation.say(connection, now_ms, session_id=branch_id)
            if status != CLOSED:
                await self._emit(connection, f"branch.{status}", session_id, row, principal.user_id)
            detail = {key: value for key, value in values.items() if key != "reason"}
            await audited(
                connection, now_ms, principal.user_id, f"branch.{status}", branch_id, session=session_id,
                author=row["author_id"], **detail,
            )  # fmt: skip

    async def _emit(self, connection: AsyncConnection, kind: str, session_id: str, row: RowMapping, by: str) -> None:
        data = {
            "branchId": row["id"],
            "sessionId": session_id,
            "title": row["name"],
            "authorId": row["author_id"],
            "by": by,
        }
        people = frozenset({row["owner_id"], row["author_id"]})
        event_id = f"{kind}-{row['id']}-{self._now_ms()}"[:80]
        await self._outbox.emit(connection, kind, event_id, data, session_id=session_id, people=people)

    async def _told(self, principal: Principal, session_id: str, branch_id: str) -> dict[str, Any]:
        """The branch as it is now, which everybody in the session and in the branch hears of."""
        shown = await self.get(principal, session_id, branch_id)
        for each in (session_id, branch_id):
            async with self._sessions.room(each) as room:
                room.announce({"type": "branch.changed", "branch": shown})
        return shown

    async def _row(self, principal: Principal, session_id: str, branch_id: str) -> RowMapping:
        await self._sessions.members.access(principal, session_id)
        query = select(branches, sessions.c.name, sessions.c.expires_at, sessions.c.owner_id).select_from(joined())
        here = (branches.c.id == branch_id, branches.c.session_id == session_id, sessions.c.deleted_at.is_(None))
        async with self._engine.connect() as connection:
            row = (await connection.execute(query.where(*here))).mappings().first()
        if row is None:
            raise NotFound(f"there is no branch {branch_id[:64]!r} of this session")
        return row

    async def _open(self, principal: Principal, session_id: str, branch_id: str) -> RowMapping:
        row = await self._row(principal, session_id, branch_id)
        if row["status"] not in OPEN:
            raise already_decided(row["status"])
        if row["expires_at"] <= self._now_ms():
            raise already_decided("expired")
        return row

    async def _require_part(self, principal: Principal, session_id: str, row: RowMapping) -> Access:
        """Its author, or somebody who may edit the session."""
        access = await self._sessions.members.access(principal, session_id, "propose")
        mine = (principal.user_id, principal.agent_id)
        if row["author_id"] not in mine and not access.may("edit"):
            raise Forbidden("this branch is somebody else's; its author and who may edit the session decide about it")
        return access

    async def _owner(self, session_id: str) -> str:
        query = select(sessions.c.owner_id).where(sessions.c.id == session_id)
        async with self._engine.connect() as connection:
            return str((await connection.execute(query)).scalar_one())

    async def _actors(self, user_ids: set[str], row: RowMapping) -> dict[str, Actor]:
        """Who wrote the pieces, by the names that they have now."""
        query = select(users.c.id, users.c.name).where(users.c.id.in_(user_ids))
        async with self._engine.connect() as connection:
            names = {found.id: found.name for found in await connection.execute(query)}
        return {user_id: actor_in(user_id, names.get(user_id, user_id), row) for user_id in user_ids}
