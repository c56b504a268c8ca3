"""What of a room is on disk already: the versions on their way, who waits for them, and what readers are told.
How the log commits is not known here."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from crdt.log import Log

FAILED_MESSAGE = "changes cannot be saved at the moment; they are kept and tried again"


class Saving:
    """Hands changes to the log in order; `current` tells the version of the room."""

    def __init__(
        self, session_id: str, log: Log, *, current: Callable[[], int], tell: Callable[[dict[str, Any]], None]
    ) -> None:
        self._session_id = session_id
        self._log = log
        self._current = current
        self._tell = tell
        self._unsaved: deque[int] = deque()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._failing = False

    def __len__(self) -> int:
        return len(self._unsaved)

    @property
    def version(self) -> int:
        """Everything up to here is committed."""
        return self._unsaved[0] - 1 if self._unsaved else self._current()

    def take(self, version: int, authored: Sequence[tuple[str, bytes]]) -> None:
        self._unsaved.append(version)
        self._log.append_change(
            self._session_id, version, authored, lambda: self._committed(version), self._commit_failed
        )

    def _committed(self, version: int) -> None:
        while self._unsaved and self._unsaved[0] <= version:
            self._unsaved.popleft()
        self._failing = False
        saved = self.version
        self._tell({"type": "saved", "version": saved})
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for wanted, future in waiting:
                if wanted > saved:
                    self._waiting.append((wanted, future))
                elif not future.done():
                    future.set_result(None)

    def _commit_failed(self, error: BaseException) -> None:
        if not self._failing:
            self._failing = True
            self._tell({"type": "save.failed", "version": self.version, "message": FAILED_MESSAGE})

    async def wait(self, version: int) -> None:
        if self.version >= version:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((version, future))
        await future

    def close(self) -> None:
        for _, future in self._waiting:
            with suppress(asyncio.InvalidStateError):
                future.cancel()
