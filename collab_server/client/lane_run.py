"""A run followed on a session's WebSocket; whatever is missed is asked for by `replay` behind the last output number.

Missed are events while the connection was lost, those that a full queue had no room for, and those another node has not
passed on. The reader fetches them when it is through with what waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from collab_server.client.errors import ClientError, NotFound
from collab_server.client.http import Http
from collab_server.client.link import Link
from collab_server.client.run import FINAL, Run

Message = dict[str, Any]


class LaneRun(Run):
    """The session calls `hear` for each live event and `lost` when the connection broke."""

    def __init__(self, execution_id: str, http: Http, link: Link, *, behind: bool) -> None:
        super().__init__(execution_id, http)
        self._link = link
        self._limits = http.limits
        self._queue: deque[Message] = deque()
        self._news = asyncio.Event()
        self._behind = behind
        self._resumed = behind
        self._error: ClientError | None = None
        # Where we are: the last output number, and the unnumbered events since.
        self._seq = 0
        self._since: list[Message] = []
        self._ended = False
        self._replays_here = 0

    def hear(self, event: Message) -> None:
        """A live event, in order."""
        if self._ended:
            return
        if self._behind:
            self._news.set()
            return
        seq = event.get("seq")
        if seq is not None and seq <= self._seq:
            return
        gap = seq is not None and seq > self._seq + 1 and self._replays_here < self._limits.gap_replays_max
        full = len(self._queue) >= self._limits.run_queue_events_max
        # After a pause the end may come before outputs that were said meanwhile on another node; its store has them all.
        if gap or full or (self._resumed and event["type"] in FINAL):
            self.lost()
            return
        self._keep(event)

    def lost(self) -> None:
        """Something may be missing from here on."""
        if not self._ended:
            self._behind = self._resumed = True
            self._news.set()

    def fail(self, error: ClientError) -> None:
        """Nothing more comes; what waits is still given out."""
        self._error = error
        self._news.set()

    def _keep(self, event: Message) -> None:
        self._queue.append(event)
        seq = event.get("seq")
        if seq is None:
            self._since.append(event)
        else:
            self._seq, self._since, self._replays_here = seq, [], 0
        self._ended = event["type"] in FINAL
        self._news.set()

    def _replayed(self, events: list[Message]) -> None:
        """Called when the answer to `replay` comes, before any event that was said after it."""
        self._behind = False
        self._replays_here += 1
        known = list(self._since)
        for event in events:
            if not event["type"].startswith("execution.") or self._ended:
                continue
            seq = event.get("seq")
            if seq is None and event in known:
                known.remove(event)
            elif seq is None or seq > self._seq:
                self._keep(event)

    async def _next(self) -> Message:
        while True:
            if self._queue:
                return self._queue.popleft()
            if self._error is not None:
                raise self._error
            if self._behind:
                await self._catch_up()
                continue
            self._news.clear()
            try:
                async with asyncio.timeout(self._limits.run_quiet_s):
                    await self._news.wait()
            except TimeoutError:
                self.lost()

    async def _catch_up(self) -> None:
        if self._replays_here:
            # The last replay brought nothing: the node that runs it stores its output once a second.
            await asyncio.sleep(self._limits.gap_replay_s)
        fields = {"executionId": self.id, "afterSeq": self._seq}
        try:
            await self._link.ask("replay", fields, then=self._replayed, patient=True)
        except NotFound as error:
            self.fail(error)
