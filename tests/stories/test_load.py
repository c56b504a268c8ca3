"""Promises about a crowd, with real processes and figures: long ones, started by `make soak`."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import resource
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil
import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from crdt.bus import LocalBus
from crdt.log import Log
from crdt.rooms import Rooms
from tests.crdt.clients import person, store
from tests.support.processes import Lane, Server, serving

logger = logging.getLogger(__name__)
pytestmark = pytest.mark.soak

SOCKETS = int(os.environ.get("SOAK_SOCKETS", "600"))
SESSIONS = 100
ROOMS = int(os.environ.get("SOAK_ROOMS", "10000"))
RUNS = (8, 64)
BACK_WITHIN_S = 30.0
WITHIN_S = 300.0


def percentiles(took_s: list[float]) -> str:
    ordered = sorted(took_s)
    return ", ".join(
        f"p{p} {ordered[min(len(ordered) - 1, len(ordered) * p // 100)] * 1000:.0f} ms" for p in (50, 95, 99)
    )


@asynccontextmanager
async def one_who_types(server: Server, session_id: str, token: str) -> AsyncIterator[list[float]]:
    """Somebody who was there before the crowd: how long each of their changes took to be on disk."""
    took_s: list[float] = []

    async def type_on(lane: Lane) -> None:
        number = 0
        while True:
            number, began = number + 1, time.monotonic()
            answer = await lane.ask("write", name="mine.txt", content=f"{number}")
            assert answer["type"] == "ok", answer
            took_s.append(time.monotonic() - began)
            await asyncio.sleep(0.05)

    async with server.lane(session_id, token) as lane:
        typing = asyncio.create_task(type_on(lane))
        try:
            yield took_s
        finally:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)
    assert typing.cancelled(), typing.exception()


class Comer:
    """One of the crowd: comes back as stock clients do, sooner or later, until it is welcomed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.socket: ClientConnection | None = None
        self.refused = 0

    async def come(self) -> None:
        wait_s = 0.1
        while True:
            try:
                self.socket = await websockets.connect(
                    self.url,
                    subprotocols=[websockets.Subprotocol("collab.v1")],
                    proxy=None,
                    open_timeout=60,
                    ping_interval=None,
                )
                while True:
                    frame = await self.socket.recv()
                    if isinstance(frame, str) and '"welcome"' in frame:
                        return
            except (OSError, websockets.WebSocketException, TimeoutError):
                self.refused += 1
                await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))
                wait_s = min(2.5, 2 * wait_s)


async def test_hundreds_who_lost_their_server_are_all_back_and_who_is_back_types_on(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * SOCKETS + 1000), hard))
    settings = {"COLLAB_CONNECTIONS_PER_ADDRESS_MAX": str(2 * SOCKETS), "COLLAB_CONNECTIONS_MAX": str(2 * SOCKETS)}
    async with serving(tmp_path, **settings) as server, await server.http("ada", tier="enterprise") as http:
        token = await server.token("ada")
        made = [(await http.post("/api/sessions", json={"name": f"{n}"})).json()["id"] for n in range(SESSIONS)]
        crowd = [Comer(f"{server.ws_url}/{made[n % SESSIONS]}?token={token}") for n in range(SOCKETS)]
        async with asyncio.timeout(WITHIN_S):
            await asyncio.gather(*(comer.come() for comer in crowd))
        (pid,) = server.serving_pids()
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        first = Comer(f"{server.ws_url}/{made[0]}?token={token}")
        await first.come()
        async with one_who_types(server, made[0], token) as took_s, asyncio.timeout(WITHIN_S):
            await asyncio.gather(*(comer.come() for comer in crowd))
            back_s = time.monotonic() - began
        resident = psutil.Process(server.serving_pids()[0]).memory_info().rss
        logger.info(
            f"{SOCKETS} sockets in {SESSIONS} sessions were back {back_s:.1f} s after kill -9, with {sum(c.refused for c in crowd)} "
            f"attempts refused; somebody's changes meanwhile: {percentiles(took_s)}; {resident / 2**20:.0f} MiB"
        )
        await asyncio.gather(*(comer.socket.close() for comer in (*crowd, first) if comer.socket is not None))
        assert back_s < BACK_WITHIN_S


async def test_ten_thousand_open_rooms_take_little_each_and_hold_nobody_up(tmp_path: Path) -> None:
    process = psutil.Process()
    async with store(tmp_path) as make_log:
        log: Log = make_log()
        rooms = Rooms(log, LocalBus())
        await rooms.start()
        before = process.memory_info().rss
        for start in range(0, ROOMS, 200):
            opened = await asyncio.gather(
                *(rooms.open(f"s{number}") for number in range(start, min(start + 200, ROOMS)))
            )
            for room in opened:
                room.create_file(person("ann"), "a.txt", "print('hello')\n" * 20, file_id="f")
            await asyncio.gather(*(room.saved(room.version) for room in opened))
        each = (process.memory_info().rss - before) / ROOMS
        took_s = []
        for number in random.sample(range(ROOMS), 200):
            began = time.monotonic()
            room = rooms.get(f"s{number}") or pytest.fail("it is open")
            room.replace_text(person("ann"), "f", f"{number}")
            await room.saved(room.version)
            took_s.append(time.monotonic() - began)
        cpu_before, idle_s = sum(process.cpu_times()[:2]), 5.0
        await asyncio.sleep(idle_s)
        upkeep = (sum(process.cpu_times()[:2]) - cpu_before) / idle_s
        logger.info(
            f"{ROOMS} rooms: {each / 1000:.0f} kB each, {upkeep:.0%} of a core for their upkeep; a change to be on disk: "
            f"{percentiles(took_s)}"
        )
        await rooms.close()
        assert each < 150_000


async def test_many_runs_at_once_wait_their_turn_and_hold_nobody_up_who_types(tmp_path: Path) -> None:
    settings = {"COLLAB_QUEUE_TIMEOUT_S": str(WITHIN_S), "COLLAB_RUNS_PER_USER_MAX": "64"}
    body = {
        "language": "javascript",
        "code": "let n = 0; for (let i = 0; i < 3e6; i++) n += i % 7; return n",
        "timeout": 10_000,
    }
    async with serving(tmp_path, **settings) as server, AsyncExitStack() as stack:
        people = [await stack.enter_async_context(await server.http(f"p{n}", tier="enterprise")) for n in range(8)]
        session_id = (await people[0].post("/api/sessions", json={"name": "s"})).json()["id"]
        for at_once in RUNS:
            async with one_who_types(server, session_id, await server.token("p0")) as took_s:
                began = time.monotonic()
                answers = await asyncio.gather(
                    *(people[n % 8].post("/api/executions", json=body, timeout=WITHIN_S) for n in range(at_once))
                )
                lasted_s = time.monotonic() - began
            assert [answer.json()["success"] for answer in answers] == [True] * at_once, [a.text for a in answers]
            logger.info(
                f"{at_once} runs at once took {lasted_s:.1f} s ({at_once / lasted_s:.1f} a second); somebody's changes meanwhile: "
                f"{percentiles(took_s)}"
            )
