"""The CRDT library held at arm's length: applying, encoding, going back, and a rebuild whenever it fails.
What the data means, and who may change it, never lives here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pycrdt import Doc, Map, Text, merge_updates
from pycrdt._pycrdt import MapEvent, Subscription, TextEvent

from crdt.model import Limits
from crdt.update import COMMENTS_ROOT, FILES_ROOT


class ApplyFailed(Exception):
    """The library refused or panicked; the replica stands as it was before."""


@dataclass
class Effects:
    """What one transaction did: `update` is None unless it was asked for or nothing changed."""

    changed: bool = False
    update: bytes | None = None
    texts: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    comments: set[str] = field(default_factory=set)
    fault: Exception | None = None


class Replica:
    """A Y document with the two roots that sessions know, and enough of its past to go back a little."""

    def __init__(self, limits: Limits, on_rebuild: Callable[[], None]) -> None:
        self._limits = limits
        self._on_rebuild = on_rebuild
        self.base_version = 0
        self._base = b"\x00\x00"
        self._middle_version = 0
        self._middle = b"\x00\x00"
        self._tail: deque[tuple[int, bytes]] = deque()
        self._tail_bytes = 0
        self._effects = Effects()
        self._want_update = False
        self._watching: list[Subscription] = []
        self._doc: Doc[Any]
        self.files: Map[Any]
        self.comments: Map[Any]
        self._attach(Doc())

    def _attach(self, doc: Doc[Any]) -> None:
        self.detach()
        self._doc = doc
        self.files = doc.get(FILES_ROOT, type=Map)
        # The wrapper's observers build and encode every part of every event; most changes need very few of them.
        self.comments = doc.get(COMMENTS_ROOT, type=Map)
        self._watching = [
            self.files.integrated.observe_deep(self._note_events),
            self.comments.integrated.observe(self._note_comments),
            doc._doc.observe(self._note_change),
        ]

    def detach(self) -> None:
        """Ends the observing; the library would keep this object alive for ever otherwise."""
        for subscription in self._watching:
            subscription.drop()
        self._watching = []

    def _note_change(self, event: Any) -> None:
        self._effects.changed = True
        if self._want_update:
            self._effects.update = event.update

    def _note_events(self, events: Sequence[Any]) -> None:
        effects = self._effects
        try:
            for event in events:
                path = event.path
                kind = type(event)
                if kind is TextEvent:
                    if len(path) == 2 and path[1] == "content":
                        effects.texts.append((path[0], event.delta))
                elif kind is MapEvent:
                    if not path:
                        effects.files.update(event.keys)
                    elif len(path) == 1:
                        if "content" in event.keys:
                            effects.files.add(path[0])
                        else:
                            effects.labels.add(path[0])
        except Exception as error:
            # An observer that raises takes the library's transaction down with it.
            effects.fault = error

    def _note_comments(self, event: Any) -> None:
        try:
            self._effects.comments.update(event.keys)
        except Exception as error:
            self._effects.fault = error

    def start(self, state: bytes, version: int) -> None:
        """Begins from a saved state; ApplyFailed leaves an empty replica."""
        doc: Doc[Any] = Doc()
        self._apply_to(doc, [state])
        self._attach(doc)
        self._set_base(state, version)

    def _set_base(self, state: bytes, version: int) -> None:
        self._base = self._middle = state
        self.base_version = self._middle_version = version
        self._tail.clear()
        self._tail_bytes = 0

    @staticmethod
    def _apply_to(doc: Doc[Any], updates: Sequence[bytes]) -> None:
        # The wrapper's transaction costs more than the change of a keystroke does, and nothing here needs what it adds.
        inner = doc._doc
        try:
            transaction = inner.create_transaction()
            try:
                for update in updates:
                    inner.apply_update(transaction, update)
                transaction.commit()
            finally:
                transaction.drop()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # PanicException of the library is no Exception.
            raise ApplyFailed(str(error)) from None

    def apply(self, updates: Sequence[bytes], *, want_update: bool) -> Effects:
        """Applies all in one transaction; on failure none."""
        self._effects = effects = Effects()
        self._want_update = want_update
        try:
            self._apply_to(self._doc, updates)
            if effects.fault is not None:
                raise ApplyFailed(str(effects.fault))
        except ApplyFailed:
            self.rebuild()
            raise
        return effects

    @contextmanager
    def editing(self) -> Iterator[Effects]:
        """A transaction of the server's own; its effects are complete when the block is left."""
        self._effects = effects = Effects()
        self._want_update = True
        try:
            with self._doc.transaction():
                yield effects
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self.rebuild()
            raise ApplyFailed(str(error)) from error

    def rebuild(self) -> None:
        """The document anew from the kept state and the updates since: the old one may be broken inside."""
        later = [update for version, update in self._tail if version > self._middle_version]
        self._attach(doc_of([self._middle, *later]))
        self._on_rebuild()

    def replace_state(self, change: Callable[[bytes], bytes], version: int) -> None:
        """Starts over from a rewritten state; the past before it is out of reach then."""
        self.start(change(self.encode()), version)

    def rebase(self, version: int) -> None:
        """Takes the state as it is for the beginning of what can be reached."""
        self._set_base(self.encode(), version)

    def record(self, version: int, update: bytes) -> bool:
        """Remembers an applied change; True when the reachable past became shorter."""
        self._tail.append((version, update))
        self._tail_bytes += len(update)
        if len(self._tail) <= self._limits.history_changes_max and self._tail_bytes <= self._limits.history_bytes_max:
            return False
        # Two generations: the past reaches back at least one full tail at any time.
        while self._tail and self._tail[0][0] <= self._middle_version:
            self._tail.popleft()
        self._tail_bytes = 0
        self._base, self.base_version = self._middle, self._middle_version
        self._middle, self._middle_version = self.encode(), version
        return True

    def encode(self, state_vector: bytes = b"\x00") -> bytes:
        return self._doc.get_update(state_vector)

    def state_vector(self) -> bytes:
        return self._doc.get_state()

    def text_at(self, file_id: str, version: int) -> str | None:
        """The text of a file as of `version`; None where that is out of reach or the file was not there."""
        if version < self.base_version:
            return None
        if version >= self._middle_version:
            updates, floor = [self._middle], self._middle_version
        else:
            updates, floor = [self._base], self.base_version
        updates.extend(update for at, update in self._tail if floor < at <= version)
        return text_in(updates, file_id)


def text_in(updates: Sequence[bytes], file_id: str) -> str | None:
    """The text of a file in the document that `updates` make up."""
    files = doc_of(updates).get(FILES_ROOT, type=Map)
    entry = files.get(file_id)
    content = entry.get("content") if isinstance(entry, Map) else None
    return str(content) if isinstance(content, Text) else None


def doc_of(updates: Sequence[bytes]) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    Replica._apply_to(doc, updates)
    return doc


def merge(updates: Sequence[bytes], group_max: int) -> bytes:
    """One update of many; merging is quadratic, so it goes in groups. ApplyFailed where the library cannot."""
    merged = list(updates)
    try:
        while len(merged) > 1:
            merged = [
                merge_updates(*merged[at : at + group_max]) if len(merged) - at > 1 else merged[at]
                for at in range(0, len(merged), group_max)
            ]
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise ApplyFailed(str(error)) from None
    return merged[0]
