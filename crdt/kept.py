"""What is kept of a session, as values: rows of its log, whole states, versions. Where they are kept is archive.py's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LogRow:
    """One author's part of one version."""

    id: int
    version: int
    actor_id: str
    created_at_ms: int
    update: bytes
    undoes: bytes | None = None


@dataclass(frozen=True)
class Snapshot:
    """A whole state; `last_update_id` is the newest row it contains for certain."""

    version: int
    last_update_id: int
    state: bytes
    facts: dict[str, Any]


# What raise_floor is given: the whole state that stands for every row up to `last_update_id`.
Base = Snapshot


@dataclass(frozen=True)
class Loaded:
    """What a session is made of: the snapshots that are whole, newest first, and the rows behind the oldest of them."""

    snapshots: tuple[Snapshot, ...]
    rows: tuple[LogRow, ...]

    def rows_after(self, snapshot: Snapshot | None) -> list[LogRow]:
        return [row for row in self.rows if snapshot is None or row.id > snapshot.last_update_id]


@dataclass(frozen=True)
class VersionInfo:
    """A point in the history: `name` only where somebody gave one."""

    version: int
    actor_ids: tuple[str, ...]
    created_at_ms: int
    name: str | None = None
