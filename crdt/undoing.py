"""What is to be done to take back all that one actor did since a version, and nothing that anybody else did.
It is worked out from the log on documents of its own; doing it is the room's, as one forward change.

The rows of the actor are replayed without their deletions, so that what they deleted is still at its place: `whole`. Beside it
stand what is there now (`whole` without what the actor deleted) and what is wanted (`whole` without what the actor typed)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import orjson

from crdt import edits as arithmetic
from crdt.document import ApplyFailed, Change, Document
from crdt.kept import Loaded, LogRow
from crdt.loading import build
from crdt.model import EditRefused, FrameError, Limits, TextEdit, Wanted
from crdt.protocol import write_varint
from crdt.spans import Spans
from crdt.update import parts

UNDO_ROWS_MAX = 50_000


@dataclass(frozen=True)
class Undone:
    """What an undo took back, as its row in the log says."""

    actor_id: str
    since: int
    up_to: int

    def encode(self) -> bytes:
        return orjson.dumps({"actorId": self.actor_id, "since": self.since, "upTo": self.up_to})

    @staticmethod
    def decode(data: bytes) -> Undone:
        said: dict[str, Any] = orjson.loads(data)
        return Undone(str(said["actorId"]), int(said["since"]), int(said["upTo"]))

    def covers(self, actor_id: str, version: int) -> bool:
        return actor_id == self.actor_id and self.since < version <= self.up_to


class Taken:
    """The rows that are to be taken back: the actor's, without those that an earlier undo took back."""

    def __init__(self, rows: Sequence[LogRow], actor_id: str, since: int) -> None:
        self._actor_id = actor_id
        self._since = since
        self._in_force: list[Undone] = []
        self._own_undos: set[int] = set()
        marks = [(row.version, row.actor_id, Undone.decode(row.undoes)) for row in rows if row.undoes is not None]
        # From the newest on: an undo that was itself taken back counts no more.
        for version, by, undone in sorted(marks, key=lambda mark: mark[0], reverse=True):
            if not any(later.covers(by, version) for later in self._in_force):
                self._in_force.append(undone)
                if by == undone.actor_id == actor_id:
                    self._own_undos.add(version)

    def __contains__(self, row: LogRow) -> bool:
        return (
            row.actor_id == self._actor_id
            and row.version > self._since
            and row.version not in self._own_undos
            and not any(undone.covers(row.actor_id, row.version) for undone in self._in_force)
        )


def wanted_of(
    base: Loaded, rows: Sequence[LogRow], actor_id: str, since: int, limits: Limits, *, now: Callable[[], float]
) -> list[Wanted]:
    """What to do to the files, as the log has them. EditRefused where the log cannot say it."""
    whole, fault = build(base, limits, now=now)
    past = _Past(whole, Taken(rows, actor_id, since))
    try:
        if fault is not None:
            raise EditRefused("quarantined", f"the history is damaged: {fault}")
        for version, group in groupby(rows, key=lambda row: row.version):
            past.replay(version, list(group))
        if whole.known.holds_any:
            raise EditRefused("stale", "some changes are still on their way to the log; try again in a moment")
        return past.wanted(limits, now)
    except (ApplyFailed, FrameError) as error:
        raise EditRefused("invalid", f"the history cannot be replayed: {error}") from None
    finally:
        whole.close()


class _Past:
    def __init__(self, whole: Document, taken: Taken) -> None:
        self._whole = whole
        self._taken = taken
        self._typed = Spans()
        self._deleted = Spans()
        self._created: set[str] = set()
        # (file, which label) → what it was before the actor changed it, and what the actor made of it.
        self._labels: dict[tuple[str, int], tuple[object, object]] = {}

    def replay(self, version: int, rows: Sequence[LogRow]) -> None:
        for row in rows:
            structs, deletes, strings, has_labels = parts(row.update)
            mine = row in self._taken
            before = self._whole.labels() if mine and has_labels else {}
            if mine:
                vector = self._whole.known.vector
                for client, start, end in strings:
                    # What was there already, somebody else has written.
                    self._typed.add(client, max(start, vector.get(client, 0)), end)
                for client, start, end in deletes:
                    self._deleted.add(client, start, end)
                update = structs + b"\x00"
            elif self._deleted:
                # Who comes back tells of all deletions; the first who deleted something is who did it.
                update = structs + _encoded(self._deleted.without(deletes))
            else:
                update = row.update
            if update != b"\x00\x00":
                self._whole.replay([update], version, row.created_at_ms)
            if mine and has_labels:
                self._note_labels(before, self._whole.labels())

    def _note_labels(self, before: dict[str, tuple[object, object]], after: dict[str, tuple[object, object]]) -> None:
        for file_id, labels in after.items():
            if file_id not in before:
                self._created.add(file_id)
                continue
            for which in (0, 1):
                old, new = before[file_id][which], labels[which]
                if old == new:
                    continue
                first, last = self._labels.get((file_id, which), (old, old))
                self._labels[file_id, which] = (first if last == old else old, new)

    def wanted(self, limits: Limits, now: Callable[[], float]) -> list[Wanted]:
        state = self._whole.encode()
        present, gone = self._without(state, self._deleted, limits, now)
        target, typed = self._without(state, self._typed, limits, now)
        try:
            texts = {file.id: file.content for file in self._whole.files()}
            there = {file.id: file.content for file in present.files()}
            found = []
            for file in target.files():
                name, language = self._label(file.id, 0), self._label(file.id, 1)
                was = there.get(file.id)
                if was is None:
                    if file.id not in self._created or file.content:
                        back = (TextEdit(0, 0, file.content),) if file.content else ()
                        found.append(Wanted(file.id, None, back, name or file.name, language or file.language))
                    continue
                edits = _composed(texts[file.id], _spans(gone, file.id), _spans(typed, file.id))
                if arithmetic.apply_edits(was, edits) != file.content:
                    edits = arithmetic.diff(was, file.content)
                delete = file.id in self._created and not file.content
                if edits or name or language or delete:
                    found.append(Wanted(file.id, was, edits, name, language, delete))
            return found
        finally:
            present.close()
            target.close()

    def _label(self, file_id: str, which: int) -> str | None:
        before, made = self._labels.get((file_id, which), (None, None))
        if isinstance(before, str) and self._whole.labels().get(file_id, (None, None))[which] == made != before:
            return before
        return None

    @staticmethod
    def _without(
        state: bytes, spans: Spans, limits: Limits, now: Callable[[], float]
    ) -> tuple[Document, Change | None]:
        document = Document(limits, now=now)
        document.load(state, 1)
        if not spans:
            return document, None
        return document, document.apply([document.known.admit(b"\x00" + _encoded(spans.all()), trusted=True)])


def _encoded(deletes: Iterable[tuple[int, int, int]]) -> bytes:
    by_client: dict[int, list[tuple[int, int]]] = {}
    for client, start, end in deletes:
        by_client.setdefault(client, []).append((start, end))
    out = bytearray(write_varint(len(by_client)))
    for client, ranges in by_client.items():
        out += write_varint(client) + write_varint(len(ranges))
        for start, end in ranges:
            out += write_varint(start) + write_varint(end - start)
    return bytes(out)


def _spans(change: Change | None, file_id: str) -> list[tuple[int, int]]:
    """The stretches of a file's text that a change took away."""
    files = () if change is None else change.files
    return [(edit.start, edit.end) for file in files if file.file_id == file_id for edit in file.edits]


def _composed(whole: str, gone: Sequence[tuple[int, int]], typed: Sequence[tuple[int, int]]) -> tuple[TextEdit, ...]:
    """From `whole` without `gone` to `whole` without `typed`: offsets are of the former."""
    cuts = sorted({place for span in (*gone, *typed) for place in span})
    result: list[TextEdit] = []
    at = gone_at = typed_at = removed = 0
    for start, end in pairwise(cuts):
        while gone_at < len(gone) and gone[gone_at][1] <= start:
            gone_at += 1
        while typed_at < len(typed) and typed[typed_at][1] <= start:
            typed_at += 1
        is_gone = gone_at < len(gone) and gone[gone_at][0] <= start
        is_typed = typed_at < len(typed) and typed[typed_at][0] <= start
        at = start - removed
        edit = None
        if is_gone:
            removed += end - start
            if not is_typed:
                edit = TextEdit(at, at, whole[start:end])
        elif is_typed:
            edit = TextEdit(at, at + end - start, "")
        if edit is None:
            continue
        if result and result[-1].end == edit.start:
            last = result.pop()
            edit = TextEdit(last.start, edit.end, last.text + edit.text)
        result.append(edit)
    return tuple(result)
