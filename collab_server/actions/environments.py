"""The verbs on what a session's programs leave for the next run: list, look at, reset.

How a run makes one is executor's; a state itself is never looked into here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.actions.sessions import SessionActions
from collab_server.acts import audited
from collab_server.errors import NotFound
from collab_server.principal import Principal
from executor import environments
from executor.environments import Environments
from executor.snapshot import ALIASES


class EnvironmentActions:
    """Whoever may watch a session may see what its environments hold; whoever may run in it may change and so reset them."""

    def __init__(
        self, engine: AsyncEngine, store: Environments, sessions: SessionActions, *, now: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._store = store
        self._sessions = sessions
        self._now = now

    async def listed(self, principal: Principal, session_id: str) -> dict[str, Any]:
        """{items, limits}: one for each language that has kept something."""
        await self._sessions.members.access(principal, session_id)
        limits = self._store.limits
        return {
            "items": [found.to_json() for found in await self._store.listed(session_id)],
            "languages": sorted(environments.LANGUAGES),
            "limits": {
                "bytesMax": limits.stored_bytes_max,
                "rawBytesMax": limits.raw_bytes_max,
                "filesMax": limits.files_max,
                "environmentsMax": limits.per_session_max,
            },
        }

    async def get(self, principal: Principal, session_id: str, language: str) -> dict[str, Any]:
        """One with its variables and files; NotFound when nothing is kept."""
        await self._sessions.members.access(principal, session_id)
        found = await self._store.get(session_id, _name(language))
        if found is None:
            raise _missing(language)
        return found.to_json(whole=True)

    async def reset(self, principal: Principal, session_id: str, language: str | None = None) -> None:
        """Forget one or all, for everybody and at once: the next run begins anew, and one that goes on keeps nothing."""
        await self._sessions.members.access(principal, session_id, "run")
        wanted = None if language is None else _name(language)
        async with self._engine.begin() as connection:
            gone = await environments.reset(connection, session_id, wanted)
            if wanted is not None and not gone:
                raise _missing(wanted)
            if gone:
                now_ms = int(self._now() * 1000)
                await audited(
                    connection, now_ms, principal.user_id, "environment.reset", session_id, languages=list(gone)
                )
        actor = {"id": principal.user_id, "name": principal.name}
        async with self._sessions.room(session_id) as room:
            for each in gone:
                room.announce({"type": "environment.changed", "language": each, "kept": False, "actor": actor})


def _name(language: str) -> str:
    return ALIASES.get(language.lower(), language.lower())


def _missing(language: str) -> NotFound:
    return NotFound(f"nothing is kept of {language[:64]!r} here: no run with persistEnvironment has completed")
