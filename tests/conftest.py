"""Registers the fixtures that all test folders share, and shows with a failure what the servers said.
Fixtures themselves live in tests/support."""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is the machine's affair.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

pytest_plugins = [
    "tests.support.redis_server",
    "tests.support.postgres_server",
    "tests.support.stores",
    "tests.support.forge",
]

LOG_LINES_SHOWN = 60


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # Only who starts servers has this module, which knows all of the project.
    processes = sys.modules.get("tests.support.processes")
    if report.failed and processes is not None:
        for server in processes.STARTED:
            said = "".join(server.errors[-LOG_LINES_SHOWN:])
            report.sections.append((f"log of the server on {server.data_dir}", said or "(nothing)"))
    return report
