"""Runs the application in uvicorn, in a process of the supervisor's: the line with the login URL, graceful ends.

What is served is app.py's; who starts this, and again when it dies, is supervisor.py.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import json
import logging
import os
import signal
import socket
import sys
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from collab_server import database, migrations
from collab_server.app import create_app
from collab_server.heartbeat import State
from collab_server.http_uvicorn import HEAD_BYTES_MAX, BoundedHttp, Door, allow_open_files, bounded
from collab_server.proxies import Proxies
from collab_server.runners import share
from collab_server.scrape import Place
from collab_server.settings import Settings
from collab_server.supervisor import BACKLOG, RUNNING_FILE, Post
from collab_server.welcome import local_login
from collab_server.wire_uvicorn import HandOver
from executor import workerd
from executor.workerd_program import find_workerd

# A ping this often and an answer this soon: the presence of a dead connection is gone within 45 s.
PING_INTERVAL_S = 20.0
PING_TIMEOUT_S = 20.0
GRACEFUL_S = 20
# A run that is over so soon ends by itself when the server is told to end.
RUNS_LEAVE_S = 2.0
BEAT_S = 0.5
GC_YOUNG_OBJECTS = 50_000
# How many looks at the young make one at the middle-aged, which holds the loop up for as long as all of them together did.
GC_MIDDLE = 5
# And how many of those one at everything: some two million objects. What refers to itself and has lived long, a room with all
# that was in it, goes only then; most of the time there is a fourth of new objects to be waited for, too.
GC_OLD = 8
SWITCH_S = 0.0002


class Server(uvicorn.Server):
    """Shows its supervisor that it is alive, and tells where it is once it answers."""

    def __init__(self, config: uvicorn.Config, post: Post) -> None:
        super().__init__(config)
        self._post = post
        self._parent = os.getppid()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn's startup, then the line with the login URL."""
        self._beat()
        await super().startup(sockets)
        tune_collector()
        if self.should_exit:
            return
        if self._post.first:
            await self._announce()
        self._post.pulse.state = State.READY

    def _beat(self) -> None:
        self._post.pulse.beat()
        if os.getppid() != self._parent:
            self.should_exit = True
        asyncio.get_running_loop().call_later(BEAT_S, self._beat)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn's shutdown, which waits for the requests under way; those that last as long as a run or a stream are ended."""
        cast(type[BoundedHttp], self.config.http_protocol_class).door.leaving = True
        leaving = asyncio.create_task(self._app().state.leave(RUNS_LEAVE_S))
        logging.getLogger("uvicorn.error").addFilter(_is_fault)
        await super().shutdown(sockets)
        await leaving

    def _app(self) -> Any:
        app = self.config.loaded_app
        while not hasattr(app, "state"):
            app = app.app
        return app

    async def _announce(self) -> None:
        path = await local_login(self._app().state.services)
        settings = self._post.settings
        note = settings.data_dir / RUNNING_FILE
        note.write_text(json.dumps({"url": self._post.url, "pid": self._parent}))
        shown = settings.public_url.rstrip("/") or self._post.url
        print(f"Open {shown}{path}", flush=True)  # noqa: T201 - the one line that `make run` promises


def _is_fault(record: logging.LogRecord) -> bool:
    """A request that was cut off when the time was up is none of the application's; one line tells how many there were."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def serve(post: Post) -> int:
    """Serve in this process until a signal; returns the exit code."""
    settings = share(post.settings, post.number, post.workers)
    faulthandler.register(signal.SIGUSR1)
    if not settings.worker_url:
        workerd.find_dist(settings.worker_root)
        find_workerd(settings.workerd, settings.cache_root)
    if post.first:
        asyncio.run(_migrate(settings))
    post.pulse.state = State.MIGRATED
    allow_open_files(settings)
    place = Place(post.number, post.workers, post.folder)
    server = Server(uvicorn_config(create_app(settings, post.pulse, post.faults, place), settings), post)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, server.handle_exit)
    server.run(sockets=[post.listening])
    return 0 if server.started else 1


def uvicorn_config(app: ASGIApp | str, settings: Settings, **options: Any) -> uvicorn.Config:
    """How uvicorn serves; `options` go before."""
    proxies = Proxies(settings.trusted_proxies, settings.proxy_header)
    door = Door(settings.http_connections_max, settings.http_connections_per_address_max, proxies.trusts)
    chosen: dict[str, Any] = {
        "http": bounded(door),
        "h11_max_incomplete_event_size": HEAD_BYTES_MAX,
        "log_config": None,
        "ws": HandOver,
        "ws_max_size": settings.frame_bytes_max,
        "ws_per_message_deflate": False,
        "ws_ping_interval": PING_INTERVAL_S,
        "ws_ping_timeout": PING_TIMEOUT_S,
        "loop": "auto",
        "access_log": False,
        # Who the client is behind a proxy, proxies.py finds out.
        "proxy_headers": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACEFUL_S,
        "backlog": BACKLOG,
    }
    return uvicorn.Config(app, **(chosen | options))


def tune_collector() -> None:
    """What is there at the start stays to the end: the garbage collector need not look at it again and again, and
    a burst of updates is no garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_YOUNG_OBJECTS, GC_MIDDLE, GC_OLD)
    # The loop lets go of the interpreter at every write to a socket; whoever takes it then may keep it only so long.
    sys.setswitchinterval(SWITCH_S)


async def _migrate(settings: Settings) -> None:
    engine = database.connect(settings.database)
    try:
        await migrations.upgrade(engine)
    finally:
        await engine.dispose()
