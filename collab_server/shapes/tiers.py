"""Tiers and their prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from collab_server.shapes.base import Money, Shape


class TierLimits(Shape):
    """What an account of a tier may use; null is no limit."""

    runs_per_minute: int = Field(60, ge=1, le=100_000)
    concurrent_runs: int = Field(4, ge=1, le=1000)
    compute_units_per_month: Annotated[int, Field(ge=0, le=10**12)] | None = None
    money_per_month: Money | None = None


class TierChange(Shape):
    """A tier's next version, whole; prices in dollars, to the micro-dollar."""

    price_per_second: Decimal = Field(ge=0, le=1000)
    price_per_mb: Decimal = Field(ge=0, le=1000)
    max_time_ms: int = Field(ge=100, le=3_600_000)
    max_memory_bytes: int = Field(ge=16 * 2**20, le=64 * 2**30)
    modules: list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] = Field(max_length=200)
    limits: TierLimits | None = Field(None, description="Left out: as they were.")


class Estimate(Shape):
    """`maxCost` is what a run reserves and can never go past; `typicalCost` is the median of the last runs alike, if
    there were any. `covered`: whether everyone who pays has that much left."""

    tier: str
    max_cost: float
    max_compute_units: float
    typical_cost: float | None
    covered: bool
    currency: Literal["USD"]


class TierOut(Shape):
    name: str
    version: int
    price_per_second: float
    price_per_mb: float
    max_time_ms: int
    max_memory_bytes: int
    modules: list[str]
    limits: TierLimits
