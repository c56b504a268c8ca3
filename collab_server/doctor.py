"""`collab-server doctor`: tries each thing that the server stands on here and says what works, what does not, and the mend."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from collab_server import buses, database, tracing
from collab_server.runners import make_runner
from collab_server.settings import Settings
from collab_server.switches import Board
from executor import workerd
from executor.confinement import CLOSED, Unavailable, confinement, prove
from executor.runner import PlatformFault
from executor.workerd_program import NotBuilt, find_workerd


@dataclass(frozen=True)
class Finding:
    """`state` says whether the server can do without: "missing" it cannot, "absent" it can."""

    state: Literal["ok", "missing", "absent"]
    what: str
    detail: str
    mend: str = ""


async def examine(settings: Settings) -> int:
    """Print a line per finding; 1 when something is missing that the server needs."""
    findings = [await check(settings) for check in CHECKS]
    for finding in findings:
        print(f"{finding.state:8}{finding.what:22}{finding.detail}")
        if finding.mend and finding.state != "ok":
            print(f"{'':8}{'':22}mend: {finding.mend}")
    return 1 if any(finding.state == "missing" for finding in findings) else 0


async def _python(_: Settings) -> Finding:
    return Finding("ok", "Python", sys.version.split()[0])


async def _data(settings: Settings) -> Finding:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=settings.data_dir):
            free = shutil.disk_usage(settings.data_dir).free
    except OSError as error:
        return Finding(
            "missing", "data folder", str(error), "make it writable, or set COLLAB_DATA_DIR to a folder that is"
        )
    return Finding("ok", "data folder", f"{settings.data_dir.resolve()}, {free // 2**20} MiB free")


async def _database(settings: Settings) -> Finding:
    engine = database.connect(settings.database)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("select 1"))
    except Exception as error:
        return Finding(
            "missing",
            "database",
            f"{type(error).__name__}: {str(error).splitlines()[0]}",
            "check COLLAB_DATABASE_URL and that the server behind it runs",
        )
    finally:
        await engine.dispose()
    return Finding("ok", "database", engine.url.render_as_string(hide_password=True))


async def _bus(settings: Settings) -> Finding:
    if not settings.redis_url:
        return Finding("absent", "Redis", "not set: one node", "set COLLAB_REDIS_URL to join several nodes")
    fault = await buses.fault_of(settings)
    if fault is None:
        return Finding("ok", "Redis", "answers, a cluster" if settings.redis_cluster else "answers")
    return Finding("missing", "Redis", *fault)


async def _editor(settings: Settings) -> Finding:
    if (settings.web_root / "index.html").is_file():
        return Finding("ok", "browser editor", str(settings.web_root))
    return Finding("missing", "browser editor", "not built", "make run builds it")


async def _worker(settings: Settings) -> Finding:
    if settings.worker_url:
        what = f"deployed at {settings.worker_url}"
    else:
        try:
            what = str(find_workerd(settings.workerd, settings.cache_root))
            workerd.find_dist(settings.worker_root)
        except NotBuilt as error:
            return Finding("missing", "Worker", "not built", str(error))
    runner = make_runner(settings)
    try:
        await runner.start()
        well = await runner.healthy()
        languages = ", ".join(sorted(runner.languages() or ()))
    except (PlatformFault, NotBuilt) as error:
        well, languages = False, str(error)
    finally:
        await runner.close()
    if well:
        return Finding("ok", "Worker", f"{what} ({languages})")
    return Finding(
        "missing",
        "Worker",
        f"{what}: {languages or 'does not answer'}",
        "check COLLAB_WORKER_URL and COLLAB_WORKER_SECRET, or the message of workerd above",
    )


async def _second_layer(settings: Settings) -> Finding:
    what = "second layer"
    if settings.worker_url:
        return Finding("ok", what, "the platform's, at the deployed Worker")
    bare = "runs are kept apart by workerd's isolates and process limits alone"
    try:
        program = find_workerd(settings.workerd, settings.cache_root)
        applied = confinement(settings.sandbox, program, settings.data_dir)
        if not applied.layers:
            off = settings.sandbox == "off"
            mend = "unset COLLAB_SANDBOX" if off else "run on Linux 5.13 or newer (x86-64, arm64)"
            return Finding("absent", what, f"{'switched off' if off else 'none in this kernel'}: {bare}", mend)
        tried = await asyncio.to_thread(prove, applied, CLOSED)
    except NotBuilt:
        return Finding("absent", what, "not tried: there is no workerd", "see the Worker above")
    except Unavailable as error:
        return Finding("missing", what, str(error), "set COLLAB_SANDBOX=auto to do without, or mend what is named")
    layers = " and ".join(applied.layers)
    ways = [name for name, prevented in tried.items() if not prevented]
    if ways:
        return Finding("missing", what, f"{layers} did not prevent {', '.join(ways)}", "report this with `uname -a`")
    return Finding("ok", what, f"{layers}; tried and refused: {', '.join(tried)}")


async def _switches(settings: Settings) -> Finding:
    engine = database.connect(settings.database)
    try:
        held = [switch for switch in (await Board(engine, now=time.time).read()).values() if switch.on]
    except SQLAlchemyError:
        return Finding("absent", "switches", "not known: the database is not there, or of an earlier form")
    finally:
        await engine.dispose()
    if held:
        told = "; ".join(f"{switch.name}: {switch.reason}" for switch in held)
        return Finding("absent", "switches", f"on: {told}", "collab-server switch NAME off")
    return Finding("ok", "switches", "none is on")


async def _metrics(settings: Settings) -> Finding:
    who = [*settings.metrics_allow, *(["whoever has COLLAB_METRICS_TOKEN"] if settings.metrics_token else [])]
    return Finding("ok", "metrics", f"/metrics, for {', '.join(who) or 'nobody'}")


async def _traces(_: Settings) -> Finding:
    where = tracing.endpoint()
    if where is None:
        return Finding("absent", "traces", "off", f"set {tracing.ENDPOINTS[-1]} and install collab-server[otel]")
    if not tracing.installed():
        return Finding("missing", "traces", f"asked for by {where}", "pip install 'collab-server[otel]'")
    return Finding("ok", "traces", f"sent to {where}")


async def _logs(settings: Settings) -> Finding:
    lines = f"{settings.log_format}, from {settings.log_level} on"
    return Finding("ok", "logs", f"{lines}, {'with' if settings.access_log else 'without'} each HTTP request")


async def _cores(_: Settings) -> Finding:
    return Finding("ok", "processors", str(os.cpu_count()))


CHECKS: tuple[Callable[[Settings], Awaitable[Finding]], ...] = (
    _python,
    _cores,
    _data,
    _database,
    _bus,
    _editor,
    _worker,
    _second_layer,
    _switches,
    _metrics,
    _traces,
    _logs,
)
