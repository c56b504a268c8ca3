"""The WebSocket `/ws/{sessionId}`: signs a client in, joins it to the room, and hands each frame to its lane.

Binary frames are the room's (y-protocols), text frames are lane.py's; reading and writing are wire.py's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from starlette.websockets import WebSocket

from collab_server.actions import (
    CommentActions,
    ExecutionActions,
    FileActions,
    RerunActions,
    ScanActions,
    SessionActions,
    UndoActions,
)
from collab_server.caller import ADDRESS, network
from collab_server.connection import Connection
from collab_server.errors import AWAY, CLOSE_RESTARTING, CLOSE_TRY_AGAIN, ActionError, close_code, describe
from collab_server.identity import Identity
from collab_server.lane import PROTOCOL, Lane
from collab_server.members import Access, Members
from collab_server.metrics import TURNED_AWAY
from collab_server.requests import check_origin, credentials
from collab_server.revocation import Revocations
from collab_server.settings import Settings
from collab_server.switches import Switches
from collab_server.wire_uvicorn import wire_of
from crdt.model import DocumentError
from executor.tracing import Tracer

logger = logging.getLogger(__name__)

# Of the connections of a pool (database.py) more than half.
JOINS_AT_ONCE = 12
# Who waits longer for their turn is told to come again.
JOIN_WAIT_S = 10.0


def _full(message: str) -> ActionError:
    TURNED_AWAY["websocket"] += 1
    error = ActionError(message, code="overloaded")
    error.status = 503
    return error


@dataclass
class Sockets:
    """All open WebSockets of this node."""

    identity: Identity
    members: Members
    sessions: SessionActions
    files: FileActions
    comments: CommentActions
    executions: ExecutionActions
    reruns: RerunActions
    undo: UndoActions
    scans: ScanActions
    revocations: Revocations
    switches: Switches
    tracer: Tracer
    settings: Settings
    connections: set[Connection] = field(default_factory=set)
    closing: bool = False
    # Since the start: how many came, and how many went by which close code of ours.
    opened: int = 0
    closed: Counter[str] = field(default_factory=Counter)
    # A crowd that comes back asks the database by so many at a time, and leaves the rest of it to who is there.
    _joining: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(JOINS_AT_ONCE))
    # Those who are in and those who are on their way.
    _inside: int = 0
    _per_address: Counter[str] = field(default_factory=Counter)
    _per_session: Counter[str] = field(default_factory=Counter)

    async def __call__(self, websocket: WebSocket) -> None:
        """The ASGI endpoint."""
        places: list[tuple[Counter[str], str]] = []
        try:
            await self._come(websocket, places)
        finally:
            self._give_back(places)

    async def _come(self, websocket: WebSocket, places: list[tuple[Counter[str], str]]) -> None:
        wants_text = PROTOCOL in websocket.scope.get("subprotocols", [])
        subprotocol = PROTOCOL if wants_text else None
        session_id = websocket.path_params["session_id"]
        try:
            self._see_to_room()
            token, via = credentials(websocket, in_query=True)
            if via == "cookie":
                check_origin(websocket, self.settings)
            # Who comes counts before it is known who it is, or many could wait for their turns.
            self._admit(places, self._per_address, network(ADDRESS.get()), self.settings.connections_per_address_max)
            async with self._turn():
                principal = await self.identity.authenticate(token, via)
                access = await self.members.access(principal, session_id)
            self._admit(places, self._per_session, session_id, self.settings.connections_per_session_max)
        except (ActionError, *AWAY) as error:
            # A bad origin is refused before the handshake (403); every other refusal is told by a close code, which clients can read.
            problem = describe(error)
            if problem.code != "bad_origin":
                await websocket.accept(subprotocol)
            # A connection that a proxy kept open brings people here even now: they come again, and are led elsewhere.
            code = CLOSE_RESTARTING if self.closing else close_code(error)
            await websocket.close(code, problem.message[:100])
            return
        await websocket.accept(subprotocol)
        kind: Literal["human", "agent"] = "agent" if wants_text and via == "bearer" else "human"
        if kind == "agent":
            access = replace(access, principal=replace(principal, program=True))
        connection = Connection(
            wire_of(websocket),
            access,
            principal.actor(kind),
            wants_text=wants_text,
            identity=self.identity,
            members=self.members,
            outbox_bytes_max=self.settings.outbox_bytes_max,
        )
        await self._serve(connection, access)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(JOIN_WAIT_S):
                await self._joining.acquire()
        except TimeoutError:
            raise _full("many connect at once; try again in a moment") from None
        try:
            yield
        finally:
            self._joining.release()

    def _see_to_room(self) -> None:
        """A node that is full says so before it asks the database who is there."""
        if self._inside >= self.settings.connections_max:
            raise _full("this node has no room for more connections; try again later")

    def _admit(self, places: list[tuple[Counter[str], str]], counter: Counter[str], key: str, most: int) -> None:
        """One place more with what bounds sockets; all are given back together."""
        if self.closing:
            raise _full("the server is restarting; connect again")
        if counter[key] >= most:
            raise _full("too many connections; try again later")
        self._inside += not places
        places.append((counter, key))
        counter[key] += 1

    def _give_back(self, places: list[tuple[Counter[str], str]]) -> None:
        self._inside -= bool(places)
        for counter, key in places:
            counter[key] -= 1
            if not counter[key]:
                del counter[key]

    async def _serve(self, connection: Connection, access: Access) -> None:
        self.connections.add(connection)
        if self.closing:  # since it was let in
            connection.close(CLOSE_RESTARTING, "the server is restarting")
        self.opened += 1
        self.revocations.add(connection)
        try:
            async with self.sessions.room(connection.session_id) as room:
                connection.room = room
                lane = Lane(
                    connection,
                    self.files,
                    self.comments,
                    self.executions,
                    self.reruns,
                    self.undo,
                    self.scans,
                    self.switches,
                    self.tracer,
                )
                # Stock clients hear no welcome: a join of theirs asks nothing of the database for it.
                if connection.wants_text:
                    async with self._turn():
                        limits = await self.executions.limits(connection.principal, connection.session_id)
                    lane.welcome(limits=limits)
                # The welcome is the first thing said, and says all that had changed until then.
                connection.on_role = lambda: lane.welcome("role")
                connection.member = room.join(connection)
                try:
                    # Rights taken away between the check above and now are not in the feed's future: look once more.
                    await connection.recheck()
                    await connection.run(lane.handle)
                finally:
                    room.leave(connection.member)
        except DocumentError as error:
            connection.close(close_code(error), str(error))
        except (ActionError, *AWAY) as error:
            # No stack for each of the many whom an absent or busy database sends away.
            logger.warning("a socket of session %s is told to come again: %s", access.session["id"], error)
            connection.close(close_code(error), describe(error).message[:100])
        except Exception:
            logger.exception("a socket of session %s failed", access.session["id"])
            connection.close(CLOSE_TRY_AGAIN, "something went wrong on the server; connect again")
        finally:
            self.revocations.discard(connection)
            self.connections.discard(connection)
            self.closed[str(connection.closed_with or "client")] += 1
            await connection.finish()

    def tell_rights(self) -> None:
        """Everybody hears again what they may do: it has changed for all of them at once."""
        for connection in list(self.connections):
            if connection.room is not None:
                connection.on_role()

    async def close(self) -> None:
        """Tell every client that the server restarts, and wait until they are told."""
        self.closing = True
        for connection in list(self.connections):
            connection.close(CLOSE_RESTARTING, "the server is restarting")

    def close_session(self, session_id: str) -> None:
        """Send everybody out of a session; they may come back."""
        for connection in [each for each in self.connections if each.session_id == session_id]:
            connection.close(CLOSE_TRY_AGAIN, "an administrator closed this session; connect again")

    def stats(self) -> dict[str, int]:
        """Figures for the metrics."""
        return {"sockets": len(self.connections)}
