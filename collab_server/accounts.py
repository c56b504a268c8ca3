"""Accounts: the row of a user, made when somebody is first heard of, and what an account's id may be.

Who is asking and with which token is identity.py's.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from collab_server.errors import Invalid
from collab_server.tables import users
from executor.statements import insert_unless_there

USER_ID_CHARS_MAX = 128
AGENT_PREFIX = "agent:"
# Of those whom a link let in; what follows is the link's id and a part of their own.
GUEST_PREFIX = "guest-"
AGENT_NAME_CHARS_MAX = 64
DEFAULT_TIER = "standard"


async def ensure_user(
    connection: AsyncConnection, user_id: str, *, name: str, tier: str | None, admin: bool | None, now_ms: int
) -> None:
    """Make the account when it is missing; otherwise change only what is given."""
    changes: dict[str, Any] = {
        key: value for key, value in (("name", name), ("tier", tier), ("admin", admin)) if value not in (None, "")
    }
    query = select(users).where(users.c.id == user_id)
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        values = {"name": name or user_id, "tier": tier or DEFAULT_TIER, "admin": bool(admin), "created_at": now_ms}
        if await insert_unless_there(connection, users, {"id": user_id, **values}):
            return
        # Somebody who comes for the first time comes with several requests at once: another one was faster.
        row = (await connection.execute(query)).mappings().one()
    if any(row[key] != value for key, value in changes.items()):
        await connection.execute(update(users).where(users.c.id == user_id).values(**changes))


def check_user_id(user_id: str) -> None:
    """Raise Invalid unless `user_id` can be an account's id."""
    if user_id.startswith(AGENT_PREFIX):
        raise Invalid(f"a user id does not begin with {AGENT_PREFIX!r}: so begin the ids of agents", name="userId")
    if not 0 < len(user_id) <= USER_ID_CHARS_MAX or not user_id.isprintable():
        raise Invalid(f"a user id has 1 to {USER_ID_CHARS_MAX} printable characters", name="userId")


def agent_id(name: str, user_id: str) -> str:
    """Under which an agent that acts for an account does what it does; the same for each of its keys."""
    return f"{AGENT_PREFIX}{name}@{user_id}"


def agent_of(actor_id: str) -> tuple[str, str] | None:
    """(name, account) of an agent's id; None for anybody else's."""
    if not actor_id.startswith(AGENT_PREFIX):
        return None
    name, _, user_id = actor_id.removeprefix(AGENT_PREFIX).partition("@")
    return name, user_id


def check_agent_name(name: str) -> None:
    """Raise Invalid unless an agent can be called so."""
    if not 0 < len(name) <= AGENT_NAME_CHARS_MAX or not name.isprintable() or "@" in name or name != name.strip():
        raise Invalid(f"an agent's name has 1 to {AGENT_NAME_CHARS_MAX} printable characters and no @", name="agent")
