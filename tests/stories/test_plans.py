"""Random plans against real processes: stock clients of three ages on three nodes, with kills and cut connections to Redis."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.plans import Plan, Typed, chosen, kept_if_it_fails, seeds
from tests.support.postgres_server import PostgresServer
from tests.support.processes import Server, StockClient, serving
from tests.support.redis_server import RedisServer
from tests.support.tcp_proxy import TcpProxy, proxied

STEPS = 60
AGREE_S = 60.0


async def agreed(clients: Sequence[StockClient], servers: Sequence[Server], session_id: str) -> str:
    """The text that all clients and all nodes show, as soon as they do."""
    async with AsyncExitStack() as stack:
        https = [await stack.enter_async_context(await server.http("ada")) for server in servers]
        async with asyncio.timeout(AGREE_S):
            while True:
                texts = {(await client.ask("text", name="f.txt"))["text"] for client in clients}
                for http in https:
                    texts |= {
                        file["content"] for file in (await http.get(f"/api/sessions/{session_id}")).json()["files"]
                    }
                if len(texts) == 1:
                    return str(texts.pop())
                await asyncio.sleep(0.1)


async def carry_out(plan: Plan, path: Path, redis: RedisServer, database_url: str) -> None:
    typed, done = Typed(), list[int]()
    async with AsyncExitStack() as stack:
        proxies: list[TcpProxy] = []
        servers: list[Server] = []
        for number in range(plan.nodes):
            proxy = await stack.enter_async_context(proxied(redis.port))
            shared = {
                "COLLAB_REDIS_URL": f"redis://127.0.0.1:{proxy.port}/0",
                "COLLAB_DATABASE_URL": database_url,
                "COLLAB_POOL_SIZE": "0",
            }
            proxies.append(proxy)
            servers.append(await stack.enter_async_context(serving(path / str(number), **shared)))
        async with servers[0].client("ada") as ada:
            session_id = (await ada.sessions.create("planned", files={"f.txt": ""})).id
        token = await servers[0].token("ada")
        clients = [
            await stack.enter_async_context(
                StockClient.connect(1 + number % 3, servers[number % plan.nodes], session_id, token)
            )
            for number in range(plan.clients)
        ]
        with kept_if_it_fails(plan, done):
            for number, step in enumerate(plan.steps):
                done.append(number)
                client, where = clients[step["who"]], step["where"]
                match step["do"]:
                    case "type" | "delete" | "deliver":
                        text = (await client.ask("text", name="f.txt"))["text"]
                        at = int(step["share"] * (len(text) + 1))
                        await client.ask("insert", name="f.txt", at=at, text=typed.fresh(step["count"]))
                    case "leave":
                        await client.ask("disconnect")
                    case "join":
                        await client.ask("connect")
                    case "cut":
                        await proxies[where].cut()
                    case "mend":
                        await proxies[where].mend()
                    case "kill":
                        await servers[where].stop(signal.SIGKILL)
                        await servers[where].start()
            for proxy in proxies:
                await proxy.mend()
            for client in clients:
                await client.ask("connect")
            typed.check(await agreed(clients, servers, session_id))
            # And so does what is on disk, after the end of them all.
            for server in servers:
                await server.stop(signal.SIGKILL)
            for client in clients:
                await client.ask("disconnect")
            await servers[0].start()
            typed.check(await agreed([], servers[:1], session_id))


@pytest.mark.soak
async def test_stock_clients_on_real_nodes_end_with_what_was_typed_whatever_breaks(
    tmp_path: Path, redis_server: RedisServer, postgres_server: PostgresServer
) -> None:
    for seed in seeds(10, "SOAK_REAL_PLANS"):
        plan = chosen(seed, STEPS)
        await carry_out(plan, tmp_path / str(seed), redis_server, await postgres_server.create_database())
