"""Promises about what a scan says, to whom, and what it stops, from outside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.conftest import Account, account
from tests.stories.test_admin import eventually
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

ESCAPE = "return this.constructor.constructor('return process')()"
SECRET = "AKIAQ3EGRTK4FJWPB2ZN"


async def test_a_run_goes_on_with_advice_and_its_findings_are_there_for_all_who_watch(
    server: Server, ada: Account
) -> None:
    session = await ada.session(main_js="const f = (x) => eval(x);\nreturn f('1 + 1')")
    place = f"/api/sessions/{session['id']}"
    async with server.lane(session["id"], ada.token) as lane:
        await lane.event("welcome")
        run = (await lane.ask("execute"))["executionId"]
        started = await lane.event("execution.started")
        await lane.event("execution.finished")
    assert [(one["ruleId"], one["cwe"], one["severity"], one["line"]) for one in started["findings"]] == [
        ("javascript.eval", "CWE-95", "medium", 1)
    ]
    assert (await ada.http.get(f"/api/executions/{run}")).json()["findings"] == started["findings"]
    assert (await ada.http.get(f"/api/executions/{run}/findings")).json()["findings"] == started["findings"]
    sarif = await ada.http.get(f"/api/executions/{run}/findings", headers={"accept": "application/sarif+json"})
    assert sarif.headers["content-type"] == "application/sarif+json"
    (log,) = sarif.json()["runs"]
    (result,) = log["results"]
    assert log["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "javascript.eval"
    place_found = result["locations"][0]["physicalLocation"]
    assert place_found["artifactLocation"]["uri"] == "main.js"
    assert place_found["region"] == {"startLine": 1, "startColumn": 18, "endLine": 1, "endColumn": 25}
    assert (await ada.http.post(f"{place}/executions", json={"code": "return 1", "entry": "main.js"})).json().get(
        "findings"
    ) is None


async def test_what_is_plainly_hostile_is_refused_until_the_owner_says_otherwise(ada: Account, bob: Account) -> None:
    session = await ada.session(main_js=ESCAPE)
    place = f"/api/sessions/{session['id']}"
    refused = await ada.http.post(f"{place}/executions", json={})
    assert (refused.status_code, refused.json()["code"]) == (422, "scan_blocked")
    assert refused.json()["findings"][0]["severity"] == "critical"
    assert (await ada.http.get(place)).json()["scanPolicy"] is None
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "editor"})
    assert (await bob.http.patch(place, json={"scanPolicy": "warn"})).status_code == 403
    assert (await ada.http.patch(place, json={"scanPolicy": "lax"})).status_code == 422
    assert (await ada.http.patch(place, json={"scanPolicy": "warn"})).json()["scanPolicy"] == "warn"
    ran = (await bob.http.post(f"{place}/executions", json={})).json()
    assert "code" not in ran and ran["findings"][0]["ruleId"] == "javascript.constructor-escape"
    await ada.http.patch(place, json={"scanPolicy": "block-high"})
    blocked = await ada.http.post(
        f"{place}/executions", json={"code": "return process.binding('fs')", "entry": "main.js"}
    )
    assert blocked.json()["code"] == "scan_blocked"
    assert (await ada.http.patch(place, json={"scanPolicy": None})).json()["scanPolicy"] is None


async def test_code_is_scanned_on_demand_also_while_somebody_types(server: Server, ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="eval(x)", notes_py="exec(x)")
    place = f"/api/sessions/{session['id']}"
    ids = {file["name"]: file["id"] for file in session["files"]}
    for method in ("GET", "POST"):
        found = (await ada.http.request(method, f"{place}/scan")).json()["findings"]
        assert {(one["file"], one["ruleId"]) for one in found} == {
            ("main.js", "javascript.eval"),
            ("notes.py", "python.exec"),
        }
    assert (await bob.http.get(f"{place}/scan")).status_code == 404
    assert (await ada.http.get(f"{place}/scan", params={"fileId": "none"})).status_code == 404
    async with server.lane(session["id"], ada.token) as lane:
        await lane.event("welcome")
        await lane.ask("write", fileId=ids["main.js"], content="return 1")
        assert (await lane.ask("scan", fileId=ids["main.js"]))["findings"] == []
        await lane.ask("write", fileId=ids["main.js"], content="\neval(y)")
        (found_now,) = (await lane.ask("scan", fileId=ids["main.js"]))["findings"]
        assert (found_now["line"], found_now["column"], found_now["endColumn"]) == (2, 1, 8)
        assert (await lane.ask("scan", fileId="none"))["code"] == "not_found"
    alone = await ada.http.post("/api/scan", json={"code": "import os\nos.system(x)", "language": "python"})
    assert [one["ruleId"] for one in alone.json()["findings"]] == ["python.shell"]
    several = {"files": [{"name": "a.rb", "content": "eval(x)"}, {"name": "b.lua", "content": "load(x)"}]}
    sarif = (await ada.http.post("/api/scan", json=several, headers={"accept": "application/sarif+json"})).json()
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} == {"ruby.eval", "lua.load"}


async def test_grave_findings_are_a_security_event_and_no_secret_is_on_record(server: Server, ada: Account) -> None:
    root = await account(server, admin=True)
    code = f"const key = '{SECRET}'; const f = () => [process.binding('fs'), process.binding('net')]; console.log(key); return key"
    result = (await ada.http.post("/api/executions", json={"language": "javascript", "code": code})).json()
    assert {one["ruleId"] for one in result["findings"]} == {"secret.aws", "javascript.process-binding"}
    kept = (await ada.http.get(f"/api/executions/{result['executionId']}/events")).text
    assert SECRET not in str(result) + kept and "••••" in kept

    async def noted() -> list[dict[str, Any]] | None:
        page = (await root.http.get("/api/admin/security-events", params={"kind": "scan_finding", "limit": 200})).json()
        return [event for event in page["items"] if event["detail"].get("run") == result["executionId"]] or None

    (event,) = await eventually(noted)
    assert (event["severity"], event["actorId"]) == ("warning", ada.user_id)
    assert event["detail"]["rules"] == ["javascript.process-binding", "secret.aws"]
    audit = (await root.http.get("/api/admin/audit", params={"limit": 200})).text
    assert SECRET not in str(event) + audit
    await root.http.aclose()
