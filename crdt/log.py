"""The append-only record of every change: a room hands over bytes and is told when they are safe.
Reading what was kept is archive.py's; what an update means is never looked at."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from crdt.archive import Archive
from crdt.commits import Row, commits_to
from crdt.meter import Timings

logger = logging.getLogger(__name__)

ROWS_PER_COMMIT_MAX = 2_000
BYTES_PER_COMMIT_MAX = 16 * 1024 * 1024
# While the store is away changes wait here; beyond it no further ones are taken.
UNSAVED_BYTES_MAX = 256 * 1024 * 1024
# Between two commits where somebody is told of them, and where nobody is: it is the writing of pages and the flush of
# the disk that cost, not the rows.
COMMIT_INTERVAL_S = 0.02
UNHEARD_INTERVAL_S = 0.1
RETRY_FIRST_S = 0.05
RETRY_LAST_S = 5.0


@dataclass(slots=True)
class _Entry:
    session_id: str
    rows: list[Row]
    size_bytes: int
    on_commit: Callable[[], None]
    on_failure: Callable[[BaseException], None] | None
    attempts: int = 0
    appended_s: float = field(default_factory=time.monotonic)


class Log(Archive):
    """One writer task commits for all rooms of the process together, in order for each session."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        now: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        commit_interval_s: float = COMMIT_INTERVAL_S,
        unheard_interval_s: float = UNHEARD_INTERVAL_S,
    ) -> None:
        super().__init__(engine, now=now)
        self._store = commits_to(engine)
        self._prefix = new_id()
        self._count = 0
        # At most one commit per interval: the first after a pause goes at once, a stream of them goes together.
        self._commit_interval_s = commit_interval_s
        self._unheard_interval_s = max(commit_interval_s, unheard_interval_s)
        # Somebody is told when what is queued is on disk, or waits for it.
        self._heard = False
        self._hurry = asyncio.Event()
        self._queue: deque[_Entry] = deque()
        self._unsaved_bytes = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.commits = 0
        self.rows_committed = 0
        self.failures = 0
        # From a change being appended to its being on disk, which is when its author is told.
        self.acknowledged = Timings()
        self._writing: list[_Entry] = []

    async def start(self) -> None:
        if self._task is None:
            self._closing = False
            self._task = asyncio.create_task(self._write(), name="log-writer")

    async def close(self) -> None:
        """Returns when everything appended is committed."""
        if self._task is None:
            return
        self._closing = True
        self._wake.set()
        self._hurry.set()
        await self._task
        self._task = None
        await self._store.close()

    @property
    def queued(self) -> int:
        return len(self._queue)

    @property
    def full(self) -> bool:
        """The store has been away for so long that nothing more can wait for it."""
        return self._unsaved_bytes >= UNSAVED_BYTES_MAX

    @property
    def lag_s(self) -> float:
        """How long the oldest change that is not on disk has waited."""
        oldest = self._writing or self._queue
        return time.monotonic() - oldest[0].appended_s if oldest else 0.0

    # -- writing -------------------------------------------------------------------------------------------------

    def append(
        self, session_id: str, version: int, actor_id: str, update: bytes, on_commit: Callable[[], None]
    ) -> None:
        self.append_change(session_id, version, [(actor_id, update)], on_commit)

    def append_change(
        self,
        session_id: str,
        version: int,
        authored: Sequence[tuple[str, bytes]],
        on_commit: Callable[[], None],
        on_failure: Callable[[BaseException], None] | None = None,
        undoes: bytes | None = None,
        *,
        heard: bool = True,
    ) -> None:
        """One version, a row for each author. `on_failure` is called at every failed attempt; it is tried again.

        Not `heard`: nobody waits for it until somebody asks by `hurry`."""
        created_at_ms = int(self._now() * 1000)
        rows: list[Row] = []
        size = 0
        for actor_id, update in authored:
            self._count += 1
            rows.append((f"{self._prefix}:{self._count}", session_id, version, actor_id, created_at_ms, update, undoes))
            size += len(update)
        self._unsaved_bytes += size
        self._queue.append(_Entry(session_id, rows, size, on_commit, on_failure))
        if len(self._queue) == 1:
            self._idle.clear()
            self._wake.set()
        if heard and not self._heard:
            self.hurry()

    def hurry(self) -> None:
        """Somebody waits for what was appended so far."""
        self._heard = True
        self._hurry.set()

    async def flush(self) -> None:
        """Returns when nothing is waiting to be written."""
        self.hurry()
        await self._idle.wait()

    async def _write(self) -> None:
        backoff = 0.0
        loop = asyncio.get_running_loop()
        while True:
            if not self._queue:
                self._idle.set()
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            began = loop.time()
            failed = await self._commit_some()
            if failed:
                self.failures += 1
                backoff = min(max(backoff * 2, RETRY_FIRST_S), RETRY_LAST_S)
                await asyncio.sleep(backoff)
                continue
            backoff = 0.0
            await self._pause(began)

    async def _pause(self, began: float) -> None:
        """Until the next commit may begin, which is sooner once somebody waits for it."""
        loop = asyncio.get_running_loop()
        while not self._closing:
            interval_s = self._commit_interval_s if self._heard else self._unheard_interval_s
            rest = began + interval_s - loop.time()
            if rest <= 0:
                return
            self._hurry.clear()
            timer = loop.call_later(rest, self._hurry.set)
            await self._hurry.wait()
            timer.cancel()

    async def _commit_some(self) -> bool:
        self._heard = False
        batch: list[_Entry] = []
        rows = size = 0
        while self._queue and rows < ROWS_PER_COMMIT_MAX and size < BYTES_PER_COMMIT_MAX:
            entry = self._queue.popleft()
            batch.append(entry)
            rows += len(entry.rows)
            size += entry.size_bytes
        self._writing = batch
        if all(entry.attempts == 0 for entry in batch):
            groups = [batch]
        else:
            # After a failure each session goes alone, so that one that cannot be written holds up no other.
            by_session: dict[str, list[_Entry]] = {}
            for entry in batch:
                by_session.setdefault(entry.session_id, []).append(entry)
            groups = list(by_session.values())
        unsaved: list[_Entry] = []
        for group in groups:
            try:
                await self._commit(group)
            except Exception as error:
                logger.warning("saving %d changes failed: %s", len(group), type(error).__name__)
                for entry in group:
                    entry.attempts += 1
                    if entry.on_failure is not None:
                        entry.on_failure(error)
                unsaved.extend(group)
                continue
            self.commits += 1
            committed_s = time.monotonic()
            for entry in group:
                self.acknowledged.observe(committed_s - entry.appended_s)
                self.rows_committed += len(entry.rows)
                self._unsaved_bytes -= entry.size_bytes
                entry.on_commit()
        # Back to the front and in their order: what came meanwhile is younger.
        self._queue.extendleft(reversed(unsaved))
        self._writing = []
        return bool(unsaved)

    async def _commit(self, group: list[_Entry]) -> None:
        await self._store.commit([row for entry in group for row in entry.rows])
