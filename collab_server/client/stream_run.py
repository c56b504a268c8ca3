"""A run followed by Server-Sent Events, resumed by `Last-Event-ID`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from collab_server.client import sse
from collab_server.client.backoff import Backoff
from collab_server.client.http import Http
from collab_server.client.run import FINAL, Run

ASK_AGAIN_S = 1.0


class StreamRun(Run):
    """The reader's own pace is the stream's: nothing is queued here."""

    def __init__(self, execution_id: str, http: Http, response: httpx.Response | None = None) -> None:
        super().__init__(execution_id, http)
        self._response = response
        self._events: AsyncIterator[tuple[int, bytes]] | None = None
        self._backoff = Backoff(http.limits)
        self._index = 0
        self._seq = 0
        # The server was killed before it stored what it had sent: its numbers begin anew, ours tell what is new.
        self._renumbered = False

    async def _next(self) -> dict[str, Any]:
        heard = True
        while True:
            if self._events is None:
                heard = False
                if self._response is None:
                    path, headers = f"/api/executions/{self.id}/events", {"last-event-id": str(self._index)}
                    self._response = await self._http.stream("GET", path, headers=headers)
                self._events = sse.events(self._response.aiter_bytes(), self._http.limits.event_bytes_max)
            try:
                async for index, data in self._events:
                    heard = True
                    self._index = max(index, self._index)
                    event: dict[str, Any] = json.loads(data)
                    seq = event.get("seq", 0)
                    if self._renumbered and seq <= self._seq and event["type"] not in FINAL:
                        continue
                    if seq > self._seq:
                        self._seq, self._renumbered = seq, False
                    self._backoff.reset()
                    if event["type"] in FINAL:
                        await self.leave()
                    return event
            except httpx.TransportError:
                heard = True
            if not heard and self._index:
                self._index, self._renumbered = 0, True
            await self.leave()
            await asyncio.sleep(min(ASK_AGAIN_S, self._backoff.next_s()))

    async def leave(self) -> None:
        """Stop listening; the run goes on, and iterating goes on where it was left."""
        response, self._response, self._events = self._response, None, None
        if response is not None:
            await response.aclose()
