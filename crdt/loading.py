"""From what the log keeps to a document, as far as the log is good.
Reading the database, and deciding what to do about a damaged log, happens elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from crdt.archive import Loaded, LogRow, Snapshot
from crdt.document import ApplyFailed, Document
from crdt.model import FrameError, Limits


def build(loaded: Loaded, limits: Limits, *, now: Callable[[], float]) -> tuple[Document, str | None]:
    """The document, and what stopped the replay if anything did: it then stands at the last good version.

    A snapshot that cannot be used gives way to the one before it and the rows since."""
    fault: str | None = None
    for snapshot in loaded.snapshots:
        document = Document(limits, now=now)
        try:
            _start(document, snapshot)
        except (ApplyFailed, FrameError) as error:
            document.close()
            fault = f"snapshot of version {snapshot.version}: {error}"
            continue
        return document, _replay(document, loaded.rows_after(snapshot))
    document = Document(limits, now=now)
    if loaded.snapshots:
        # The rows at hand begin behind a snapshot that cannot be read; without it they are of no use.
        return document, fault
    return document, _replay(document, loaded.rows)


def _start(document: Document, snapshot: Snapshot) -> None:
    modified = snapshot.facts.get("modified")
    document.load(snapshot.state, snapshot.version, modified if isinstance(modified, dict) else None)


def _replay(document: Document, rows: Sequence[LogRow]) -> str | None:
    for version, group in groupby(rows, key=lambda row: row.version):
        parts = list(group)
        try:
            document.replay([row.update for row in parts], version, parts[-1].created_at_ms)
        except (ApplyFailed, FrameError) as error:
            return f"version {version} (rows {parts[0].id} to {parts[-1].id}): {error}"
    return None
