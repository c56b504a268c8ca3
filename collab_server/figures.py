"""What a measurement tells: one row of the bench's table. Nothing is measured here."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row: what was measured, how often, and its distribution in `unit`."""

    what: str
    unit: str
    count: int
    p50: float
    p95: float
    p99: float
    note: str = ""


def figure(what: str, unit: str, values: Sequence[float], note: str = "") -> Figure:
    """The distribution of some values."""
    ordered = sorted(values) or [float("nan")]

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

    return Figure(what, unit, len(values), round(statistics.median(ordered), 3), at(0.95), at(0.99), note)
