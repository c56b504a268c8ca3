"""One open WebSocket as the room's Peer: its bounded outbox, its writer, and what its owner may still do.

It knows no message; socket.py reads them and lane.py understands the text ones.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketState

from collab_server.errors import CLOSE_BAD_TOKEN, CLOSE_NOT_ALLOWED, CLOSE_OVERLOADED, ActionError, close_code
from collab_server.identity import Identity, Principal
from collab_server.members import Access, Members, Role
from crdt.model import Actor
from crdt.room import Member, Room

# Above this a reader counts as slow: the room stops writing to it and sends one diff when it has caught up.
OUTBOX_SLOW_BYTES = 256 * 1024
CLOSE_REASON_BYTES_MAX = 123


class Connection:
    """Frames go out in order through one writer task; nothing here ever waits for the reader but that task."""

    def __init__(
        self,
        websocket: WebSocket,
        access: Access,
        actor: Actor,
        *,
        wants_text: bool,
        identity: Identity,
        members: Members,
        outbox_bytes_max: int,
    ) -> None:
        self.websocket = websocket
        self.principal: Principal = access.principal
        self.session_id: str = access.session["id"]
        self.actor = actor
        self.role: Role = access.role
        self.may_edit = access.may("edit")
        self.may_run = access.may("run")
        self.wants_text = wants_text
        self.member: Member | None = None
        self.room: Room | None = None
        self._identity = identity
        self._members = members
        self._outbox: deque[bytes | str] = deque()
        self._outbox_bytes = 0
        self._outbox_bytes_max = outbox_bytes_max
        self._wake = asyncio.Event()
        self._skipped = False
        self._closing: tuple[int, str] | None = None
        self.on_role: Callable[[], None] = lambda: None

    def send_binary(self, frame: bytes) -> None:
        """Queue a y-protocols frame."""
        self._put(frame, len(frame))

    def send_text(self, frame: str) -> None:
        """Queue a text lane message, if this client asked for that lane."""
        if self.wants_text:
            self._put(frame, len(frame))

    def overloaded(self) -> bool:
        """Whether the room should leave this reader out for now; it gets one diff when it is back."""
        self._skipped = self._skipped or self._outbox_bytes > OUTBOX_SLOW_BYTES
        return self._skipped

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued; the first reason stays."""
        if self._closing is None:
            self._closing = (code, reason.encode()[:CLOSE_REASON_BYTES_MAX].decode(errors="ignore"))
            self._wake.set()

    def _put(self, frame: bytes | str, size: int) -> None:
        if self._closing is not None:
            return
        if self._outbox_bytes + size > self._outbox_bytes_max:
            self._outbox.clear()
            self.close(CLOSE_OVERLOADED, "you read too slowly; connect again")
            return
        self._outbox.append(frame)
        self._outbox_bytes += size
        self._wake.set()

    async def write(self) -> None:
        """The writer: runs as long as the socket is open, and closes it with the code that `close` was given."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outbox:
                frame = self._outbox.popleft()
                if isinstance(frame, bytes):
                    await self.websocket.send_bytes(frame)
                else:
                    await self.websocket.send_text(frame)
                self._outbox_bytes -= len(frame)
            self._outbox_bytes = 0
            if self._closing is not None:
                if self.websocket.application_state is not WebSocketState.DISCONNECTED:
                    await self.websocket.close(*self._closing)
                return
            if self._skipped and self.room is not None and self.member is not None:
                self._skipped = False
                self.room.resume(self.member)

    async def recheck(self) -> None:
        """Look again who this is and what they may do here; close when that is nothing."""
        if not await self._identity.still_valid(self.principal):
            self.close(CLOSE_BAD_TOKEN, "the token was revoked or ran out")
            return
        try:
            access = await self._members.access(self.principal, self.session_id)
        except ActionError as error:
            code = close_code(error)
            self.close(CLOSE_NOT_ALLOWED if code == 4404 else code, "you are no longer allowed in this session")
            return
        self.may_edit, self.may_run = access.may("edit"), access.may("run")
        if access.role != self.role:
            self.role = access.role
            self.on_role()
