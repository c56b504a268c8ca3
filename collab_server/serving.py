"""Runs the application in uvicorn: the socket, the line with the login URL, graceful ends, several processes.

What is served is app.py's.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from collab_server import database, log_format, migrations
from collab_server.app import create_app
from collab_server.settings import Settings, SettingsError, load
from collab_server.welcome import local_login
from collab_server.wire_uvicorn import HandOver
from executor import workerd

# A ping this often and an answer this soon: the presence of a dead connection is gone within 45 s.
PING_INTERVAL_S = 20.0
PING_TIMEOUT_S = 20.0
GRACEFUL_S = 20
BACKLOG = 2048
RUNNING_FILE = "server.json"
GC_YOUNG_OBJECTS = 50_000


class Server(uvicorn.Server):
    """Tells where it is once it answers."""

    def __init__(self, config: uvicorn.Config, settings: Settings, url: str, announce: bool) -> None:
        super().__init__(config)
        self._settings = settings
        self._url = url
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn's startup, then the line with the login URL."""
        await super().startup(sockets)
        _freeze()
        if self.should_exit or not self._announce:
            return
        app = self.config.loaded_app
        while not hasattr(app, "state"):
            app = app.app
        path = await local_login(app.state.services)
        note = self._settings.data_dir / RUNNING_FILE
        note.write_text(json.dumps({"url": self._url, "pid": os.getpid()}))
        shown = self._settings.public_url.rstrip("/") or self._url
        print(f"Open {shown}{path}", flush=True)  # noqa: T201 - the one line that `make run` promises


def serve(settings: Settings, workers: int = 1) -> int:
    """Serve until a signal; returns the exit code."""
    if workers > 1 and not settings.redis_url:
        raise SettingsError("--workers needs COLLAB_REDIS_URL: several processes keep in step over Redis")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log_format.configure(settings)
    if not settings.worker_url:
        workerd.find(dist=settings.worker_root)
    asyncio.run(_migrate(settings))
    listening = _listen(settings)
    port = listening.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{'127.0.0.1' if settings.host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104 - compared, not bound
    app = create_app(settings) if workers == 1 else "collab_server.serving:worker_app"
    config = uvicorn_config(app, settings, factory=workers > 1, workers=workers)
    server = Server(config, settings, url, announce=workers == 1)
    # uvicorn raises the signal that ended it once more when all is closed; a graceful end is a success here.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: None)
    try:
        if workers > 1:
            Multiprocess(config, sockets=[listening]).run()
        else:
            server.run(sockets=[listening])
    finally:
        (settings.data_dir / RUNNING_FILE).unlink(missing_ok=True)
    return 0 if workers > 1 or server.started else 1


def uvicorn_config(app: ASGIApp | str, settings: Settings, **options: Any) -> uvicorn.Config:
    """How uvicorn serves; `options` go before."""
    chosen: dict[str, Any] = {
        "log_config": None,
        "ws": HandOver,
        "ws_max_size": settings.frame_bytes_max,
        "ws_per_message_deflate": False,
        "ws_ping_interval": PING_INTERVAL_S,
        "ws_ping_timeout": PING_TIMEOUT_S,
        "loop": "auto",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACEFUL_S,
        "backlog": BACKLOG,
    }
    return uvicorn.Config(app, **(chosen | options))


def worker_app() -> object:
    """The application of one of several processes; its settings come from the environment that it inherited."""
    settings = load()
    log_format.configure(settings)
    app = create_app(settings)
    _freeze()
    return app


def _freeze() -> None:
    """What is there at the start stays to the end: the garbage collector need not look at it again and again, and
    a burst of updates is no garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_YOUNG_OBJECTS, 20, 100)


def running_url(data_dir: Path) -> str | None:
    """The address of the server that runs on this data folder, if one does."""
    try:
        note = json.loads((data_dir / RUNNING_FILE).read_text())
        os.kill(note["pid"], 0)
    except (OSError, ValueError, KeyError):
        return None
    return str(note["url"])


async def _migrate(settings: Settings) -> None:
    engine = database.connect(settings.database)
    try:
        await migrations.upgrade(engine)
    finally:
        await engine.dispose()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"COLLAB_PORT: cannot listen on {settings.host}:{settings.port} ({error.strerror}); choose another port or stop what holds it"
        ) from error
    listening.listen(BACKLOG)
    listening.set_inheritable(True)
    return listening
