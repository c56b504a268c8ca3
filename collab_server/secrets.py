"""The secrets of sessions: set by owners, sealed at rest, lent to runs as environment variables, never shown again.

Which runs they are lent to is actions/executions.py's; hiding them in output is the executor's mask.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.acts import audited
from collab_server.errors import Conflict, Invalid, NotFound
from collab_server.members import Members
from collab_server.principal import Principal
from collab_server.sealing import Sealer, place_of_secret
from collab_server.shapes.base import timestamp
from collab_server.tables import secrets

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
# What an interpreter or a shell reads for itself: a secret of that name would change how programs run.
TAKEN = frozenset(
    {"PATH", "HOME", "IFS", "ENV", "BASH_ENV", "LD_PRELOAD", "PYTHONPATH", "RUBYLIB", "RUBYOPT", "NODE_OPTIONS"}
)
VALUE_BYTES_MAX = 16 * 1024
SECRETS_MAX = 50


class Secrets:
    """Rows of sealed values."""

    def __init__(self, engine: AsyncEngine, members: Members, sealer: Sealer, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._members = members
        self._sealer = sealer
        self._now = now

    async def listed(self, principal: Principal, session_id: str) -> list[dict[str, Any]]:
        """Their names, and who set them when; for owners."""
        await self._members.access(principal, session_id, "manage")
        query = select(secrets).where(secrets.c.session_id == session_id).order_by(secrets.c.name)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [{"name": row["name"], "setBy": row["set_by"], "setAt": timestamp(row["set_at"])} for row in rows]

    async def put(self, principal: Principal, session_id: str, name: str, value: str) -> None:
        """Set one; the runs that start from now on have it."""
        await self._members.access(principal, session_id, "manage")
        if not NAME.fullmatch(name) or name in TAKEN:
            raise Invalid("must be a name like API_KEY, and none that programs are run by, like PATH", name="name")
        try:
            plain = value.encode()
        except UnicodeEncodeError:
            raise Invalid("is no text", name="value") from None
        if not 0 < len(plain) <= VALUE_BYTES_MAX or "\0" in value:
            raise Invalid(f"must have 1 to {VALUE_BYTES_MAX} bytes and no NUL", name="value")
        here = (secrets.c.session_id == session_id, secrets.c.name == name)
        now_ms = int(self._now() * 1000)
        sealed = self._sealer.seal(plain, place_of_secret(session_id, name))
        values = {"sealed": sealed, "set_by": principal.user_id, "set_at": now_ms}
        async with self._engine.begin() as connection:
            if (await connection.execute(update(secrets).where(*here).values(**values))).rowcount == 0:
                held = select(func.count()).select_from(secrets).where(secrets.c.session_id == session_id)
                if int((await connection.execute(held)).scalar() or 0) >= SECRETS_MAX:
                    raise Conflict(f"a session has at most {SECRETS_MAX} secrets", code="too_large")
                await connection.execute(insert(secrets).values(session_id=session_id, name=name, **values))
            await audited(connection, now_ms, principal.user_id, "secret.set", session_id, name=name)

    async def remove(self, principal: Principal, session_id: str, name: str) -> None:
        """Take one away."""
        await self._members.access(principal, session_id, "manage")
        now_ms = int(self._now() * 1000)
        async with self._engine.begin() as connection:
            gone = delete(secrets).where(secrets.c.session_id == session_id, secrets.c.name == name)
            if (await connection.execute(gone)).rowcount == 0:
                raise NotFound(f"there is no secret {name[:64]!r} in this session")
            await audited(connection, now_ms, principal.user_id, "secret.removed", session_id, name=name)

    async def lent(self, session_id: str) -> dict[str, str]:
        """All of them, open, for a run."""
        query = select(secrets.c.name, secrets.c.sealed).where(secrets.c.session_id == session_id)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return {name: self._sealer.open(sealed, place_of_secret(session_id, name)).decode() for name, sealed in rows}
