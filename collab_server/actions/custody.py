"""The verbs of an admin on one session: look at it, keep it read-only, close or archive it, bring it back, hand it over.

Nothing here reads or changes a document. Whether the caller is an admin is looked at by `Principal.require_admin`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from collab_server import revocation
from collab_server.accounts import GUEST_PREFIX
from collab_server.acts import audited
from collab_server.errors import Conflict, Invalid
from collab_server.members import lock, missing
from collab_server.principal import Principal
from collab_server.shapes.admin import SessionCustody
from collab_server.shapes.base import timestamp, timestamp_or_none
from collab_server.tables import branches, roles, sessions, users
from crdt import sizes
from crdt.archive import Archive
from crdt.faults import Faults
from executor.pricing import MICRO
from executor.tables import usage

VERSIONS_SHOWN_MAX = 10


class Custody:
    """What an operator has put a session into; open sockets and runs follow within a second, on every node."""

    def __init__(self, engine: AsyncEngine, archive: Archive, faults: Faults, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._archive = archive
        self._faults = faults
        self._now = now

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def get(self, session_id: str) -> dict[str, Any]:
        """One session with its members, what is stored of it and what it cost; also one that is deleted."""
        query = (
            select(roles.c.user_id, roles.c.role, users.c.name)
            .outerjoin(users, users.c.id == roles.c.user_id)
            .where(roles.c.session_id == session_id)
            .order_by(roles.c.created_at, roles.c.user_id)
        )
        sums = select(func.count(), func.sum(usage.c.cost_micro_dollars)).where(usage.c.session_id == session_id)
        async with self._engine.connect() as connection:
            row = await _row(connection, session_id)
            branch_of = await _branch_of(connection, session_id)
            members = (await connection.execute(query)).all()
            runs, cost = (await connection.execute(sums)).one()
        quarantined = await self._faults.quarantined([session_id])
        stored = (await sizes.stored_of(self._engine, [session_id]))[session_id]
        return {
            "id": row["id"],
            "name": row["name"],
            "branchOf": branch_of,
            "description": row["description"],
            "ownerId": row["owner_id"],
            "state": state_of(row),
            "archived": row["archived_at"] is not None,
            "quarantined": session_id in quarantined,
            "isPublic": bool(row["is_public"]),
            "versions": [
                {
                    "version": each.version,
                    "name": each.name,
                    "actorIds": list(each.actor_ids),
                    "at": timestamp(each.created_at_ms),
                }
                for each in await self._archive.history(session_id, limit=VERSIONS_SHOWN_MAX)
            ],
            "members": [{"userId": each.user_id, "name": each.name or "", "role": each.role} for each in members],
            "sizeBytes": stored.bytes,
            "version": stored.version,
            "billedRuns": int(runs),
            "costMicroDollars": int(cost or 0),
            "budget": None if row["budget_micro_dollars"] is None else row["budget_micro_dollars"] / MICRO,
            "scanPolicy": row["scan_policy"],
            "createdAt": timestamp(row["created_at"]),
            "lastActivityAt": timestamp(max(row["updated_at"], stored.last_change_ms or 0)),
            "expiresAt": timestamp_or_none(row["expires_at"]),
            "deletedAt": timestamp_or_none(row["deleted_at"]),
        }

    async def change(self, principal: Principal, session_id: str, wanted: SessionCustody) -> dict[str, Any]:
        """Put a session into a state, or hand it to another owner (who was the owner becomes an editor)."""
        now_ms = self._now_ms()
        async with self._engine.begin() as connection:
            row = await _locked(connection, session_id)
            if row["deleted_at"] is not None:
                raise Conflict("the session is deleted; restore it first", code="deleted")
            if wanted.state is not None and wanted.state != state_of(row):
                state = None if wanted.state == "open" else wanted.state
                await connection.execute(update(sessions).where(sessions.c.id == session_id).values(state=state))
                await revocation.say(connection, now_ms, session_id=session_id)
                await audited(
                    connection, now_ms, principal.user_id, "session.state", session_id,
                    state=wanted.state, before=state_of(row),
                )  # fmt: skip
            if wanted.archived is not None and wanted.archived != (row["archived_at"] is not None):
                at = now_ms if wanted.archived else None
                await connection.execute(update(sessions).where(sessions.c.id == session_id).values(archived_at=at))
                await audited(
                    connection, now_ms, principal.user_id, "session.archived", session_id, archived=wanted.archived
                )
            if wanted.owner_id is not None and wanted.owner_id != row["owner_id"]:
                await self._hand_over(connection, principal, row, wanted.owner_id, now_ms)
        return await self.get(session_id)

    async def _hand_over(
        self, connection: AsyncConnection, principal: Principal, row: RowMapping, to: str, now_ms: int
    ) -> None:
        session_id, before = row["id"], row["owner_id"]
        if (of := await _branch_of(connection, session_id)) is not None:
            raise Conflict(f"this is a branch; whoever owns the session {of} owns it", code="branch")
        known = select(users.c.id).where(users.c.id == to, ~users.c.id.startswith(GUEST_PREFIX))
        if (await connection.execute(known)).scalar() is None:
            raise Invalid(f"there is no account {to[:128]!r}", name="ownerId")
        await connection.execute(update(sessions).where(sessions.c.id == session_id).values(owner_id=to))
        for user_id, role in ((before, "editor"), (to, "owner")):
            mine = (roles.c.session_id == session_id, roles.c.user_id == user_id)
            if (await connection.execute(update(roles).where(*mine).values(role=role))).rowcount == 0 and user_id == to:
                await connection.execute(
                    insert(roles).values(session_id=session_id, user_id=to, role=role, created_at=now_ms)
                )
        await revocation.say(connection, now_ms, session_id=session_id)
        await audited(connection, now_ms, principal.user_id, "session.transferred", session_id, owner=to, before=before)

    async def disconnect(self, principal: Principal, session_id: str) -> None:
        """Send everybody out and end what runs there; who may may come back at once."""
        now_ms = self._now_ms()
        async with self._engine.begin() as connection:
            await _locked(connection, session_id)
            await revocation.say(connection, now_ms, topic="session", subject=session_id)
            await audited(connection, now_ms, principal.user_id, "session.disconnected", session_id)

    async def restore(self, principal: Principal, session_id: str) -> dict[str, Any]:
        """Bring a deleted session back with its files, history, members and links; its secrets and environments are gone."""
        now_ms = self._now_ms()
        async with self._engine.begin() as connection:
            row = await _locked(connection, session_id)
            if row["deleted_at"] is None:
                raise Conflict("the session is not deleted", code="not_deleted")
            await connection.execute(update(sessions).where(sessions.c.id == session_id).values(deleted_at=None))
            await audited(connection, now_ms, principal.user_id, "session.restored", session_id, name=row["name"])
        return await self.get(session_id)


def state_of(row: RowMapping) -> str:
    """What a session is in: "open", "readOnly", "closed" or "deleted"."""
    return "deleted" if row["deleted_at"] is not None else row["state"] or "open"


async def _branch_of(connection: AsyncConnection, session_id: str) -> str | None:
    query = select(branches.c.session_id).where(branches.c.id == session_id)
    found: str | None = (await connection.execute(query)).scalar()
    return found


async def _row(connection: AsyncConnection, session_id: str) -> RowMapping:
    row = (await connection.execute(select(sessions).where(sessions.c.id == session_id))).mappings().first()
    if row is None:
        raise missing(session_id)
    return row


async def _locked(connection: AsyncConnection, session_id: str) -> RowMapping:
    """Two admins at once are put in order, and the audit has what was there before each."""
    await lock(connection, session_id)
    return await _row(connection, session_id)
