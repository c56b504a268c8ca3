"""Money and tiers as pure functions over integers: what a run may have and what it costs.

Nothing here knows the time, the store or the caller; a price is never read from anything but a Tier.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from executor import modules

MICRO = 1_000_000
MB = 2**20
COMPUTE_UNITS_PER_MB = Fraction(1, 10)


@dataclass(frozen=True)
class Tier:
    name: str
    version: int
    price_per_second_micro_dollars: int
    price_per_mb_micro_dollars: int
    max_time_ms: int
    max_memory_bytes: int
    modules: tuple[str, ...]
    quota: "TierQuota" = field(default_factory=lambda: TierQuota())


@dataclass(frozen=True)
class TierQuota:
    """What an account of a tier may use; None is no limit."""

    runs_per_minute: int = 60
    concurrent_runs: int = 4
    month_compute_micro_units: int | None = None
    month_micro_dollars: int | None = None


_TO_STANDARD = (*modules.BASIC, *modules.STANDARD)
_MILLION = 1_000_000
TIERS: tuple[Tier, ...] = (
    Tier("basic", 1, 100, 10, 10_000, 128 * MB, modules.BASIC, TierQuota(60, 4, _MILLION * MICRO, 100 * MICRO)),
    Tier("standard", 1, 500, 50, 30_000, 256 * MB, _TO_STANDARD, TierQuota(120, 6, 4 * _MILLION * MICRO, 1_000 * MICRO)),
    Tier(
        "premium", 1, 1_000, 100, 60_000, 512 * MB, (*_TO_STANDARD, *modules.PREMIUM),
        TierQuota(240, 8, 16 * _MILLION * MICRO, 10_000 * MICRO),
    ),
    Tier("enterprise", 1, 2_000, 200, 300_000, 1024 * MB, (modules.EVERYTHING,), TierQuota(600, 16)),
)  # fmt: skip


@dataclass(frozen=True)
class Usage:
    """Micro units on both sides, so that sums are exact."""

    compute_micro_units: int
    cost_micro_dollars: int

    @property
    def compute_units(self) -> float:
        return self.compute_micro_units / MICRO

    @property
    def cost_dollars(self) -> float:
        return self.cost_micro_dollars / MICRO


FREE = Usage(0, 0)


def cost(tier: Tier, seconds: Fraction | float, memory_bytes: int, percent: int = 100) -> Usage:
    """`seconds × $/s + MB × $/MB`, exact until one rounding (half up) to a micro-dollar at the end; `percent` is what an
    account pays of it."""
    exact_seconds = Fraction(seconds)  # NaN and infinity are refused here: they raise
    if exact_seconds < 0 or memory_bytes < 0:
        raise ValueError("a run cannot have used less than nothing")
    megabytes = Fraction(memory_bytes, MB)
    price = exact_seconds * tier.price_per_second_micro_dollars + megabytes * tier.price_per_mb_micro_dollars
    units = exact_seconds + COMPUTE_UNITS_PER_MB * megabytes
    return Usage(_half_up(units * MICRO), _half_up(price * percent / 100))


def _half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


@dataclass(frozen=True)
class Wanted:
    """What a request needs of a tier."""

    tier: str | None
    timeout_ms: int
    memory_bytes: int
    language: str
    modules: Sequence[str] | None = None  # None: whatever the tier has


@dataclass(frozen=True)
class TierRefusal:
    message: str
    unknown_tier: bool = False


def choose_tier(wanted: Wanted, ceiling: str, tiers: Mapping[str, Tier]) -> Tier | TierRefusal:
    """The named tier or else the cheapest that covers the request, never above the account's ceiling."""
    ladder = sorted(tiers.values(), key=price_of)
    top = tiers.get(ceiling)
    if top is None:
        return TierRefusal(f"the account's tier {ceiling!r} does not exist", unknown_tier=True)
    if wanted.tier is not None:
        named = tiers.get(wanted.tier)
        if named is None:
            return TierRefusal(f"there is no tier {wanted.tier!r}; there are {', '.join(tiers)}", unknown_tier=True)
        if price_of(named) > price_of(top):
            return TierRefusal(f"this account's tier is {ceiling}; {named.name} is above it")
        shortage = _shortage(named, wanted)
        if shortage is None:
            return named
        covering = next((tier for tier in ladder if _shortage(tier, wanted) is None), None)
        return TierRefusal(f"tier {named.name} {shortage}{_hint(covering)}")
    covering = next((tier for tier in ladder if _shortage(tier, wanted) is None), None)
    if covering is None or price_of(covering) > price_of(top):
        return TierRefusal(f"tier {ceiling} {_shortage(top, wanted) or 'does not cover this'}{_hint(covering)}")
    return covering


def _hint(covering: Tier | None) -> str:
    return "; no tier allows it" if covering is None else f"; tier {covering.name} would allow it"


def price_of(tier: Tier) -> tuple[int, int]:
    """By this tiers are ordered: an account's tier includes all that are cheaper."""
    return tier.price_per_second_micro_dollars, tier.price_per_mb_micro_dollars


def _shortage(tier: Tier, wanted: Wanted) -> str | None:
    if wanted.timeout_ms > tier.max_time_ms:
        return f"allows {tier.max_time_ms} ms, {wanted.timeout_ms} ms were asked for"
    if wanted.memory_bytes > tier.max_memory_bytes:
        return f"allows {tier.max_memory_bytes} bytes of memory, {wanted.memory_bytes} were asked for"
    for name in wanted.modules or ():
        if not modules.allows(tier.modules, wanted.language, name):
            return f"does not allow the module {name!r}"
    return None


def allowed_modules(tier: Tier, wanted: Wanted) -> list[str]:
    """What the run may import: what was asked for, or all that the tier has, in Node's words and the language's."""
    if wanted.modules is not None:
        governing = {modules.governed_by(wanted.language, name) for name in wanted.modules}
        own = modules.COUNTERPARTS.get(wanted.language, {})
        return sorted({*wanted.modules, *governing, *(name for name, by in own.items() if by in governing)})
    names = modules.known_names(wanted.language)
    return sorted(name for name in names if modules.allows(tier.modules, wanted.language, name))


def tier_of_module(language: str, tiers: Mapping[str, Tier], own: Tier | None = None) -> dict[str, str]:
    """For each gated name the cheapest tier that allows it, so that a refusal inside the run can say so; a run's own tier comes
    before a cheaper one, which is of no help to it."""
    ladder = sorted(tiers.values(), key=price_of)
    if own is not None:
        ladder.insert(0, own)
    found: dict[str, str] = {}
    for name in sorted(modules.known_names(language)):
        for tier in ladder:
            if modules.allows(tier.modules, language, name):
                found[name] = tier.name
                break
    return found
