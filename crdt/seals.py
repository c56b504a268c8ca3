"""A document to which nothing is added for a while, on any node, so that what is read of it is all that will ever be there.
Why it is sealed, and for how long somebody needs that, is the caller's; here a seal that is forgotten breaks by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from crdt.model import EditRefused

# Longer than anybody holds one; then whoever made it is gone.
SEAL_S = 60.0


class Seals:
    """Each has a name, so that whoever breaks theirs leaves the others whole; `on_broken` is called when none is left."""

    def __init__(self, on_broken: Callable[[], None]) -> None:
        self._on_broken = on_broken
        self._whole: dict[str, tuple[EditRefused, asyncio.TimerHandle]] = {}

    @property
    def refusal(self) -> EditRefused | None:
        """What whoever edits now is told; None where nothing is sealed."""
        return next((refusal for refusal, _ in self._whole.values()), None)

    def put(self, name: str, refusal: EditRefused) -> None:
        """Seal it; known by `name`."""
        self._forget(name)
        timer = asyncio.get_running_loop().call_later(SEAL_S, self.broken, name)
        self._whole[name] = (refusal, timer)

    def broken(self, name: str) -> None:
        """Take one away, if it is there."""
        if self._forget(name) and not self._whole:
            self._on_broken()

    def _forget(self, name: str) -> bool:
        known = self._whole.pop(name, None)
        if known is not None:
            known[1].cancel()
        return known is not None

    def told(self) -> list[bytes]:
        """Those that are whole, as other nodes are told of them."""
        return [json.dumps([name, refusal.code, str(refusal)]).encode() for name, (refusal, _) in self._whole.items()]

    def hear(self, raw: bytes) -> str:
        """Puts one that another node tells of; its name."""
        name, code, message = json.loads(raw)
        self.put(name, EditRefused(code, message))
        return str(name)

    def close(self) -> None:
        for _, timer in self._whole.values():
            timer.cancel()
        self._whole.clear()
