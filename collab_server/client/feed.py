"""One listener's changes of a session, in order and within bounds.

A listener that falls behind loses nothing: once it is through with what waits, it gets the rest as one difference per file.
"""

from __future__ import annotations

import asyncio
from collections import deque

from collab_server.client.changes import Change, File, FileChanged, FileDeleted
from collab_server.client.errors import Closed
from collab_server.client.mirror import Mirror, differences, undone


class Changes:
    """An asynchronous iterator; it begins with what comes after `session.changes()` and ends when the session is closed."""

    def __init__(self, mirror: Mirror, queue_max: int) -> None:
        self._mirror = mirror
        self._queue_max = queue_max
        self._queue: deque[Change] = deque()
        self._behind: dict[str, File] | None = None
        self._latest: dict[type, Change] = {}
        self._end: Exception | None = None
        self._news = asyncio.Event()

    def put(self, changes: list[Change]) -> None:
        """Called by the session, when its mirror holds what the changes tell."""
        if self._behind is None and len(self._queue) + len(changes) > self._queue_max:
            self._behind = undone(self._mirror.files, changes)
        if self._behind is None:
            self._queue.extend(changes)
        else:
            for change in changes:
                if not isinstance(change, FileChanged | FileDeleted):
                    self._latest[type(change)] = change
        self._news.set()

    def end(self, error: Exception) -> None:
        """No more comes; what waits is still given out, then Closed ends the iteration and any other error is raised."""
        self._end = error
        self._news.set()

    def __aiter__(self) -> Changes:
        return self

    async def __anext__(self) -> Change:
        while True:
            if self._queue:
                return self._queue.popleft()
            if self._behind is not None:
                self._queue.extend(differences(self._behind, self._mirror.files, self._mirror.version))
                self._queue.extend(self._latest.values())
                self._behind = None
                self._latest.clear()
                continue
            if self._end is not None:
                if isinstance(self._end, Closed):
                    raise StopAsyncIteration
                raise self._end
            self._news.clear()
            await self._news.wait()
