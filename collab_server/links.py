"""Share links: made for a session by who manages it, shown to anybody, and exchanged for a guest's token.

What a guest may do in the session is members.py's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import revocation
from collab_server.accounts import GUEST_PREFIX
from collab_server.acts import audited
from collab_server.errors import Invalid, NotFound, Unauthorized
from collab_server.identity import Identity, digest
from collab_server.members import GRANTABLE, Access, role_of
from collab_server.tables import links, roles, tokens
from executor.months import DAY_MS, HOUR_MS

LINK_DAYS_MAX = 365
EMBED_TOKEN_HOURS = 12


class Links:
    """Only a hash of a link is stored; its secret is shown once, when it is made."""

    def __init__(self, engine: AsyncEngine, identity: Identity, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._identity = identity
        self._now = now

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def create(
        self, access: Access, role: str, *, expires_at: int | None, cap_micro_dollars: int | None
    ) -> tuple[str, str]:
        """A share link: (id, secret). It carries a role below owner, an expiry and a spending cap."""
        access.require("manage")
        if role not in GRANTABLE or role == "owner":
            raise Invalid("a link carries the role editor, runner or viewer", name="role")
        now_ms = self._now_ms()
        if expires_at is not None and not now_ms < expires_at <= now_ms + LINK_DAYS_MAX * DAY_MS:
            raise Invalid(f"must lie between now and {LINK_DAYS_MAX} days from now", name="expiresAt")
        secret, link_id = "ln_" + secrets.token_urlsafe(24), secrets.token_hex(8)
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(links).values(
                    id=link_id,
                    session_id=access.session["id"],
                    hash=digest(secret),
                    role=role,
                    created_by=access.principal.user_id,
                    created_at=now_ms,
                    expires_at=expires_at,
                    cap_micro_dollars=cap_micro_dollars,
                )
            )
            await audited(
                connection,
                now_ms,
                access.principal.user_id,
                "link.made",
                link_id,
                session=access.session["id"],
                role=role,
                expiresAt=expires_at,
                capMicroDollars=cap_micro_dollars,
            )
        return link_id, secret

    async def listed(self, access: Access) -> list[dict[str, Any]]:
        """The links of a session that still hold."""
        access.require("manage")
        query = (
            select(links)
            .where(links.c.session_id == access.session["id"], links.c.revoked_at.is_(None))
            .order_by(links.c.created_at)
        )
        async with self._engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def revoke(self, access: Access, link_id: str) -> None:
        """Revoke a link with every guest that came by it, everywhere within a second."""
        access.require("manage")
        session_id = access.session["id"]
        async with self._engine.begin() as connection:
            done = await connection.execute(
                update(links)
                .where(links.c.id == link_id, links.c.session_id == session_id, links.c.revoked_at.is_(None))
                .values(revoked_at=self._now_ms())
            )
            if done.rowcount == 0:
                raise NotFound("there is no such link")
            theirs = roles.c.user_id.startswith(f"{GUEST_PREFIX}{link_id}-")
            gone = await connection.execute(delete(roles).where(roles.c.session_id == session_id, theirs))
            if gone.rowcount:
                await revocation.say(connection, self._now_ms(), session_id=session_id)
            await audited(
                connection,
                self._now_ms(),
                access.principal.user_id,
                "link.revoked",
                link_id,
                session=session_id,
                guests=gone.rowcount,
            )

    async def redeem(self, secret: str, name: str) -> tuple[str, str]:
        """Let a guest in by a link; returns (session id, browser token). Raises the uniform Unauthorized."""
        row = await self._link(secret)
        # The link's id is part of the guest's, so that revoking the link finds its guests.
        user_id = f"{GUEST_PREFIX}{row['id']}-{secrets.token_hex(4)}"
        token = await self._let_in(row, user_id, name or "Guest", row["expires_at"])
        return row["session_id"], token

    async def embed(self, secret: str) -> tuple[str, str, int]:
        """The same for an embedded page: (session id, token, when it ends). All who look at it there are one guest."""
        row = await self._link(secret)
        until = self._now_ms() + EMBED_TOKEN_HOURS * HOUR_MS
        until = until if row["expires_at"] is None else min(until, row["expires_at"])
        token = await self._let_in(row, f"{GUEST_PREFIX}{row['id']}-embedded", "Visitor", until)
        return row["session_id"], token, until

    async def _link(self, secret: str) -> RowMapping:
        with self._identity.guarded(secret):
            held = select(links).where(links.c.hash == digest(secret), links.c.revoked_at.is_(None))
            async with self._engine.connect() as connection:
                row = (await connection.execute(held)).mappings().first()
            if row is None or (row["expires_at"] is not None and row["expires_at"] <= self._now_ms()):
                raise Unauthorized
        return row

    async def _let_in(self, link: RowMapping, user_id: str, name: str, expires_at: int | None) -> str:
        session_id, now_ms = link["session_id"], self._now_ms()
        _, token = await self._identity.issue(
            user_id, kind="guest", name=name, label=link["id"], tier="basic", expires_at=expires_at
        )
        known = select(roles.c.role).where(role_of(session_id, user_id))
        # One guest may come several times at once: whose row is there first does not matter.
        with suppress(IntegrityError):
            async with self._engine.begin() as connection:
                # Revoked since it was looked up, it lets nobody in; the row is the lock, whoever comes first.
                holds = update(links).where(links.c.id == link["id"], links.c.revoked_at.is_(None))
                if (await connection.execute(holds.values(role=links.c.role))).rowcount != 1:
                    raise Unauthorized
                await connection.execute(
                    delete(tokens).where(tokens.c.user_id == user_id, tokens.c.expires_at <= now_ms)
                )
                if (await connection.execute(known)).scalar() is None:
                    await connection.execute(
                        insert(roles).values(
                            session_id=session_id, user_id=user_id, role=link["role"], created_at=now_ms
                        )
                    )
        return token
