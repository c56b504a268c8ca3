"""Promises about several nodes: one session on two servers, over a real Redis and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from tests.stories.test_mcp import call
from tests.stories.test_mcp import client as mcp_client
from tests.support.patience import PATIENCE_S, SOON_S
from tests.support.postgres_server import PostgresServer
from tests.support.processes import Server, StockClient, serving
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> AsyncIterator[tuple[Server, Server]]:
    """Two nodes on one database and one bus; each story has people of its own on them."""
    path = tmp_path_factory.mktemp("nodes")
    redis = RedisServer(path)
    redis.start()
    shared = {"COLLAB_REDIS_URL": redis.url, "COLLAB_DATABASE_URL": await postgres_server.create_database()}
    shared["COLLAB_SECRET_KEY"] = base64.b64encode(bytes(32)).decode()
    shared["COLLAB_RUNS_PER_SESSION_MAX"] = "2"
    shared["COLLAB_QUEUE_TIMEOUT_S"] = "120"  # who waits here waits for what the story does next
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serving(path / "one", COLLAB_NODE_ID="one", **shared))
        second = await stack.enter_async_context(serving(path / "two", COLLAB_NODE_ID="two", **shared))
        yield first, second
    redis.stop()


async def _until(lines: AsyncIterator[str], wanted: str) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if wanted in line:
            return


async def session_of(server: Server, user: str) -> tuple[str, str]:
    """(session id, key) of a new session."""
    async with await server.http(user, tier="enterprise") as http:
        made = await http.post(
            "/api/sessions",
            json={"name": "n", "files": [{"name": "main.js", "content": "console.log('hi'); return 1;\n"}]},
        )
        return made.json()["id"], http.headers["authorization"].removeprefix("Bearer ")


async def test_people_on_two_nodes_edit_and_run_one_session(nodes: tuple[Server, Server]) -> None:
    first, second = nodes
    session_id, token = await session_of(first, "ada")
    async with (
        StockClient.connect(3, first, session_id, token) as near,
        StockClient.connect(2, second, session_id, token) as far,
        second.lane(session_id, token) as watching,
    ):
        await asyncio.gather(
            near.ask("insert", name="main.js", at=0, text="// near\n"),
            far.ask("insert", name="main.js", at=-1, text="// far\n"),
        )
        texts = [
            await client.until_text("main.js", lambda text: "near" in text and "far" in text) for client in (near, far)
        ]
        assert texts[0] == texts[1]
        async with first.lane(session_id, token) as runner:
            _, finished = await runner.run(entry="main.js")
        assert finished["result"] == 1
        assert await watching.event("execution.finished", executionId=finished["executionId"]) == finished
        # What an older MCP client asks one node to be told of, it hears on its stream to the other.
        older = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
        older |= {"mcp-session-id": "0" * 32, "mcp-protocol-version": "2025-11-25"}
        async with httpx.AsyncClient(headers=older, timeout=PATIENCE_S, trust_env=False) as http:
            async with http.stream("GET", f"{first.url}/mcp") as stream:
                params = {"uri": f"session://{session_id}/files/main.js"}
                body = {"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": params}
                assert '"result":{}' in (await http.post(f"{second.url}/mcp", json=body)).text
                await far.ask("insert", name="main.js", at=0, text="// told\n")
                told = [line async for line in _until(stream.aiter_lines(), "resources/updated")]
                assert json.loads(told[-1].removeprefix("data: "))["params"] == params
        # An agent's calls go to whichever node; what it did in a branch on one is merged on the other.
        async with mcp_client(first, token) as here, mcp_client(second, token) as there:
            branch = await call(here, "proposeChangesToCodeExecutionSession", sessionId=session_id)
            shown = await call(there, "getCodeExecutionSession", sessionId=branch["id"])
            whole = {"fileId": shown["files"][0]["id"], "content": f"{shown['files'][0]['content']}// proposed\n"}
            await call(there, "updateFileInCodeExecutionSession", sessionId=branch["id"], **whole)
            await near.ask("insert", name="main.js", at=0, text="// meanwhile\n")
            looked = await call(here, "getCodeExecutionProposal", proposalId=branch["id"])
            decided = {"proposalId": branch["id"], "decision": "merge", "version": looked["version"]}
            assert (await call(here, "decideCodeExecutionProposal", **decided))["status"] == "merged"
        texts = [
            await client.until_text("main.js", lambda text: "proposed" in text and "meanwhile" in text)
            for client in (near, far)
        ]
        assert texts[0] == texts[1]


async def test_a_key_revoked_on_one_node_closes_its_sockets_on_the_other_within_a_second(
    nodes: tuple[Server, Server],
) -> None:
    first, second = nodes
    session_id, _ = await session_of(first, "ada")
    async with await first.http("ada") as http:
        made = (await http.post("/api/me/tokens", json={})).json()
        async with second.lane(session_id, made["token"]) as lane:
            await lane.event("welcome")
            await http.delete(f"/api/me/tokens/{made['id']}")
            async with asyncio.timeout(SOON_S):
                await lane.socket.wait_closed()
            assert lane.socket.close_code == 4401


async def test_one_idempotency_key_on_two_nodes_is_one_run(nodes: tuple[Server, Server]) -> None:
    first, second = nodes
    _, token = await session_of(first, "once")
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "once"}
    code = "console.log('going'); await new Promise((r) => setTimeout(r, 300)); return Math.random()"
    body = {"language": "javascript", "code": code}
    async with await first.http("x") as one, await second.http("x") as two:
        answers = await asyncio.gather(
            *(http.post("/api/executions", json=body, headers=headers) for http in (one, two) * 5)
        )
        assert len({answer.json()["result"] for answer in answers}) == 1, [answer.text for answer in answers]
        runs = (await one.get("/api/executions", headers=headers)).json()["items"]
        assert len(runs) == 1


async def test_what_has_no_id_of_its_own_is_made_once_though_two_nodes_are_asked_with_one_key(
    nodes: tuple[Server, Server],
) -> None:
    first, second = nodes
    async with await first.http("twice") as one, await second.http("twice") as two:
        for number in range(5):
            headers = {"idempotency-key": f"key {number}"}
            asked = [
                http.post("/api/me/tokens", json={"name": str(number)}, headers=headers) for http in (one, two) * 2
            ]
            made = [answer.json() for answer in await asyncio.gather(*asked)]
            assert len({each["token"] for each in made}) == 1, made
        assert len((await one.get("/api/me/tokens")).json()["items"]) == 5 + 2  # and those that signed in


async def test_of_fifty_who_race_on_two_nodes_one_gets_the_rest_of_a_budget_and_no_more_go_on_at_once_than_may(
    nodes: tuple[Server, Server],
) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(await node.http("racer", tier="enterprise")) for node in nodes]
        await clients[0].patch("/api/me", json={"budget": 0.001})
        body = {"language": "javascript", "code": "return 1", "tier": "basic"}
        answers = await asyncio.gather(*(clients[i % 2].post("/api/executions", json=body) for i in range(50)))
        assert sorted(answer.status_code for answer in answers) == [200] + [429] * 49
        usage = (await clients[1].get("/api/usage")).json()["total"]
        (ran,) = [answer.json()["metrics"] for answer in answers if answer.status_code == 200]
        assert (usage["executions"], usage["cost"]) == (1, ran["cost"])

        await clients[0].patch("/api/me", json={"budget": None})
        root = await stack.enter_async_context(await nodes[0].http("root", admin=True))
        await root.patch("/api/admin/users/racer", json={"limits": {"concurrentRuns": 2}})
        later = {"prefer": "respond-async"}
        endless = {"language": "javascript", "code": "await new Promise(() => setInterval(() => {}, 1000))"}
        long = endless | {"timeout": 300_000}
        held = [(await clients[0].post("/api/executions", json=long, headers=later)).json() for _ in range(2)]
        body = {"language": "javascript", "code": "return 3"}
        third = (await clients[1].post("/api/executions", json=body, headers=later)).json()["executionId"]
        # Somebody else's run, asked for later, goes by: nothing but the two on the other node holds up the third.
        other = await stack.enter_async_context(await nodes[1].http("bob"))
        assert (await other.post("/api/executions", json=body)).json()["result"] == 3
        assert (await clients[1].get(f"/api/executions/{third}")).json()["status"] == "queued"
        assert (await clients[1].get("/api/me")).json()["limits"]["concurrentRunsLeft"] == 0
        await clients[1].post(f"/api/executions/{held[0]['executionId']}/cancel")
        events = await clients[1].get(f"/api/executions/{third}/events")
        assert '"status":"completed"' in events.text
        await clients[1].post(f"/api/executions/{held[1]['executionId']}/cancel")


async def test_runs_at_once_are_bounded_by_key_and_by_session_over_all_nodes(nodes: tuple[Server, Server]) -> None:
    first, second = nodes
    later, endless = {"prefer": "respond-async"}, "await new Promise(() => setInterval(() => {}, 1000))"
    long, short = [{"language": "javascript", "code": code, "timeout": 300_000} for code in (endless, "return 1")]
    async with AsyncExitStack() as stack:
        ada, bob = [
            await stack.enter_async_context(await first.http(name, tier="enterprise")) for name in ("cy", "dee")
        ]
        far = await stack.enter_async_context(await second.http("cy"))
        session = (await ada.post("/api/sessions", json={"name": "crowded"})).json()["id"]
        await ada.put(f"/api/sessions/{session}/collaborators/dee", json={"role": "editor"})
        made = (await ada.post("/api/me/tokens", json={"concurrentRuns": 1})).json()
        bound, place = {"authorization": f"Bearer {made['token']}"}, f"/api/sessions/{session}/executions"

        async def left(headers: dict[str, str]) -> list[tuple[str, int | None]]:
            told = (await far.get("/api/me", headers=headers)).json()["limits"]["budgets"]
            return [(one["of"], one["concurrentRunsLeft"]) for one in told]

        async def begin(client: httpx.AsyncClient, where: str, body: dict[str, object], **headers: str) -> str:
            answer = await client.post(where, json=body, headers=later | headers)
            return str(answer.json()["executionId"])

        async def status(execution_id: str) -> str:
            return str((await far.get(f"/api/executions/{execution_id}")).json()["status"])

        of_key = f"key:{made['id']}"
        assert await left(bound) == [(of_key, 1)]
        held = await begin(ada, "/api/executions", long, **bound)
        assert await left(bound) == [(of_key, 0)]
        waiting = await begin(far, "/api/executions", short, **bound)
        # Another key of the same account, asked for later, goes by.
        assert (await far.post("/api/executions", json=short)).json()["result"] == 1
        assert await status(waiting) == "queued"
        await ada.post(f"/api/executions/{held}/cancel")
        assert '"status":"completed"' in (await far.get(f"/api/executions/{waiting}/events")).text

        running = [await begin(bob, place, long), await begin(far, place, long)]
        third = await begin(far, place, short)
        async with second.lane(session, await second.token("cy")) as lane:
            told = {one["of"]: one for one in (await lane.welcome())["limits"]["budgets"]}[f"session:{session}"]
            assert (told["concurrentRuns"], told["concurrentRunsLeft"]) == (2, 0)
            assert await status(third) == "queued"
            # What a node leaves behind when it is killed gives its place back, too.
            await first.stop(signal.SIGKILL)
            await first.start()
            await lane.event("execution.finished", executionId=running[0], status="lost")
            await lane.ended(third)
        assert await status(third) == "completed"
        await far.post(f"/api/executions/{running[1]}/cancel")
