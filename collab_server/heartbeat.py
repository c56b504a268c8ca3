"""What a serving process tells its supervisor through a page of shared memory: that its loop turns, and what it does.

Both sides only read and write the page here; what a silence means is the supervisor's.
"""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass
from enum import IntEnum

from crdt.watch import DIGEST_BYTES, Doing, Phase, digest_of

PLACE_BYTES = 512
SESSION_ID_BYTES_MAX = 128
_NUMBER = struct.Struct("=Q")
_DOING = struct.Struct(f"=BQ{DIGEST_BYTES}sB{SESSION_ID_BYTES_MAX}s")
_BEAT_AT, _STATE_AT, _BEGAN_AT, _DOING_AT = 0, 8, 16, 24
_NO_DIGEST = bytes(DIGEST_BYTES)


class State(IntEnum):
    """How far a process has come."""

    STARTING = 0
    MIGRATED = 1
    READY = 2
    LEAVING = 3


@dataclass(frozen=True)
class Underway:
    """Something that has begun and has not ended."""

    doing: Doing
    since_s: float


def page(places: int) -> mmap.mmap:
    """Memory that a process shares with those it forks, zeroed."""
    return mmap.mmap(-1, places * PLACE_BYTES)


class Pulse:
    """One process's place in the page; a `crdt.watch.Watch`."""

    def __init__(self, shared: mmap.mmap, index: int) -> None:
        self._page = shared
        self._at = index * PLACE_BYTES

    # -- the serving process -------------------------------------------------------------------------------------

    def beat(self) -> None:
        """The loop turns."""
        _NUMBER.pack_into(self._page, self._at + _BEAT_AT, time.monotonic_ns())

    def begin(self, session_id: str, phase: Phase, version: int, alone: bytes | None = None) -> None:
        """Written before it is done; the time comes last, so that what stands behind it is whole."""
        name = session_id.encode()[:SESSION_ID_BYTES_MAX]
        digest = _NO_DIGEST if alone is None else digest_of(alone)
        _DOING.pack_into(self._page, self._at + _DOING_AT, phase, version, digest, len(name), name)
        _NUMBER.pack_into(self._page, self._at + _BEGAN_AT, time.monotonic_ns())

    def end(self) -> None:
        """It is done."""
        _NUMBER.pack_into(self._page, self._at + _BEGAN_AT, 0)

    # -- both ----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return State(self._page[self._at + _STATE_AT])

    @state.setter
    def state(self, state: State) -> None:
        self._page[self._at + _STATE_AT] = state

    # -- the supervisor ------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """For the next process in this place."""
        self._page[self._at : self._at + PLACE_BYTES] = bytes(PLACE_BYTES)

    def silent_s(self) -> float | None:
        """How long the loop has not turned; None before its first turn."""
        (beat,) = _NUMBER.unpack_from(self._page, self._at + _BEAT_AT)
        return (time.monotonic_ns() - beat) / 1e9 if beat else None

    def underway(self) -> Underway | None:
        """What the process is at, or was when it ended."""
        (began,) = _NUMBER.unpack_from(self._page, self._at + _BEGAN_AT)
        if not began:
            return None
        phase, version, digest, length, name = _DOING.unpack_from(self._page, self._at + _DOING_AT)
        doing = Doing(name[:length].decode(errors="replace"), Phase(phase), version, digest)
        return Underway(doing, (time.monotonic_ns() - began) / 1e9)
