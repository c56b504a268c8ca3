"""Promises about a machine whose clock is set while people work: a real server under libfaketime. Started by `make soak`."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import time
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime
from pathlib import Path

import psutil
import pytest

from collab_server import database
from collab_server.client import connect
from executor import sums
from tests.stories.test_kills import keep_running
from tests.support.patience import SOON_S
from tests.support.processes import CONSOLE_SCRIPT, Server
from tests.support.typists import PATIENT, Oracle, Typist

logger = logging.getLogger(__name__)
HOUR_S = 3_600
TYPISTS = 4
IDLE_S = 4.0
STEPS = (HOUR_S, 0, -HOUR_S, HOUR_S, -HOUR_S, 0)


def library() -> Path:
    """The one that PyPI's libfaketime carries, else the system's."""
    found = importlib.util.find_spec("libfaketime")
    package = [Path(found.origin).parent] if found is not None and found.origin is not None else []
    for folder in (*package, Path("/usr/lib")):
        for name in ("libfaketime.so.1", "libfaketime.1.dylib"):
            if paths := sorted(folder.rglob(name)):
                return paths[0]
    pytest.skip("libfaketime is not installed")


@pytest.mark.soak
async def test_a_clock_that_is_set_by_an_hour_either_way_loses_cuts_off_and_charges_nothing_twice(
    tmp_path: Path,
) -> None:
    offset = tmp_path / "offset"
    offset.write_text("+0\n")
    settings = {
        "LD_PRELOAD": str(library()), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    server = Server(tmp_path / "data", settings, command=(str(CONSOLE_SCRIPT),))
    oracle, going = Oracle(), asyncio.Event()
    going.set()
    async with AsyncExitStack() as stack:
        await server.start()
        stack.push_async_callback(server.stop)
        stack.callback(lambda: logger.info("the last of what the server said: %s", "".join(server.errors[-30:])))
        token = await server.token("ada", tier="enterprise")
        brief = await server.token("ada", tier="enterprise", expires_at=int((time.time() + HOUR_S / 2) * 1000))
        clients = [
            await stack.enter_async_context(connect(server.url, token, limits=PATIENT)) for _ in range(TYPISTS + 1)
        ]
        http = await stack.enter_async_context(await server.http("ada"))
        session_id = (await clients[0].sessions.create("all", files={"all.txt": ""})).id
        watcher = await stack.enter_async_context(server.lane(session_id, token))
        typists = [
            Typist(number, await client.open(session_id), oracle) for number, client in enumerate(clients[:TYPISTS])
        ]
        asked = {"name": "once"}, {"Idempotency-Key": "one"}
        made = (await http.post("/api/sessions", json=asked[0], headers=asked[1])).json()["id"]

        async def seconds_of(code: str, fault: str | None, limit_ms: int) -> float:
            began = time.monotonic()
            body = {"code": code, "language": "javascript", "timeout": limit_ms}
            run = (await http.post(f"/api/sessions/{session_id}/executions", json=body)).json()
            assert (run.get("error") or {}).get("type") == fault, run
            return time.monotonic() - began

        async def set_by(step_s: int) -> None:
            """Until the server's own clock says so; it looks into the file once a second."""
            async with asyncio.timeout(SOON_S):
                while True:
                    told = parsedate_to_datetime((await http.get("/api/me")).headers["date"]).timestamp()
                    if abs(told - time.time() - step_s) < HOUR_S / 2:
                        return
                    await asyncio.sleep(0.05)

        async def counted(n: int) -> dict[str, object]:
            body = {"code": "n = globals().get('n', 0) + 1\nn", "language": "python", "persistEnvironment": True}
            run = (await http.post(f"/api/sessions/{session_id}/executions", json=body)).json()
            assert run["result"] == n and run["environment"]["kept"], run
            return dict(run)

        async with asyncio.TaskGroup() as tasks:
            for typist in typists:
                tasks.create_task(typist.type(going))
            tasks.create_task(keep_running(clients[-1], oracle, going))
            # Read all the while: a socket whose frames nobody takes is one that its own side gives up.
            watching = tasks.create_task(watcher.next(lambda message: message["type"] == "bye", PATIENT.answer_s * 10))
            for number, step_s in enumerate(STEPS, start=1):
                runs, characters = len(oracle.runs), len(oracle.acknowledged)
                endless = tasks.create_task(seconds_of("for (;;) {}", "timeout", 3_000))
                sleeper = tasks.create_task(seconds_of("await new Promise((r) => setTimeout(r, 2000))", None, 20_000))
                await asyncio.sleep(1.0)
                offset.write_text(f"{step_s:+d}\n")
                await set_by(step_s)
                assert await endless > 2.9 and await sleeper > 1.9
                await counted(number)
                allowed = await http.get("/api/me", headers={"authorization": f"Bearer {brief}"})
                assert allowed.status_code == (401 if step_s > 0 else 200)
                again = await http.post("/api/sessions", json=asked[0], headers=asked[1])
                assert again.json()["id"] == made, again.text
                async with asyncio.timeout(SOON_S):
                    while len(oracle.runs) < runs + 2 or len(oracle.acknowledged) < characters + TYPISTS:
                        await asyncio.sleep(0.05)
                logger.info("%+d s: %d runs, %d characters", step_s, len(oracle.runs), len(oracle.acknowledged))
            going.clear()
            watching.cancel()
        # Nobody was sent away: the very socket of the beginning still answers.
        assert (await watcher.ask("files"))["type"] == "files"
        offset.write_text(f"{-HOUR_S:+d}\n")
        await set_by(-HOUR_S)
        serving = [psutil.Process(pid) for pid in server.serving_pids()]
        before = sum(sum(process.cpu_times()[:2]) for process in serving)
        await asyncio.sleep(IDLE_S)
        busy = (sum(sum(process.cpu_times()[:2]) for process in serving) - before) / IDLE_S
        assert busy < 0.25, f"{busy:.0%} of a core with nothing to do"
        assert all(run.status == "completed" for run in oracle.runs.values())
        oracle.check((await http.get(f"/api/sessions/{session_id}")).json()["files"][0]["content"])
        page = (await http.get("/api/executions?limit=100")).json()["items"]
        assert not [run for run in page if run["status"] in ("queued", "running")]
        engine = database.connect(server.database_url)
        assert await sums.differences(engine) == []
        await engine.dispose()
        logger.info(
            "%d runs and %d characters; %.0f%% of a core idle", len(oracle.runs), len(oracle.acknowledged), busy * 100
        )
