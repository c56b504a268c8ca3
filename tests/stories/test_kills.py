"""Promises about real work while processes are killed again and again: an oracle knows every acknowledged character and every charge."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from collab_server import database
from collab_server.client import Client, Run, Session, TooMany, connect
from executor import sums
from executor.events import Finished
from tests.support.postgres_server import PostgresServer
from tests.support.processes import Server, serving
from tests.support.redis_server import RedisServer
from tests.support.typists import PATIENT, Oracle, Typist

logger = logging.getLogger(__name__)
TYPISTS = 20
RUNNERS = 2
RECOVER_S = 180.0
PROGRAM = (
    """for (let n = 0; n < 20; n++) { console.log(n); await new Promise((r) => setTimeout(r, 50)); } return "end";"""
)


async def keep_running(where: Client | Session, oracle: Oracle, going: asyncio.Event) -> None:
    """One run after another, each heard to its end."""
    while going.is_set():
        try:
            run: Run = await where.execute(code=PROGRAM, language="javascript", timeout=20_000)
            events = [event async for event in run]
        except TooMany:
            await asyncio.sleep(1)
            continue
        (last,) = [event for event in events if isinstance(event, Finished)]
        oracle.runs[run.id] = last


def kill_something(rng: random.Random, servers: list[Server]) -> tuple[Server, str]:
    """A process that serves, the runtime of a run, or (told to the caller, who does it) a whole node."""
    server = rng.choice(servers)
    what = rng.choices(("serving", "runtime", "node"), (6, 2, 2))[0]
    if what == "serving":
        os.kill(rng.choice(server.serving_pids()), signal.SIGKILL)
    elif what == "runtime":
        assert server.process is not None
        below = psutil.Process(server.process.pid).children(recursive=True)
        runtimes = [process for process in below if "workerd" in process.name()]
        if runtimes:
            rng.choice(runtimes).kill()
    return server, what


def tell(server: Server) -> None:
    logger.info("the last of what the server said: %s", "".join(server.errors[-30:]))


@pytest.mark.soak
async def test_a_hundred_kills_under_typing_and_running_lose_no_acknowledged_character_and_no_charge(
    tmp_path: Path, redis_server: RedisServer, postgres_server: PostgresServer
) -> None:
    seed = int(os.environ.get("PLAN_SEED", random.randrange(2**32)))
    rng, oracle, going = random.Random(seed), Oracle(), asyncio.Event()
    logger.info(f"PLAN_SEED={seed}")
    database_url = await postgres_server.create_database()
    shared = {"COLLAB_REDIS_URL": redis_server.url, "COLLAB_DATABASE_URL": database_url}
    back_s: list[float] = []
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(serving(tmp_path / name, **shared)) for name in ("one", "two")]
        token = await servers[0].token("ada", tier="enterprise")
        clients = [
            await stack.enter_async_context(connect(servers[number % 2].url, token, limits=PATIENT))
            for number in range(TYPISTS + RUNNERS)
        ]
        session_id = (await clients[0].sessions.create("all", files={"all.txt": ""})).id
        typists = [
            Typist(number, await client.open(session_id), oracle) for number, client in enumerate(clients[:TYPISTS])
        ]
        for server in servers:
            stack.callback(tell, server)
        going.set()
        async with asyncio.TaskGroup() as tasks:
            for typist in typists:
                tasks.create_task(typist.type(going))
            for where in (clients[-1], await clients[-2].open(session_id)):
                tasks.create_task(keep_running(where, oracle, going))
            for number in range(int(os.environ.get("SOAK_KILLS", "100"))):
                await asyncio.sleep(rng.uniform(0.2, 2.0))
                server, what = kill_something(rng, servers)
                if what == "node":
                    await server.stop(signal.SIGKILL)
                killed_at = time.monotonic()
                for typist in typists:
                    typist.saved_at = None
                if what == "node":
                    await server.start()
                # Everybody gets something saved again, wherever they are.
                async with asyncio.timeout(RECOVER_S):
                    while not all(typist.saved_at for typist in typists):
                        await asyncio.sleep(0.02)
                took_s = sorted((typist.saved_at or 0) - killed_at for typist in typists)
                back_s.extend(took_s)
                logger.info("kill %d (%s): back after %s s", number, what, [round(each, 1) for each in took_s])
            going.clear()
        back_s.sort()
        logger.info(
            f"{len(oracle.acknowledged)} characters, {len(oracle.runs)} runs "
            f"({sum(run.status == 'completed' for run in oracle.runs.values())} completed); back again: p50 "
            f"{back_s[len(back_s) // 2]:.2f} s, p95 {back_s[len(back_s) * 95 // 100]:.2f} s"
        )
        for server in servers:
            async with server.client("ada") as client:
                oracle.check((await client.sessions.get(session_id)).files[0].content)
        # What is on disk, after the end of them all.
        for server in servers:
            await server.stop(signal.SIGKILL)
        await servers[0].start()
        async with await servers[0].http("ada") as http:
            oracle.check((await http.get(f"/api/sessions/{session_id}")).json()["files"][0]["content"])
            for execution_id, heard in oracle.runs.items():
                kept = (await http.get(f"/api/executions/{execution_id}")).json()
                assert (kept["status"], kept["metrics"]["cost"]) == (heard.status, heard.metrics.cost)
                assert heard.status == "completed" or heard.metrics.cost == 0, heard
            total = (await http.get("/api/usage")).json()["total"]
            charged = sum(round(run.metrics.cost * 1_000_000) for run in oracle.runs.values())
            assert round(total["cost"] * 1_000_000) == charged
            page = (await http.get("/api/executions?limit=100")).json()["items"]
            assert not [run for run in page if run["status"] in ("queued", "running")]
        engine = database.connect(database_url)
        assert await sums.differences(engine) == []
        await engine.dispose()
