"""The verbs of an admin on accounts: list them with what they have, change tier and rights, suspend.

Whether the caller is an admin is looked at by the transport's one gate, `Principal.require_admin`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import func, or_, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import revocation
from collab_server.accounts import GUEST_PREFIX
from collab_server.acts import audited
from collab_server.errors import Conflict, Invalid, NotFound
from collab_server.principal import Principal
from collab_server.shapes.admin import UserChange
from collab_server.shapes.base import timestamp
from collab_server.tables import NO_BRANCH, sessions, tokens, users
from executor.months import Month
from executor.pricing import MICRO
from executor.tables import usage

PAGE_MAX = 200


class UserActions:
    """Accounts in the database; what changes reaches open sockets and runs by the feed of access changes."""

    def __init__(self, engine: AsyncEngine, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def listed(self, *, search: str | None, guests: bool, limit: int, cursor: str | None) -> dict[str, Any]:
        """{items, nextCursor}, in the order of their ids; `cursor` is the last id that was seen."""
        query = select(users).order_by(users.c.id).limit(min(limit, PAGE_MAX) + 1)
        if search:
            query = query.where(
                or_(users.c.id.icontains(search, autoescape=True), users.c.name.icontains(search, autoescape=True))
            )
        if not guests:
            query = query.where(~users.c.id.startswith(GUEST_PREFIX))
        if cursor is not None:
            query = query.where(users.c.id > cursor)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        page = rows[: min(limit, PAGE_MAX)]
        return {"items": await self._shown(page), "nextCursor": page[-1]["id"] if len(rows) > len(page) else None}

    async def get(self, user_id: str) -> dict[str, Any]:
        """One account; NotFound when there is none."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(users).where(users.c.id == user_id))).mappings().all()
        if not rows:
            raise NotFound(f"there is no user {user_id[:128]!r}")
        return (await self._shown(rows))[0]

    async def change(self, principal: Principal, user_id: str, wanted: UserChange, tiers: set[str]) -> dict[str, Any]:
        """Change what is given; open sockets and runs follow within a second."""
        values = {key: value for key, value in wanted.model_dump(exclude_unset=True).items() if value is not None}
        if (limits := wanted.limits) is not None:
            del values["limits"]
            given = limits.model_dump(mode="json", exclude_unset=True, by_alias=True)
            values["overrides"] = orjson.dumps(given).decode() if given else None
        if "tier" in values and values["tier"] not in tiers:
            raise Invalid(f"unknown tier {values['tier']!r}; there are {', '.join(sorted(tiers))}", name="tier")
        if user_id == principal.user_id and (values.get("suspended") or values.get("admin") is False):
            raise Conflict("an admin cannot shut the own account out; let another admin do it", code="own_account")
        now_ms = self._now_ms()
        async with self._engine.begin() as connection:
            # The row is the lock: two admins at once are put in order, and the audit has what was there before each.
            lock = update(users).where(users.c.id == user_id).values(name=users.c.name)
            if (await connection.execute(lock)).rowcount == 0:
                raise NotFound(f"there is no user {user_id[:128]!r}")
            before = (await connection.execute(select(users).where(users.c.id == user_id))).mappings().one()
            changed = {key: value for key, value in values.items() if before[key] != value}
            if changed:
                await connection.execute(update(users).where(users.c.id == user_id).values(**changed))
                await revocation.say(connection, now_ms, user_id=user_id)
                was = {key: before[key] for key in changed}
                await audited(
                    connection, now_ms, principal.user_id, "user.changed", user_id, changed=changed, before=was
                )
        return await self.get(user_id)

    async def set_budget(self, user_id: str, micro_dollars: int | None) -> None:
        """What an account lets itself spend in a month."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(users).where(users.c.id == user_id).values(budget_micro_dollars=micro_dollars)
            )
            await audited(
                connection, self._now_ms(), user_id, "user.budget", user_id, budgetMicroDollars=micro_dollars
            )  # fmt: skip

    async def _shown(self, rows: list[RowMapping] | Any) -> list[dict[str, Any]]:
        ids = [row["id"] for row in rows]
        month = Month.at(self._now_ms())
        keys = (
            select(tokens.c.user_id, func.count())
            .where(tokens.c.user_id.in_(ids), tokens.c.kind == "api", tokens.c.revoked_at.is_(None))
            .group_by(tokens.c.user_id)
        )
        owned = (
            select(sessions.c.owner_id, func.count())
            .where(sessions.c.owner_id.in_(ids), sessions.c.deleted_at.is_(None), NO_BRANCH)
            .group_by(sessions.c.owner_id)
        )
        spent = (
            select(usage.c.actor_id, func.sum(usage.c.cost_micro_dollars))
            .where(usage.c.actor_id.in_(ids), usage.c.created_at >= month.start_ms)
            .group_by(usage.c.actor_id)
        )
        async with self._engine.connect() as connection:
            counts = {row[0]: row[1] for row in await connection.execute(keys)}
            sessions_of = {row[0]: row[1] for row in await connection.execute(owned)}
            costs = {row[0]: int(row[1]) for row in await connection.execute(spent)}
        return [
            {
                "id": row["id"],
                "name": row["name"],
                "tier": row["tier"],
                "admin": bool(row["admin"]),
                "suspended": bool(row["suspended"]),
                "createdAt": timestamp(row["created_at"]),
                "tokens": counts.get(row["id"], 0),
                "sessions": sessions_of.get(row["id"], 0),
                "budget": None if row["budget_micro_dollars"] is None else row["budget_micro_dollars"] / MICRO,
                "limits": orjson.loads(row["overrides"]) if row["overrides"] else {},
                "costThisMonth": costs.get(row["id"], 0) / MICRO,
            }
            for row in rows
        ]
