"""The page on scaling and its calculator say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.plan_capacity import Costs, Load, Plan, plan

PAGE = " ".join((Path(__file__).parents[2] / "docs/scaling.md").read_text().split())


@pytest.mark.parametrize(
    "load",
    [Load(people=20_000, runs_per_minute=3_000), Load(people=2_000_000, typing=0.1, runs_per_minute=60_000)],
)
def test_the_examples_of_the_page_are_what_the_calculator_says(load: Load) -> None:
    made = plan(load, Costs())
    for figure in (made.sync_processors, made.run_processors, made.memory_gib):
        assert f" {figure:,.1f} " in PAGE.replace(",", "")


def test_more_of_anything_takes_no_less() -> None:
    def total(made: Plan) -> float:
        return made.sync_processors + made.run_processors + made.memory_gib

    small = total(plan(Load(people=1_000, runs_per_minute=60), Costs()))
    for larger in (Load(people=2_000, runs_per_minute=60), Load(people=1_000, runs_per_minute=600)):
        assert total(plan(larger, Costs())) > small
    assert total(plan(Load(people=1_000, people_per_session=50, runs_per_minute=60), Costs())) > small
