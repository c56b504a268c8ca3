"""The verbs of an admin on tiers: look at them with their versions, and set a new version against the one that was seen.

A version is never changed; a run keeps the one it was admitted under, and every node takes the newest within a second.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from collab_server import revocation
from collab_server.caller import ADDRESS
from collab_server.errors import Invalid, NotFound, PreconditionFailed
from collab_server.identity import Principal
from collab_server.money import shown_tier
from collab_server.shapes import TierChange, TierLimits, timestamp
from executor import modules
from executor.executions import Executor
from executor.ledger import StaleTier
from executor.pricing import MICRO, Tier, TierQuota, price_of

# Whatever a tier may name: Node's modules, by which those of the other languages are governed.
MODULES = frozenset({modules.EVERYTHING, *modules.known_names("javascript")})


class TierActions:
    """Tiers in the ledger; the feed of access changes tells the other nodes."""

    def __init__(self, executor: Executor, *, now: Callable[[], float]) -> None:
        self._executor = executor
        self._now = now

    async def listed(self) -> list[dict[str, Any]]:
        """All tiers at their newest version, as the ledger has them."""
        return [shown_tier(tier) for tier in (await self._executor.ledger.tiers()).values()]

    async def get(self, name: str) -> dict[str, Any]:
        """One tier, with who set which version when."""
        tier = await self._newest(name)
        versions = [
            shown_tier(each.tier) | {"setBy": each.actor_id, "setAt": timestamp(each.created_at)}
            for each in await self._executor.ledger.tier_versions(name)
        ]
        return shown_tier(tier) | {"versions": versions}

    async def put(self, principal: Principal, name: str, wanted: TierChange, version: int | None) -> dict[str, Any]:
        """Set the next version; `version` is the one the change is based on, None whichever is newest."""
        newest = await self._newest(name)
        tier = Tier(
            name,
            newest.version,
            _micro(wanted.price_per_second, "pricePerSecond"),
            _micro(wanted.price_per_mb, "pricePerMb"),
            wanted.max_time_ms,
            wanted.max_memory_bytes,
            _modules(wanted.modules),
            newest.quota if wanted.limits is None else _quota(wanted.limits),
        )
        _keep_the_order(tier, (await self._executor.ledger.tiers()).values())
        now_ms = int(self._now() * 1000)

        async def tell(connection: AsyncConnection) -> None:
            await revocation.say(connection, now_ms, topic="tiers", subject=name)

        try:
            expected = newest.version if version is None else version
            changed = await self._executor.ledger.put_tier(
                tier, expected, principal.user_id, now_ms, origin=ADDRESS.get(), also=tell
            )
        except StaleTier as error:
            raise PreconditionFailed(
                f"the tier is at version {error.current}; look at it and try again", version=error.current
            ) from error
        await self._executor.reload_tiers()
        return shown_tier(changed)

    async def _newest(self, name: str) -> Tier:
        tier = (await self._executor.ledger.tiers()).get(name)
        if tier is None:
            raise NotFound(f"there is no tier {name[:64]!r}")
        return tier


def _keep_the_order(changed: Tier, tiers: Collection[Tier]) -> None:
    """Raise Invalid when a price would move the tier past another: by price it is known what an account's tier includes."""
    before = next(tier for tier in tiers if tier.name == changed.name)
    for other in tiers:
        if other.name == changed.name:
            continue
        was_below = price_of(before) < price_of(other)
        if price_of(changed) == price_of(other) or (price_of(changed) < price_of(other)) != was_below:
            where = "below" if was_below else "above"
            raise Invalid(
                f"must stay {where} that of {other.name}: tiers are ordered by price, and each includes those below it",
                name="pricePerSecond",
            )


def _micro(dollars: Decimal, field: str) -> int:
    micro = dollars * MICRO
    if micro != int(micro):
        raise Invalid("has more than six decimals; prices are whole micro-dollars", name=field)
    return int(micro)


def _quota(limits: TierLimits) -> TierQuota:
    units = limits.compute_units_per_month
    return TierQuota(
        limits.runs_per_minute,
        limits.concurrent_runs,
        None if units is None else units * MICRO,
        None if limits.money_per_month is None else int(limits.money_per_month * MICRO),
    )


def _modules(names: list[str]) -> tuple[str, ...]:
    if unknown := sorted(set(names) - MODULES):
        raise Invalid(f"unknown module {unknown[0]!r}; there are {', '.join(sorted(MODULES))}", name="modules")
    return tuple(dict.fromkeys(names))
