"""`collab-server bench`: starts a server of its own, measures it from outside as clients see it, prints a table and writes JSON.

There is no threshold in here; it only tells figures. Clients and server share the machine, so compare runs on one machine only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import psutil
import websockets
from pycrdt import Doc, Map, Text, create_sync_message, create_update_message, handle_sync_message
from websockets.asyncio.client import ClientConnection

from collab_server import bench_peers
from collab_server.bench_agents import beside_people
from collab_server.bench_load import Crowd, Load
from collab_server.bench_runs import end_to_end, pool_alone
from collab_server.figures import Figure, figure

MARK = re.compile(rb"<(\d{6})>")
SYNC = 0


class Bench:
    """A server process and ways to reach it."""

    def __init__(self, url: str, token: str, process: psutil.Process) -> None:
        self.url = url
        self.token = token
        self.process = process
        self.http = httpx.AsyncClient(
            base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=120, trust_env=False
        )

    async def session(self, content: str = "") -> str:
        answer = await self.http.post(
            "/api/sessions", json={"name": "bench", "files": [{"name": "main.js", "content": content}]}
        )
        answer.raise_for_status()
        return str(answer.json()["id"])

    def socket(self, session_id: str, *, text: bool = False) -> Any:
        lanes = [websockets.Subprotocol("collab.v1")] if text else None
        return websockets.connect(
            f"{self.url.replace('http', 'ws')}/ws/{session_id}?token={self.token}",
            subprotocols=lanes,
            max_size=None,
            compression=None,
            proxy=None,
        )

    def rss_mib(self) -> float:
        return round(self.process.memory_info().rss / 2**20, 1)

    def cpu_s(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


@asynccontextmanager
async def started() -> AsyncIterator[Bench]:
    """A server with embedded defaults on a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("COLLAB_")}
        environment |= {"COLLAB_DATA_DIR": folder, "COLLAB_PORT": "0"}
        command = [sys.executable, "-m", "collab_server.cli"]
        process = await asyncio.create_subprocess_exec(
            *command, "serve", env=environment, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            url = httpx.URL((await process.stdout.readline()).decode().removeprefix("Open ").strip())
            made = await asyncio.create_subprocess_exec(
                *command,
                "token",
                "create",
                "--user",
                "bench",
                "--tier",
                "enterprise",
                env=environment,
                stdout=asyncio.subprocess.PIPE,
            )
            token = (await made.communicate())[0].decode().strip()
            # The process that was started watches over the one that serves.
            (serving,) = psutil.Process(process.pid).children()
            bench = Bench(f"http://{url.host}:{url.port}", token, serving)
            async with bench.http:
                yield bench
        finally:
            process.terminate()
            await process.wait()


class Replica:
    """A client with a document of its own on the binary lane."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.doc: Doc[Any] = Doc()
        self.files: Map[Any] = self.doc.get("files", type=Map)

    async def sync(self) -> None:
        """The handshake: our step 1, their step 2."""
        await self.socket.send(create_sync_message(self.doc))
        while True:
            frame = await self.socket.recv()
            assert isinstance(frame, bytes)
            if frame[0] == SYNC:
                answer = handle_sync_message(frame[1:], self.doc)
                if answer is not None:
                    await self.socket.send(answer)
                if frame[1] == 1:
                    return

    @property
    def text(self) -> Text:
        file = next(iter(self.files.values()))
        content: Text = file["content"]
        return content

    async def type(self, text: str) -> None:
        """Insert at the end, and send the update."""
        before = self.doc.get_state()
        content = self.text
        content.insert(len(content), text)
        await self.socket.send(create_update_message(self.doc.get_update(before)))


async def fan_out(bench: Bench, clients: int, writers: int, per_second: float, seconds: float) -> list[Figure]:
    """Writers type at a pace; each arrival at each other client is timed."""
    session_id = await bench.session()
    sent: dict[int, float] = {}
    took: list[float] = []
    async with AsyncExitStack() as stack:
        replicas = [Replica(await stack.enter_async_context(bench.socket(session_id))) for _ in range(clients)]
        for replica in replicas:
            await replica.sync()

        async def hear(replica: Replica) -> None:
            while True:
                frame = await replica.socket.recv()
                now = time.perf_counter()
                if isinstance(frame, bytes) and frame[0] == SYNC:
                    took.extend((now - sent[int(mark)]) * 1000 for mark in MARK.findall(frame))

        async def write(replica: Replica, first: int) -> None:
            for number in range(first, first + int(per_second * seconds)):
                sent[number] = time.perf_counter()
                await replica.type(f"<{number:06d}>")
                await asyncio.sleep(1 / per_second)

        listeners = [asyncio.create_task(hear(replica)) for replica in replicas]
        cpu = bench.cpu_s()
        await asyncio.gather(*(write(replica, index * 10_000) for index, replica in enumerate(replicas[:writers])))
        expected = len(sent) * (clients - 1)
        async with asyncio.timeout(30):
            while len(took) < expected:
                await asyncio.sleep(0.01)
        cpu = bench.cpu_s() - cpu
        for listener in listeners:
            listener.cancel()
    note = f"{clients} clients, {writers} × {per_second:g}/s; server CPU {cpu / max(1, len(took)) * 1e6:.0f} µs per delivered update"
    return [figure("keystroke to another client", "ms", took, note)]


async def side_by_side(bench: Bench, folders: Sequence[Path], *, seconds: float, rounds: int) -> list[Figure]:
    """The same load on this server and on those in `folders`, in turns; each round is a row, for the machine changes."""
    loads = {
        "50 writers, flat out": Load(50, 50, 0, seconds),
        "50 writers × 5/s": Load(50, 50, 5, seconds),
        "5 writers × 20/s": Load(50, 5, 20, seconds),
    }
    figures: list[Figure] = []
    for what, load in loads.items():
        for _ in range(rounds):
            own = bench_peers.Peer(
                httpx.URL(bench.url).port or 80,
                f"/ws/{await bench.session()}?token={bench.token}",
                None,
                bench.process,
            )
            figures.append(await _loaded(f"this server, {what}", load, own, bench.cpu_s))
            for one in bench_peers.installed(folders):
                try:
                    async with bench_peers.started(one) as peer:
                        figures.append(await _loaded(f"{one.name}, {what}", load, peer, peer.cpu_s))
                except (OSError, TimeoutError) as error:
                    figures.append(figure(f"{one.name}, {what}", "ms", [], f"not measured: {error}"))
    return figures


async def _loaded(what: str, load: Load, peer: bench_peers.Peer, cpu_s: Callable[[], float]) -> Figure:
    crowd = Crowd(load, peer.path, peer.room)
    cpu = await crowd.run(peer.port, cpu_s)
    outcome = crowd.outcome
    note = f"{outcome.delivered / outcome.seconds:.0f} delivered/s; CPU {cpu / max(1, outcome.delivered) * 1e6:.2f} µs each"
    return figure(what, "ms", outcome.took_ms, f"{note}; {outcome.lost} lost" if outcome.lost else note)


async def with_agents(bench: Bench, agents: int, seconds: float) -> list[Figure]:
    """Five people type while agents edit by JSON and run what they wrote."""
    keys = [
        str((await bench.http.post("/api/me/tokens", json={"name": f"agent {number}"})).json()["token"])
        for number in range(agents)
    ]
    done = await beside_people(bench.url, await bench.session(), bench.token, keys, seconds=seconds, runs_every=5)
    note = (
        f"5 people × 8/s beside {agents} agents × 1 edit/s; {done.runs} runs, {done.refused} refused; {done.lost} lost"
    )
    return [
        figure("keystroke beside agents", "ms", done.keystrokes_ms, note),
        figure("edit of an agent, durable", "ms", done.edits_ms),
    ]


async def acknowledged(bench: Bench, count: int) -> list[Figure]:
    """From an edit on the text lane to its `saved`."""
    session_id = await bench.session()
    took = []
    async with bench.socket(session_id, text=True) as socket:
        for number in range(count):
            began = time.perf_counter()
            await socket.send(
                json.dumps({"type": "write", "id": str(number), "name": "main.js", "content": f"{number}"})
            )
            answered = None
            while True:
                frame = await socket.recv()
                if isinstance(frame, bytes):
                    continue
                message = json.loads(frame)
                if message.get("replyTo") == str(number):
                    answered = message["version"]
                    break
            assert answered is not None
            took.append((time.perf_counter() - began) * 1000)
    return [figure("edit to durable answer", "ms", took, "one writer, one fsync each")]


async def join(bench: Bench, edits: int) -> list[Figure]:
    """A newcomer joins a document with a long history."""
    session_id = await bench.session()
    async with bench.socket(session_id) as socket:
        replica = Replica(socket)
        await replica.sync()
        for _ in range(edits // 1000):
            before = replica.doc.get_state()
            for number in range(1000):
                text = replica.text
                at = secrets.randbelow(len(text) + 1) if number % 10 == 0 else len(text)
                text.insert(at, "abcdefghij"[number % 10])
            await socket.send(create_update_message(replica.doc.get_update(before)))
        length = len(replica.text)
        took = []
        for _ in range(10):
            async with bench.socket(session_id) as other:
                newcomer = Replica(other)
                began = time.perf_counter()
                await newcomer.sync()
                if len(newcomer.text) == length:
                    took.append((time.perf_counter() - began) * 1000)
    return [figure("join of a large document", "ms", took, f"{edits} single-character edits")]


async def many_rooms(bench: Bench, rooms: int) -> list[Figure]:
    """Two clients in each of many rooms."""
    before = bench.rss_mib()
    session_ids = [await bench.session() for _ in range(rooms)]
    took = []
    async with AsyncExitStack() as stack:
        pairs = []
        for session_id in session_ids:
            pair = [Replica(await stack.enter_async_context(bench.socket(session_id))) for _ in range(2)]
            for replica in pair:
                await replica.sync()
            pairs.append(pair)
        for number, (writer, reader) in enumerate(pairs):
            began = time.perf_counter()
            await writer.type(f"<{number:06d}>")
            while True:
                frame = await reader.socket.recv()
                if isinstance(frame, bytes) and frame[0] == SYNC and MARK.search(frame):
                    break
            took.append((time.perf_counter() - began) * 1000)
        note = f"{rooms} rooms × 2 clients; {(bench.rss_mib() - before) * 1024 / rooms:.0f} KiB of server memory each"
    return [figure("keystroke, many rooms", "ms", took, note)]


async def measure(arguments: argparse.Namespace) -> list[Figure]:
    """All figures, one after the other."""
    quick: bool = arguments.quick
    figures: list[Figure] = []
    began = time.perf_counter()
    async with started() as bench:
        figures.append(
            figure("server start to login URL", "ms", [(time.perf_counter() - began) * 1000], "with the pool warming")
        )
        await bench.http.get("/readyz")
        figures.append(figure("server memory, idle", "MiB", [bench.rss_mib()]))
        children = [child.memory_info().rss / 2**20 for child in bench.process.children(recursive=True)]
        figures.append(figure("pool process memory, idle", "MiB", children))
        if arguments.peers is not None:
            return figures + await side_by_side(
                bench, arguments.peers, seconds=3 if quick else 8, rounds=1 if quick else 3
            )
        if arguments.only != "sync":
            figures += await end_to_end(bench.http, 10 if quick else 40)
        if arguments.only == "runs":
            return figures + await pool_alone(4 if quick else 20)
        figures += await fan_out(bench, 2, 1, 20, 3 if quick else 10)
        figures += await fan_out(bench, 50, 50 if not quick else 5, 5, 3 if quick else 10)
        figures += await with_agents(bench, 10 if quick else 50, 3 if quick else 10)
        figures += await acknowledged(bench, 50 if quick else 300)
        figures += await many_rooms(bench, 20 if quick else 200)
        figures += await join(bench, 10_000 if quick else 260_000)
        figures.append(figure("server memory, after all this", "MiB", [bench.rss_mib()]))
    if arguments.only != "sync":
        figures += await pool_alone(4 if quick else 20)
    return figures


def bench(arguments: argparse.Namespace) -> int:
    """Measure, print the table, write the JSON."""
    figures = asyncio.run(measure(arguments))
    print(f"{'what':42}{'unit':>6}{'n':>8}{'p50':>10}{'p95':>10}{'p99':>10}  note")
    for row in figures:
        print(f"{row.what:42}{row.unit:>6}{row.count:>8}{row.p50:>10.2f}{row.p95:>10.2f}{row.p99:>10.2f}  {row.note}")
    if arguments.output is not None:
        Path(arguments.output).write_text(json.dumps([asdict(row) for row in figures], indent=2))
    return 0
