"""The past of a session step by step: who changed which file how, version after version.
It goes through the log once and in order, on a document and a thread of its own; who may see it is not decided here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from crdt.archive import Archive
from crdt.content import FileChange
from crdt.document import ApplyFailed, Document
from crdt.kept import Loaded, LogRow
from crdt.loading import build
from crdt.model import FrameError, Limits

ROWS_PER_PAGE_MAX = 2_000
BYTES_PER_PAGE_MAX = 8 * 1024 * 1024

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """What one actor did to one file in one version; the edits are on the text before it."""

    version: int
    at_ms: int
    actor_id: str
    file: FileChange


@dataclass(frozen=True)
class Page:
    """`reached` is the version that the steps lead to."""

    steps: list[Step]
    reached: int


async def play(
    archive: Archive, session_id: str, after: int, up_to: int, limits: Limits, *, now: Callable[[], float]
) -> AsyncGenerator[Page, None]:
    """The steps from version `after` to `up_to`, in pages; each page costs what is in it."""
    loop = asyncio.get_running_loop()
    # The library's objects stay in the thread that made them.
    thread = ThreadPoolExecutor(1, thread_name_prefix="playback")

    async def there(work: Callable[[], T]) -> T:
        return await loop.run_in_executor(thread, work)

    player: _Player | None = None
    try:
        loaded = await archive.load_at(session_id, after)
        player = await there(lambda: _Player(loaded, limits, now))
        while after < up_to:
            rows = await archive.page_behind(
                session_id, after, up_to, rows_max=ROWS_PER_PAGE_MAX, bytes_max=BYTES_PER_PAGE_MAX
            )
            if not rows:
                break
            steps = await there(lambda rows=rows, player=player: player.play(rows))  # type: ignore[misc]
            after = rows[-1].version
            yield Page(steps, after)
        if after < up_to:
            yield Page([], up_to)
    finally:
        if player is not None:
            thread.submit(player.close)
        thread.shutdown(wait=False)


class _Player:
    def __init__(self, loaded: Loaded, limits: Limits, now: Callable[[], float]) -> None:
        self._document: Document = build(loaded, limits, now=now)[0]

    def play(self, rows: list[LogRow]) -> list[Step]:
        steps: list[Step] = []
        for row in rows:
            try:
                changes = self._document.replay([row.update], row.version, row.created_at_ms)
            except (ApplyFailed, FrameError):
                # Such a row changed nothing in the session either.
                continue
            steps.extend(
                Step(row.version, row.created_at_ms, row.actor_id, file) for change in changes for file in change.files
            )
        return steps

    def close(self) -> None:
        self._document.close()
