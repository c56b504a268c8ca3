"""Promises about a database with years in it: what is asked on the way of users goes by an index, whatever else is kept."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import database, migrations
from collab_server.news import marks_of
from crdt.clearing import Clearing
from crdt.log import Log
from executor.audit import Audit
from executor.ledger import Ledger
from tests.support.postgres_server import PostgresServer

logger = logging.getLogger(__name__)
ROWS = int(os.environ.get("SOAK_ROWS", "2000000"))
SESSIONS, PEOPLE, RUNS = ROWS // 400, ROWS // 2000, ROWS // 10
DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
LARGE = {"document_updates", "executions", "usage", "audit", "execution_events"}
FILL = [
    # Sessions and people are worked on by turns, as they are; sizes are those of single keystrokes.
    """INSERT INTO document_updates (row_key, session_id, version, actor_id, created_at_ms, update)
       SELECT 'r' || n, 's' || n % :sessions, n / :sessions + 1, 'p' || n % :people, :since + n * :step, decode(repeat('0a', 24), 'hex')
       FROM generate_series(1, :rows::bigint) n""",
    """INSERT INTO document_snapshots (session_id, version, last_update_id, created_at_ms, digest, state, facts)
       SELECT session_id, max(version), max(id), max(created_at_ms),
              encode(sha256(''), 'hex'), '', '{}' FROM document_updates
       WHERE version % 200 = 0 GROUP BY session_id""",
    """INSERT INTO executions (id, session_id, actor_id, actor_name, node_id, language, entry, digest, version, tier, tier_version,
                               status, created_at, started_at, finished_at)
       SELECT 'e' || n, 's' || n % :sessions, 'p' || n % :people, '', 'node-' || n % 5, 'python', 'main.py', '', 1, 'basic', 1,
              'completed', :since + n * :step * 10, 0, 0 FROM generate_series(1, :rows::bigint / 10) n""",
    """INSERT INTO usage (execution_id, session_id, actor_id, language, tier, tier_version, wall_ms, memory_bytes,
                          compute_micro_units, cost_micro_dollars, created_at)
       SELECT id, session_id, actor_id, language, tier, 1, 5, 5, 5, 5, created_at FROM executions""",
    """INSERT INTO execution_events (execution_id, first_index, events)
       SELECT id, 0, convert_to('{"text": "' || repeat('x', 200) || '"}', 'utf8') FROM executions""",
    """INSERT INTO audit (id, at, actor_id, action, subject, origin, detail, hash)
       SELECT n, :since + n * :step * 5, 'p' || n % :people, 'run.ended', 's' || n % :sessions, '', '{}', ''
       FROM generate_series(1, :rows::bigint / 5) n""",
]


async def filled(url: str) -> AsyncEngine:
    engine = database.connect(url)
    await migrations.upgrade(engine)
    since = int(time.time() * 1000) - YEAR_MS
    values = {"rows": ROWS, "sessions": SESSIONS, "people": PEOPLE, "since": since, "step": YEAR_MS // ROWS}
    for template in FILL:
        statement = template
        began = time.monotonic()
        for name, value in values.items():
            statement = statement.replace(f":{name}", str(value))
        async with engine.begin() as connection:
            done = await connection.exec_driver_sql(statement)
        logger.info("%d rows in %.1f s: %s", done.rowcount, time.monotonic() - began, statement[:40])
    async with engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
    return engine


@contextmanager
def overheard(engine: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is sent meanwhile, with its values."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if not many and statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            sent.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


async def through(engine: AsyncEngine, statement: str, parameters: Any) -> tuple[int, list[str]]:
    """(rows of large tables that were looked at, whole tables that were read) of a statement."""
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        transaction = driver.transaction()
        await transaction.start()
        try:
            rows = await driver.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *parameters)
        finally:
            await transaction.rollback()
        await connection.rollback()
    looked, whole = 0, []
    for node in nodes(rows[0][0][0]["Plan"]):
        if node.get("Relation Name") in LARGE:
            looked += int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
            if node["Node Type"] == "Seq Scan":
                whole.append(node["Relation Name"])
    return looked, whole


@pytest.mark.soak
async def test_no_table_is_read_whole_for_what_users_do_however_much_is_kept(postgres_server: PostgresServer) -> None:
    engine = await filled(await postgres_server.create_database())
    archive, ledger, audit = Clearing(engine), Ledger(engine), Audit(engine)
    log = Log(engine)
    await log.start()
    now = int(time.time() * 1000)
    asked: dict[str, Any] = {
        "load": lambda: archive.load("s7"),
        "load at a version": lambda: archive.load_at("s7", 150),
        "history": lambda: archive.history("s7", limit=100),
        "versions by actor": lambda: archive.versions_by("s7", "p7", limit=50),
        "marks of a page of sessions": lambda: archive.marks([f"s{n}" for n in range(50)]),
        "compaction": lambda: archive.last_update_id("s7"),
        "retention of a session": lambda: archive.last_to_go("s7", now - YEAR_MS // 2, 100, now, limit=20_000),
        "retention, which sessions by age": lambda: archive.long_sessions(now - YEAR_MS - DAY_MS, 0, limit=500),
        "a run": lambda: ledger.get("e77"),
        "events of a run": lambda: ledger.events("e77"),
        "runs of an account": lambda: ledger.page(actor_id="p7", limit=50),
        "runs of a session": lambda: ledger.page(session_id="s7", limit=50),
        "runs of all": lambda: ledger.page(limit=50),
        "unfinished runs of a node": lambda: ledger.unfinished("node-1"),
        "usage of an account in a month": lambda: ledger.usage_sums(
            "day", actor_id="p7", session_id=None, from_ms=now - 30 * DAY_MS, to_ms=now
        ),
        "usage of a session": lambda: ledger.usage_sums(
            "actor", actor_id=None, session_id="s7", from_ms=now - 30 * DAY_MS, to_ms=now
        ),
        "median cost": lambda: ledger.median_cost("p7", "s7", "python", "basic"),
        "what is new": lambda: marks_of(engine),
        "audit, newest": lambda: audit.page(limit=50),
        "audit of an actor": lambda: audit.page(actor_id="p7", limit=50),
    }
    wrong = []
    for what, ask in asked.items():
        with overheard(engine) as sent:
            began = time.monotonic()
            await ask()
            took_ms = (time.monotonic() - began) * 1000
        looked, whole = 0, list[str]()
        for statement, parameters in sent:
            more, read = await through(engine, statement, parameters)
            looked, whole = looked + more, whole + read
        logger.info(
            "%-34s %3d statements %8.1f ms %9d rows looked at %s", what, len(sent), took_ms, looked, whole or ""
        )
        if whole or looked > 20_000:
            wrong.append(what)
    await log.close()
    await engine.dispose()
    assert not wrong
