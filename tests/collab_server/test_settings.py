"""Promises of the settings: wrong ones are named with their variable, and what the README says of them is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collab_server.runners import executor_limits
from collab_server.settings import SettingsError, describe, load
from executor.wire import WireEgress


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in describe():
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("COLLAB_PORT", "70000", "COLLAB_PORT"),
        ("COLLAB_PORT", "http", "COLLAB_PORT"),
        ("COLLAB_DATABASE_URL", "mysql://db", "sqlite+aiosqlite://"),
        ("COLLAB_REDIS_URL", "http://redis", "redis://"),
        ("COLLAB_REDIS_URL", "redis://a,redis://b", "COLLAB_REDIS_CLUSTER=true"),
        ("COLLAB_REDIS_CLUSTER", "true", "COLLAB_REDIS_URL"),
        ("COLLAB_LOG_FORMAT", "xml", "COLLAB_LOG_FORMAT"),
        ("COLLAB_JWT_SECRET", "short", "32 bytes"),
        ("COLLAB_JWT_SECRET", "x" * 32, "COLLAB_JWT_AUDIENCE"),
        ("COLLAB_WORKER_URL", "https://worker.example", "COLLAB_WORKER_SECRET"),
        ("COLLAB_TRUSTED_PROXIES", "10.0.0.0/8, proxy.example", "proxy.example"),
        ("COLLAB_TRUSTED_PROXIES", "0.0.0.0/0", "everybody"),
        ("COLLAB_PROXY_HEADER", "x-real-ip", "COLLAB_PROXY_HEADER"),
        ("COLLAB_EGRESS", "maybe", "COLLAB_EGRESS"),
        ("COLLAB_EGRESS_DENY", "https://a.example/", "COLLAB_EGRESS_DENY"),
        ("COLLAB_EGRESS_ALLOW", "a.example:8080", "no port"),
        ("COLLAB_EMBED_ANCESTORS", "https://a.example; script-src *", "no origin"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=re.escape(told)):
        load()


def test_a_flag_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLAB_PORT", "9000")
    assert load().port == 9000
    assert load(port=9001, host=None).port == 9001


def test_the_database_is_a_file_in_the_data_folder_unless_named(tmp_path: Path) -> None:
    assert load(data_dir=tmp_path).database == f"sqlite+aiosqlite:///{tmp_path / 'collab.sqlite3'}"


def test_origins_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLAB_ALLOWED_ORIGINS", "https://a.example/, https://b.example")
    assert load().allowed_origins == ("https://a.example", "https://b.example")


def test_an_operator_says_what_programs_may_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    assert executor_limits(load()).run.egress == WireEgress(deny=[])
    monkeypatch.setenv("COLLAB_EGRESS_ALLOW", "API.example.com, *.example.org,[2606:4700::1]")
    monkeypatch.setenv("COLLAB_EGRESS_DENY", "bad.example.org")
    hosts = ["api.example.com", "*.example.org", "[2606:4700::1]"]
    assert executor_limits(load()).run.egress == WireEgress(allow=hosts, deny=["bad.example.org"])
    monkeypatch.setenv("COLLAB_EGRESS", "off")
    assert executor_limits(load()).run.egress is None


def test_every_setting_has_a_meaning() -> None:
    assert all(meaning for _, _, meaning in describe())
