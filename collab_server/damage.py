"""Sessions whose documents stopped a process or cannot be read whole: noted for all nodes, and repaired by an admin.

What is good and bad in a document is crdt's; here it is recorded, told and audited.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import revocation
from collab_server.acts import audited
from collab_server.errors import NotFound
from collab_server.principal import Principal
from collab_server.security import SecurityLog
from collab_server.supervisor import Fault
from collab_server.tables import sessions
from crdt.faults import Faults
from crdt.rooms import Rooms


class Damage:
    def __init__(
        self, engine: AsyncEngine, rooms: Rooms, faults: Faults, security: SecurityLog, *, now: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._rooms = rooms
        self._faults = faults
        self._security = security
        self._now = now

    async def note(self, fault: Fault) -> None:
        """What the process before this one was stopped by; the second time the session may only be read."""
        doing = fault.doing
        quarantined = await self._faults.record(fault.key, doing, fault.how)
        self._security.note(
            "document_quarantined" if quarantined else "document_fault",
            "error" if quarantined else "warning",
            subject=doing.session_id,
            how=fault.how,
            during=doing.phase.name.lower(),
            version=doing.version,
        )
        # Whoever sends it again stops this process too, perhaps before the next bunch is written.
        await self._security.flush()
        await self._say(doing.session_id)

    async def repair(self, principal: Principal, session_id: str) -> dict[str, Any]:
        """Take out of a session's log what cannot be applied, keep it aside, and let the session be edited again."""
        async with self._engine.connect() as connection:
            query = select(sessions.c.id).where(sessions.c.id == session_id, sessions.c.deleted_at.is_(None))
            if (await connection.execute(query)).scalar() is None:
                raise NotFound(f"there is no session {session_id[:64]!r}")
        taken = await self._rooms.repair(session_id)
        async with self._engine.begin() as connection:
            now_ms = int(self._now() * 1000)
            await audited(connection, now_ms, principal.user_id, "session.repaired", session_id, versions=taken)
            await revocation.say(connection, now_ms, topic="document", subject=session_id)
        self._security.note("document_repaired", "info", actor_id=principal.user_id, subject=session_id)
        await self._rooms.look_again(session_id)
        return {"sessionId": session_id, "setAside": taken}

    async def _say(self, session_id: str) -> None:
        async with self._engine.begin() as connection:
            await revocation.say(connection, int(self._now() * 1000), topic="document", subject=session_id)
