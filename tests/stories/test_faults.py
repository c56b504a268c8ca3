"""Promises about what a server stands on going away under it, with real processes: long ones, started by `make soak`."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from collab_server.client import Client, SaveFailed, Session, connect
from tests.support.faulty_worker import OK, faulty_worker, output
from tests.support.postgres_server import PostgresServer, sqlite_only
from tests.support.processes import CONSOLE_SCRIPT, Server, serving
from tests.support.redis_server import RedisServer
from tests.support.tcp_proxy import proxied
from tests.support.typists import PATIENT, Oracle, Typist

pytestmark = pytest.mark.soak
TYPISTS = 6
AWAY_S = 45.0
WITHIN_S = 120.0


@asynccontextmanager
async def typing(server: Server, oracle: Oracle) -> AsyncIterator[tuple[Client, Session, list[Typist]]]:
    """Some people type into one file until the end of the block; then everything that was acknowledged is there."""
    going = asyncio.Event()
    going.set()
    async with AsyncExitStack() as stack:
        token = await server.token("ada", tier="enterprise")
        clients = [
            await stack.enter_async_context(connect(server.url, token, limits=PATIENT)) for _ in range(TYPISTS + 1)
        ]
        session_id = (await clients[0].sessions.create("all", files={"all.txt": ""})).id
        typists = [Typist(n, await client.open(session_id), oracle) for n, client in enumerate(clients[1:])]
        watching = await clients[0].open(session_id)
        async with asyncio.TaskGroup() as tasks:
            for typist in typists:
                tasks.create_task(typist.type(going))
            await all_saved(typists)
            try:
                yield clients[0], watching, typists
                await all_saved(typists)
            finally:
                going.clear()
        oracle.check((await clients[0].sessions.get(session_id)).files[0].content)
        # And on disk.
        await server.stop(signal.SIGKILL)
        await server.start()
        oracle.check((await clients[0].sessions.get(session_id)).files[0].content)


async def all_saved(typists: list[Typist]) -> None:
    """Everybody gets something saved, from now on."""
    for typist in typists:
        typist.saved_at = None
    async with asyncio.timeout(WITHIN_S):
        while not all(typist.saved_at for typist in typists):
            await asyncio.sleep(0.02)


async def status(server: Server, path: str) -> int:
    async with httpx.AsyncClient(base_url=server.url, timeout=WITHIN_S, trust_env=False) as http:
        return (await http.get(path)).status_code


async def nothing_is_acknowledged_while_away(
    server: Server, away: Callable[[], Awaitable[None]], back: Callable[[], Awaitable[None]], *, readable: bool = False
) -> None:
    """`readable`: an SQLite file that cannot be written is read all the same, and the node stays ready for that."""
    oracle = Oracle()
    async with typing(server, oracle) as (client, watching, typists):
        changes = watching.changes()
        await away()
        began = time.monotonic()
        async with asyncio.timeout(WITHIN_S):
            async for change in changes:
                if isinstance(change, SaveFailed):
                    break
        # Acknowledged before it was noticed; from here on nothing can be.
        known = len(oracle.acknowledged)
        while time.monotonic() < began + AWAY_S:
            assert await status(server, "/healthz") == 200, "it is alive, and says so"
            await asyncio.sleep(0.5)
        assert len(oracle.acknowledged) == known
        assert await status(server, "/readyz") == (200 if readable else 503)
        assert any(typist.refused for typist in typists), "who asked by request is told that it is not saved"
        assert await status(server, f"/api/sessions/{watching.id}") in (401, 503)
        await back()
        await all_saved(typists)
        run = await client.execute(code="return 42", language="javascript")
        assert (await run.result()).result == 42
        assert await status(server, "/readyz") == 200


@pytest.mark.parametrize("how", ["cut", "silent"])
async def test_while_postgresql_is_away_nothing_is_acknowledged_and_all_is_saved_when_it_is_back(
    tmp_path: Path, postgres_server: PostgresServer, how: str
) -> None:
    url = make_url(await postgres_server.create_database())
    assert url.port is not None
    async with proxied(url.port) as between:
        through = url.set(host="127.0.0.1", port=between.port).render_as_string(hide_password=False)
        async with serving(tmp_path, COLLAB_DATABASE_URL=through) as server:

            async def away() -> None:
                between.stall() if how == "silent" else await between.cut()

            await nothing_is_acknowledged_while_away(server, away, between.mend)


@sqlite_only
async def test_while_another_program_locks_the_sqlite_file_nothing_is_acknowledged(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        other = sqlite3.connect(tmp_path / "collab.sqlite3", isolation_level=None, timeout=60)

        async def away() -> None:
            other.execute("BEGIN EXCLUSIVE")

        async def back() -> None:
            other.execute("ROLLBACK")

        await nothing_is_acknowledged_while_away(server, away, back, readable=True)
        other.close()


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[Path]:
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", folder], capture_output=True)
    if made.returncode != 0:
        pytest.skip("a small disk takes the right to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@sqlite_only
async def test_a_full_disk_is_told_and_nothing_is_corrupted(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        async with serving(disk) as server:
            filler = disk / "filler"

            async def away() -> None:
                with filler.open("wb", buffering=0) as file:
                    try:
                        while True:
                            file.write(bytes(4096))
                    except OSError:
                        pass

            async def back() -> None:
                filler.unlink()

            await nothing_is_acknowledged_while_away(server, away, back, readable=True)
            await server.stop()
            verified = await asyncio.create_subprocess_exec(CONSOLE_SCRIPT, "verify", env=server.environment)
            assert await verified.wait() == 0


async def test_a_rolling_restart_under_load_loses_nothing_and_keeps_nobody_waiting_long(
    tmp_path: Path, redis_server: RedisServer, postgres_server: PostgresServer
) -> None:
    shared = {"COLLAB_REDIS_URL": redis_server.url, "COLLAB_DATABASE_URL": await postgres_server.create_database()}
    oracle = Oracle()
    async with serving(tmp_path, 2, **shared) as server, typing(server, oracle) as (client, _, typists):
        for _ in range(3):
            run = await client.execute(
                code="await new Promise((r) => setTimeout(r, 2000)); return 1", language="javascript"
            )
            before = set(server.serving_pids())
            assert server.process is not None
            server.process.send_signal(signal.SIGHUP)
            async with asyncio.timeout(WITHIN_S):
                while before & set(server.serving_pids()) or len(server.serving_pids()) < 2:
                    assert await status(server, "/healthz") == 200
                    await asyncio.sleep(0.1)
            await all_saved(typists)
            await run.result()


async def test_a_server_that_is_told_to_end_under_load_does_so_in_time_and_loses_nothing(tmp_path: Path) -> None:
    oracle = Oracle()
    async with serving(tmp_path) as server, typing(server, oracle) as (client, _, typists):
        for _ in range(3):
            run = await client.execute(
                code="console.log(1); await new Promise((r) => setTimeout(r, 60000))",
                language="javascript",
                timeout=90_000,
            )
            began = time.monotonic()
            assert await server.stop(signal.SIGTERM) == 0
            assert time.monotonic() - began < 35
            await server.start()
            ended = await run.result()
            assert (ended.success, ended.metrics.cost) == (False, 0)
            await all_saved(typists)


async def test_a_worker_that_fails_costs_nothing_and_keeps_what_was_said(tmp_path: Path) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + output(1, "before"))
        await writer.drain()
        writer.transport.abort()

    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    for fault, said in ((cut, "before"), (broken, "")):
        async with faulty_worker(fault) as url:
            settings = {"COLLAB_WORKER_URL": url, "COLLAB_WORKER_SECRET": "x" * 32}
            async with serving(tmp_path / fault.__name__, **settings) as server, server.client("ada") as client:
                run = await client.execute(code="1", language="javascript")
                ended = await run.result()
                assert (ended.success, ended.metrics.cost, ended.stdout) == (False, 0, said)
                assert await status(server, "/healthz") == 200 and await status(server, "/readyz") == 503
