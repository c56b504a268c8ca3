"""Promises about a document that stops the process that serves it: others go on, and the second time it may only be read."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.brittle import CRASH, SPIN
from tests.support.patience import PATIENCE_S
from tests.support.processes import Server, StockClient, serving


async def until_quarantined(http: httpx.AsyncClient, session_id: str) -> dict[str, Any]:
    """The session as it is shown once it may only be read."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            # Not answered while the process is away; asked again as any client does.
            try:
                shown: dict[str, Any] = (await http.get(f"/api/sessions/{session_id}", timeout=10)).json()
                if "quarantined" in shown:
                    return shown
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("poison", [SPIN, pytest.param(CRASH, marks=pytest.mark.soak)])
async def test_a_document_that_stops_the_server_twice_may_only_be_read_until_it_is_repaired(
    tmp_path: Path, poison: bytes
) -> None:
    server = Server(tmp_path, command=(sys.executable, "-m", "tests.support.brittle"))
    await server.start()
    http = await server.http("ada", admin=True)
    try:
        token = http.headers["authorization"].removeprefix("Bearer ")
        bad, good = [
            (
                await http.post("/api/sessions", json={"name": n, "files": [{"name": "a.txt", "content": "safe"}]})
            ).json()["id"]
            for n in ("bad", "good")
        ]
        async with StockClient.connect(3, server, good, token) as honest:
            async with StockClient.connect(3, server, bad, token) as eve:
                await eve.ask("insert", name="a.txt", at=-1, text=" and sound")
                async with server.lane(bad, token) as lane:
                    if (await lane.welcome())["version"] < 2:
                        await lane.event("file.changed")
                    assert (await lane.ask("write", name="b.txt", content="saved"))["type"] == "ok"
                await eve.ask("insert", name="a.txt", at=-1, text=poison.decode())
                # The first time it is the update that is refused: its sender is closed, everybody else may go on.
                await eve.until(lambda event: event.get("code") == 4400, within_s=PATIENCE_S)
                async with server.lane(bad, token) as lane:
                    assert (await lane.ask("write", name="c.txt", content="still"))["type"] == "ok"
            async with StockClient.connect(2, server, bad, token) as mallory:
                await mallory.ask("insert", name="a.txt", at=0, text=poison.decode())
                shown = await until_quarantined(http, bad)
                assert {file["name"]: file["content"] for file in shown["files"]} == {
                    "a.txt": "safe and sound", "b.txt": "saved", "c.txt": "still",
                }  # fmt: skip
                async with server.lane(bad, token) as lane:
                    assert "quarantined" in await lane.event("welcome")
                    refused = await lane.ask("write", name="b.txt", content="more")
                    assert refused["code"] == "quarantined"
            # The other session has been through two restarts and lost nothing.
            text = (await honest.ask("insert", name="a.txt", at=-1, text="!"))["text"]
            async with asyncio.timeout(PATIENCE_S):
                while (await http.get(f"/api/sessions/{good}")).json()["files"][0]["content"] != text:
                    await asyncio.sleep(0.05)
            assert "quarantined" not in (await http.get(f"/api/sessions/{good}")).json()
            told: dict[str, Any] = {}
            async with asyncio.timeout(PATIENCE_S):
                while not {"document_fault", "document_quarantined"} <= set(told):
                    events = (await http.get("/api/admin/security-events")).json()["items"]
                    told = {event["kind"]: event for event in events if event["subject"] == bad}
                    await asyncio.sleep(0.05)
            assert told["document_quarantined"]["detail"]["during"] == "apply"
            repaired = await http.post(f"/api/admin/sessions/{bad}/repair")
            assert repaired.json() == {"sessionId": bad, "setAside": []}
            async with server.lane(bad, token) as lane:
                assert (await lane.ask("write", name="b.txt", content="more"))["type"] == "ok"
            async with await server.http("bob") as other:
                assert (await other.post(f"/api/admin/sessions/{bad}/repair")).status_code in (403, 404)
        assert await server.stop() == 0
    finally:
        await http.aclose()
        if server.process is not None and server.process.returncode is None:
            await server.stop()


@pytest.mark.soak
async def test_a_stuck_process_is_noticed_within_five_seconds_and_replaced(tmp_path: Path) -> None:
    """SIGSTOP is the one way to stop a loop that needs no help from inside."""
    import os
    import signal

    async with serving(tmp_path) as server, await server.http("ada") as http:
        (pid,) = server.serving_pids()
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        async with asyncio.timeout(6):
            while pid in server.serving_pids():
                await asyncio.sleep(0.02)
        assert time.monotonic() - began < 5.5
        assert (await http.get("/healthz", timeout=30)).status_code == 200
