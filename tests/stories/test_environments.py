"""Promises about what programs leave for the next run of their session, through whole servers."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.stories.conftest import Account
from tests.stories.test_editor import opened, session_of
from tests.support.postgres_server import PostgresServer
from tests.support.processes import Server, serving

shared = pytest.mark.asyncio(loop_scope="session")


async def run(http: httpx.AsyncClient, session_id: str, code: str, **fields: Any) -> dict[str, Any]:
    body = {"language": "python", "code": code, "persistEnvironment": True, "timeout": 20_000} | fields
    answer = await http.post(f"/api/sessions/{session_id}/executions", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def good(http: httpx.AsyncClient, session_id: str, code: str, **fields: Any) -> dict[str, Any]:
    told = await run(http, session_id, code, **fields)
    assert told["success"], told
    assert told["environment"]["kept"], told
    return told


@shared
async def test_names_and_files_live_on_and_can_be_looked_at_reset_and_forked(server: Server, ada: Account) -> None:
    session = (await ada.session())["id"]
    kept = await good(ada.http, session, "x = 41\ndef up(n): return n + x\nopen('notes.txt', 'w').write('hello')")
    assert kept["environment"]["generation"] == 1
    assert (await good(ada.http, session, "x += 1\n[up(1), open('notes.txt').read()]"))["result"] == [43, "hello"]

    listed = (await ada.http.get(f"/api/sessions/{session}/environments")).json()
    (item,) = listed["items"]
    assert (item["language"], item["generation"]) == ("python", 2)
    assert item["lastRun"]["actor"]["id"] == ada.user_id
    shown = (await ada.http.get(f"/api/sessions/{session}/environments/python")).json()
    variables = {found["name"]: (found["type"], found["repr"]) for found in shown["variables"]}
    assert variables["x"] == ("int", "42") and variables["up"][0] == "function"
    assert shown["files"] == [{"name": "notes.txt", "size": 5}]

    fork = (await ada.http.post(f"/api/sessions/{session}/fork")).json()["id"]
    assert (await good(ada.http, fork, "x = 100; x"))["result"] == 100
    assert (await good(ada.http, session, "x"))["result"] == 42

    assert (await ada.http.delete(f"/api/sessions/{session}/environments/python")).status_code == 204
    assert (await ada.http.get(f"/api/sessions/{session}/environments/python")).status_code == 404
    assert (await run(ada.http, session, "x"))["error"]["type"] == "NameError"
    assert (await good(ada.http, fork, "x"))["result"] == 100
    assert (await ada.http.delete(f"/api/sessions/{fork}/environments")).status_code == 204
    assert (await ada.http.get(f"/api/sessions/{fork}/environments")).json()["items"] == []


@shared
async def test_a_run_that_fails_is_killed_or_cancelled_leaves_what_was(server: Server, ada: Account) -> None:
    session = (await ada.session())["id"]
    await good(ada.http, session, "x = 1")
    failed = await run(ada.http, session, "x = 2\nopen('left.txt', 'w').write('?')\nraise ValueError(x)")
    assert failed["error"]["type"] == "ValueError"
    assert failed["environment"]["kept"] is False and "complete" in failed["environment"]["reason"]
    late = await run(ada.http, session, "x = 3\nwhile True: pass", timeout=1500)
    assert late["error"]["type"] == "timeout" and late["environment"]["kept"] is False
    path = f"/api/sessions/{session}/executions"
    body = {"language": "python", "code": "x = 4\ninput()", "persistEnvironment": True, "timeout": 60_000}
    async with server.lane(session, ada.token) as lane:
        await lane.event("welcome")
        started = await ada.http.post(path, json=body, headers={"prefer": "respond-async"})
        await lane.event("execution.input", executionId=started.json()["executionId"])
        await ada.http.post(f"/api/executions/{started.json()['executionId']}/cancel")
        ended = await lane.event("execution.finished", executionId=started.json()["executionId"])
    assert ended["status"] == "cancelled" and ended["environment"]["kept"] is False
    assert (await good(ada.http, session, "import os\n[x, os.listdir('.')]"))["result"] == [1, ["main.py"]]


@shared
async def test_only_who_may_run_resets_and_a_session_is_needed(server: Server, ada: Account, bob: Account) -> None:
    session = (await ada.session())["id"]
    await good(ada.http, session, "x = 1")
    path = f"/api/sessions/{session}/environments"
    assert (await bob.http.get(path)).status_code == 404
    await ada.http.put(f"/api/sessions/{session}/collaborators/{bob.user_id}", json={"role": "viewer"})
    assert (await bob.http.get(path)).json()["items"][0]["language"] == "python"
    assert (await bob.http.delete(path)).status_code == 403
    body = {"language": "python", "code": "x", "persistEnvironment": True}
    alone = await ada.http.post("/api/executions", json=body)
    assert (alone.status_code, alone.json()["code"]) == (422, "invalid")
    assert "persistEnvironment" in alone.json()["detail"] and "session" in alone.json()["detail"]
    page = await ada.http.post(f"/api/sessions/{session}/executions", json=body | {"language": "css", "code": "a{}"})
    assert page.status_code == 422 and "css" in page.json()["detail"]
    async with server.lane(session, bob.token) as lane:
        await lane.event("welcome")
        await ada.http.delete(f"{path}/python")
        told = await lane.event("environment.changed", language="python")
    assert told["actor"]["id"] == ada.user_id
    await ada.http.delete(f"/api/sessions/{session}")
    assert (await ada.http.get(path)).status_code == 404


async def test_an_environment_survives_a_killed_server_and_limits_hold(tmp_path: Path) -> None:
    limits = {"COLLAB_ENVIRONMENT_BYTES_MAX": "300000", "COLLAB_ENVIRONMENT_WAITING_MAX": "1"}
    async with serving(tmp_path, **limits) as server:
        async with await server.http("ada", tier="enterprise") as http:
            session = (await http.post("/api/sessions", json={"name": "s"})).json()["id"]
            await good(http, session, "def made():\n    yield from 'ab'\nit = made(); next(it)")
            large = await run(http, session, "import os\nbig = os.urandom(400_000)")
            assert large["success"] and large["environment"]["kept"] is False, large.get("error")
            assert "300000" in large["environment"]["reason"]
            body = {"language": "python", "code": "input()", "persistEnvironment": True, "timeout": 60_000}
            path = f"/api/sessions/{session}/executions"
            first = await http.post(path, json=body, headers={"prefer": "respond-async"})
            second = await http.post(path, json=body)
            assert (first.status_code, second.status_code, second.json()["code"]) == (202, 429, "rate_limited")
            await http.post(f"/api/executions/{first.json()['executionId']}/cancel")
            key = http.headers["authorization"]
        await server.stop(signal.SIGKILL)
        await server.start()
        async with httpx.AsyncClient(base_url=server.url, headers={"authorization": key}, timeout=60) as http:
            assert (await good(http, session, "next(it)"))["result"] == "b"


@pytest_asyncio.fixture
async def nodes(tmp_path: Path, postgres_server: PostgresServer) -> AsyncIterator[tuple[Server, Server]]:
    """Two nodes on one database, and nothing else between them."""
    database = await postgres_server.create_database()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(
            serving(tmp_path / "one", COLLAB_NODE_ID="one", COLLAB_DATABASE_URL=database)
        )
        second = await stack.enter_async_context(
            serving(tmp_path / "two", COLLAB_NODE_ID="two", COLLAB_DATABASE_URL=database)
        )
        yield first, second


async def test_runs_that_race_on_two_nodes_both_count(nodes: tuple[Server, Server]) -> None:
    first, second = nodes
    async with await first.http("ada", tier="enterprise") as near:
        session = (await near.post("/api/sessions", json={"name": "s"})).json()["id"]
        headers = {"authorization": near.headers["authorization"]}
        async with httpx.AsyncClient(base_url=second.url, headers=headers, timeout=60) as far:
            await good(near, session, "seen = []")
            await asyncio.gather(
                *(good(http, session, f"seen.append({n})") for n, http in enumerate([near, far, near, far]))
            )
            assert (await good(far, session, "sorted(seen)"))["result"] == [0, 1, 2, 3]


@shared
async def test_people_keep_look_at_and_reset_an_environment_in_the_editor(browser: Browser, server: Server) -> None:
    session = await session_of(server, main_js="var n = (typeof n === 'number' ? n : 0) + 1;\nreturn n;\n")
    async with opened(browser, server, session) as page:
        await page.get_by_test_id("run-options").click()
        await page.get_by_test_id("keep-environment").check()
        await page.keyboard.press("Escape")
        for result in ("1", "2"):
            await page.get_by_test_id("run").click()
            await expect(page.get_by_test_id("result")).to_contain_text(result)
        await page.get_by_test_id("run-options").click()
        row = page.get_by_test_id("environment-javascript")
        await row.locator("summary").click()
        await expect(row.get_by_role("row")).to_have_text(["nnumber2"])
        await row.get_by_role("button", name="Reset").click()
        await expect(row).to_have_count(0)
        await page.keyboard.press("Escape")
        await page.get_by_test_id("run").click()
        await expect(page.get_by_test_id("result")).to_have_text(re.compile("1$"))
