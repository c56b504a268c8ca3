"""Who pays for a run and within which limits: the account, the key or link that asked, the session, the network address.

The limits come from the tier, an admin's overrides and the budgets that people set; taking and settling is executor's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.caller import ADDRESS, network
from collab_server.principal import Principal
from collab_server.settings import Settings
from collab_server.shapes.admin import Overrides
from collab_server.tables import branches, links, sessions, tokens, users
from executor.allowances import Claim, Left
from executor.executions import Executor
from executor.months import Month
from executor.pricing import MICRO, TierQuota


@dataclass(frozen=True)
class Payers:
    """The payers of one run, the account first, and what it pays of the tiers' prices."""

    claims: tuple[Claim, ...]
    price_percent: int


class Budgets:
    """Reads the limits of those who pay."""

    def __init__(self, engine: AsyncEngine, executor: Executor, settings: Settings) -> None:
        self._engine = engine
        self._executor = executor
        self._settings = settings

    async def of(self, principal: Principal, session_id: str | None) -> Payers:
        """Who pays when this principal runs something in this session, or in none."""
        if session_id is not None:
            # What runs in a branch is for the session that it is of.
            session_id = await self._root(session_id)
        key, link = principal.key_id if not principal.guest else None, principal.link_id
        query = select(
            select(users.c.overrides).where(users.c.id == principal.user_id).scalar_subquery(),
            select(users.c.budget_micro_dollars).where(users.c.id == principal.user_id).scalar_subquery(),
            select(tokens.c.budget_micro_dollars).where(tokens.c.id == key).scalar_subquery(),
            select(tokens.c.runs_per_minute).where(tokens.c.id == key).scalar_subquery(),
            select(tokens.c.concurrent_runs).where(tokens.c.id == key).scalar_subquery(),
            # A browser that came by the login URL has no key: it is the account.
            select(tokens.c.id).where(tokens.c.id == key, tokens.c.kind == "api").scalar_subquery(),
            select(links.c.cap_micro_dollars).where(links.c.id == link).scalar_subquery(),
            select(sessions.c.budget_micro_dollars).where(sessions.c.id == session_id).scalar_subquery(),
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one()
        overrides, own, of_key, rate_of_key, at_once_of_key, is_key, of_link, of_session = row
        given = None if overrides is None else Overrides.model_validate(orjson.loads(overrides))
        quota = self._quota(principal.tier, given)
        user = f"user:{principal.user_id}"
        claims = [
            Claim(
                user,
                quota.runs_per_minute,
                _least(quota.month_micro_dollars, own),
                quota.month_compute_micro_units,
                runs_at_once=min(quota.concurrent_runs, self._settings.runs_per_user_max),
            )
        ]
        if is_key is not None:
            at_once = _least(at_once_of_key, self._settings.runs_per_key_max)
            claims.append(Claim(f"key:{key}", rate_of_key, of_key, runs_at_once=at_once))
        if link is not None:
            at_once = self._settings.runs_per_key_max
            claims.append(Claim(f"key:{link}", micro_dollars_max=of_link, monthly=False, runs_at_once=at_once))
        if session_id is not None:
            per_minute, at_once = self._settings.runs_per_session_per_minute, self._settings.runs_per_session_max
            claims.append(Claim(f"session:{session_id}", per_minute, of_session, runs_at_once=at_once))
        if address := ADDRESS.get():
            claims.append(Claim(f"address:{network(address)}", self._settings.runs_per_address_per_minute))
        return Payers(tuple(claims), 100 if given is None else given.price_percent)

    async def _root(self, session_id: str) -> str:
        query = select(branches.c.session_id).where(branches.c.id == session_id)
        async with self._engine.connect() as connection:
            found: str | None = (await connection.execute(query)).scalar()
        return found or session_id

    def _quota(self, tier_name: str, given: Overrides | None) -> TierQuota:
        tier = self._executor.tiers.get(tier_name)
        quota = tier.quota if tier is not None else TierQuota()
        return quota if given is None else given.applied(quota)

    async def left(self, principal: Principal, session_id: str | None = None) -> dict[str, Any]:
        """What the caller may do and has left, as `/api/me` and `welcome` show it."""
        payers = await self.of(principal, session_id)
        left = await self._executor.left(payers.claims)
        tier = self._executor.tiers.get(principal.tier)
        month = Month.at(self._executor.now_ms())
        return {
            "maxTimeMs": tier.max_time_ms if tier else 0,
            "maxMemoryBytes": tier.max_memory_bytes if tier else 0,
            **_shown(left[0]),
            "monthEndsAt": month.end,
            # An address has nothing but a rate, which is the operator's and seen in the headers of a run.
            "budgets": [
                {"of": one.claim.subject, **_shown(one)} for one in left[1:] if one.claim.runs_at_once is not None
            ],
        }


def headers_of(left: Sequence[Left]) -> dict[str, str]:
    """`RateLimit-*`: of the payer that has the fewest runs left in its minute."""
    rated = [one for one in left if one.runs is not None]
    if not rated:
        return {}
    least = min(rated, key=lambda one: one.runs or 0)
    limit = least.claim.runs_per_minute
    return {
        "ratelimit-limit": str(limit),
        "ratelimit-remaining": str(least.runs),
        "ratelimit-reset": str(-(-int(least.rate_full_in_s * 1000) // 1000)),
        "ratelimit-policy": f"{limit};w=60",
    }


def _shown(one: Left) -> dict[str, Any]:
    claim = one.claim
    return {
        "runsPerMinute": claim.runs_per_minute,
        "runsLeft": one.runs,
        "concurrentRuns": claim.runs_at_once,
        "concurrentRunsLeft": None
        if claim.runs_at_once is None
        else max(0, claim.runs_at_once - (one.unfinished or 0)),
        "budget": _decimal(claim.micro_dollars_max),
        "budgetLeft": _decimal(one.micro_dollars),
        "computeUnits": _decimal(claim.micro_units_max),
        "computeUnitsLeft": _decimal(one.micro_units),
        "monthly": claim.monthly,
    }


def _decimal(micro: int | None) -> float | None:
    return None if micro is None else micro / MICRO


def _least(*values: int | None) -> int | None:
    return min((value for value in values if value is not None), default=None)
