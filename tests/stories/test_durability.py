"""Promises about what outlives the process: acknowledged text, finished runs and their output."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from mcp.client.subscriptions import SubscriptionLost

from tests.stories.test_mcp import client as mcp_client
from tests.support.patience import PATIENCE_S
from tests.support.processes import Server, StockClient, serving


async def session_of(server: Server, user: str, content: str) -> str:
    async with server.client(user) as client:
        return (await client.sessions.create("kept", files={"main.js": content})).id


async def test_nothing_that_was_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        session_id, token = await session_of(server, "ada", ""), await server.token("ada")
        for round_ in range(3):
            acknowledged = 0
            async with server.lane(session_id, token) as lane:
                for number in range(20):
                    answer = await lane.ask("write", name=f"{round_}-{number}.txt", content=f"{round_} {number}")
                    assert answer["type"] == "ok"
                    acknowledged = number
                await server.stop(signal.SIGKILL)
            await server.start()
            async with await server.http("ada") as http:
                files = {
                    file["name"]: file["content"]
                    for file in (await http.get(f"/api/sessions/{session_id}/files")).json()["items"]
                }
            assert all(files[f"{round_}-{number}.txt"] == f"{round_} {number}" for number in range(acknowledged + 1))


async def test_text_that_a_stock_client_typed_is_there_after_saved_and_kill_9(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        session_id, token = await session_of(server, "ada", "start\n"), await server.token("ada")
        async with StockClient.connect(3, server, session_id, token) as typist, server.lane(session_id, token) as lane:
            await lane.event("welcome")
            text = (await typist.ask("insert", name="main.js", at=-1, text="typed ✍️\n"))["text"]
            changed = await lane.event("file.changed")
            if not any(m["type"] == "saved" and m["version"] >= changed["version"] for m in lane.heard):
                await lane.next(lambda m: m["type"] == "saved" and m["version"] >= changed["version"])
            await server.stop(signal.SIGKILL)
        await server.start()
        async with await server.http("ada") as http:
            assert (await http.get(f"/api/sessions/{session_id}")).json()["files"][0]["content"] == text


async def test_a_stock_client_comes_back_after_a_restart_and_brings_what_it_typed_meanwhile(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        session_id, token = await session_of(server, "ada", "start\n"), await server.token("ada")
        async with StockClient.connect(3, server, session_id, token) as typist:
            await server.stop(signal.SIGTERM)
            await typist.until(lambda event: event.get("status") == "disconnected")
            text = (await typist.ask("insert", name="main.js", at=-1, text="offline\n"))["text"]
            typist.events.clear()
            await server.start()
            await typist.until(lambda event: event.get("event") == "sync" and event["synced"])
            async with server.lane(session_id, token) as lane:
                while (await lane.ask("files"))["files"][0]["content"] != text:
                    await lane.event("file.changed")


async def test_finished_runs_and_their_output_outlive_a_kill_and_unfinished_ones_get_a_final_state(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as server:
        session_id = await session_of(server, "ada", "console.log('kept'); return 7;")
        token = await server.token("ada")
        async with server.lane(session_id, token) as lane:
            _, finished = await lane.run(entry="main.js")
            running = (
                await lane.ask(
                    "execute",
                    code="console.log('going'); await new Promise(() => setInterval(() => {}, 1000));",
                    language="javascript",
                    timeout=20_000,
                )
            )["executionId"]
            await lane.event("execution.output", executionId=running)
            await server.stop(signal.SIGKILL)
        await server.start()
        async with await server.http("ada") as http:
            runs = {
                run["executionId"]: run
                for run in (await http.get(f"/api/sessions/{session_id}/executions")).json()["items"]
            }
            assert runs[finished["executionId"]]["status"] == "completed"
            assert runs[running]["status"] == "lost"
            again = (await http.get(f"/api/executions/{finished['executionId']}")).json()
            assert (again["output"], again["result"]) == (["[log] kept"], 7)


async def test_sigterm_ends_the_server_soon_and_every_stream_of_it_properly(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, AsyncExitStack() as stack:
        session_id, token = await session_of(server, "ada", "x"), await server.token("ada", tier="enterprise")
        http = await stack.enter_async_context(await server.http("ada", tier="enterprise"))
        code = "console.log('going'); await new Promise(() => setInterval(() => {}, 1000));"
        body = {"language": "javascript", "code": code, "timeout": 60_000}
        live = {"accept": "text/event-stream"}
        asked = await stack.enter_async_context(http.stream("POST", "/api/executions", json=body, headers=live))
        asked_lines = asked.aiter_lines()
        await first(asked_lines, "execution.output")
        path = f"/api/executions/{asked.headers['x-execution-id']}/events"
        followed = await stack.enter_async_context(http.stream("GET", path))
        followed_lines = followed.aiter_lines()
        await first(followed_lines, "execution.output")
        waiting = asyncio.create_task(http.post("/api/executions", json=body))
        while len((await http.get("/api/executions")).json()["items"]) < 2:
            await asyncio.sleep(0.01)
        lane = await stack.enter_async_context(server.lane(session_id, token))
        agent = await stack.enter_async_context(mcp_client(server, token))
        heard = await stack.enter_async_context(agent.listen(resource_subscriptions=[f"session://{session_id}"]))

        operator = await stack.enter_async_context(await server.http("root", admin=True))
        news = await stack.enter_async_context(operator.stream("GET", "/api/admin/events"))
        assert news.status_code == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

        async def ask_late() -> bytes:
            """Who was let in before the end was said, and asks after it."""
            await lane.socket.wait_closed()
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            return await reader.read()

        late = asyncio.create_task(ask_late())
        assert await server.stop(signal.SIGTERM) == 0
        assert (await late).startswith(b"HTTP/1.1 200")
        writer.close()
        # It is said when the time is up that answers may still take.
        assert not [line for line in server.errors if "graceful shutdown exceeded" in line], "".join(server.errors)
        for lines in (asked_lines, followed_lines):
            assert (await first(lines, "execution.finished"))["status"] == "lost"
            assert [line async for line in lines if line] == [], "the response ends as it should, not in its middle"
        assert all(
            line.startswith((":", "event: changed", "data:"))
            for line in [each async for each in news.aiter_lines() if each]
        )
        answer = (await waiting).json()
        assert (answer["success"], answer["error"]["type"], answer["metrics"]["cost"]) == (False, "platform", 0)
        with pytest.raises(SubscriptionLost):
            await anext(heard)
        assert lane.socket.close_code == 1012
    assert not [line for line in server.errors if "Traceback" in line], "".join(server.errors)


async def first(lines: AsyncIterator[str], kind: str) -> dict[str, Any]:
    """The next event of a type in a stream of them."""
    async with asyncio.timeout(PATIENCE_S):
        async for line in lines:
            if line.startswith("data: ") and (event := json.loads(line.removeprefix("data: ")))["type"] == kind:
                return dict(event)
    raise AssertionError(f"the stream ended without {kind}")


@pytest.mark.parametrize(
    "settings",
    [
        {"COLLAB_DATABASE_URL": "mysql://x"},
        {"COLLAB_PORT": "99999"},
        {"COLLAB_JWT_SECRET": "short"},
        {"COLLAB_WORKER_URL": "http://worker.example"},
    ],
)
async def test_a_wrong_setting_is_named_at_the_start(tmp_path: Path, settings: dict[str, str]) -> None:
    server = Server(tmp_path, settings)
    with pytest.raises(AssertionError, match=next(iter(settings))):
        await server.start()
    assert server.process is not None and server.process.returncode == 2
