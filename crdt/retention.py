"""Lets go of the old part of a log, where somebody wishes it: what it was made of becomes one whole state, the floor.
The present text never depends on it, and whoever asks for a version that is gone is told so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from crdt.clearing import Clearing
from crdt.faults import Faults
from crdt.kept import Base, Loaded
from crdt.loading import build
from crdt.model import Limits

logger = logging.getLogger(__name__)

SWEEP_S = 3_600.0
SESSIONS_PER_SWEEP_MAX = 500
ROWS_PER_TRIM_MAX = 20_000
# Longer than any insert takes: a row with a lower id than one that is visible may still be on its way.
SETTLED_S = 600.0
DAY_MS = 86_400_000


class Retention:
    """`days` and `rows_max`: what is kept of each session at least; 0 is no bound. Every node may do it; one wins."""

    def __init__(
        self,
        archive: Clearing,
        limits: Limits,
        *,
        days: float,
        rows_max: int,
        now: Callable[[], float],
        faults: Faults | None = None,
    ) -> None:
        self._faults = faults
        self._archive = archive
        self._limits = limits
        self._days = days
        self._rows_max = rows_max
        self._now = now
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._days or self._rows_max:
            self._task = asyncio.create_task(self._sweep_forever(), name="history-retention")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _sweep_forever(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception:
                logger.exception("old history was not let go; it is tried again")
            await asyncio.sleep(SWEEP_S)

    async def sweep(self) -> int:
        """Returns how many rows went."""
        gone = 0
        before = self._before_ms()
        for session_id in await self._archive.long_sessions(before, self._rows_max, limit=SESSIONS_PER_SWEEP_MAX):
            try:
                while trimmed := await self.trim(session_id):
                    gone += trimmed
            except Exception:
                logger.exception("the old history of session %s stays for now", session_id)
        return gone

    def _before_ms(self) -> int | None:
        return int(self._now() * 1000 - self._days * DAY_MS) if self._days else None

    async def trim(self, session_id: str) -> int:
        """One step of it; returns how many rows went, 0 when there is nothing to do or something is in the way."""
        if self._faults is not None and (await self._faults.standing(session_id)).reason is not None:
            # Its log is evidence, and replaying it may stop the process.
            return 0
        settled_ms = int((self._now() - SETTLED_S) * 1000)
        last_id = await self._archive.last_to_go(
            session_id, self._before_ms(), self._rows_max, settled_ms, limit=ROWS_PER_TRIM_MAX
        )
        if last_id is None:
            return 0
        loaded = await self._archive.load(session_id, from_first=True, up_to_id=last_id)
        # In a thread: many rows take a while, and people are typing.
        floor = await asyncio.to_thread(self._base, loaded, last_id)
        if floor is None:
            return 0
        named = []
        for version in await self._archive.named_without_base(session_id, floor.version):
            base = await asyncio.to_thread(self._base, await self._archive.load_at(session_id, version), 0)
            if base is not None:
                named.append(base)
        return await self._archive.raise_floor(session_id, floor, named, rows=len(loaded.rows))

    def _base(self, loaded: Loaded, last_id: int) -> Base | None:
        """None where the log has a fault or a gap: then it stays as it is."""
        document, fault = build(loaded, self._limits, now=self._now)
        try:
            if fault is not None or document.known.holds_any:
                return None
            return Base(document.version, last_id, document.encode(), {"modified": document.modified()})
        finally:
            document.close()
