"""What of a room is on disk already: the versions on their way, who waits for them, and what readers are told.
How the log commits is not known here, nor how other nodes are told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from crdt.log import Log
from crdt.model import DocumentError

# Who asked by request is told after so long that it is not saved yet; it is made and tried again all the same.
ANSWER_S = 15.0
UNSAVED_MESSAGE = "the change is made but not saved yet: the database does not answer; it is kept and tried again"
FAILED_MESSAGE = "changes cannot be saved at the moment; they are kept and tried again"
# A node that has not said for so long that its change is committed may be gone: this one saves it then. Twice is harmless.
TAKE_OVER_S = 2.0


# Of the log: who did it, the update, what it took back.
Row = tuple[str, bytes, bytes | None]


@dataclass(frozen=True, slots=True)
class _Foreign:
    """A change that another node is to save: its version there and here."""

    there: int
    here: int
    rows: Sequence[Row]
    heard_at: float


class Saving:
    """Hands changes to the log in order; `current` tells the version of the room, `heard` whether there are readers,
    `tell` them what is saved, `tell_nodes` the other nodes up to where everything is."""

    def __init__(
        self,
        session_id: str,
        log: Log,
        *,
        current: Callable[[], int],
        heard: Callable[[], bool],
        tell: Callable[[dict[str, Any]], None],
        tell_nodes: Callable[[int], None],
    ) -> None:
        self._session_id = session_id
        self._log = log
        self._current = current
        self._heard = heard
        self._tell = tell
        self._tell_nodes = tell_nodes
        self._own: deque[int] = deque()
        self._foreign: dict[bytes, deque[_Foreign]] = {}
        self._taken_over: set[int] = set()
        # What other nodes had from this one and wait to hear of.
        self._owed: deque[int] = deque()
        self._told = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._failing = False
        self._timer: asyncio.TimerHandle | None = None
        self._telling: asyncio.Handle | None = None

    def __len__(self) -> int:
        return len(self._own) + len(self._taken_over) + sum(map(len, self._foreign.values()))

    @property
    def version(self) -> int:
        """Everything up to here is committed, by whichever node."""
        if not (self._own or self._foreign or self._taken_over):
            return self._current()
        firsts = [self._own[0]] if self._own else []
        firsts += [changes[0].here for changes in self._foreign.values()]
        return min([*firsts, *self._taken_over]) - 1

    # -- what was changed here -----------------------------------------------------------------------------------

    def take(self, version: int, authored: Sequence[tuple[str, bytes]], undoes: bytes | None = None) -> None:
        self._own.append(version)
        self._owed.append(version)
        self._log.append_change(
            self._session_id,
            version,
            authored,
            partial(self._committed, version),
            self._commit_failed,
            undoes,
            heard=self._heard(),
        )

    def owe(self, version: int) -> None:
        """Another node was given everything up to `version`."""
        if self.version >= version:
            self._tell_nodes(self.version)
        else:
            self._owed.append(version)

    def _committed(self, version: int) -> None:
        while self._own and self._own[0] <= version:
            self._own.popleft()
        self._progress_soon()

    def _commit_failed(self, error: BaseException) -> None:
        if not self._failing:
            self._failing = True
            self._tell({"type": "save.failed", "version": self.version, "message": FAILED_MESSAGE})

    # -- what was changed on other nodes -------------------------------------------------------------------------

    def heard(self, node: bytes, there: int, here: int, rows: Sequence[Row]) -> None:
        """A change of another node, which saves it and says so."""
        now = asyncio.get_running_loop().time()
        self._foreign.setdefault(node, deque()).append(_Foreign(there, here, rows, now))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TAKE_OVER_S, self._look)

    def confirmed(self, node: bytes, there: int) -> None:
        """Everything up to its version `there` is committed."""
        changes = self._foreign.get(node)
        if changes is None:
            return
        while changes and changes[0].there <= there:
            changes.popleft()
        if not changes:
            del self._foreign[node]
        self._progress_soon()

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        self.take_over(loop.time() - TAKE_OVER_S)
        if self._foreign:
            first = min(changes[0].heard_at for changes in self._foreign.values())
            self._timer = loop.call_at(first + TAKE_OVER_S, self._look)

    def take_over(self, heard_before: float = float("inf")) -> None:
        """Saves what others were to save and have not confirmed."""
        for node, changes in list(self._foreign.items()):
            while changes and changes[0].heard_at <= heard_before:
                change = changes.popleft()
                self._taken_over.add(change.here)
                for number, (actor_id, update, undoes) in enumerate(change.rows, 1):
                    # The log keeps their order: with the last all are there.
                    last = number == len(change.rows)
                    self._log.append_change(
                        self._session_id,
                        change.here,
                        [(actor_id, update)],
                        self._done_with(change.here) if last else _nothing,
                        self._commit_failed,
                        undoes,
                    )
            if not changes:
                del self._foreign[node]

    def _done_with(self, version: int) -> Callable[[], None]:
        def done() -> None:
            self._taken_over.discard(version)
            self._progress_soon()

        return done

    # -- telling -------------------------------------------------------------------------------------------------

    def _progress_soon(self) -> None:
        """A commit is of many changes: what it came to is told once, when all of them are noted."""
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_soon(self._progress)

    def _progress(self) -> None:
        self._telling = None
        saved = self.version
        if saved <= self._told:
            return
        self._told = saved
        self._failing = False
        self._tell({"type": "saved", "version": saved})
        if self._owed and self._owed[0] <= saved:
            while self._owed and self._owed[0] <= saved:
                self._owed.popleft()
            self._tell_nodes(saved)
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for wanted, future in waiting:
                if wanted > saved:
                    self._waiting.append((wanted, future))
                elif not future.done():
                    future.set_result(None)

    async def wait(self, version: int, within_s: float | None = None) -> None:
        """Raises DocumentError `unsaved` when it takes longer."""
        if self.version >= version:
            return
        try:
            async with asyncio.timeout(within_s):
                await self._wait(version)
        except TimeoutError:
            raise DocumentError("unsaved", UNSAVED_MESSAGE) from None

    async def _wait(self, version: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((version, future))
        self._log.hurry()
        await future

    def close(self) -> None:
        for handle in (self._timer, self._telling):
            if handle is not None:
                handle.cancel()
        for _, future in self._waiting:
            with suppress(asyncio.InvalidStateError):
                future.cancel()


def _nothing() -> None:
    """What is to be done when a row is there with which nothing is complete."""
