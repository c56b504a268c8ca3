"""What another document lacks of a branch of it, author by author, and what its files would be with that.
It is worked out on a document of its own; taking it in is the room's, as one forward change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from crdt.document import Admitted, ApplyFailed, Document
from crdt.kept import Base, LogRow
from crdt.model import EditRefused, FileState, FrameError, Limits

MERGE_ROWS_MAX = 50_000


@dataclass(frozen=True)
class Merge:
    """`pieces` follow each other, each with who wrote it; `files` are all files as they would be with them."""

    pieces: tuple[tuple[str, bytes], ...]
    files: tuple[FileState, ...]


def merge_of(into: Base, rows: Sequence[LogRow], limits: Limits, *, now: Callable[[], float]) -> Merge:
    """What the rows of a branch bring to a document that shares its beginning. EditRefused where they do not fit it."""
    scratch = Document(limits, now=now)
    try:
        scratch.load(into.state, into.version, into.facts.get("modified"))
        pieces: list[tuple[str, bytes]] = []
        waiting = list(rows)
        while waiting:
            # Rows of one author that follow each other are one piece: merged by the document, not byte by byte, since
            # what somebody said twice cannot be merged that way.
            groups = [(actor_id, list(group)) for actor_id, group in groupby(waiting, key=lambda row: row.actor_id)]
            left = [row for actor_id, group in groups for row in _take(scratch, group, actor_id, pieces)]
            if len(left) == len(waiting):
                raise EditRefused("stale", "some changes of the branch are still on their way; try again in a moment")
            # Rows of two nodes may be saved in another order than they were made.
            waiting = left
        return Merge(tuple(pieces), tuple(scratch.files()))
    except (ApplyFailed, FrameError) as error:
        raise EditRefused("invalid", f"the branch does not fit the session: {error}") from None
    finally:
        scratch.close()


def _take(scratch: Document, rows: list[LogRow], actor_id: str, pieces: list[tuple[str, bytes]]) -> list[LogRow]:
    """Applies what fits; returns the rows that build on something that has not come yet."""
    items: list[Admitted] = []
    gaps: list[LogRow] = []
    for row in rows:
        item = scratch.known.admit(row.update, trusted=True)
        if item.gap:
            gaps.append(row)
        elif not item.known:
            items.append(item)
    change = scratch.apply(items) if items else None
    if change is not None:
        pieces.append((actor_id, change.update))
    return gaps
