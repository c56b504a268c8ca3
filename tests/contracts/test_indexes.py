"""Promises about a database with years in it: what is asked on the way of users goes by an index, whatever else is kept."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import database, migrations
from collab_server.listings import Listings, Scope
from collab_server.metrics import Metrics
from collab_server.money import usage_by_author, usage_of
from collab_server.news import marks_of
from collab_server.principal import Principal
from collab_server.services import Services, running
from collab_server.settings import Settings
from collab_server.tracing import NoTracing
from crdt.clearing import Clearing
from crdt.faults import Faults
from executor.ledger import Ledger
from executor.months import Month
from executor.statistics import Statistics
from tests.support.postgres_server import PostgresServer

logger = logging.getLogger(__name__)
ROWS = int(os.environ.get("SOAK_ROWS", "2000000"))
SESSIONS, PEOPLE, RUNS = ROWS // 400, ROWS // 2000, ROWS // 10
DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
LARGE = {
    *("document_updates", "executions", "usage", "audit", "execution_events"),
    *("file_edits", "security_events", "webhook_events", "webhook_deliveries"),
}
LOOKED_AT_MAX = 20_000
KINDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
ASKED: ContextVar[bool] = ContextVar("asked", default=False)
Ask = Callable[[], Awaitable[object]]
SOMEBODY = Principal("p7", "Person 7", "enterprise", False, frozenset(), None, None, "bearer")
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
    "INSERT INTO audit_head (id, last_id, hash) SELECT 1, max(id), '' FROM audit",
    """INSERT INTO users (id, name, tier, admin, suspended, created_at)
       SELECT 'p' || n, 'Person ' || n, 'enterprise', false, false, :since FROM generate_series(0, :people - 1) n""",
    """INSERT INTO sessions (id, name, description, owner_id, is_public, environment, created_at, updated_at)
       SELECT 's' || n, 'Session ' || n, '', 'p' || n % :people, n % 10 = 0, '{}', :since + n, :since + n
       FROM generate_series(0, :sessions - 1) n""",
    """INSERT INTO roles (session_id, user_id, role, created_at)
       SELECT 's' || n, 'p' || (n + each) % :people, CASE each WHEN 0 THEN 'owner' ELSE 'editor' END, :since
       FROM generate_series(0, :sessions - 1) n, generate_series(0, 2) each""",
    """INSERT INTO file_edits (session_id, file_id, actor_id, day_ms, name, edits, chars)
       SELECT 's' || n % :sessions, 'f' || n, 'p' || n % :people, (:since + n * :step * 20) / 86400000 * 86400000, 'main.py', 1, 1
       FROM generate_series(1, :rows::bigint / 20) n""",
    """INSERT INTO security_events (at, kind, severity, actor_id, origin, subject, detail, count, node_id)
       SELECT :since + n * :step * 10, CASE n % 50 WHEN 0 THEN 'scan_finding' ELSE 'access_denied' END, 'low', 'p' || n % :people,
              '', '', '{}', 1, 'node-1' FROM generate_series(1, :rows::bigint / 10) n""",
    """INSERT INTO webhook_events (id, type, body, created_at)
       SELECT 'evt_' || n, 'execution.finished', '{}', :since + n * :step * 20 FROM generate_series(1, :rows::bigint / 20) n""",
    """INSERT INTO webhook_deliveries (webhook_id, event_id, status, attempts, next_at, created_at)
       SELECT 'w' || n % 10, 'evt_' || n, 'delivered', 1, :since + n * :step * 20, :since + n * :step * 20
       FROM generate_series(1, :rows::bigint / 20) n""",
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
    """Every statement that this task sends meanwhile, with its values; what a node does by itself is left out."""
    sent: list[tuple[str, Any]] = []
    asked = ASKED.set(True)

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if ASKED.get() and not many and statement.lstrip().upper().startswith(KINDS):
            sent.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
        ASKED.reset(asked)


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


def what_users_ask(node: Services, now: int) -> dict[str, Ask]:
    """Of an account or a session: it may not depend on what all the others left."""
    archive, ledger = Clearing(node.engine), Ledger(node.engine)
    month = (now - 30 * DAY_MS, now)

    async def listed(scope: Scope) -> None:
        # Without the documents: those of this database are none.
        listings = Listings(node.engine, node.rooms, archive, Faults(node.engine))
        await listings.page("p7", scope, now_ms=now, limit=50, cursor=None, q=None, archived=False)

    return {
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
        "usage of an account in a month": lambda: usage_of(ledger, "p7", *month, "day"),
        "usage of an account, ever": lambda: usage_of(ledger, "p7", None, None, "session"),
        "usage of a session": lambda: usage_of(ledger, None, *month, "actor", "s7"),
        "usage of an account by author": lambda: usage_by_author(
            node.engine, actor_id="p7", session_id=None, start=month[0], end=month[1]
        ),
        "usage of a session by author": lambda: usage_by_author(
            node.engine, actor_id=None, session_id="s7", start=None, end=None
        ),
        "analytics of an account": lambda: node.analytics.figures(SOMEBODY, *month, None),
        "invoices of an account": lambda: node.invoices.of("p7", now),
        "invoice of a month": lambda: node.invoices.get("p7", Month.at(now), now),
        "median cost": lambda: ledger.median_cost("p7", "s7", "python", "basic"),
        "own sessions": lambda: listed("mine"),
        "public sessions": lambda: listed("public"),
        "what is new": lambda: marks_of(node.engine),
        "audit, newest": lambda: node.audit.page(limit=50),
        "audit of an actor": lambda: node.audit.page(actor_id="p7", limit=50),
        "audit of a session": lambda: node.audit.page(subject="s7", limit=50),
        "security events, newest": lambda: node.security.page(limit=50),
        "sessions of all": lambda: node.oversight.listed_sessions(
            search=None, state=None, limit=50, cursor=None, open_here=Counter()
        ),
        "one session": lambda: node.custody.get("s7"),
    }


def what_operators_ask(node: Services, now: int) -> dict[str, Ask]:
    """Of everybody: it grows with the time that is asked about."""
    return {
        "figures of a month": lambda: node.oversight.stats(now - 30 * DAY_MS, now, None),
        "figures of a year": lambda: node.oversight.stats(now - YEAR_MS, now, None),
        "a tier's past month": lambda: Statistics(node.engine).of_tier(
            "basic", now - 30 * DAY_MS, max_time_ms=1, max_memory_bytes=1
        ),
        "security events of a kind": lambda: node.security.page(kind="scan_finding", limit=50),
        "security events of a kind that never came": lambda: node.security.page(kind="login_failed", limit=50),
        "security events of an actor": lambda: node.security.page(actor_id="p7", limit=50),
        "audit of an action that never came": lambda: node.audit.page(action="nothing", limit=50),
        "audit between two days": lambda: node.audit.page(from_ms=now - 300 * DAY_MS, to_ms=now - 299 * DAY_MS),
        "sessions found by a word": lambda: node.oversight.listed_sessions(
            search="sion 77", state=None, limit=50, cursor=None, open_here=Counter()
        ),
        "retention, which sessions by rows": lambda: Clearing(node.engine).long_sessions(None, 10_000, limit=500),
        "deliveries that are done": node.deliveries._sweep,
    }


@pytest.mark.soak
async def test_no_table_is_read_whole_for_what_users_do_however_much_is_kept(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = await postgres_server.create_database()
    engine = await filled(url)
    await engine.dispose()
    settings = Settings(data_dir=tmp_path, database_url=url)
    async with running(settings, Metrics(), NoTracing()) as node:
        now = int(time.time() * 1000)
        users, operators = what_users_ask(node, now), what_operators_ask(node, now)
        wrong = []
        for what, ask in {**users, **operators}.items():
            with overheard(node.engine) as sent:
                began = time.monotonic()
                await ask()
                took_ms = (time.monotonic() - began) * 1000
            looked, whole = 0, list[str]()
            for statement, parameters in sent:
                more, read = await through(node.engine, statement, parameters)
                looked, whole = looked + more, whole + read
            logger.info(
                "%-42s %3d statements %8.1f ms %9d rows looked at %s", what, len(sent), took_ms, looked, whole or ""
            )
            # Operators' may read much; one statement that takes longer than STATEMENT_S fails by itself.
            if what in users and (whole or looked > LOOKED_AT_MAX):
                wrong.append(what)
    assert not wrong
