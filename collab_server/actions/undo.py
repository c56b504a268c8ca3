"""The verb that takes back what one actor did in a session, as one change that keeps everybody else's text.

What has to be done for it is crdt's to work out; this decides who may, and since when.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.accounts import AGENT_PREFIX
from collab_server.actions.sessions import SessionActions
from collab_server.errors import Forbidden, Invalid
from collab_server.members import Access
from collab_server.principal import Principal
from collab_server.shapes.history import Undo
from collab_server.tables import tokens
from crdt.log import Log
from crdt.model import Actor

SIGNS_IN = ("login", "browser")


class UndoActions:
    """Reads the document's log, and changes the document only through its room."""

    def __init__(self, engine: AsyncEngine, sessions: SessionActions, log: Log) -> None:
        self._engine = engine
        self._sessions = sessions
        self._log = log

    async def undo(
        self, principal: Principal, session_id: str, wanted: Undo, *, actor: Actor | None = None
    ) -> dict[str, Any]:
        """{actorId, sinceVersion, version, files}; repeated, there is nothing left to take back."""
        access = await self._sessions.members.access(principal, session_id, "edit")
        await self._require(access, wanted.actor_id)
        if wanted.since_version is not None and wanted.count is not None:
            raise Invalid("give either `sinceVersion` or `count`", name="count")
        async with self._sessions.room(session_id) as room:
            since = wanted.since_version
            if since is None:
                await room.saved(room.version)
                since = await self._before_the_last(session_id, wanted.actor_id, wanted.count, room.version)
            if since > room.version:
                raise Invalid(f"there is no version {since}; the newest is {room.version}", name="sinceVersion")
            names = {file.id: file.name for file in room.files()}
            done = await room.undo(actor or principal.actor(), wanted.actor_id, since)
            await room.saved(room.version)
            now = {file.id: file.name for file in room.files()}
            return {
                "actorId": wanted.actor_id,
                "sinceVersion": since,
                "version": room.version,
                "files": [
                    {
                        "fileId": file.file_id,
                        "name": now.get(file.file_id) or names.get(file.file_id, ""),
                        "status": _status(file.file_id in names, file.file_id in now),
                    }
                    for file in done
                ],
            }

    async def _before_the_last(self, session_id: str, actor_id: str, count: int | None, newest: int) -> int:
        if count is None:
            return await self._log.first_version(session_id)
        versions = await self._log.versions_by(session_id, actor_id, limit=count)
        return versions[-1] - 1 if versions else newest

    async def _require(self, access: Access, actor_id: str) -> None:
        own = actor_id in (access.principal.user_id, access.principal.agent_id)
        if own or access.role == "owner" or await self._is_agent(actor_id):
            return
        raise Forbidden("an editor takes back its own changes and those of agents; ask an owner for other people's")

    async def _is_agent(self, actor_id: str) -> bool:
        """Somebody's agent, or an account that has keys and has never signed in to the editor."""
        if actor_id.startswith(AGENT_PREFIX):
            return True
        async with self._engine.connect() as connection:
            kinds = (await connection.execute(select(tokens.c.kind).where(tokens.c.user_id == actor_id))).scalars()
            found = set(kinds)
        return "api" in found and not found.intersection(SIGNS_IN)


def _status(was: bool, stays: bool) -> str:
    return "changed" if was and stays else "deleted" if was else "restored"
