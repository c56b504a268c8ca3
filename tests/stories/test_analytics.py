"""Promises about figures of one's own work: they are the ledger's, nobody else's, and cost the server no walk over everything."""

from __future__ import annotations

import csv
import io
import re
import time
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import event

from collab_server import database, migrations
from collab_server.actions import AnalyticsActions
from collab_server.members import Members
from collab_server.principal import Principal
from crdt.tally import Tally
from tests.stories.conftest import Account
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_own_figures_are_those_of_the_ledger_and_nobody_elses(server: Server, ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="return 1", bad_js="throw new TypeError('no')")
    place = f"/api/sessions/{session['id']}"
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "editor"})
    for entry in ("main.js", "main.js", "bad.js"):
        await ada.http.post(f"{place}/executions", json={"entry": entry})
    await ada.http.post("/api/executions", json={"language": "cobol", "code": "x"})
    await ada.http.post("/api/executions", json={"language": "javascript", "code": "return 2"})
    await bob.http.post(f"{place}/executions", json={"entry": "main.js"})
    async with server.lane(session["id"], ada.token) as lane:
        for content in ("return 1 // a", "return 1 // b"):
            await lane.ask("write", name="main.js", content=content)

    found = (await ada.http.get("/api/analytics")).json()
    usage = (await ada.http.get("/api/usage")).json()["total"]
    totals = found["totals"]
    assert (totals["executions"], totals["failed"], totals["refused"]) == (5, 1, 1)
    assert totals["cost"] == usage["cost"] > 0 and totals["computeUnits"] == usage["computeUnits"]
    for part in ("overTime", "byLanguage", "bySession"):
        for figure in ("executions", "failed", "refused", "costMicroDollars"):
            assert sum(row[figure] for row in found[part]) == totals[figure], (part, figure)
    assert {row["sessionId"] for row in found["bySession"]} == {session["id"], None}
    assert 0 < found["latency"]["execution"]["p50"] <= found["latency"]["execution"]["p95"]
    assert found["latencyByLanguage"]["javascript"]["p95"] > 0
    failures = {(row["status"], row["kind"]): row["executions"] for row in found["failures"]}
    assert failures == {("failed", "TypeError"): 1, ("refused", "invalid"): 1}
    assert [(row["name"], row["executions"], row["failed"]) for row in found["filesRun"]] == [
        ("main.js", 2, 0),
        ("bad.js", 1, 1),
    ]
    edited = {row["name"]: row["edits"] for row in found["filesEdited"]}
    assert edited == {"main.js": 3, "bad.js": 1}

    whole = (await ada.http.get("/api/analytics", params={"sessionId": session["id"]})).json()
    assert (whole["totals"]["executions"], whole["filesRun"][0]["executions"]) == (4, 3)
    assert (await bob.http.get("/api/analytics", params={"sessionId": session["id"]})).status_code == 403
    assert (await bob.http.get("/api/analytics")).json()["totals"]["executions"] == 1

    answer = await ada.http.get("/api/analytics", headers={"accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0]["part"] == "total" and round(float(rows[0]["costUSD"]) * 1e6) == totals["costMicroDollars"]
    assert {row["part"] for row in rows} == {
        "total", "time", "language", "session", "failure", "file run", "file edited",
    }  # fmt: skip
    long = {"from": "2020-01-01T00:00:00Z", "to": "2024-01-01T00:00:00Z"}
    for wrong in ({"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, long):
        assert (await ada.http.get("/api/analytics", params=wrong)).status_code == 422


async def test_no_figure_of_ones_own_walks_over_what_others_did(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite+aiosqlite:///{tmp_path / 'db.sqlite3'}")
    await migrations.upgrade(engine)
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *more: Any) -> None:
        asked.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    actions = AnalyticsActions(engine, cast("Members", None), Tally(engine, now=time.time), now=time.time)
    ada = Principal("ada", "Ada", "basic", False, frozenset(), None, None, "bearer")
    await actions.figures(ada, None, None, None)
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    selects = [(statement, parameters) for statement, parameters in asked if statement.startswith("SELECT")]
    assert len(selects) > 10
    looked_at = 0
    async with engine.connect() as connection:
        for statement, parameters in selects:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [str(row._mapping["detail"]) for row in plan]
            for table in ("executions", "usage", "file_edits"):
                over = [step for step in steps if re.search(rf"\b(SCAN|SEARCH) {table}\b", step)]
                looked_at += len(over)
                assert all(step.startswith("SEARCH") and "actor_id=?" in step for step in over), (statement, over)
    assert looked_at >= 10
    await engine.dispose()
