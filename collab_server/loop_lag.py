"""How late the event loop is for what is due: a timer that looks at the clock when its turn has come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

EVERY_S = 0.5


class LoopLag:
    """`observe` is given each delay in seconds."""

    def __init__(self, observe: Callable[[float], None]) -> None:
        self._observe = observe
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        self._next()

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _next(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + EVERY_S
        self._timer = loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        self._observe(max(0.0, asyncio.get_running_loop().time() - due))
        self._next()
