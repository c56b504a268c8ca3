"""One run of this node from its admission until it is settled: how it stands, and what it has said so far.

Who may hear it, and how it comes into the store, is decided elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from executor import artifacts
from executor.admission import Admission
from executor.ledger import ExecutionRecord

EVENT_OVERHEAD_BYTES = 200

OnEvent = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class KeptEvent:
    """`index` counts the kept events of one execution from 1, without gaps."""

    index: int
    event: dict[str, Any]


class LiveRun:
    """`kept` only grows; the first `stored_count` of it are in the store."""

    def __init__(self, record: ExecutionRecord, admission: Admission, on_event: OnEvent | None) -> None:
        self.record = record
        self.admission = admission
        self.on_event = on_event
        self.kept: list[dict[str, Any]] = []
        self.stored_count = 0
        # Files that are still to be stored with the end.
        self.files: tuple[artifacts.KeptFile, ...] = ()
        self.done = False
        # Held by whoever writes what was said.
        self.storing = asyncio.Lock()
        self._kept_bytes = 0
        self._news = asyncio.Event()

    def keep(self, event: dict[str, Any], bytes_max: int) -> None:
        """What the program wrote beyond `bytes_max` is told to those who listen now, and not kept."""
        text = event.get("text") or event.get("mime")
        if text and not event.get("truncated"):
            size = len(text) if isinstance(text, str) else len(str(text))
            if self._kept_bytes + size > bytes_max:
                return
            self._kept_bytes += size + EVENT_OVERHEAD_BYTES
        self.kept.append(event)

    def announce(self) -> None:
        """Wakes those who follow."""
        self._news.set()
        self._news = asyncio.Event()

    def cancel(self) -> None:
        """Ends it, whether it runs or waits."""
        self.admission.job.cancelled.set()

    def abandon(self) -> None:
        """Ends it as lost, which is free."""
        self.admission.abandoned = True
        self.cancel()

    async def follow(self, after: int) -> AsyncIterator[KeptEvent]:
        """What was kept beyond index `after`, then what comes, until the run is done."""
        index = after
        while True:
            news = self._news
            while index < len(self.kept):
                index += 1
                yield KeptEvent(index, self.kept[index - 1])
            if self.done:
                return
            if news is self._news:
                await news.wait()
