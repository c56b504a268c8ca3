"""Alerts: many security events of a kind within a time, by rules that a database begins with and admins set; kept, and told to webhooks.

What is noted at all is security.py's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any, get_args

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.acts import audited
from collab_server.errors import Conflict, Invalid, NotFound
from collab_server.ids import new_id
from collab_server.principal import Principal
from collab_server.security import Kind
from collab_server.shapes.admin import NewAlertRule
from collab_server.shapes.base import timestamp, timestamp_or_none
from collab_server.tables import alert_rules, alerts, security_events
from collab_server.webhooks import Outbox

logger = logging.getLogger(__name__)

RULES_MAX = 100
PAGE_MAX = 200


class Alerts:
    """The rules and what they found."""

    def __init__(self, engine: AsyncEngine, outbox: Outbox, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._outbox = outbox
        self._now = now

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def look(self, kinds: Collection[str]) -> None:
        """Events of these kinds were written: see whether they are too many."""
        query = select(alert_rules).where(alert_rules.c.enabled, alert_rules.c.kind.in_(kinds))
        async with self._engine.connect() as connection:
            rules = (await connection.execute(query)).mappings().all()
        for rule in rules:
            if rule["last_fired_at"] + rule["quiet_s"] * 1000 <= self._now_ms():
                await self._weigh(rule)

    async def _weigh(self, rule: RowMapping) -> None:
        now_ms = self._now_ms()
        events = security_events.c
        within = select(func.sum(events.count)).where(
            events.kind == rule["kind"], events.at >= now_ms - rule["window_s"] * 1000
        )
        async with self._engine.begin() as connection:
            count = int((await connection.execute(within)).scalar() or 0)
            if count < rule["threshold"]:
                return
            # Of several nodes that see it, the one whose statement comes first raises it.
            first = update(alert_rules).where(
                alert_rules.c.id == rule["id"], alert_rules.c.last_fired_at == rule["last_fired_at"]
            )
            if (await connection.execute(first.values(last_fired_at=now_ms))).rowcount != 1:
                return
            alert = {
                "id": f"al_{new_id()}", "rule_id": rule["id"], "kind": rule["kind"], "count": count,
                "threshold": rule["threshold"], "window_s": rule["window_s"], "at": now_ms,
            }  # fmt: skip
            await connection.execute(insert(alerts).values(**alert))
            await self._outbox.emit(connection, "security.alert", str(alert["id"]), _shown(alert))
        logger.warning(
            "security alert: %d × %s within %d s (rule %s)", count, rule["kind"], rule["window_s"], rule["id"]
        )

    async def rules(self) -> list[dict[str, Any]]:
        """All rules."""
        async with self._engine.connect() as connection:
            found = (await connection.execute(select(alert_rules).order_by(alert_rules.c.id))).mappings()
            return [_shown_rule(row) for row in found]

    async def add_rule(self, principal: Principal, wanted: NewAlertRule) -> dict[str, Any]:
        """One more rule."""
        self._check(wanted)
        row = _row(f"ar_{new_id()}", wanted)
        async with self._engine.begin() as connection:
            if (
                int((await connection.execute(select(func.count()).select_from(alert_rules))).scalar() or 0)
                >= RULES_MAX
            ):
                raise Conflict(f"there are at most {RULES_MAX} rules", code="too_large")
            await connection.execute(insert(alert_rules).values(**row))
            shown = _shown_rule(row)
            await audited(connection, self._now_ms(), principal.user_id, "alert_rule.made", row["id"], **shown)
        return shown

    async def change_rule(self, principal: Principal, rule_id: str, wanted: NewAlertRule) -> dict[str, Any]:
        """A rule as it is to be from now on."""
        self._check(wanted)
        chosen = alert_rules.c.id == rule_id
        async with self._engine.begin() as connection:
            done = await connection.execute(update(alert_rules).where(chosen).values(**wanted.model_dump()))
            if done.rowcount == 0:
                raise NotFound(f"there is no alert rule {rule_id[:64]!r}")
            shown = _shown_rule(_row(rule_id, wanted))
            await audited(connection, self._now_ms(), principal.user_id, "alert_rule.changed", rule_id, **shown)
        return shown

    def _check(self, wanted: NewAlertRule) -> None:
        if wanted.kind not in get_args(Kind):
            raise Invalid(f"unknown kind {wanted.kind!r}; there are {', '.join(get_args(Kind))}", name="kind")

    async def remove_rule(self, principal: Principal, rule_id: str) -> None:
        """One rule less."""
        async with self._engine.begin() as connection:
            if (await connection.execute(delete(alert_rules).where(alert_rules.c.id == rule_id))).rowcount == 0:
                raise NotFound(f"there is no alert rule {rule_id[:64]!r}")
            await audited(connection, self._now_ms(), principal.user_id, "alert_rule.removed", rule_id)

    async def listed(self, *, before_ms: int | None, limit: int, open_only: bool) -> list[dict[str, Any]]:
        """Alerts, newest first."""
        query = select(alerts).order_by(alerts.c.at.desc(), alerts.c.id).limit(min(limit, PAGE_MAX))
        if before_ms is not None:
            query = query.where(alerts.c.at < before_ms)
        if open_only:
            query = query.where(alerts.c.acknowledged_at.is_(None))
        async with self._engine.connect() as connection:
            return [_shown(dict(row)) for row in (await connection.execute(query)).mappings()]

    async def acknowledge(self, principal: Principal, alert_id: str) -> dict[str, Any]:
        """Somebody has seen it; who was first stays."""
        mine = {"acknowledged_by": principal.user_id, "acknowledged_at": self._now_ms()}
        chosen = alerts.c.id == alert_id
        async with self._engine.begin() as connection:
            done = await connection.execute(
                update(alerts).where(chosen, alerts.c.acknowledged_at.is_(None)).values(**mine)
            )
            row = (await connection.execute(select(alerts).where(chosen))).mappings().first()
            if row is None:
                raise NotFound(f"there is no alert {alert_id[:64]!r}")
            if done.rowcount:
                await audited(connection, self._now_ms(), principal.user_id, "alert.acknowledged", alert_id)
        return _shown(dict(row))


def _row(rule_id: str, wanted: NewAlertRule) -> dict[str, Any]:
    return {"id": rule_id, **wanted.model_dump(), "last_fired_at": 0}


def _shown_rule(row: RowMapping | dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "threshold": row["threshold"],
        "windowS": row["window_s"],
        "quietS": row["quiet_s"],
        "enabled": bool(row["enabled"]),
    }


def _shown(alert: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": alert["id"],
        "ruleId": alert["rule_id"],
        "kind": alert["kind"],
        "count": alert["count"],
        "threshold": alert["threshold"],
        "windowS": alert["window_s"],
        "at": timestamp(alert["at"]),
        "acknowledgedBy": alert.get("acknowledged_by"),
        "acknowledgedAt": timestamp_or_none(alert.get("acknowledged_at")),
    }
