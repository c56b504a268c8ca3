"""Promises about the proxies in deploy/: two nodes behind each, over TLS, as an operator would have them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from collab_server.client import connect
from executor.authorities import trusted
from executor.events import Output
from tests.support.balancers import balancing
from tests.support.patience import PATIENCE_S
from tests.support.postgres_server import PostgresServer
from tests.support.processes import Server
from tests.support.redis_server import RedisServer, free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")
ASKS = 'print("ready", flush=True)\nprint("heard", input())\n'


@dataclass
class Nodes:
    servers: tuple[Server, Server]
    plain: int
    tls: int

    async def sockets(self) -> list[int]:
        """How many open WebSockets each node has."""
        async with httpx.AsyncClient(trust_env=False) as http:
            pages = [(await http.get(f"{node.url}/metrics")).text for node in self.servers]
        lines = (
            [line for line in page.splitlines() if line.startswith("collab_websocket_connections{")] for page in pages
        )
        return [int(sum(float(line.rsplit(" ", 1)[1]) for line in found)) for found in lines]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> AsyncIterator[Nodes]:
    path = tmp_path_factory.mktemp("balanced")
    plain, tls = free_port(), free_port()
    redis = RedisServer(path)
    redis.start()
    shared = {"COLLAB_REDIS_URL": redis.url, "COLLAB_DATABASE_URL": await postgres_server.create_database()}
    shared["COLLAB_PUBLIC_URL"] = f"https://localhost:{tls}"
    async with AsyncExitStack() as stack:
        first, second = (
            Server(path / name, shared | {"COLLAB_NODE_ID": name}, port=free_port()) for name in ("one", "two")
        )
        for server in (first, second):
            stack.push_async_callback(server.stop)
            await server.start()
        yield Nodes((first, second), plain, tls)
    redis.stop()


@pytest.mark.parametrize("kind", ["nginx", "caddy"])
async def test_behind_the_example_a_session_stays_on_a_node_and_a_rolling_restart_loses_nothing(
    nodes: Nodes, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await nodes.servers[0].token(f"ada-{kind}", tier="enterprise")
    async with AsyncExitStack() as stack:
        ports = [server.port for server in nodes.servers]
        proxy = await stack.enter_async_context(balancing(kind, tmp_path, ports, nodes.plain, nodes.tls))
        monkeypatch.setenv("SSL_CERT_FILE", str(proxy.certificate))
        trusted.cache_clear()
        stack.callback(trusted.cache_clear)
        headers = {"authorization": f"Bearer {token}"}
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=proxy.url, headers=headers, verify=trusted(), trust_env=False)
        )
        assert (await http.get("/metrics")).status_code == 404
        assert (await http.get(f"http://localhost:{nodes.plain}/healthz")).status_code in (301, 308)

        client = await stack.enter_async_context(connect(proxy.url, token))
        other = await stack.enter_async_context(connect(proxy.url, token))
        for number in range(4):
            made = await client.sessions.create(f"session {number}", files={"notes.txt": ""})
            session, beside = await client.open(made.id), await other.open(made.id)
            assert all(count % 2 == 0 for count in await nodes.sockets()), "both are where the session is"

        # What a program says leaves at once: it waits for the answer to what was seen.
        run = await client.execute(code=ASKS, language="python")
        async with asyncio.timeout(PATIENCE_S):
            async for event in run:
                if isinstance(event, Output) and "ready" in event.text:
                    await run.stdin("you\n")
        assert (await run.result()).stdout.endswith("heard you\n")

        over = asyncio.Event()
        acknowledged = 0

        async def typing() -> None:
            nonlocal acknowledged
            while not over.is_set():
                await session.files.write("notes.txt", str(acknowledged + 1))
                acknowledged += 1

        async def asking() -> None:
            while not over.is_set():
                answer = await http.get("/api/me", timeout=PATIENCE_S)
                assert answer.status_code == 200, answer.text

        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as work:
            work.create_task(typing())
            work.create_task(asking())
            for server in nodes.servers:
                assert await server.stop() == 0
                before = acknowledged
                while acknowledged < before + 2:
                    await asyncio.sleep(0.01)
                await server.start()
            over.set()
        assert (await beside.files.read("notes.txt")).content == str(acknowledged)
