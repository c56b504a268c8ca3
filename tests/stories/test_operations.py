"""Promises to operators of several processes: switches that hold the whole server up, and what they are told of it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.stories.conftest import Account, account
from tests.stories.test_workers import ENDLESS, spread
from tests.support.processes import CONSOLE_SCRIPT, Server, StockClient, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def operated(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> AsyncIterator[Server]:
    """A server of two processes."""
    async with serving(tmp_path_factory.mktemp("operated"), 2, COLLAB_REDIS_URL=redis_url) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def root(operated: Server) -> AsyncIterator[Account]:
    """An admin of it."""
    made = await account(operated, admin=True)
    yield made
    await made.http.aclose()


async def console(server: Server, *arguments: str) -> str:
    """What a subcommand printed; it ended well."""
    process = await asyncio.create_subprocess_exec(
        CONSOLE_SCRIPT, *arguments, env=server.environment, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode()


async def test_switches_hold_all_processes_up_and_a_restart_keeps_them(operated: Server, root: Account) -> None:
    session = (await root.session(main_js="return 1"))["id"]
    place = f"/api/sessions/{session}/files/{(await root.http.get(f'/api/sessions/{session}/files')).json()['items'][0]['id']}"
    async with AsyncExitStack() as stack:
        before = await stack.enter_async_context(AsyncExitStack())
        lanes = await spread(before, operated, session, root.token)
        typist = await stack.enter_async_context(StockClient.connect(3, operated, session, root.token))

        # Read-only: all are told, nothing is taken, and what was typed meanwhile is there afterwards.
        switched = await root.http.put("/api/admin/switches/read-only", json={"on": True, "reason": "moving house"})
        assert (switched.status_code, switched.json()["on"], switched.json()["changedBy"]) == (200, True, root.user_id)
        for lane in lanes.values():
            told = await lane.event("role")
            assert (told["mayEdit"], told["mayRun"], told["readOnly"]) == (False, True, "moving house")
            refused = await lane.ask("write", name="new.txt", content="x")
            assert (refused["code"], refused["message"]) == ("read_only", "moving house")
        await typist.ask("insert", name="main.js", at=0, text="// typed meanwhile\n")
        edited = await root.http.put(place, json={"content": "x"})
        assert (edited.status_code, edited.json()["code"]) == (423, "read_only")
        made = await root.http.post("/api/sessions", json={"name": "n"})
        assert (made.status_code, made.json()["code"]) == (423, "read_only")
        assert (await root.http.delete(f"/api/sessions/{session}")).status_code == 423
        for path in ("/healthz", "/readyz", "/api/me"):
            assert (await root.http.get(path)).json()["readOnly"] == "moving house"
        _, ran = await next(iter(lanes.values())).run(code="return 2", language="javascript")
        assert ran["result"] == 2

        # Nothing new runs, and what runs is ended: by the command line, which asks no server.
        runs = [
            (await lane.ask("execute", language="javascript", code=ENDLESS, timeout=60_000))["executionId"]
            for lane in lanes.values()
        ]
        assert "refuse-executions is on" in await console(operated, "switch", "refuse-executions", "on")
        for lane in lanes.values():
            told = await lane.event("role", mayRun=False)
            assert "executionsOff" in told and told["mayEdit"] is False
            refused = await lane.ask("execute", language="javascript", code="return 1")
            assert (refused["type"], refused["code"]) == ("execution.refused", "executions_off")
        refused_here = await root.http.post("/api/executions", json={"language": "javascript", "code": "return 1"})
        assert (refused_here.status_code, refused_here.json()["code"]) == (503, "executions_off")
        assert (await root.http.post("/api/admin/executions/stop", json={"reason": "all"})).json() == {"stopping": 2}
        for lane in lanes.values():
            for run in runs:
                assert (await lane.ended(run, within_s=5.0))["status"] == "cancelled"

        # Whoever takes the place of one that died knows it from the first moment.
        doomed = next(iter(lanes))
        os.kill(doomed, signal.SIGKILL)
        await before.aclose()
        lanes = await spread(stack, operated, session, root.token)
        assert doomed not in lanes
        for lane in lanes.values():
            welcome = await lane.welcome()
            assert welcome["readOnly"] == "moving house" and "executionsOff" in welcome
            assert (await lane.ask("write", name="new.txt", content="x"))["code"] == "read_only"

        # Lifted, everything goes on.
        await console(operated, "switch", "read-only", "off")
        lifted = await root.http.put("/api/admin/switches/refuse-executions", json={"on": False})
        assert lifted.json()["reason"] == ""
        for lane in lanes.values():
            await lane.event("role", mayEdit=True, mayRun=True)
            assert (await lane.run(code="return 3", language="javascript"))[1]["result"] == 3
        until = time.monotonic() + 10
        while not (await root.http.get(place)).json()["content"].startswith("// typed meanwhile"):
            assert time.monotonic() < until, "what was typed while it was read-only is lost"
            await asyncio.sleep(0.05)
        assert (await root.http.get("/healthz")).json() == {"status": "ok"}
        acts = (await root.http.get("/api/admin/audit", params={"subject": "read-only"})).json()["items"]
        assert [(act["action"], act["actorId"]) for act in acts] == [
            ("switch.off", "operator"),
            ("switch.on", root.user_id),
        ]
        wrong = await root.http.put("/api/admin/switches/everything", json={"on": True})
        assert (wrong.status_code, wrong.json()["code"]) == (404, "not_found")
