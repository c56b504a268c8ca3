"""The events of a run as Server-Sent Events, which end as soon as their reader may no longer have them.

What may be read is decided by the actions; what a right that was taken away means for open streams, here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import orjson
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from collab_server.errors import ActionError, Unauthorized, describe
from collab_server.principal import Principal
from collab_server.services import Services
from executor.live_run import KeptEvent

EVENT_STREAM = "text/event-stream"
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventStream(StreamingResponse):
    """A holder (revocation.py) for as long as it is open; its last event says why, where it was cut."""

    def __init__(self, node: Services, principal: Principal, execution_id: str, kept: AsyncIterator[KeptEvent]) -> None:
        super().__init__(_lines(kept), 200, HEADERS | {"x-execution-id": execution_id}, EVENT_STREAM)
        self.principal = principal
        # Filled in once it is open: a run may belong to none.
        self.session_id = ""
        self._node = node
        self._execution_id = execution_id
        self._scope = anyio.CancelScope()
        self._refused: ActionError | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        # Listed first and asked then, so that a right that ends in between is not missed.
        record = await self._node.executor.get(self._execution_id)
        self.session_id = (record.session_id if record is not None else None) or ""
        self._node.revocations.add(self)
        try:
            with self._scope:
                await self.recheck()
                await super().__call__(scope, receive, noted)
        finally:
            self._node.revocations.discard(self)
        if self._refused is not None and self._scope.cancelled_caught:
            if not begun:
                await self._start(noted)
            told = orjson.dumps(describe(self._refused).body())
            last = b"event: error\ndata: %s\n\n" % told
            await noted({"type": "http.response.body", "body": last, "more_body": False})

    async def _start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

    async def recheck(self) -> None:
        """End when the token holds no more, or the run may not be seen."""
        try:
            if not await self._node.identity.still_valid(self.principal):
                raise Unauthorized
            await self._node.executions.get(self.principal, self._execution_id)
        except ActionError as error:
            self._refused = error
            self._scope.cancel()


async def _lines(kept: AsyncIterator[KeptEvent]) -> AsyncIterator[bytes]:
    async for each in kept:
        kind, data = str(each.event["type"]).encode(), orjson.dumps(each.event)
        yield b"id: %d\nevent: %s\ndata: %s\n\n" % (each.index, kind, data)
