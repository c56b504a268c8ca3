"""The events that webhooks are to hear of, written in the transaction that makes them true.

Nothing is sent from here; a delivery row is a promise that delivery.py keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from collab_server.shapes.base import timestamp
from collab_server.tables import webhook_deliveries, webhook_events, webhooks

Scope = Literal["server", "account", "session"]
# What may be asked for, and whether only the server's own webhooks hear of it.
TYPES: dict[str, bool] = {
    "session.created": False,
    "session.deleted": False,
    "execution.finished": False,
    "execution.refused": False,
    "usage.recorded": False,
    "branch.proposed": False,
    "branch.merged": False,
    "branch.rejected": False,
    "security.alert": True,
    "webhook.test": False,
}


@dataclass(frozen=True)
class Hook:
    """What is to be known of a webhook to see whether an event is for it."""

    id: str
    scope: Scope
    owner_id: str
    session_id: str | None
    types: frozenset[str]

    def hears(self, event_type: str, session_id: str | None, people: frozenset[str]) -> bool:
        """Whether an event of this session that these people own or made is for this webhook."""
        if event_type not in self.types:
            return False
        if self.scope == "server":
            return True
        if TYPES[event_type]:
            return False
        return session_id == self.session_id if self.scope == "session" else self.owner_id in people


class Outbox:
    """Writes events for those who listen; where nobody does, nothing is written."""

    def __init__(self, engine: AsyncEngine, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now
        self._hooks: tuple[Hook, ...] = ()
        self.on_written: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Read who listens."""
        await self.reload()

    async def close(self) -> None:
        """Nothing is held."""

    async def reload(self) -> None:
        """A webhook was made, changed or taken away, here or on another node."""
        query = select(webhooks).where(webhooks.c.disabled_at.is_(None))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        self._hooks = tuple(
            Hook(row["id"], row["scope"], row["owner_id"], row["session_id"], frozenset(row["types"].split(",")))
            for row in rows
        )

    @property
    def listens(self) -> bool:
        """Whether anybody does."""
        return bool(self._hooks)

    async def emit(
        self,
        connection: AsyncConnection,
        event_type: str,
        event_id: str,
        data: Mapping[str, Any],
        *,
        session_id: str | None = None,
        people: frozenset[str] = frozenset(),
    ) -> None:
        """Promise the event to everyone who listens; it is there if the transaction is. `event_id` is the same whenever the
        same thing is told again, so that a receiver can drop what it knows."""
        heard_by = [hook.id for hook in self._hooks if hook.hears(event_type, session_id, people)]
        if heard_by:
            await self.promise(connection, event_type, event_id, data, heard_by)

    async def promise(
        self,
        connection: AsyncConnection,
        event_type: str,
        event_id: str,
        data: Mapping[str, Any],
        webhook_ids: list[str],
    ) -> None:
        """The event and its deliveries to these webhooks."""
        now_ms = int(self._now() * 1000)
        body = {"id": event_id, "type": event_type, "timestamp": timestamp(now_ms), "data": data}
        await connection.execute(
            insert(webhook_events).values(id=event_id, type=event_type, body=orjson.dumps(body), created_at=now_ms)
        )
        rows = [due(webhook_id, event_id, now_ms) for webhook_id in webhook_ids]
        await connection.execute(insert(webhook_deliveries), rows)
        self.on_written()


def due(webhook_id: str, event_id: str, now_ms: int) -> dict[str, Any]:
    """A delivery row that is to be sent at once."""
    return {
        "webhook_id": webhook_id,
        "event_id": event_id,
        "status": "pending",
        "attempts": 0,
        "next_at": now_ms,
        "created_at": now_ms,
    }
