"""One open WebSocket as the room's Peer: what waits for a slow reader, and what its owner may still do.

The bytes are wire.py's; frames are the room's to understand, text messages lane.py's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import copy_context

from collab_server.caller import ADDRESS, AGENT, REQUEST
from collab_server.errors import (
    CLOSE_BAD_TOKEN,
    CLOSE_NO_SESSION,
    CLOSE_NOT_ALLOWED,
    CLOSE_OVERLOADED,
    CLOSE_TRY_AGAIN,
    ActionError,
    NotFound,
    close_code,
)
from collab_server.identity import Identity
from collab_server.members import Access, Members, Role
from collab_server.principal import Principal
from collab_server.wire import Wire
from crdt.model import CLOSE_MALFORMED, Actor, FrameError
from crdt.room import Member, Room

logger = logging.getLogger(__name__)

# A flood of changes from somebody who may only watch is one security event in so long.
REFUSAL_NOTE_S = 10.0


class Connection:
    """Messages go out in order and are never waited for: what a congested wire cannot take stays here, within bounds."""

    def __init__(
        self,
        wire: Wire,
        access: Access,
        actor: Actor,
        *,
        wants_text: bool,
        identity: Identity,
        members: Members,
        outbox_bytes_max: int,
    ) -> None:
        self.principal: Principal = access.principal
        self.session_id: str = access.session["id"]
        self.actor = actor
        self.access = access
        self.may_edit = access.may("edit")
        self.may_run = access.may("run")
        self.wants_text = wants_text
        self.member: Member | None = None
        self.room: Room | None = None
        self.on_role: Callable[[], None] = lambda: None
        self.wire = wire
        # Messages come in by the transport, outside of the request that opened it.
        self.address = ADDRESS.get()
        self._noted_until = 0.0
        self.request_id = REQUEST.get()
        self._identity = identity
        self._members = members
        self._handle_text: Callable[[str], Awaitable[None]] | None = None
        self._handling: asyncio.Task[None] | None = None
        self._outbox: deque[bytes | str] = deque()
        self._outbox_bytes = 0
        self._outbox_bytes_max = outbox_bytes_max
        self._over = asyncio.Event()
        self._rechecking = asyncio.Lock()
        # The close code, where it was this side that closed.
        self.closed_with: int | None = None

    @property
    def role(self) -> Role:
        """What its owner is in the session."""
        return self.access.role

    # -- the room's side -----------------------------------------------------------------------------------------

    def send_binary(self, frame: bytes) -> None:
        """Send a y-protocols frame."""
        if self.wire.congested:
            self._keep(frame)
        else:
            self.wire.send(frame)

    def send_text(self, frame: str) -> None:
        """Send a text lane message, if this client asked for that lane."""
        if not self.wants_text:
            return
        if self.wire.congested:
            self._keep(frame)
        else:
            self.wire.send(frame)

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued; the first reason stays."""
        if self._over.is_set():
            return
        self._over.set()
        self.closed_with = code
        while self._outbox:
            self.wire.send(self._outbox.popleft())
        self.wire.close(code, reason)

    def refused(self) -> None:
        """Somebody tries to change what they may only watch: noted, not each time."""
        now = asyncio.get_running_loop().time()
        if now < self._noted_until:
            return
        self._noted_until = now + REFUSAL_NOTE_S
        # The transport calls; whose it is stands in this call alone.
        context = copy_context()
        context.run(ADDRESS.set, self.address)
        context.run(AGENT.set, self.principal.agent_id or "")
        context.run(self._members.note_refused, self.principal, self.session_id, "edit", self.role)

    def _keep(self, frame: bytes | str) -> None:
        if self._over.is_set():
            return
        self._outbox_bytes += len(frame)
        if self._outbox_bytes > self._outbox_bytes_max:
            self._outbox.clear()
            self.close(CLOSE_OVERLOADED, "you read too slowly; connect again")
        else:
            self._outbox.append(frame)

    # -- the wire's side -----------------------------------------------------------------------------------------

    async def run(self, handle_text: Callable[[str], Awaitable[None]]) -> None:
        """Take messages until there is nobody to serve any more; text goes to `handle_text`."""
        self._handle_text = handle_text
        self.wire.start(self)
        await self._over.wait()
        if self._handling is not None:
            self._handling.cancel()
            await asyncio.gather(self._handling, return_exceptions=True)

    async def finish(self) -> None:
        """Returns when the socket is gone."""
        self.close(1000, "")
        await self.wire.finish()

    def received(self, message: bytes | str) -> None:
        """A message; those behind it wait until it is done, for both lanes share one order."""
        if self._over.is_set():
            return
        if isinstance(message, bytes):
            try:
                assert self.room is not None and self.member is not None
                self.room.receive(self.member, message)
            except Exception as error:
                self._fail(error)
        elif self.wants_text:
            self.wire.pause()
            self._handling = asyncio.create_task(self._handle(message))
        else:
            self.close(CLOSE_MALFORMED, "text frames are for clients with a subprotocol that knows them")

    async def _handle(self, message: str) -> None:
        assert self._handle_text is not None
        ADDRESS.set(self.address)
        AGENT.set(self.principal.agent_id or "")
        REQUEST.set(self.request_id)
        try:
            await self._handle_text(message)
        except Exception as error:
            self._fail(error)
        self._handling = None
        self.wire.resume()

    def _fail(self, error: Exception) -> None:
        if isinstance(error, FrameError):
            self.close(error.close_code, str(error))
        else:
            logger.error("a frame in session %s could not be handled", self.session_id, exc_info=error)
            self.close(CLOSE_TRY_AGAIN, "something went wrong on the server; connect again")

    def unwritable(self) -> None:
        """The room leaves this reader out for now."""
        if self.room is not None and self.member is not None:
            self.room.stall(self.member)

    def writable(self) -> None:
        """What waited goes first; then the room sends the difference that was missed."""
        while self._outbox and not self.wire.congested:
            frame = self._outbox.popleft()
            self._outbox_bytes -= len(frame)
            self.wire.send(frame)
        if not self.wire.congested and self.room is not None and self.member is not None:
            self.room.resume(self.member)

    def lost(self) -> None:
        """The other side is gone."""
        self._over.set()

    # -- rights --------------------------------------------------------------------------------------------------

    async def recheck(self) -> None:
        """Look again who this is and what they may do here; close when that is nothing."""
        # One after the other: an answer from before a change must not overtake the one from behind it.
        async with self._rechecking:
            await self._recheck()

    async def _recheck(self) -> None:
        if not await self._identity.still_valid(self.principal):
            self.close(CLOSE_BAD_TOKEN, "the token was revoked or ran out")
            return
        try:
            access = await self._members.access(self.principal, self.session_id)
        except ActionError as error:
            if isinstance(error, NotFound) and await self._members.gone(self.session_id):
                self.close(CLOSE_NO_SESSION, "this session was deleted")
                return
            code = close_code(error)
            told = CLOSE_NOT_ALLOWED if code == CLOSE_NO_SESSION else code
            self.close(told, "you are no longer allowed in this session")
            return
        before = (self.role, self.may_edit, self.may_run)
        self.access, self.may_edit, self.may_run = access, access.may("edit"), access.may("run")
        if (self.role, self.may_edit, self.may_run) != before:
            self.on_role()
