"""Promises about how often an account may ask for scans."""

from __future__ import annotations

import pytest

from collab_server.errors import TooMany
from collab_server.pace import ACCOUNTS_MAX, Pace


def test_a_minutes_worth_at_once_then_one_by_one_and_each_account_for_itself() -> None:
    now = [1000.0]
    pace = Pace("scans", 120, now=lambda: now[0])
    for _ in range(120):
        pace.take("ada")
    with pytest.raises(TooMany) as refused:
        pace.take("ada")
    assert refused.value.extra["retryAfter"] == 0.5
    pace.take("bob")
    now[0] += 0.5
    pace.take("ada")
    with pytest.raises(TooMany):
        pace.take("ada")
    now[0] -= 500
    with pytest.raises(TooMany) as refused:
        pace.take("ada")
    assert refused.value.extra["retryAfter"] <= 0.5
    now[0] += 60
    for _ in range(119):
        pace.take("ada")


def test_the_table_stays_small_whoever_asks() -> None:
    pace = Pace("scans", 1, now=lambda: 0.0)
    for index in range(ACCOUNTS_MAX + 10):
        pace.take(str(index))
    with pytest.raises(TooMany):
        pace.take(str(ACCOUNTS_MAX + 9))
    pace.take("0")
