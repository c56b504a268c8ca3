"""The verbs of an admin on tiers: look at them with their versions, and set a new version against the one that was seen.

A version is never changed; a run keeps the one it was admitted under, and every node takes the newest within a second.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from collab_server import revocation
from collab_server.caller import ADDRESS
from collab_server.errors import Invalid, NotFound, PreconditionFailed
from collab_server.money import shown_tier
from collab_server.principal import Principal
from collab_server.shapes.base import timestamp
from collab_server.shapes.tiers import TierChange, TierLimits
from executor import modules
from executor.executions import Executor
from executor.ledger import StaleTier
from executor.months import DAY_MS
from executor.pricing import MB, MICRO, TIERS, Tier, TierQuota, cost, price_of
from executor.statistics import Statistics

# What a change is weighed against: the runs of so many days, or where there are none one like this.
PREVIEW_DAYS = 30
TYPICAL_SECONDS, TYPICAL_BYTES = Fraction(1), 64 * MB
# Whatever a tier may name: Node's modules, by which those of the other languages are governed.
MODULES = frozenset({modules.EVERYTHING, *modules.known_names("javascript")})


class TierActions:
    """Tiers in the ledger; the feed of access changes tells the other nodes."""

    def __init__(self, engine: AsyncEngine, executor: Executor, *, now: Callable[[], float]) -> None:
        self._executor = executor
        self._statistics = Statistics(engine)
        self._now = now

    async def listed(self) -> list[dict[str, Any]]:
        """All tiers at their newest version, as the ledger has them."""
        return [shown_tier(tier) for tier in (await self._executor.ledger.tiers()).values()]

    async def get(self, name: str) -> dict[str, Any]:
        """One tier, with who set which version when; nobody set what it came with."""
        tier = await self._newest(name)
        versions = [
            shown_tier(each.tier) | {"setBy": each.actor_id, "setAt": timestamp(each.created_at)}
            for each in await self._executor.ledger.tier_versions(name)
        ]
        if came := next((each for each in TIERS if each.name == name), None):
            versions.append(shown_tier(came) | {"setBy": None, "setAt": None})
        return shown_tier(tier) | {"versions": versions}

    async def put(self, principal: Principal, name: str, wanted: TierChange, version: int | None) -> dict[str, Any]:
        """Set the next version; `version` is the one the change is based on, None whichever is newest."""
        newest = await self._newest(name)
        tier = await self._wanted(newest, wanted)
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

    async def preview(self, name: str, wanted: TierChange) -> dict[str, Any]:
        """What `put` would do, as far as the last days show: the price of a typical run, of all of them, and what would no
        longer fit. Raises what `put` would raise."""
        before = await self._newest(name)
        after = await self._wanted(before, wanted)
        since_ms = int(self._now() * 1000) - PREVIEW_DAYS * DAY_MS
        limits = (after.max_time_ms, after.max_memory_bytes)
        past = await self._statistics.of_tier(name, since_ms, max_time_ms=limits[0], max_memory_bytes=limits[1])
        seconds, memory = Fraction(past.median_wall_ms, 1000), past.median_memory_bytes
        if not past.executions:
            seconds, memory = TYPICAL_SECONDS, TYPICAL_BYTES
        whole = Fraction(past.wall_ms, 1000)
        return {
            "days": PREVIEW_DAYS,
            "typical": {"seconds": float(seconds), "memoryBytes": memory, "measured": past.executions > 0},
            "typicalCost": {
                "beforeMicroDollars": cost(before, seconds, memory).cost_micro_dollars,
                "afterMicroDollars": cost(after, seconds, memory).cost_micro_dollars,
            },
            "executions": past.executions,
            "allCost": {
                "beforeMicroDollars": cost(before, whole, past.memory_bytes).cost_micro_dollars,
                "afterMicroDollars": cost(after, whole, past.memory_bytes).cost_micro_dollars,
            },
            "noLongerFit": past.beyond,
            "modulesAdded": sorted(set(after.modules) - set(before.modules)),
            "modulesRemoved": sorted(set(before.modules) - set(after.modules)),
        }

    async def _wanted(self, newest: Tier, wanted: TierChange) -> Tier:
        tier = Tier(
            newest.name,
            newest.version,
            _micro(wanted.price_per_second, "pricePerSecond"),
            _micro(wanted.price_per_mb, "pricePerMb"),
            wanted.max_time_ms,
            wanted.max_memory_bytes,
            _modules(wanted.modules),
            newest.quota if wanted.limits is None else _quota(wanted.limits),
        )
        _keep_the_order(tier, (await self._executor.ledger.tiers()).values())
        return tier

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
