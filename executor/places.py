"""Runs of this node that wait for a place: their payers have as many runs going on, here or elsewhere, as they may.

Who stands where in line was decided when each run was recorded (allowances.py); here that is only looked at again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from executor import allowances
from executor.allowances import Claim

logger = logging.getLogger(__name__)

# A place that another node gave back is seen after so long; one of this node's at once.
POLL_S = 0.2


@dataclass(eq=False)
class Places:
    """`wait` until a run has come to the front of every line it stands in, or it leaves."""

    engine: AsyncEngine
    _waiting: dict[str, tuple[Sequence[Claim], Callable[[Claim | None], None]]] = field(default_factory=dict)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)
    _watching: asyncio.Task[None] | None = None

    def wait(self, execution_id: str, claims: Sequence[Claim], held: Callable[[Claim | None], None]) -> None:
        """Calls `held` with the payer that holds the run back, at each look, and with None, for the last time, once none does."""
        self._waiting[execution_id] = [claim for claim in claims if claim.runs_at_once is not None], held
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
                claims, held = self._waiting.get(execution_id, ((), None))
                if held is None:
                    continue
                by = next((each for each in claims if not _at_front(each, of_subject.get(each.subject))), None)
                if by is None:
                    del self._waiting[execution_id]
                held(by)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._freed.wait()


def _at_front(claim: Claim, ahead: int | None) -> bool:
    return ahead is not None and claim.runs_at_once is not None and ahead < claim.runs_at_once
