"""What operators change and see."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StringConstraints

from collab_server.shapes.base import Money, Shape
from executor.pricing import MICRO, TierQuota


class Issue(Shape):
    """A month that is over, like `2026-01`."""

    month: Annotated[str, StringConstraints(max_length=7)]


class NewCredit(Shape):
    """A part of an issued invoice to give back, in dollars; left out: all that is left of it."""

    amount: Annotated[Decimal, Field(gt=0, le=1_000_000_000, decimal_places=6)] | None = None
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class NewAlertRule(Shape):
    """An alert when `threshold` security events of a kind come within `windowS` seconds; then none for `quietS`."""

    kind: Annotated[str, StringConstraints(max_length=32)]
    threshold: int = Field(ge=1, le=1_000_000)
    window_s: int = Field(ge=1, le=86_400)
    quiet_s: int = Field(600, ge=1, le=86_400)
    enabled: StrictBool = True


class Overrides(Shape):
    """Limits of one account; what is left out is as its tier has it, null is no limit."""

    runs_per_minute: int = Field(0, ge=1, le=100_000)
    concurrent_runs: int = Field(0, ge=1, le=1000)
    compute_units_per_month: Annotated[int, Field(ge=0, le=10**12)] | None = None
    money_per_month: Money | None = None
    price_percent: int = Field(100, ge=0, le=1000, description="What the account pays of the tiers' prices.")

    def applied(self, quota: TierQuota) -> TierQuota:
        """The tier's limits with these instead."""
        names = {
            "runs_per_minute": ("runs_per_minute", 1),
            "concurrent_runs": ("concurrent_runs", 1),
            "compute_units_per_month": ("month_compute_micro_units", MICRO),
            "money_per_month": ("month_micro_dollars", MICRO),
        }
        given: dict[str, Any] = {}
        for name in self.model_fields_set & names.keys():
            value, (field, scale) = getattr(self, name), names[name]
            given[field] = None if value is None else int(value * scale)
        return replace(quota, **given)


class UserChange(Shape):
    """What an admin changes of an account; what is left out stays.

    A JWT goes on saying the tier and the admin right of whoever comes with it; a suspension holds for it too.
    """

    tier: Annotated[str, StringConstraints(max_length=32)] | None = None
    admin: StrictBool | None = None
    suspended: StrictBool | None = None
    limits: Overrides | None = Field(
        None, description="Limits of this account instead of its tier's; {} takes them off."
    )


class SessionCustody(Shape):
    """What an admin puts a session into: `readOnly` may be watched only, `closed` is out of everybody's reach until it
    is open again; whether it is archived, and who owns it. What is left out stays."""

    state: Literal["open", "readOnly", "closed"] | None = None
    archived: StrictBool | None = None
    owner_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None


class UserOut(Shape):
    id: str
    name: str
    tier: str
    admin: bool
    suspended: bool
    created_at: str
    tokens: int
    sessions: int
    cost_this_month: float
    budget: float | None
    limits: dict[str, Any]


class SwitchChange(Shape):
    """`reason` is told to everybody whom it holds up; a sentence of the server's when it is left out."""

    on: StrictBool
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class SwitchOut(Shape):
    name: Literal["refuse-executions", "read-only"]
    on: bool
    reason: str
    changed_by: str | None
    changed_at: str | None


class SwitchesOut(Shape):
    items: list[SwitchOut]


class Stop(Shape):
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class Stopping(Shape):
    """How many runs, on all nodes, were told to end; they do so within a second."""

    stopping: int


class AuditVerdict(Shape):
    """`head` is the hash at the end of the chain: noted down elsewhere, it proves that nothing before it changed."""

    ok: bool
    rows: int
    head: str
    broken_id: int | None = None
    reason: str | None = None
