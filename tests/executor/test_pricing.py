"""Promises about money and tiers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.pricing import MB, TIERS, Tier, TierRefusal, Wanted, allowed_modules, choose_tier, cost, tier_of_module

BY_NAME = {tier.name: tier for tier in TIERS}


def chosen(wanted: Wanted, ceiling: str = "enterprise") -> str:
    tier = choose_tier(wanted, ceiling, BY_NAME)
    return tier.name if isinstance(tier, Tier) else f"refused: {tier.message}"


def wanted(**changes: object) -> Wanted:
    values: dict[str, object] = {"tier": None, "timeout_ms": 5000, "memory_bytes": 50 * MB, "language": "javascript"}
    return Wanted(**(values | changes))  # type: ignore[arg-type]


def test_cost_and_compute_units_follow_the_published_formula() -> None:
    usage = cost(BY_NAME["standard"], Fraction(1500, 1000), 20 * MB)
    assert usage.cost_micro_dollars == 750 + 1000  # 1.5 s × 0.0005 $ + 20 MB × 0.00005 $
    assert usage.cost_dollars == 0.00175
    assert usage.compute_units == 1.5 + 2.0


def test_money_is_rounded_once_half_up_to_a_micro_dollar() -> None:
    assert cost(BY_NAME["basic"], Fraction(5, 1000), 0).cost_micro_dollars == 1  # 0.5 rounds up
    assert cost(BY_NAME["basic"], Fraction(4, 1000), 0).cost_micro_dollars == 0
    assert cost(BY_NAME["basic"], Fraction(4, 1000), MB // 100).cost_micro_dollars == 0  # 0.4 + 0.0999…


@pytest.mark.parametrize(("seconds", "size"), [(-0.001, 0), (0, -1), (float("nan"), 0), (float("inf"), 0)])
def test_impossible_figures_are_never_priced(seconds: float, size: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        cost(BY_NAME["basic"], seconds, size)


@given(st.integers(0, 300_000), st.integers(0, 1024 * MB), st.sampled_from(TIERS))
def test_a_longer_or_larger_run_never_costs_less(wall_ms: int, size: int, tier: Tier) -> None:
    now = cost(tier, Fraction(wall_ms, 1000), size)
    assert cost(tier, Fraction(wall_ms + 1, 1000), size + 1).cost_micro_dollars >= now.cost_micro_dollars >= 0


def test_the_cheapest_tier_that_covers_the_request_is_used() -> None:
    assert chosen(wanted()) == "basic"
    assert chosen(wanted(timeout_ms=10_001)) == "standard"
    assert chosen(wanted(memory_bytes=257 * MB)) == "premium"
    assert chosen(wanted(modules=["node:fs/promises"])) == "standard"
    assert chosen(wanted(modules=["child_process"])) == "premium"
    assert chosen(wanted(modules=["net"])) == "enterprise"


def test_a_named_tier_is_used_even_when_a_cheaper_one_would_do() -> None:
    assert chosen(wanted(tier="premium")) == "premium"
    assert chosen(wanted(tier="basic", timeout_ms=20_000)).endswith("tier standard would allow it")


def test_the_accounts_tier_is_the_ceiling_and_the_refusal_names_the_tier_that_would_do() -> None:
    assert chosen(wanted(timeout_ms=20_000), ceiling="basic").endswith("tier standard would allow it")
    assert "above" in chosen(wanted(tier="premium"), ceiling="standard")
    assert chosen(wanted(timeout_ms=301_000)).endswith("no tier allows it")
    assert "'child_process'" in chosen(wanted(modules=["child_process"]), ceiling="standard")
    unknown = choose_tier(wanted(tier="gold"), "enterprise", BY_NAME)
    assert isinstance(unknown, TierRefusal) and unknown.unknown_tier


def test_one_table_governs_nodes_modules_and_their_counterparts() -> None:
    basic = allowed_modules(BY_NAME["basic"], wanted(language="python"))
    assert "hashlib" in basic and "os" not in basic and "subprocess" not in basic
    assert "subprocess" in allowed_modules(BY_NAME["premium"], wanted(language="python"))
    assert tier_of_module("python", BY_NAME)["os"] == "standard"
    assert tier_of_module("javascript", BY_NAME)["child_process"] == "premium"
    assert tier_of_module("javascript", BY_NAME)["net"] == "enterprise"


def test_a_request_may_narrow_its_modules_down_to_none() -> None:
    assert allowed_modules(BY_NAME["enterprise"], wanted(modules=[])) == []
    assert allowed_modules(BY_NAME["enterprise"], wanted(modules=["os"], language="python")).count("shutil") == 1
