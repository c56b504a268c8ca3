"""What a principal may do in a session: the roles and the one policy table.

Every transport asks `Members.access`; no other place decides. Who the principal is comes from identity.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from collab_server import revocation
from collab_server.accounts import GUEST_PREFIX, check_user_id, ensure_user
from collab_server.acts import audited
from collab_server.errors import Conflict, Forbidden, Invalid, NotFound, ReadOnly
from collab_server.principal import Principal, Scope
from collab_server.security import SecurityLog
from collab_server.tables import branches, roles, sessions

Role = Literal["owner", "editor", "runner", "viewer"]
Verb = Literal["view", "edit", "run", "propose", "manage"]

POLICY: dict[Role, frozenset[Verb]] = {
    "owner": frozenset({"view", "edit", "run", "propose", "manage"}),
    "editor": frozenset({"view", "edit", "run", "propose"}),
    "runner": frozenset({"view", "run"}),
    "viewer": frozenset({"view"}),
}
# A token that is limited to scopes may only do what one of them covers; watching needs none.
# `propose` is less than `edit`: it covers branches only.
SCOPES_OF_VERB: dict[Verb, frozenset[Scope]] = {
    "view": frozenset(),
    "edit": frozenset({"edit"}),
    "run": frozenset({"run"}),
    "propose": frozenset({"edit", "propose"}),
    "manage": frozenset({"edit"}),
}
OPEN: frozenset[str] = frozenset({"open", "proposed"})
MUST_PROPOSE = (
    "your edits are proposals here: make a branch with POST /api/sessions/{id}/branches (MCP: "
    "proposeChangesToCodeExecutionSession), edit and run in it by the id that this answers, and leave the merging to people"
)
# Of a row of sessions, with branches joined: whose roles hold there.
ROOT = func.coalesce(branches.c.session_id, sessions.c.id)
GRANTABLE: tuple[Role, ...] = get_args(Role)
KEPT = "an administrator has made this session read-only"
COLLABORATORS_MAX = 1000


@dataclass(frozen=True)
class Access:
    """A principal's standing in one session that it may know of."""

    principal: Principal
    session: RowMapping
    role: Role
    # An operator keeps the session as it is: whoever has a role watches.
    kept: bool = False

    @property
    def branch_of(self) -> str | None:
        """The session that this one is a branch of; the roles, the visibility and the budget here are that one's."""
        found: str | None = self.session["branch_of"]
        return found

    def may(self, verb: Verb) -> bool:
        """Whether the role, the token's scopes and the state of the session all allow `verb`."""
        return self._refusal(verb) is None

    def require(self, verb: Verb) -> Access:
        """Self, or Forbidden with what is missing."""
        if (refusal := self._refusal(verb)) is not None:
            raise refusal
        return self

    def _refusal(self, verb: Verb) -> Forbidden | ReadOnly | None:
        if self.kept and verb not in POLICY[self.role]:
            return ReadOnly(KEPT)
        if verb not in POLICY[self.role]:
            needed = next(role for role in reversed(GRANTABLE) if verb in POLICY[role])
            return Forbidden(f"you are {self.role} of this session; to {verb} it you need to be {needed}")
        in_branch = self.branch_of is not None
        if in_branch and verb == "manage":
            return Forbidden(f"roles, links and settings of a branch are those of the session {self.branch_of}")
        if in_branch and verb != "view" and self.session["branch_status"] not in OPEN:
            return Forbidden(f"this branch was {self.session['branch_status']}; make another one", code="decided")
        # In a branch an edit is no more than a proposal.
        scopes = SCOPES_OF_VERB["propose" if in_branch and verb == "edit" else verb]
        if scopes and not scopes & self.principal.scopes:
            if verb == "edit" and "propose" in self.principal.scopes:
                return Forbidden(MUST_PROPOSE, code="must_propose")
            return Forbidden(f"this token is not for that: it lacks the scope {min(scopes)!r}")
        if verb == "edit" and not in_branch and self.session["agents_propose"] and self.principal.program:
            return Forbidden(MUST_PROPOSE, code="must_propose")
        return None


class Members:
    """Roles in the database."""

    def __init__(self, engine: AsyncEngine, *, now: Callable[[], float], security: SecurityLog) -> None:
        self._engine = engine
        self._now = now
        self._security = security

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def access(self, principal: Principal, session_id: str, verb: Verb = "view") -> Access:
        """The standing of `principal`; NotFound when it may not know of the session, Forbidden when it may not do `verb`."""
        root = sessions.alias()
        query = (
            select(
                sessions,
                roles.c.role,
                branches.c.session_id.label("branch_of"),
                branches.c.status.label("branch_status"),
                root.c.is_public.label("root_is_public"),
                root.c.expires_at.label("root_expires_at"),
                root.c.state.label("root_state"),
            )
            .outerjoin(branches, branches.c.id == sessions.c.id)
            .outerjoin(root, root.c.id == branches.c.session_id)
            .outerjoin(roles, (roles.c.session_id == ROOT) & (roles.c.user_id == principal.user_id))
            .where(sessions.c.id == session_id, sessions.c.deleted_at.is_(None), root.c.deleted_at.is_(None))
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None or "closed" in (row["state"], row["root_state"]):
            raise missing(session_id)
        if _over(row["expires_at"], self._now_ms()) or _over(row["root_expires_at"], self._now_ms()):
            raise missing(session_id)
        # Anyone who is signed in may watch a public session; a guest only sees the one its link opened.
        is_public = row["is_public"] if row["branch_of"] is None else row["root_is_public"]
        role: Role | None = row["role"] or ("viewer" if is_public and not principal.guest else None)
        if role is None:
            self.note_refused(principal, session_id, verb, "no member")
            raise missing(session_id)
        kept = "readOnly" in (row["state"], row["root_state"])
        access = Access(principal, row, "viewer" if kept else role, kept)
        try:
            return access.require(verb)
        except Forbidden as error:
            self.note_refused(principal, session_id, verb, role if verb not in POLICY[role] else "scope")
            error.noted = True
            raise

    async def gone(self, session_id: str) -> bool:
        """Whether there is no such session any more, for anybody; to be told only to who was in it."""
        there = select(sessions.c.id).where(sessions.c.id == session_id, sessions.c.deleted_at.is_(None))
        async with self._engine.connect() as connection:
            return (await connection.execute(there)).first() is None

    def note_refused(self, principal: Principal, session_id: str, verb: Verb, why: str) -> None:
        """Put a refusal among the security events; `why` is the role that does not suffice, or what else is missing."""
        self._security.note(
            "access_refused",
            "info",
            actor_id=principal.user_id,
            subject=session_id,
            verb=verb,
            why=why,
            tokenId=principal.token_id,
        )

    async def of(self, session_ids: Iterable[str]) -> dict[str, dict[str, Role]]:
        """The roles of several sessions: {session id: {user id: role}}, owners first."""
        found: dict[str, dict[str, Role]] = {session_id: {} for session_id in session_ids}
        query = (
            select(sessions.c.id, roles.c.user_id, roles.c.role)
            .outerjoin(branches, branches.c.id == sessions.c.id)
            .join(roles, roles.c.session_id == ROOT)
            .where(sessions.c.id.in_(list(found)))
            .order_by(roles.c.created_at, roles.c.user_id)
        )
        async with self._engine.connect() as connection:
            for row in await connection.execute(query):
                found[row.id][row.user_id] = row.role
        return found

    async def may_still_run(self, user_id: str, session_id: str) -> bool:
        """Whether somebody's run in a session may go on: the role allows it, and the session is there and open."""
        root = sessions.alias()
        query = (
            select(roles.c.role)
            .select_from(sessions)
            .outerjoin(branches, branches.c.id == sessions.c.id)
            .outerjoin(root, root.c.id == branches.c.session_id)
            .join(roles, (roles.c.session_id == ROOT) & (roles.c.user_id == user_id))
            .where(sessions.c.id == session_id)
            .where(*(each.c[name].is_(None) for each in (sessions, root) for name in ("deleted_at", "state")))
        )
        async with self._engine.connect() as connection:
            role: Role | None = (await connection.execute(query)).scalar()
        return role is not None and "run" in POLICY[role]

    async def put(self, access: Access, user_id: str, role: str) -> None:
        """Give `user_id` a role (an account that is not there yet is made). Never leaves a session without an owner."""
        access.require("manage")
        check_user_id(user_id)
        if role not in GRANTABLE:
            raise Invalid(f"unknown role {role!r}; there are {', '.join(GRANTABLE)}", name="role")
        session_id, now_ms = access.session["id"], self._now_ms()
        async with self._engine.begin() as connection:
            current = await _roles(connection, session_id)
            people = [known for known in current if not known.startswith(GUEST_PREFIX)]
            if len(people) >= COLLABORATORS_MAX and user_id not in current:
                raise Conflict(f"a session has at most {COLLABORATORS_MAX} collaborators", code="too_large")
            after = current | {user_id: role}
            await _keep_an_owner(connection, access.session, after)
            await ensure_user(connection, user_id, name="", tier=None, admin=None, now_ms=now_ms)
            if user_id in current:
                await connection.execute(update(roles).where(role_of(session_id, user_id)).values(role=role))
                await revocation.say(connection, now_ms, user_id=user_id, session_id=session_id)
            else:
                await connection.execute(
                    insert(roles).values(session_id=session_id, user_id=user_id, role=role, created_at=now_ms)
                )
            await audited(
                connection,
                now_ms,
                access.principal.user_id,
                "role.given",
                session_id,
                user=user_id,
                role=role,
                before=current.get(user_id),
            )

    async def remove(self, access: Access, user_id: str) -> None:
        """Take a collaborator out (anyone may take out themselves). Never leaves a session without an owner."""
        if user_id != access.principal.user_id:
            access.require("manage")
        session_id = access.session["id"]
        async with self._engine.begin() as connection:
            current = await _roles(connection, session_id)
            if user_id not in current:
                raise NotFound(f"{user_id!r} is not a collaborator of this session")
            await _keep_an_owner(
                connection, access.session, {user: role for user, role in current.items() if user != user_id}
            )
            await connection.execute(delete(roles).where(role_of(session_id, user_id)))
            await revocation.say(connection, self._now_ms(), user_id=user_id, session_id=session_id)
            await audited(
                connection,
                self._now_ms(),
                access.principal.user_id,
                "role.removed",
                session_id,
                user=user_id,
                before=current[user_id],
            )


def missing(session_id: str) -> NotFound:
    """The same answer for a session that is not there and one the caller may not know of."""
    return NotFound(f"there is no session {session_id[:64]!r}")


def _over(expires_at: int | None, now_ms: int) -> bool:
    return expires_at is not None and expires_at <= now_ms


def role_of(session_id: str, user_id: str) -> ColumnElement[bool]:
    """The row of somebody's role in a session."""
    return (roles.c.session_id == session_id) & (roles.c.user_id == user_id)


async def lock(connection: AsyncConnection, session_id: str) -> None:
    """Whoever changes what there may be only so much of in a session waits here for whoever did before: its row is the lock."""
    row = sessions.c.id == session_id
    await connection.execute(update(sessions).where(row).values(updated_at=sessions.c.updated_at))


async def _roles(connection: AsyncConnection, session_id: str) -> dict[str, str]:
    # Two owners that demote each other at once are put in order.
    await lock(connection, session_id)
    query = select(roles.c.user_id, roles.c.role).where(roles.c.session_id == session_id)
    return {row.user_id: row.role for row in await connection.execute(query)}


async def _keep_an_owner(connection: AsyncConnection, session: RowMapping, after: dict[str, str]) -> None:
    owners = [user_id for user_id, role in after.items() if role == "owner"]
    if not owners:
        raise Conflict("a session always has an owner; make somebody else owner first", code="last_owner")
    if session["owner_id"] not in owners:
        # The one who pays and is named as the owner is always one of the owners.
        await connection.execute(update(sessions).where(sessions.c.id == session["id"]).values(owner_id=owners[0]))
