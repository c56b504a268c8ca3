"""uvicorn's HTTP connections, bounded before anybody is known: how many there are, and how long each may take to say what it wants.

What a request may then ask is the application's matter; open WebSockets are bounded in socket.py.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from collab_server.caller import network
from collab_server.metrics import TURNED_AWAY
from collab_server.settings import Settings

logger = logging.getLogger(__name__)

HEAD_BYTES_MAX = 65_536
# Requests and handshakes that one turn of the loop begins: each takes milliseconds, and whoever is there already is served
# before the next turn.
BEGUN_PER_TURN_MAX = 8
# From the opening, or from the answer before, to the end of a request's head.
HEAD_S = 15.0
# From there to the end of its body.
BODY_S = 300.0
# Whose buffer stays full for so long reads no more.
UNREAD_S = 60.0
RETRY_AFTER_S = 2
# When the server ends: how long it waits for the request of who has just come, and of who asked before.
FIRST_REQUEST_S = 3.0
NEXT_REQUEST_S = 0.2
# Beside sockets: the database, the runtimes and what a request opens.
OTHER_FILES = 1024


@dataclass
class Door:
    """Who is in: connections that are HTTP's, or on their way to being a WebSocket. A trusted proxy comes for many."""

    connections_max: int
    per_address_max: int
    trusts: Callable[[str], bool]
    open: int = 0
    # The server ends: what a connection asks now is the last that it asks here.
    leaving: bool = False
    _per_address: Counter[str] = field(default_factory=Counter)
    # Of a crowd that comes at once: who waits for one of the next turns, and how many this one has begun.
    _waiting: deque[Callable[[], None]] = field(default_factory=deque)
    _begun: int = 0

    def enter(self, host: str) -> str | None:
        """The name under which `leave` lets it out again; None when there is no place."""
        name = "" if self.trusts(host) else network(host)
        if self.open >= self.connections_max or (name and self._per_address[name] >= self.per_address_max):
            TURNED_AWAY["http"] += 1
            return None
        self.open += 1
        self._per_address[name] += 1
        return name

    def leave(self, name: str) -> None:
        """A place is free again."""
        self.open -= 1
        self._per_address[name] -= 1
        if not self._per_address[name]:
            del self._per_address[name]

    def by_turns(self, loop: asyncio.AbstractEventLoop, begin: Callable[[], None]) -> bool:
        """Whether this turn had a place for `begin`; it is called in one of the next otherwise."""
        if self._begun < BEGUN_PER_TURN_MAX and not self._waiting:
            if not self._begun:
                loop.call_soon(self._turn, loop)
            self._begun += 1
            begin()
            return True
        self._waiting.append(begin)
        return False

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        now = [self._waiting.popleft() for _ in range(min(len(self._waiting), BEGUN_PER_TURN_MAX))]
        self._begun = len(now)
        if now:
            loop.call_soon(self._turn, loop)
        for begin in now:
            # By itself: what is wrong with one is no matter of the others'.
            loop.call_soon(begin)


class BoundedHttp(H11Protocol):
    """Made for one server by `bounded`, which gives it its door."""

    door: Door
    _name: str | None = None
    _waiting: object = None
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _ending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._name = self.door.enter(self.client[0] if self.client else "")
        if self._name is None:
            self._refuse(503, "Service Unavailable", f"Retry-After: {RETRY_AFTER_S}\r\n")
        else:
            self._wait()
            if self.door.leaving:
                self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        self._left()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._hear(data)
        elif not self.door.by_turns(self.loop, partial(self._begin, data)):
            self._unset_keepalive_if_required()
            self.transport.pause_reading()

    def _begin(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()
        self._hear(data)

    def _hear(self, data: bytes) -> None:
        if not self.transport.is_closing():
            super().data_received(data)

    def handle_events(self) -> None:
        super().handle_events()
        self._wait()
        if self.door.leaving and self.cycle is not None:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Whoever was let in has perhaps asked already, and would get no answer: what is on its way is waited for."""
        if self.cycle is not None and not self.cycle.response_complete:
            super().shutdown()
        elif self._ending is None:
            within = FIRST_REQUEST_S if self.cycle is None else NEXT_REQUEST_S
            self._ending = self.loop.call_later(within, super().shutdown)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._left()
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait(self) -> None:
        """A deadline for what the client owes now. Bytes on the way do not move it, or one byte at a time would last for ever."""
        state = None if self._name is None else self.conn.their_state
        if state is self._waiting:
            return
        self._waiting = state
        if self._deadline is not None:
            self._deadline.cancel()
        within = HEAD_S if state is h11.IDLE else BODY_S if state is h11.SEND_BODY else None
        self._deadline = None if within is None else self.loop.call_later(within, self._overdue)

    def _overdue(self) -> None:
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.close()
        elif not self.transport.is_closing():
            self._refuse(408, "Request Timeout", "")

    def _refuse(self, status: int, phrase: str, headers: str) -> None:
        """Said and closed at once, without the application."""
        head = f"HTTP/1.1 {status} {phrase}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n"
        self.transport.write(head.encode())
        self.transport.close()

    def _left(self) -> None:
        if self._name is not None:
            self.door.leave(self._name)
            self._name = None
        for timer in (self._deadline, self._unread, self._ending):
            if timer is not None:
                timer.cancel()
        self._deadline = self._unread = self._ending = None


def bounded(door: Door) -> type[BoundedHttp]:
    """The class to give to uvicorn as `http`."""
    return type("Http", (BoundedHttp,), {"door": door})


def allow_open_files(settings: Settings) -> None:
    """As many descriptors as the settings let in; where the machine gives fewer, it is said."""
    wanted = settings.connections_max + settings.http_connections_max + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, possible), hard))
    except (OSError, ValueError):
        possible = soft
    if possible < wanted:
        logger.warning(
            "this process may open %d files, COLLAB_CONNECTIONS_MAX and COLLAB_HTTP_CONNECTIONS_MAX together need %d: raise "
            "the limit (ulimit -n, LimitNOFILE) or lower them",
            possible,
            wanted,
        )
