"""What one node is made of, built in one visible place: the database, the rooms, the executor and the actions over them.

It knows no route; app.py puts the transports in front.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

import crdt.log
from collab_server import database
from collab_server.actions import ExecutionActions, FileActions, HistoryActions, SessionActions
from collab_server.identity import Identity
from collab_server.members import Members
from collab_server.revocation import Change, Revocations
from collab_server.runners import executor_limits, make_runner
from collab_server.settings import Settings
from collab_server.socket import Sockets
from crdt.bus import Bus, LocalBus
from crdt.bus_redis import RedisBus
from crdt.model import Limits
from crdt.rooms import Rooms
from executor.executions import Executor
from executor.runner import Runner

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_CHARS = 20


def new_id() -> str:
    """A random id of 100 bits in Crockford's base 32: fits URLs, file names and people's eyes."""
    bits = secrets.randbits(5 * ID_CHARS)
    return "".join(ALPHABET[(bits >> shift) & 31] for shift in range(0, 5 * ID_CHARS, 5))


@dataclass(frozen=True)
class Services:
    """Everything a transport may need; lives from the start of the node to its end."""

    settings: Settings
    engine: AsyncEngine
    identity: Identity
    members: Members
    rooms: Rooms
    log: crdt.log.Log
    runner: Runner
    executor: Executor
    sessions: SessionActions
    files: FileActions
    history: HistoryActions
    executions: ExecutionActions
    revocations: Revocations
    sockets: Sockets
    bus: Bus


@asynccontextmanager
async def running(
    settings: Settings, *, now: Callable[[], float] = time.time, new_id: Callable[[], str] = new_id
) -> AsyncIterator[Services]:
    """The services of a node, started; ended in the reverse order, nothing unsaved left behind."""
    async with AsyncExitStack() as stack:
        engine = database.connect(settings.database)
        stack.push_async_callback(engine.dispose)
        identity = Identity(engine, settings, now=now)
        members = Members(engine, identity, now=now)
        log = crdt.log.Log(engine, now=now)
        bus: Bus = RedisBus(settings.redis_url) if settings.redis_url else LocalBus()
        rooms = Rooms(log, bus, limits=Limits(room_idle_s=settings.room_idle_s), now=now, new_id=new_id)
        runner = make_runner(settings)
        executor = Executor(
            engine, runner, limits=executor_limits(settings), now=now, new_id=new_id, node_id=settings.node_id
        )
        sessions = SessionActions(engine, members, rooms, now=now, new_id=new_id)
        files = FileActions(sessions)
        history = HistoryActions(sessions, log)
        executions = ExecutionActions(executor, sessions, members, new_id=new_id)

        async def may_still_run(actor_id: str, session_id: str) -> bool:
            roles = (await members.of([session_id]))[session_id]
            return roles.get(actor_id) in ("owner", "editor", "runner")

        async def on_change(change: Change) -> None:
            await executions.rights_changed(change, may_still_run)

        revocations = Revocations(engine, now=now, on_change=on_change)
        sockets = Sockets(identity, members, sessions, files, executions, revocations, settings)
        # Ended in the reverse order: sockets first, then the runs, then the rooms, whose last changes are still saved.
        for part in (rooms, runner, executor, revocations):
            await part.start()
            stack.push_async_callback(part.close)
        stack.push_async_callback(sockets.close)
        yield Services(
            settings,
            engine,
            identity,
            members,
            rooms,
            log,
            runner,
            executor,
            sessions,
            files,
            history,
            executions,
            revocations,
            sockets,
            bus,
        )
