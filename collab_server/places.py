"""Which process of this data folder is which: each locks a file with its name in it for as long as it lives.

A name whose lock is free belongs to a process that is gone for certain, and that is known at once.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

FOLDER = "nodes"
PLACES_MAX = 1024


@dataclass
class Place:
    """A process's hold on its file; `gone` are the names that were found without a holder."""

    gone: list[str] = field(default_factory=list)
    _held: IO[str] | None = None

    def leave(self) -> None:
        """Nothing of this process is left to be seen to."""
        if self._held is not None:
            with suppress(OSError):
                self._held.truncate(0)
            self._held.close()
            self._held = None


def take(data_dir: Path, name: str) -> Place:
    """A place for this process. Where files cannot be locked, nothing is known, and nobody is called gone."""
    place = Place()
    with suppress(OSError):
        folder = data_dir / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(PLACES_MAX):
            path = folder / f"{number}.lock"
            known = path.exists()
            if not known and place._held is not None:
                break
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                continue
            before = file.read(256).strip()
            if before:
                place.gone.append(before)
            file.seek(0)
            file.truncate(0)
            if place._held is None:
                file.write(name)
                file.flush()
                place._held = file
            else:
                file.close()
    return place


def in_use(data_dir: Path) -> bool:
    """Whether a process that serves lives on this folder."""
    for path in (data_dir / FOLDER).glob("*.lock"):
        with suppress(OSError), path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False
