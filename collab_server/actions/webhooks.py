"""The verbs on webhooks: make, list, change, test, replay and take away, each by whoever it belongs to.

What is sent and how is webhooks/'s.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from collab_server import revocation
from collab_server.acts import audited
from collab_server.errors import Conflict, Forbidden, Invalid, NotFound
from collab_server.members import Members
from collab_server.principal import Principal
from collab_server.sealing import Sealer
from collab_server.shapes.base import timestamp, timestamp_or_none
from collab_server.shapes.webhooks import NewWebhook, WebhookChange
from collab_server.tables import webhook_deliveries, webhook_events, webhooks
from collab_server.webhooks import TYPES, Deliveries, Outbox
from collab_server.webhooks.delivery import new_event_id
from collab_server.webhooks.destination import check
from collab_server.webhooks.outbox import due

WEBHOOKS_PER_USER_MAX = 20
SECRET_BYTES = 24
PAGE_MAX = 100


class WebhookActions:
    """Webhook rows; whoever made one may see and change it, and an admin those of the server."""

    def __init__(
        self,
        engine: AsyncEngine,
        members: Members,
        outbox: Outbox,
        deliveries: Deliveries,
        sealer: Sealer,
        *,
        private: bool,
        now: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._members = members
        self._outbox = outbox
        self._deliveries = deliveries
        self._sealer = sealer
        self._private = private
        self._now = now

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def create(self, principal: Principal, wanted: NewWebhook) -> dict[str, Any]:
        """Make one; the answer holds the signing secret, this once."""
        if principal.guest:
            raise Forbidden("a guest cannot make webhooks")
        if wanted.scope == "server":
            principal.require_admin()
        elif "edit" not in principal.scopes:
            raise Forbidden("this token is not for that: it lacks the scope 'edit'")
        if (wanted.session_id is None) == (wanted.scope == "session"):
            raise Invalid("belongs to the scope 'session', and to no other", name="sessionId")
        if wanted.session_id is not None:
            await self._members.access(principal, wanted.session_id, "manage")
        self._check(wanted.url, wanted.types, wanted.scope)
        webhook_id, secret = f"wh_{secrets.token_hex(8)}", secrets.token_bytes(SECRET_BYTES)
        async with self._engine.begin() as connection:
            held = select(func.count()).select_from(webhooks).where(webhooks.c.owner_id == principal.user_id)
            if int((await connection.execute(held)).scalar() or 0) >= WEBHOOKS_PER_USER_MAX:
                raise Conflict(f"an account has at most {WEBHOOKS_PER_USER_MAX} webhooks", code="too_large")
            await connection.execute(
                insert(webhooks).values(
                    id=webhook_id,
                    scope=wanted.scope,
                    owner_id=principal.user_id,
                    session_id=wanted.session_id,
                    url=wanted.url,
                    secret=self._sealer.seal(secret, webhook_id),
                    types=",".join(sorted(set(wanted.types))),
                    created_at=self._now_ms(),
                )
            )
            await self._told(connection, principal, "webhook.made", webhook_id, url=wanted.url, types=wanted.types)
        await self._outbox.reload()
        return await self.get(principal, webhook_id) | {"secret": _spelled(secret)}

    async def listed(self, principal: Principal) -> list[dict[str, Any]]:
        """One's own, newest first."""
        query = select(webhooks).where(webhooks.c.owner_id == principal.user_id).order_by(webhooks.c.created_at.desc())
        async with self._engine.connect() as connection:
            return [_shown(row) for row in (await connection.execute(query)).mappings()]

    async def get(self, principal: Principal, webhook_id: str) -> dict[str, Any]:
        """One of one's own, without its secret."""
        return _shown(await self._row(principal, webhook_id))

    async def change(self, principal: Principal, webhook_id: str, wanted: WebhookChange) -> dict[str, Any]:
        """Change where it goes, what it hears, or whether it is on."""
        row = await self._row(principal, webhook_id)
        values: dict[str, Any] = {}
        if wanted.url is not None:
            values["url"] = wanted.url
        if wanted.types is not None:
            values["types"] = ",".join(sorted(set(wanted.types)))
        if wanted.enabled is not None:
            off = (None, None) if wanted.enabled else (self._now_ms(), "switched off")
            values["disabled_at"], values["disabled_why"] = off
        self._check(values.get("url", row["url"]), values.get("types", row["types"]).split(","), row["scope"])
        if values:
            async with self._engine.begin() as connection:
                await connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))
                await self._told(connection, principal, "webhook.changed", webhook_id, changed=sorted(values))
            await self._outbox.reload()
        return await self.get(principal, webhook_id)

    async def rotate(self, principal: Principal, webhook_id: str) -> dict[str, Any]:
        """A new signing secret, in force at once; the answer holds it, this once."""
        await self._row(principal, webhook_id)
        secret = secrets.token_bytes(SECRET_BYTES)
        async with self._engine.begin() as connection:
            sealed = self._sealer.seal(secret, webhook_id)
            await connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(secret=sealed))
            await self._told(connection, principal, "webhook.rotated", webhook_id)
        return {"id": webhook_id, "secret": _spelled(secret)}

    async def remove(self, principal: Principal, webhook_id: str) -> None:
        """Take one away, with what it has not heard yet."""
        await self._row(principal, webhook_id)
        async with self._engine.begin() as connection:
            await connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))
            await connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.webhook_id == webhook_id))
            await self._told(connection, principal, "webhook.removed", webhook_id)
        await self._outbox.reload()

    async def test(self, principal: Principal, webhook_id: str) -> dict[str, Any]:
        """Send it an event that says nothing but hello."""
        row = await self._row(principal, webhook_id)
        if row["disabled_at"] is not None:
            raise Conflict("the webhook is off; switch it on first", code="disabled")
        event_id = new_event_id()
        async with self._engine.begin() as connection:
            data = {"webhookId": webhook_id}
            await self._outbox.promise(connection, "webhook.test", event_id, data, [webhook_id])
        self._deliveries.wake()
        return {"eventId": event_id}

    async def deliveries(self, principal: Principal, webhook_id: str, before: int | None, limit: int) -> dict[str, Any]:
        """What it was sent and what came of it, newest first."""
        await self._row(principal, webhook_id)
        table = webhook_deliveries.c
        query = (
            select(webhook_deliveries, webhook_events.c.type)
            .outerjoin(webhook_events, webhook_events.c.id == table.event_id)
            .where(table.webhook_id == webhook_id)
            .order_by(table.id.desc())
            .limit(min(limit, PAGE_MAX))
        )
        if before is not None:
            query = query.where(table.id < before)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        items = [_shown_delivery(row) for row in rows]
        return {"items": items, "nextBefore": items[-1]["id"] if len(items) == limit else None}

    async def retry(self, principal: Principal, webhook_id: str, delivery_id: int) -> dict[str, Any]:
        """Send one again."""
        await self._row(principal, webhook_id)
        table = webhook_deliveries.c
        query = select(table.event_id).where(table.id == delivery_id, table.webhook_id == webhook_id)
        async with self._engine.begin() as connection:
            event_id = (await connection.execute(query)).scalar()
            if event_id is None:
                raise NotFound(f"there is no delivery {delivery_id} of this webhook")
            await connection.execute(insert(webhook_deliveries).values(due(webhook_id, event_id, self._now_ms())))
        self._deliveries.wake()
        return {"eventId": event_id}

    async def replay(self, principal: Principal, webhook_id: str, since_ms: int) -> dict[str, Any]:
        """Send again what it was sent since then."""
        row = await self._row(principal, webhook_id)
        return {"events": await self._deliveries.replay(webhook_id, frozenset(row["types"].split(",")), since_ms)}

    async def _row(self, principal: Principal, webhook_id: str) -> RowMapping:
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(webhooks).where(webhooks.c.id == webhook_id))).mappings().first()
        if row is not None and row["owner_id"] == principal.user_id and not principal.guest:
            return row
        raise NotFound(f"there is no webhook {webhook_id[:64]!r} of yours")

    def _check(self, url: str, types: Iterable[str], scope: str) -> None:
        try:
            check(url, private=self._private)
        except ValueError as error:
            raise Invalid(str(error), name="url") from None
        for name in types:
            if name not in TYPES or (TYPES[name] and scope != "server"):
                known = [each for each, for_server in TYPES.items() if scope == "server" or not for_server]
                raise Invalid(f"unknown type {name[:64]!r}; there are {', '.join(known)}", name="types")

    async def _told(
        self, connection: AsyncConnection, principal: Principal, action: str, webhook_id: str, **detail: Any
    ) -> None:
        now_ms = self._now_ms()
        await revocation.say(connection, now_ms, topic="webhooks", subject=webhook_id)
        await audited(connection, now_ms, principal.user_id, action, webhook_id, **detail)


def _spelled(secret: bytes) -> str:
    return f"whsec_{base64.b64encode(secret).decode()}"


def _shown(row: RowMapping) -> dict[str, Any]:
    return {
        "id": row["id"],
        "scope": row["scope"],
        "sessionId": row["session_id"],
        "url": row["url"],
        "types": row["types"].split(","),
        "enabled": row["disabled_at"] is None,
        "disabledWhy": row["disabled_why"],
        "createdAt": timestamp(row["created_at"]),
    }


def _shown_delivery(row: RowMapping) -> dict[str, Any]:
    return {
        "id": row["id"],
        "eventId": row["event_id"],
        "type": row["type"],
        "status": row["status"],
        "attempts": row["attempts"],
        "answered": row["answered"],
        "error": row["error"],
        "createdAt": timestamp(row["created_at"]),
        "nextAt": timestamp(row["next_at"]) if row["status"] == "pending" else None,
        "deliveredAt": timestamp_or_none(row["delivered_at"]),
    }
