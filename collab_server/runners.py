"""Chooses the Runner by the settings: a deployed Worker when there is a URL, the local pool otherwise; and the bounds of both."""

from __future__ import annotations

import os

from collab_server.settings import Settings
from executor.admission import RunLimits
from executor.environments import EnvironmentLimits
from executor.executions import ExecutorLimits
from executor.pool import MB, LocalPool, PoolLimits
from executor.quota import QuotaLimits
from executor.runner import HttpRunner, Runner
from executor.stock import memory_bytes_here
from executor.wire import WireEgress
from executor.workerd_program import find_workerd

RUNS_PER_CORE = 4
RUNS_MIN = 8
# The interpreter that takes longest to boot: one waits for the first run, when memory allows.
EXPECTED_LANGUAGES = ("python",)


def make_runner(settings: Settings) -> Runner:
    """A runner that is not started yet. Raises NotBuilt where the local pool has no program."""
    if settings.worker_url:
        return HttpRunner(settings.worker_url, settings.worker_secret)
    limits = PoolLimits(
        idle_min=settings.pool_size,
        idle_max=max(settings.pool_size, concurrent_runs_max(settings)),
        memory_bytes_max=settings.pool_memory_mb * MB or memory_bytes_here(),
        queue_timeout_s=settings.queue_timeout_s,
    )
    expected = EXPECTED_LANGUAGES if settings.pool_size else ()
    program = find_workerd(settings.workerd, settings.cache_root)
    return LocalPool(
        program=program, dist=settings.worker_root, limits=limits, expected=expected, sandbox=settings.sandbox
    )


def concurrent_runs_max(settings: Settings) -> int:
    """What was set, or what this machine's processors can keep moving."""
    return settings.concurrent_runs_max or max(RUNS_MIN, RUNS_PER_CORE * (os.cpu_count() or 1))


def share(settings: Settings, number: int, workers: int) -> Settings:
    """What one of several processes on this machine goes by: a name of its own, and its part of what may run."""
    if workers == 1:
        return settings
    return settings.model_copy(
        update={
            "node_id": f"{settings.node_id[:56]}.{number + 1}",
            "pool_size": -(-settings.pool_size // workers),
            "pool_memory_mb": (settings.pool_memory_mb or memory_bytes_here() // MB) // workers,
            "concurrent_runs_max": max(1, concurrent_runs_max(settings) // workers),
            "queued_runs_max": -(-settings.queued_runs_max // workers),
        }
    )


def executor_limits(settings: Settings) -> ExecutorLimits:
    """What may run and wait on this node."""
    return ExecutorLimits(
        kept_artifacts_bytes_max=settings.artifacts_mb * MB,
        quota=QuotaLimits(
            node_running_max=concurrent_runs_max(settings),
            queue_max=settings.queued_runs_max,
            queue_timeout_s=settings.queue_timeout_s,
        ),
        run=RunLimits(egress=_egress(settings)),
        environment=EnvironmentLimits(
            raw_bytes_max=settings.environment_raw_bytes_max,
            stored_bytes_max=settings.environment_bytes_max,
            files_max=settings.environment_files_max,
            per_session_max=settings.environments_per_session_max,
            waiting_max=settings.environment_waiting_max,
        ),
    )


def _egress(settings: Settings) -> WireEgress | None:
    if settings.egress == "off":
        return None
    return WireEgress(allow=list(settings.egress_allow) or None, deny=list(settings.egress_deny))
