"""What is going on with which session right now, told before it is done, so that somebody outside can name what
stopped this process. Who looks at it, and what follows, is decided elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

DIGEST_BYTES = 16
# The version of a load that is of many: it says that something in the session is bad, and not what.
SEVERAL = 0


class Phase(IntEnum):
    """What is done to a document."""

    LOAD = 1
    APPLY = 2
    EDIT = 3


@dataclass(frozen=True)
class Doing:
    """`version` is the one that is loaded, or the one that stands; `digest` names the update where it is one alone."""

    session_id: str
    phase: Phase
    version: int
    digest: bytes


class Watch(Protocol):
    """Told of every step that runs the CRDT library; `alone` is the update where it is one. Both calls are made for
    each keystroke: they must cost next to nothing, and they never raise."""

    def begin(self, session_id: str, phase: Phase, version: int, alone: bytes | None = None) -> None: ...

    def end(self) -> None: ...


class Unwatched:
    """Nobody looks."""

    def begin(self, session_id: str, phase: Phase, version: int, alone: bytes | None = None) -> None:
        return None

    def end(self) -> None:
        return None


NOBODY = Unwatched()


def digest_of(update: bytes) -> bytes:
    return hashlib.blake2b(update, digest_size=DIGEST_BYTES).digest()
