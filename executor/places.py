"""Runs of this node that wait for a place: their payers have as many runs going on, here or elsewhere, as they may.

Who stands where in line was decided when each run was recorded (allowances.py); here that is only looked at again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from executor import allowances

logger = logging.getLogger(__name__)

# A place that another node gave back is seen after so long; one of this node's at once.
POLL_S = 0.2


@dataclass(eq=False)
class Places:
    """`wait` until a run has come to the front of every line it stands in, or it leaves."""

    engine: AsyncEngine
    _waiting: dict[str, tuple[Mapping[str, int], Callable[[], None]]] = field(default_factory=dict)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)
    _watching: asyncio.Task[None] | None = None

    def wait(self, execution_id: str, at_once: Mapping[str, int], found: Callable[[], None]) -> None:
        """Calls `found` once; `at_once` is how many runs of each payer may go on."""
        self._waiting[execution_id] = at_once, found
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())

    def leave(self, execution_id: str) -> None:
        """A run that is over, whether it waited or not: others may have come nearer."""
        self._waiting.pop(execution_id, None)
        self._freed.set()

    async def close(self) -> None:
        """Nobody is told any more."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        while self._waiting:
            self._freed.clear()
            try:
                ahead = await allowances.ahead(self.engine, list(self._waiting))
            except (SQLAlchemyError, OSError):
                logger.warning("it cannot be seen who may run next", exc_info=True)
                ahead = {}
            for execution_id, of_subject in ahead.items():
                at_once, found = self._waiting.get(execution_id, ({}, None))
                if found is not None and all(of_subject.get(each, most) < most for each, most in at_once.items()):
                    del self._waiting[execution_id]
                    found()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._freed.wait()
