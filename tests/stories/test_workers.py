"""Promises about several processes on one machine, `serve --workers N`: one server to its users, whatever happens to one of them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from collab_server.supervisor import RUNNING_FILE
from tests.support.patience import PATIENCE_S
from tests.support.postgres_server import PostgresServer, sqlite_only
from tests.support.processes import CONSOLE_SCRIPT, Lane, Server, StockClient, serving
from tests.support.redis_server import RedisServer

ASKS = """process.stdout.write("name? ");
let said = ""; for await (const piece of process.stdin) said += piece;
console.log("hi " + said); return 7"""
ENDLESS = "console.log('going'); await new Promise(() => setInterval(() => {}, 1000));"


async def spread(stack: AsyncExitStack, server: Server, session_id: str, token: str) -> dict[int, Lane]:
    """A text lane to each of the processes, whichever the kernel gives a connection to; waits until all of them serve."""
    found: dict[int, Lane] = {}
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < server.workers:
            async with AsyncExitStack() as attempt:
                lane = await attempt.enter_async_context(server.lane(session_id, token))
                await lane.event("welcome")
                if (pid := server.pid_behind(lane)) not in found:
                    found[pid] = lane
                    stack.push_async_exit(attempt.pop_all())
    return found


async def test_two_processes_are_one_server_and_the_death_of_one_loses_nothing(
    tmp_path: Path, redis_server: RedisServer, postgres_server: PostgresServer
) -> None:
    shared = {"COLLAB_REDIS_URL": redis_server.url, "COLLAB_DATABASE_URL": await postgres_server.create_database()}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(tmp_path, 2, **shared))
        async with server.client("ada", tier="enterprise") as client:
            session_id = (await client.sessions.create("both", files={"main.js": "start\n"})).id
        token = await server.token("ada")
        lanes = await spread(stack, server, session_id, token)
        (doomed, near), (staying, far) = lanes.items()

        # A run of one process is fed and ended from the other, and its events are heard at both.
        asked = (await near.ask("execute", language="javascript", code=ASKS, timeout=30_000))["executionId"]
        await far.event("execution.output", executionId=asked, text="name? ")
        assert (await far.ask("stdin", executionId=asked, data="Ada\n", eof=True))["type"] == "ok"
        for lane in (near, far):
            assert (await lane.ended(asked))["result"] == 7
        assert (await far.ask("stdin", executionId=asked, data="late\n"))["code"] == "not_waiting"
        ending = (await near.ask("execute", language="javascript", code=ENDLESS, timeout=300_000))["executionId"]
        await far.event("execution.output", executionId=ending)
        # Who comes late at the other process gets what was said so far, also what was not stored yet.
        request = await far.say("replay", executionId=ending, afterSeq=0)
        await far.event("ok", replyTo=request)
        assert "going\n" in [message.get("text") for message in far.heard if message.get("replyTo") == request]
        assert (await far.ask("cancel", executionId=ending))["cancelled"] is True
        assert (await near.ended(ending))["status"] == "cancelled"

        # One is killed with a run of its own going, while the other has one too.
        lost = (await near.ask("execute", language="javascript", code=ENDLESS, timeout=300_000))["executionId"]
        await far.event("execution.output", executionId=lost)
        kept = (await far.ask("execute", language="javascript", code=ASKS, timeout=300_000))["executionId"]
        typists = [await stack.enter_async_context(StockClient.connect(3, server, session_id, token)) for _ in range(4)]
        written = await near.ask("write", name="acknowledged.txt", content="kept")
        assert written["type"] == "ok"
        os.kill(doomed, signal.SIGKILL)
        finished = await far.next(lambda m: m["type"] == "execution.finished" and m["executionId"] == lost)
        assert (finished["status"], finished["metrics"]["cost"]) == ("lost", 0)
        assert (await far.ask("stdin", executionId=kept, data="Bob\n", eof=True))["type"] == "ok"
        assert (await far.ended(kept))["result"] == 7
        for number, typist in enumerate(typists):
            await typist.ask("insert", name="main.js", at=-1, text=f"<{number}>")
        texts = [
            await typist.until_text("main.js", lambda text: all(f"<{number}>" in text for number in range(4)))
            for typist in typists
        ]
        assert len(set(texts)) == 1
        files = {file["name"]: file["content"] for file in (await far.ask("files"))["files"]}
        assert files == {"main.js": texts[0], "acknowledged.txt": "kept"}
        again = await spread(stack, server, session_id, token)
        assert staying in again and doomed not in again

        # A rolling restart: each is replaced, and there is always one that answers.
        before = set(server.serving_pids())
        assert server.process is not None
        server.process.send_signal(signal.SIGHUP)
        async with await server.http("ada") as http, asyncio.timeout(PATIENCE_S):
            while before & set(server.serving_pids()) or len(server.serving_pids()) < 2:
                # A kept connection may be closed in the moment that it is used; a new one is always answered.
                with suppress(httpx.RemoteProtocolError):
                    assert (await http.get(f"/api/sessions/{session_id}")).status_code == 200
        await spread(stack, server, session_id, token)
        assert await server.stop() == 0


def processor_s(pid: int) -> float:
    spent = psutil.Process(pid).cpu_times()
    return spent.user + spent.system


async def test_a_single_process_that_dies_is_replaced_and_its_address_stays(tmp_path: Path) -> None:
    server = await Server(tmp_path, command=(str(CONSOLE_SCRIPT),)).start()
    try:
        async with await server.http("ada") as http:
            (pid,) = server.serving_pids()
            os.kill(pid, signal.SIGKILL)
            # The socket stays open in between, so whoever comes waits instead of being turned away.
            assert (await http.get("/healthz")).json() == {"status": "ok"}
            (other,) = server.serving_pids()
            assert other != pid
            # It does not begin with what takes most of a start: that was done once, for all that come.
            assert server.process is not None
            assert processor_s(other) < processor_s(server.process.pid)
        # Whoever kills the one that watches has killed them all.
        await server.stop(signal.SIGKILL)
        await server.start()
    finally:
        await server.stop()


def family(server: Server) -> set[psutil.Process]:
    """The server and all that it has started."""
    assert server.process is not None
    try:
        top = psutil.Process(server.process.pid)
        return {top, *top.children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def listens(server: Server) -> bool:
    """It has its port, and nobody who serves yet."""
    return any(process.net_connections("tcp") for process in family(server))


MOMENTS: dict[str, Callable[[Server], bool]] = {
    "while what serves is being imported": listens,
    "while the database is made": lambda server: (server.data_dir / "collab.sqlite3").exists(),
    "while processes are warmed up": lambda server: len(family(server)) > 2,
    "as it says where it is": lambda server: (server.data_dir / RUNNING_FILE).exists(),
}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "moment", [pytest.param(each, marks=sqlite_only if "database" in each else ()) for each in MOMENTS]
)
async def test_a_signal_at_any_moment_of_the_start_ends_it_and_nothing_stays_behind(
    tmp_path: Path, moment: str, how: signal.Signals
) -> None:
    command = (str(CONSOLE_SCRIPT),) if "imported" in moment else ()
    server = Server(tmp_path, command=command)
    starting = asyncio.create_task(server.start())
    async with asyncio.timeout(PATIENCE_S):
        while server.process is None or not MOMENTS[moment](server):
            await asyncio.sleep(0)
        server.process.send_signal(how)
        seen = family(server)
        # Whichever came first: the line with the address may be out already.
        with suppress(AssertionError):
            await starting
        while server.process.returncode is None:
            seen |= family(server)
            await asyncio.sleep(0.001)
        assert server.process.returncode == 0, server.errors
        while any(process.is_running() for process in seen):
            await asyncio.sleep(0.001)
    assert not (tmp_path / RUNNING_FILE).exists()
