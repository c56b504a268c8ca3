"""When a room's presence is told: changes are collected for a moment, then told as frames and as text.
Who is here, and what may be said of them, is presence.py's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from crdt.audience import Audience
from crdt.model import Limits
from crdt.presence import Presence
from crdt.protocol import awareness_frame


class Attendance:
    """`tell_neighbours` gets the ids that changed, for the other nodes."""

    def __init__(
        self,
        presence: Presence,
        audience: Audience,
        limits: Limits,
        *,
        tell_neighbours: Callable[[Sequence[int]], None],
    ) -> None:
        self._presence = presence
        self._audience = audience
        self._limits = limits
        self._tell_neighbours = tell_neighbours
        self._loop = asyncio.get_running_loop()
        self._dirty: set[int] = set()
        self._handle: asyncio.TimerHandle | None = None
        self._text_handle: asyncio.TimerHandle | None = None

    def touch(self, client_ids: Iterable[int]) -> None:
        """These changed; everyone hears of it soon."""
        self._dirty.update(client_ids)
        if self._dirty and self._handle is None:
            self._handle = self._loop.call_later(self._limits.presence_window_s, self.tell)

    def tell(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        dirty, self._dirty = self._dirty, set()
        if not dirty:
            return
        self._audience.tell(awareness_frame(self._presence.entries(dirty)))
        self._tell_neighbours(list(dirty))
        if self._audience.reads and self._text_handle is None:
            # In text the whole list is told, so the more there are, the less often.
            delay_s = max(
                self._limits.presence_text_window_s, len(self._presence) * self._limits.presence_text_per_member_s
            )
            self._text_handle = self._loop.call_later(delay_s, self.tell_text)

    def tell_text(self) -> None:
        if self._text_handle is not None:
            self._text_handle.cancel()
            self._text_handle = None
        self._audience.tell_text(self.text())

    def text(self) -> str:
        """Who is here, for the text lane."""
        return f'{{"type":"presence","members":{self._presence.members_json()}}}'

    def frame(self) -> bytes:
        """Who is here, for the binary lane."""
        return awareness_frame(self._presence.entries())

    def close(self) -> None:
        for handle in (self._handle, self._text_handle):
            if handle is not None:
                handle.cancel()
        self._dirty.clear()
        self._handle = self._text_handle = None
