"""Helpers for tests that run programs: requests on the wire, and a run's items collected.

Nothing here stands in for a Worker or a runner.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from executor import workerd
from executor.connection import Address
from executor.runner import Ended, Job, Leased, Runner, RunnerLimits, Waiting, ask_health
from executor.wire import Frame, OutputFrame, TextFile, WireRequest
from tests.support.patience import PATIENCE_S

MB = 2**20


def order(code: str, **changes: Any) -> WireRequest:
    values: dict[str, Any] = {
        "execution_id": "x1",
        "language": "javascript",
        "entry": "main.js",
        "files": [TextFile(name="main.js", content=code)],
        "argv": [],
        "stdin": None,
        "interactive": False,
        "context": {},
        "timeout_ms": 5_000,
        "memory_limit_bytes": 50 * MB,
        "allowed_modules": [],
        "tier": "basic",
        "tier_of_module": {},
        "output_bytes_max": MB,
        "artifact_bytes_max": MB,
    }
    return WireRequest(**(values | changes))


@dataclass
class Carried:
    """What came of one run."""

    frames: list[Frame] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    leased: bool = False
    ended: Ended | None = None

    @property
    def end(self) -> Ended:
        assert self.ended is not None
        return self.ended

    @property
    def text(self) -> str:
        return "".join(frame.text for frame in self.frames if isinstance(frame, OutputFrame))


async def carry(runner: Runner, job: Job, on_frame: Callable[[Frame], None] | None = None) -> Carried:
    carried = Carried()
    async for item in runner.run(job):
        if isinstance(item, Waiting):
            carried.positions.append(item.position)
        elif isinstance(item, Leased):
            carried.leased = True
        elif isinstance(item, Ended):
            carried.ended = item
        else:
            carried.frames.append(item)
            if on_frame is not None:
                on_frame(item)
    return carried


async def until(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def processes_of_folder(folder: Path) -> list[int]:
    """The ids of all processes that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str((entry / "cwd").readlink()).startswith(str(folder)):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@asynccontextmanager
async def served_worker(secret: str = "s3cret") -> AsyncIterator[str]:
    """The built Worker on a TCP port of its own, as somebody else's machine would serve it; yields its URL."""
    with tempfile.TemporaryDirectory(prefix="served-worker-") as name, socket.socket() as listener:
        installation = workerd.find()
        config = workerd.write_config(installation, Path(name), secret, 128, None)
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        os.set_inheritable(listener.fileno(), True)
        process = subprocess.Popen(  # noqa: ASYNC220 — it returns at once
            [str(installation.program), "serve", str(config), "--binary", "--experimental",
             "--socket-fd", f"http={listener.fileno()}"],
            pass_fds=[listener.fileno()], env={}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            port = listener.getsockname()[1]
            # The kernel queues the first connection until the process accepts it.
            await ask_health(Address("127.0.0.1", port), secret, RunnerLimits())
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()
