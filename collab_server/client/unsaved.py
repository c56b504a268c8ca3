"""What the server told of while a change of ours waited for its answer, kept to be brought back after a lost connection.

A change is told to everyone before it is on disk. If the server dies in between, others may bring it along again; bringing
back the very same CRDT update makes it one change, where writing it anew would make two.
"""

from __future__ import annotations

from types import TracebackType

# y-protocols: a sync message that holds an update.
UPDATE = b"\x00\x02"


class Unsaved:
    """`with unsaved:` around each change that must not be made twice."""

    def __init__(self, bytes_max: int) -> None:
        self.frames: list[bytes] = []
        self._bytes = 0
        self._bytes_max = bytes_max
        self._changes = 0

    def __enter__(self) -> None:
        self._changes += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._changes -= 1
        if not self._changes:
            self.frames, self._bytes = [], 0

    def hear(self, frame: bytes) -> None:
        """A frame of the binary lane; nobody here looks inside of the update."""
        if self._changes and frame.startswith(UPDATE) and self._bytes + len(frame) <= self._bytes_max:
            self.frames.append(frame)
            self._bytes += len(frame)
