"""Sends what was promised: at least once, signed, again and again over days until it is taken.

Any node may send any delivery; a claim in the database keeps two from sending the same one at the same time.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import revocation
from collab_server.ids import new_id
from collab_server.sealing import Sealer, Unsealable
from collab_server.tables import webhook_deliveries, webhook_events, webhooks
from collab_server.webhooks.destination import Unreachable, resolve
from collab_server.webhooks.outbox import due
from executor.months import DAY_MS

logger = logging.getLogger(__name__)

POLL_S = 2.0
CLAIM_MS = 60_000
ANSWER_S = 15.0
AT_ONCE = 16
BACKLOG_COUNTED_MAX = 100_000
# Seconds until the next try: three days in all.
BACKOFF_S = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)
RETRY_AFTER_S_MAX = 24 * 3600
KEPT_MS = 30 * DAY_MS
SWEEP_S = 3600.0
REPLAYED_MAX = 10_000
USER_AGENT = "collab-server-webhooks/1"


@dataclass(frozen=True)
class _Claimed:
    """One delivery that this process is to send now."""

    id: int
    webhook_id: str
    event_id: str
    url: str
    sealed: bytes
    body: bytes
    attempts: int


@dataclass(frozen=True)
class _Answer:
    """What came of a try."""

    taken: bool
    status: int | None = None
    error: str | None = None
    gone: bool = False
    retry_after_s: float | None = None


class Deliveries:
    """The sender of this node."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer, *, private: bool, now: Callable[[], float]) -> None:
        self._engine = engine
        self._sealer = sealer
        self._private = private
        self._now = now
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._http: httpx.AsyncClient | None = None

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def start(self) -> None:
        """Begin to send what is due."""
        self._task = asyncio.create_task(self._send_forever())

    async def close(self) -> None:
        """Stop; what is under way is sent again by whoever comes next."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    def wake(self) -> None:
        """Something new is due."""
        self._wake.set()

    async def _send_forever(self) -> None:
        swept = 0.0
        while True:
            try:
                if self._now() - swept > SWEEP_S:
                    swept = self._now()
                    await self._sweep()
                while await self._send_due():
                    pass
            except Exception:
                # A database that is away must not end the sender.
                logger.exception("webhooks could not be sent")
            try:
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()

    async def backlog(self) -> tuple[int, float]:
        """How many deliveries wait, of all nodes together (BACKLOG_COUNTED_MAX at most), and how long the first is overdue."""
        table = webhook_deliveries.c
        waiting = select(table.next_at).where(table.status == "pending").order_by(table.next_at)
        counted = waiting.limit(BACKLOG_COUNTED_MAX).subquery()
        async with self._engine.connect() as connection:
            query = select(func.count(), func.min(counted.c.next_at))
            count, first = (await connection.execute(query)).one()
        return int(count), 0.0 if first is None else max(0.0, (self._now_ms() - int(first)) / 1000)

    async def _send_due(self) -> int:
        claimed = await self._claim()
        await asyncio.gather(*(self._send(one) for one in claimed))
        return len(claimed)

    async def _claim(self) -> list[_Claimed]:
        table, now_ms = webhook_deliveries.c, self._now_ms()
        query = (
            select(table.id, table.webhook_id, table.event_id, table.attempts, table.next_at)
            .where(table.status == "pending", table.next_at <= now_ms)
            .order_by(table.next_at)
            .limit(AT_ONCE)
        )
        claimed: list[_Claimed] = []
        async with self._engine.begin() as connection:
            for row in (await connection.execute(query)).mappings().all():
                mine = update(webhook_deliveries).where(
                    table.id == row["id"], table.status == "pending", table.next_at == row["next_at"]
                )
                done = await connection.execute(mine.values(next_at=now_ms + CLAIM_MS, attempts=row["attempts"] + 1))
                if done.rowcount != 1:
                    continue
                both = webhooks.join(webhook_events, webhook_events.c.id == row["event_id"])
                what = (
                    select(webhooks.c.url, webhooks.c.secret, webhook_events.c.body)
                    .select_from(both)
                    .where(webhooks.c.id == row["webhook_id"], webhooks.c.disabled_at.is_(None))
                )
                found = (await connection.execute(what)).first()
                if found is None:
                    await connection.execute(
                        update(webhook_deliveries)
                        .where(table.id == row["id"])
                        .values(status="failed", error="the webhook or the event is not there any more")
                    )
                    continue
                claimed.append(
                    _Claimed(
                        row["id"], row["webhook_id"], row["event_id"], found.url, found.secret, found.body,
                        row["attempts"] + 1,
                    )
                )  # fmt: skip
        return claimed

    async def _send(self, one: _Claimed) -> None:
        answer = await self._try(one)
        values: dict[str, Any] = {"answered": answer.status, "error": answer.error}
        if answer.taken:
            values |= {"status": "delivered", "delivered_at": self._now_ms()}
        elif answer.gone or one.attempts > len(BACKOFF_S):
            values["status"] = "failed"
        else:
            wait_s = max(BACKOFF_S[one.attempts - 1], min(answer.retry_after_s or 0, RETRY_AFTER_S_MAX))
            values["next_at"] = self._now_ms() + int(wait_s * 1000)
        async with self._engine.begin() as connection:
            await connection.execute(
                update(webhook_deliveries).where(webhook_deliveries.c.id == one.id).values(**values)
            )
            if answer.gone:
                await connection.execute(
                    update(webhooks)
                    .where(webhooks.c.id == one.webhook_id)
                    .values(disabled_at=self._now_ms(), disabled_why="the receiver answered 410 Gone")
                )
                await revocation.say(connection, self._now_ms(), topic="webhooks", subject=one.webhook_id)

    async def _try(self, one: _Claimed) -> _Answer:
        try:
            secret = self._sealer.open(one.sealed, one.webhook_id)
            destination = await resolve(one.url, private=self._private)
            headers = signed(secret, one.event_id, int(self._now()), one.body)
            request = destination.request(one.body, headers | {"user-agent": USER_AGENT})
            async with asyncio.timeout(ANSWER_S):
                # Not followed when it redirects: where it leads was not looked at. The answer's body is not read.
                response = await self._client().send(request, stream=True)
                await response.aclose()
        except TimeoutError:
            return _Answer(False, error=f"no answer within {ANSWER_S:g} s")
        except (Unreachable, Unsealable) as error:
            return _Answer(False, error=str(error)[:200])
        except (httpx.HTTPError, OSError) as error:
            return _Answer(False, error=f"{type(error).__name__}: {error}"[:200])
        status = response.status_code
        if response.is_success:
            return _Answer(True, status)
        after = response.headers.get("retry-after", "")
        return _Answer(
            False,
            status,
            f"answered {status}",
            gone=status == 410,
            retry_after_s=float(after) if after.isdigit() else None,
        )

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            # No keep-alive: the next one may have resolved elsewhere. No proxy of the environment either.
            limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)
            self._http = httpx.AsyncClient(timeout=ANSWER_S, limits=limits, trust_env=False, follow_redirects=False)
        return self._http

    async def _sweep(self) -> None:
        """What is old and done."""
        before = self._now_ms() - KEPT_MS
        deliveries, events = webhook_deliveries.c, webhook_events.c
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(webhook_deliveries).where(deliveries.created_at < before, deliveries.status != "pending")
            )
            waiting = exists().where(deliveries.event_id == events.id)
            await connection.execute(delete(webhook_events).where(events.created_at < before, ~waiting))

    async def replay(self, webhook_id: str, types: frozenset[str], since_ms: int) -> int:
        """Sends again, or for the first time, what this webhook was to hear since then; how many. The ids stay."""
        told = select(webhook_deliveries.c.event_id).where(webhook_deliveries.c.webhook_id == webhook_id)
        query = (
            select(webhook_events.c.id)
            .where(
                webhook_events.c.created_at >= since_ms,
                webhook_events.c.type.in_(types),
                webhook_events.c.id.in_(told),
            )
            .order_by(webhook_events.c.created_at)
            .limit(REPLAYED_MAX)
        )
        async with self._engine.begin() as connection:
            ids = list((await connection.execute(query)).scalars())
            if ids:
                rows = [due(webhook_id, event_id, self._now_ms()) for event_id in ids]
                await connection.execute(insert(webhook_deliveries), rows)
        self.wake()
        return len(ids)


def signed(secret: bytes, event_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks: an HMAC-SHA256 over id, time and body."""
    mac = hmac.new(secret, b"%s.%d.%s" % (event_id.encode(), at_s, body), hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def new_event_id() -> str:
    """For what happens once and has no id of its own."""
    return f"evt_{new_id()}"
