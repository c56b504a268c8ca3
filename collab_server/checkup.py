"""Looks an SQLite database through from end to end, a live one or a backup's: pages, documents, audit, ledger.

It works on a copy of one moment and changes nothing; mending is an operator's decision.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import backup, database, migrations
from collab_server.settings import Settings
from collab_server.tables import sessions
from crdt.archive import Archive
from crdt.faults import Faults
from crdt.loading import build
from crdt.model import Limits
from executor import sums
from executor.audit import Audit

PROBLEMS_OF_PAGES_MAX = 20


@dataclass
class Report:
    """How much was looked at, and a line for each thing that is wrong."""

    sessions: int = 0
    audit_rows: int = 0
    audit_head: str = ""
    problems: list[str] = field(default_factory=list)


async def examine(settings: Settings, packed: Path | None = None) -> Report:
    """Of the database in force, or of the one in a backup."""
    if packed is not None:
        with backup.unpacked(packed) as found:
            return await _examine(found.database)
    path = backup.database_path(settings)
    with tempfile.TemporaryDirectory(prefix="collab-verify-") as folder:
        return await _examine(backup.copy(path, Path(folder)))


async def _examine(path: Path) -> Report:
    report = Report()
    with closing(sqlite3.connect(path)) as pages:
        try:
            found = [row[0] for row in pages.execute(f"PRAGMA integrity_check({PROBLEMS_OF_PAGES_MAX})")]
        except sqlite3.DatabaseError as error:
            found = [str(error)]
    if found != ["ok"]:
        # Nothing that stands on broken pages can be trusted or even read.
        report.problems = [f"database: {line}" for line in found]
        return report
    engine = database.connect(f"sqlite+aiosqlite:///{path}")
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrations.require_known)
        await _documents(engine, report)
        verdict = await Audit(engine).verify()
        report.audit_rows, report.audit_head = verdict.rows, verdict.head
        if verdict.broken_id is not None:
            report.problems.append(f"audit: broken at row {verdict.broken_id}: {verdict.reason}")
        report.problems.extend(f"ledger: {line}" for line in await sums.differences(engine))
    except DatabaseError as error:
        raise backup.BackupError(
            f"the database is not of this version's form ({error.orig}); run `collab-server migrate` on it first"
        ) from error
    finally:
        await engine.dispose()
    return report


async def _documents(engine: AsyncEngine, report: Report) -> None:
    archive, faults = Archive(engine), Faults(engine)
    async with engine.connect() as connection:
        known = (await connection.execute(select(sessions.c.id).order_by(sessions.c.id))).scalars().all()
    for session_id in known:
        report.sessions += 1
        for version in await archive.damaged_snapshots(session_id):
            report.problems.append(f"session {session_id}: the snapshot of version {version} was changed")
        reason = (await faults.standing(session_id)).reason
        if reason is None:
            document, damage = build(await archive.load(session_id), Limits(), now=time.time)
            document.close()
            reason = str(damage) if damage is not None else None
        if reason is not None:
            report.problems.append(f"session {session_id}: {reason}; `collab-server session repair {session_id}`")
