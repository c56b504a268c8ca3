"""Chooses the Runner by the settings: a deployed Worker when there is a URL, the local pool otherwise; and the bounds of both."""

from __future__ import annotations

from collab_server.settings import Settings
from executor.executions import ExecutorLimits
from executor.pool import LocalPool, PoolLimits
from executor.quota import QuotaLimits
from executor.runner import HttpRunner, Runner


def make_runner(settings: Settings) -> Runner:
    """A runner that is not started yet."""
    if settings.worker_url:
        return HttpRunner(settings.worker_url, settings.worker_secret)
    return LocalPool(
        dist=settings.worker_root,
        limits=PoolLimits(idle_min=settings.pool_size, idle_max=max(settings.pool_size, settings.concurrent_runs_max)),
    )


def executor_limits(settings: Settings) -> ExecutorLimits:
    """What may run and wait on this node."""
    return ExecutorLimits(
        quota=QuotaLimits(
            node_running_max=settings.concurrent_runs_max,
            actor_running_max=settings.runs_per_user_max,
            queue_max=settings.queued_runs_max,
        )
    )
