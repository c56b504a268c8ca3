"""From what the log keeps to a document, as far as the log is good.
Reading the database, and deciding what to do about a damaged log, happens elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from crdt.document import ApplyFailed, Document
from crdt.kept import Loaded, LogRow, Snapshot
from crdt.model import FrameError, Limits
from crdt.watch import NOBODY, Watch

GROUP_ROWS_MAX = 256
GROUP_SPAN_MS_MAX = 10_000


@dataclass(frozen=True)
class Damage:
    """What stopped the replay, and where: of a snapshot, or of the rows of a version."""

    version: int
    of_rows: bool
    reason: str

    def __str__(self) -> str:
        return f"{'version' if self.of_rows else 'the snapshot of version'} {self.version}: {self.reason}"


def build(
    loaded: Loaded,
    limits: Limits,
    *,
    now: Callable[[], float],
    session_id: str = "",
    watch: Watch = NOBODY,
    singly: bool = False,
) -> tuple[Document, Damage | None]:
    """The document, and what stopped the replay if anything did: it then stands at the last good version.

    A snapshot that cannot be used gives way to the one before it and the rows since. `singly`: slowly, so
    that a version that stops the process is known."""
    fault: Damage | None = None
    for snapshot in loaded.snapshots:
        document = Document(limits, now=now, session_id=session_id, watch=watch)
        try:
            _start(document, snapshot)
        except (ApplyFailed, FrameError) as error:
            document.close()
            fault = Damage(snapshot.version, False, str(error))
            continue
        return document, _replay(document, loaded.rows_after(snapshot), singly)
    document = Document(limits, now=now, session_id=session_id, watch=watch)
    if loaded.snapshots:
        # The rows at hand begin behind a snapshot that cannot be read; without it they are of no use.
        return document, fault
    return document, _replay(document, loaded.rows, singly)


def _start(document: Document, snapshot: Snapshot) -> None:
    modified = snapshot.facts.get("modified")
    document.load(snapshot.state, snapshot.version, modified if isinstance(modified, dict) else None)


def _replay(document: Document, rows: Sequence[LogRow], singly: bool) -> Damage | None:
    fault: Damage | None = None
    for group in _groups(rows):
        if singly:
            fault = _replay_singly(document, group)
            if fault is not None:
                break
            continue
        try:
            updates = [row.update for row in group]
            document.replay(updates, group[-1].version, group[-1].created_at_ms, alone=False)
        except (ApplyFailed, FrameError):
            fault = _replay_singly(document, group)
            if fault is not None:
                break
    document.forget_past()
    return fault


def _groups(rows: Sequence[LogRow]) -> Iterator[list[LogRow]]:
    """Whole versions that are replayed together: so many, and so close in time that the files may be given one time of
    change."""
    group: list[LogRow] = []
    for row in rows:
        full = len(group) >= GROUP_ROWS_MAX or (
            group and row.created_at_ms - group[0].created_at_ms > GROUP_SPAN_MS_MAX
        )
        if full and row.version != group[-1].version:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _replay_singly(document: Document, rows: Sequence[LogRow]) -> Damage | None:
    """Version by version, to stop at the last good one."""
    for version, group in groupby(rows, key=lambda row: row.version):
        parts = list(group)
        try:
            document.replay([row.update for row in parts], version, parts[-1].created_at_ms)
        except (ApplyFailed, FrameError) as error:
            return Damage(version, True, f"{error} (rows {parts[0].id} to {parts[-1].id})")
    return None
