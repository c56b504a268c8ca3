"""Who is asking: from a bearer token, a cookie or a JWT to a Principal, and the keys that we issue ourselves.

What a principal is, is principal.py's, and what it may do in a session members.py's; nothing here knows a session.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.accounts import (
    agent_id,
    check_agent_name,
    check_user_id,
    ensure_user,
)
from collab_server.acts import OPERATOR, audited
from collab_server.caller import ADDRESS, AGENT
from collab_server.claims import Verifier
from collab_server.errors import Forbidden, Invalid, NotFound, TooMany, Unauthorized
from collab_server.guesses import Guesses
from collab_server.principal import SCOPES, Principal, Via
from collab_server.security import SecurityLog
from collab_server.settings import Settings
from collab_server.tables import access_changes, tokens, users
from executor.months import DAY_MS, HOUR_MS
from executor.pricing import MICRO
from executor.pricing import TIERS as TIER_LIST

TokenKind = Literal["api", "browser", "login", "guest"]
PREFIX_OF_KIND: dict[TokenKind, str] = {"api": "ck_", "browser": "cb_", "login": "cl_", "guest": "cg_"}

BROWSER_TOKEN_DAYS = 30
TOKEN_CHARS_MAX = 8192
TIERS = tuple(tier.name for tier in TIER_LIST)
LOCAL_USER = "local"
LOCAL_TIER = "enterprise"


class Identity:
    """Checks and issues tokens. Only hashes are stored; a token is shown once, when it is made."""

    def __init__(
        self,
        engine: AsyncEngine,
        settings: Settings,
        *,
        now: Callable[[], float],
        security: SecurityLog | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._now = now
        self._security = security or SecurityLog(engine, now=now, node_id=settings.node_id)
        self._guesses = Guesses(settings.login_failures_per_minute, now=time.monotonic)
        self._outside = Verifier(settings)

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def authenticate(self, token: str, via: Via) -> Principal:
        """The principal of `token`; raises the one uniform Unauthorized whatever is wrong with it, or TooMany after many failures."""
        with self.guarded(token):
            if not token or len(token) > TOKEN_CHARS_MAX:
                raise Unauthorized
            jwt_given = token.count(".") == 2 and via == "bearer"
            principal = await (self._from_jwt(token) if jwt_given else self._from_key(token, via))
        AGENT.set(principal.agent_id or "")
        return principal

    @contextmanager
    def guarded(self, token: str) -> Iterator[None]:
        """Around every place where somebody shows something secret: failures are counted by address, noted and bounded."""
        address, fingerprint = ADDRESS.get(), digest(token[:TOKEN_CHARS_MAX])
        try:
            self._guesses.check(address, fingerprint)
            yield
        except TooMany:
            self._security.note("login_limited", "warning")
            raise
        except Unauthorized as error:
            self._guesses.forget(fingerprint)
            # A token that was good once was not guessed: a browser left open overnight must not shut its whole office out.
            if not error.noted:
                self._guesses.failed(address)
                self._security.note("login_failed", "warning")
            raise
        self._guesses.held(fingerprint)

    async def _row_of(self, token: str, *kinds: TokenKind) -> RowMapping:
        """The token's row with its user's, if it holds and is of one of the kinds; Unauthorized otherwise."""
        query = (
            select(tokens, users.c.name.label("user_name"), users.c.tier, users.c.admin, users.c.suspended)
            .join(users, users.c.id == tokens.c.user_id)
            .where(tokens.c.hash == digest(token))
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None or row["kind"] not in kinds:
            raise Unauthorized
        expired = row["expires_at"] is not None and row["expires_at"] <= self._now_ms()
        if row["revoked_at"] is not None or row["suspended"] or expired:
            why = "revoked" if row["revoked_at"] is not None else "suspended" if row["suspended"] else "expired"
            severity: Literal["info", "warning"] = "info" if why == "expired" else "warning"
            self._security.note("token_revoked", severity, actor_id=row["user_id"], subject=row["id"], why=why)
            error = Unauthorized()
            error.noted = True
            raise error
        return row

    async def _from_key(self, token: str, via: Via) -> Principal:
        row = await self._row_of(token, "api", "browser", "guest")
        guest = row["kind"] == "guest"
        return Principal(
            user_id=row["user_id"],
            name=row["user_name"],
            tier=row["tier"],
            admin=bool(row["admin"]),
            via=via,
            guest=guest,
            scopes=frozenset(row["scopes"].split(",")) if row["scopes"] else SCOPES,
            token_id=row["id"],
            expires_at=row["expires_at"],
            link_id=row["name"] if guest else None,
            key_id=row["id"] if row["kind"] == "api" else row["name"],
            program=row["kind"] == "api" or row["agent"] is not None,
            agent_id=agent_id(row["agent"], row["user_id"]) if row["agent"] is not None else None,
            agent_name=row["agent"] or "",
        )

    async def _from_jwt(self, token: str) -> Principal:
        told = await self._outside.claims(token)
        principal = Principal(
            user_id=told.user_id,
            name=told.name,
            tier=told.tier,
            admin=told.admin,
            scopes=SCOPES,
            token_id=None,
            expires_at=told.expires_at,
            via="bearer",
            program=told.agent is not None,
            agent_id=agent_id(told.agent, told.user_id) if told.agent is not None else None,
            agent_name=told.agent_name,
        )
        # The outside provider owns the account; our row only gives the name to others (collaborator lists, invoices).
        async with self._engine.begin() as connection:
            await ensure_user(
                connection, principal.user_id, name=principal.name, tier=None, admin=None, now_ms=self._now_ms()
            )
            suspended = select(users.c.suspended).where(users.c.id == principal.user_id)
            if (await connection.execute(suspended)).scalar():
                raise Unauthorized
        return principal

    async def issue(
        self,
        user_id: str,
        *,
        kind: TokenKind,
        name: str = "",
        label: str = "",
        tier: str | None = None,
        admin: bool | None = None,
        scopes: Iterable[str] = (),
        expires_at: int | None = None,
        budget_micro_dollars: int | None = None,
        runs_per_minute: int | None = None,
        concurrent_runs: int | None = None,
        agent: str | None = None,
        by: str | None = None,
    ) -> tuple[str, str]:
        """Make a token for `user_id` (the account is made when missing); returns (id, token). Raises Invalid.

        `by` is who asked for it, when it was not the user; the budget is what its runs may cost in a month; `agent` is the
        name of who acts for the user by it.
        """
        wanted = sorted(set(scopes))
        if unknown := set(wanted) - SCOPES:
            raise Invalid(f"unknown scope {sorted(unknown)[0]!r}; there are {', '.join(sorted(SCOPES))}", name="scopes")
        if tier is not None and tier not in TIERS:
            raise Invalid(f"unknown tier {tier!r}; there are {', '.join(TIERS)}", name="tier")
        check_user_id(user_id)
        if agent is not None:
            check_agent_name(agent)
        token = PREFIX_OF_KIND[kind] + secrets.token_urlsafe(32)
        token_id = secrets.token_hex(8)
        async with self._engine.begin() as connection:
            await ensure_user(connection, user_id, name=name, tier=tier, admin=admin, now_ms=self._now_ms())
            await connection.execute(
                insert(tokens).values(
                    id=token_id,
                    hash=digest(token),
                    prefix=token[:10],
                    user_id=user_id,
                    kind=kind,
                    name=label,
                    scopes=",".join(wanted),
                    created_at=self._now_ms(),
                    expires_at=expires_at,
                    budget_micro_dollars=budget_micro_dollars,
                    runs_per_minute=runs_per_minute,
                    concurrent_runs=concurrent_runs,
                    agent=agent,
                )
            )
            await audited(
                connection,
                self._now_ms(),
                by or user_id,
                "token.made",
                token_id,
                user=user_id,
                kind=kind,
                scopes=wanted,
                expiresAt=expires_at,
                **({"forAgent": agent} if agent is not None else {}),
            )
        return token_id, token

    async def exchange(self, token: str) -> tuple[Principal, str]:
        """A login token or an API key for a browser token; returns (principal, browser token)."""
        with self.guarded(token):
            row = await self._row_of(token, "login", "api")
        now_ms = self._now_ms()
        # A browser never outlives the key that let it in.
        until = now_ms + BROWSER_TOKEN_DAYS * DAY_MS
        if row["kind"] == "api" and row["expires_at"] is not None:
            until = min(until, row["expires_at"])
        _, browser = await self.issue(
            row["user_id"],
            kind="browser",
            label=row["id"],
            scopes=[s for s in row["scopes"].split(",") if s],
            expires_at=until,
            agent=row["agent"],
        )
        return await self._from_key(browser, "cookie"), browser

    async def login_token(self, user_id: str) -> str:
        """A token that opens the editor in a browser, for the URL printed at the start; those that ran out are swept away."""
        now_ms = self._now_ms()
        async with self._engine.begin() as connection:
            await connection.execute(delete(tokens).where(tokens.c.kind == "login", tokens.c.expires_at <= now_ms))
        until = now_ms + int(self._settings.login_hours * HOUR_MS)
        return (
            await self.issue(
                user_id, kind="login", name="You", tier=LOCAL_TIER, admin=True, expires_at=until, by=OPERATOR
            )
        )[1]

    async def revoke(self, token_id: str, *, user_id: str | None = None, by: str | None = None) -> None:
        """Revoke a token and the browsers it let in, everywhere within a second; raises NotFound (also for someone else's)."""
        own = () if user_id is None else (tokens.c.user_id == user_id,)
        chosen = or_(tokens.c.id == token_id, (tokens.c.kind == "browser") & (tokens.c.name == token_id))
        async with self._engine.begin() as connection:
            done = await connection.execute(
                select(tokens.c.id, tokens.c.user_id).where(chosen, tokens.c.revoked_at.is_(None), *own)
            )
            rows = done.all()
            if not rows:
                raise NotFound(f"there is no token {token_id!r} to revoke; `token list` shows them")
            await connection.execute(
                update(tokens).where(tokens.c.id.in_([row.id for row in rows])).values(revoked_at=self._now_ms())
            )
            for row in rows:
                await connection.execute(
                    insert(access_changes).values(user_id=row.user_id, token_id=row.id, created_at=self._now_ms())
                )
            for row in rows:
                await audited(
                    connection, self._now_ms(), by or user_id or OPERATOR, "token.revoked", row.id, user=row.user_id
                )

    async def listed(self, user_id: str | None = None) -> list[dict[str, Any]]:
        """The API keys of a user (or of all), newest first, without anything secret."""
        query = (
            select(tokens)
            .where(tokens.c.kind == "api", tokens.c.revoked_at.is_(None))
            .order_by(tokens.c.created_at.desc())
        )
        if user_id is not None:
            query = query.where(tokens.c.user_id == user_id)
        async with self._engine.connect() as connection:
            return [shown_token(row) for row in (await connection.execute(query)).mappings()]

    async def bound(self, token_id: str, changes: dict[str, int | None], *, user_id: str) -> dict[str, Any]:
        """Set what bounds a key of a user; returns it as it is then. Raises NotFound (also for someone else's)."""
        mine = (tokens.c.id == token_id, tokens.c.user_id == user_id, tokens.c.kind == "api")
        async with self._engine.begin() as connection:
            row = (
                (await connection.execute(select(tokens).where(*mine, tokens.c.revoked_at.is_(None))))
                .mappings()
                .first()
            )
            if row is None:
                raise NotFound(f"there is no key {token_id!r}")
            if changes:
                await connection.execute(update(tokens).where(*mine).values(**changes))
                await audited(connection, self._now_ms(), user_id, "token.bound", token_id, **changes)
        return shown_token(dict(row) | changes)

    async def require_unbound(self, principal: Principal) -> int | None:
        """Raise Forbidden for a key with a budget, a rate or an agent: by another key it would be free of them.

        Returns until when a key may hold that this principal makes: no longer than what it came by itself, a browser no longer
        than the key that let it in; None is without an end."""
        principal.require_own("make or change keys")
        bounds = (tokens.c.budget_micro_dollars, tokens.c.runs_per_minute, tokens.c.concurrent_runs)
        query = select(*bounds, tokens.c.kind, tokens.c.expires_at).where(tokens.c.id == principal.key_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is not None and any(row[bound.name] is not None for bound in bounds):
            raise Forbidden("a key with a budget or a rate of its own cannot make or change keys; use one without")
        if principal.via == "bearer":
            return principal.expires_at
        return None if row is None or row["kind"] != "api" else row["expires_at"]

    async def still_valid(self, principal: Principal) -> bool:
        """Whether the token behind an open socket still holds."""
        if principal.expires_at is not None and principal.expires_at <= self._now_ms():
            return False
        user = select(users.c.suspended).where(users.c.id == principal.user_id)
        token = select(tokens.c.revoked_at).where(tokens.c.id == principal.token_id)
        async with self._engine.connect() as connection:
            if (await connection.execute(user)).scalar():
                return False
            if principal.token_id is None:
                return True
            row = (await connection.execute(token)).first()
        return row is not None and row.revoked_at is None

    async def refreshed(self, principal: Principal) -> Principal:
        """The principal as its account is now: an open socket goes on under the tier that an admin gave meanwhile."""
        if principal.token_id is None:
            return principal  # a JWT says itself what it is good for
        query = select(users.c.tier, users.c.admin).where(users.c.id == principal.user_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return principal if row is None else replace(principal, tier=row.tier, admin=bool(row.admin))

    async def suspended(self, user_id: str) -> bool:
        """Whether an account is shut."""
        async with self._engine.connect() as connection:
            return bool((await connection.execute(select(users.c.suspended).where(users.c.id == user_id))).scalar())


def shown_token(row: RowMapping | dict[str, Any]) -> dict[str, Any]:
    """What REST and the command line show of a token."""
    return {
        "id": row["id"],
        "prefix": row["prefix"],
        "userId": row["user_id"],
        "name": row["name"],
        "scopes": [s for s in row["scopes"].split(",") if s],
        "createdAt": row["created_at"],
        "expiresAt": row["expires_at"],
        "budget": None if row["budget_micro_dollars"] is None else row["budget_micro_dollars"] / MICRO,
        "runsPerMinute": row["runs_per_minute"],
        "concurrentRuns": row["concurrent_runs"],
        "agent": row["agent"],
    }


def digest(token: str) -> str:
    """What is stored of a token. It holds 256 random bits, so a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
