"""Promises about the kernel's layer around a runtime: what it refuses, and that every runtime runs within it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from executor.confinement import CLOSED, NETWORK, Mode, confinement, prove
from executor.pool import LocalPool, PoolLimits
from executor.runner import Job
from executor.workerd_program import find_workerd
from tests.support.runs import carry, order, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has seccomp and Landlock")


def test_a_runtime_cannot_reach_the_network_other_processes_or_files(tmp_path: Path) -> None:
    tried = prove(confinement("seccomp", find_workerd(), tmp_path), CLOSED)
    assert set(tried) >= {"a network socket", "a new process", "tracing", "writing a file", "a namespace"}
    assert all(tried.values()), tried


def test_only_a_runtime_whose_runs_may_leave_the_machine_has_sockets(tmp_path: Path) -> None:
    tried = prove(confinement("seccomp", find_workerd(), tmp_path), NETWORK)
    assert [name for name, prevented in tried.items() if not prevented] == ["a network socket"]


@pytest.mark.parametrize(("sandbox", "filters"), [("seccomp", 1), ("off", 0)])
async def test_every_runtime_is_confined_before_it_starts_and_every_language_works_within(
    sandbox: Mode, filters: int
) -> None:
    pool = LocalPool(limits=PoolLimits(idle_min=1), sandbox=sandbox)
    await pool.start()
    try:
        await until(lambda: len(pool.pids()) == 1)
        status = _status(pool.pids()[0])
        assert f"Seccomp_filters:\t{filters}" in status
        assert bool(pool.layers()) == bool(filters)
        code = "import os\nopen('a.txt', 'w').write(str(6 * 7))\nopen('a.txt').read()"
        job = Job(order(code, language="python", allowed_modules=["fs"], timeout_ms=20_000))
        end = (await carry(pool, job)).end
        assert end.frame is not None and end.frame.result == "42", end
    finally:
        await pool.close()


def _status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text()
