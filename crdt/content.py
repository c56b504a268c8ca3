"""The files of a session as a replica holds them: loaded, changed by what was admitted, and read.
What may come in is known.py's, what the server itself edits document.py's; connections and storage never appear here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from crdt import edits as arithmetic
from crdt import names
from crdt.comments import Told
from crdt.files import TrackedFile
from crdt.known import TRUSTED, Admitted, Known
from crdt.languages import language_of
from crdt.model import EditRefused, FileState, FrameError, Limits, TextEdit
from crdt.protocol import encode_state_vector, malformed, parse_state_vector
from crdt.replica import ApplyFailed, Effects, Replica
from crdt.update import Id, replace_pairs
from crdt.watch import NOBODY, SEVERAL, Phase, Watch


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a change did to one file; `edits` are relative to the version before."""

    file_id: str
    name: str
    language: str
    edits: tuple[TextEdit, ...]
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One step of the document: `update` is what others need, `files` and `comments` what readers want to know."""

    version: int
    update: bytes
    files: tuple[FileChange, ...]
    comments: tuple[Told, ...] = ()


class Content:
    """`version` rises by one for every applied change; `known` says which updates may come in."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        now: Callable[[], float] = time.time,
        session_id: str = "",
        watch: Watch = NOBODY,
    ) -> None:
        self._limits = limits or Limits()
        self._session_id = session_id
        self._watch = watch
        self._now = now
        self.version = 0
        self._replica = Replica(self._limits, self._reload_files)
        self.known = Known(
            self._limits,
            files=lambda: self._files.keys(),
            comments=lambda: self._comments,
            measure=lambda: len(self.encode()),
        )
        self._files: dict[str, TrackedFile] = {}
        self._comments: dict[str, object] = {}
        self._shown: dict[str, str] | None = None
        # The replica is not the sum of its updates any more: its past cannot be reckoned from them.
        self._mended = False
        self._recalled: dict[tuple[str, int], tuple[int, tuple[TextEdit, ...]]] = {}

    # -- loading -------------------------------------------------------------------------------------------------

    def load(self, state: bytes, version: int, modified: dict[str, int] | None = None) -> None:
        """Begins from a saved state; ApplyFailed or FrameError where it cannot be used."""
        with self.watched(Phase.LOAD, version):
            self.known.start(state)
            self._replica.start(state, version)
            self.known.vector = parse_state_vector(self._replica.state_vector(), 2**40)
            self.version = version
            self._reload_files(modified or {})

    @contextmanager
    def watched(self, phase: Phase, version: int) -> Iterator[None]:
        """While this is done, somebody outside knows what it is."""
        self._watch.begin(self._session_id, phase, version)
        try:
            yield
        finally:
            self._watch.end()

    def replay(self, updates: Sequence[bytes], version: int, at_ms: int, *, alone: bool = True) -> list[Change]:
        """Some versions of the log up to `version`; returns what they did to the files.

        After ApplyFailed or FrameError what was good may be given again.

        `alone`: it is one version, which can be named should it stop the process."""
        self._watch.begin(self._session_id, Phase.LOAD, version if alone else SEVERAL)
        try:
            return self._take_rows(updates, version, at_ms)
        finally:
            self._watch.end()

    def _take_rows(self, updates: Sequence[bytes], version: int, at_ms: int) -> list[Change]:
        changes: list[Change] = []
        waiting = [*updates, *self.known.release_held()]
        progress = True
        while waiting and progress:
            progress = False
            ready: list[Admitted] = []
            try:
                for update in waiting:
                    item = self.known.admit(update, trusted=True)
                    if item.gap:
                        # Rows of two nodes may be saved in another order than they were made.
                        self.known.keep(update)
                        continue
                    progress = True
                    if item.torn:
                        # A torn pair is mended in what is there.
                        ready = self._replay(ready, version, at_ms, changes)
                    if not item.known:
                        ready.append(item)
                    if item.torn:
                        ready = self._replay(ready, version, at_ms, changes)
            except FrameError:
                self.known.drop(ready)
                raise
            self._replay(ready, version, at_ms, changes)
            waiting = self.known.release_held() if progress else []
        self.version = max(self.version, version)
        return changes

    def _replay(self, items: list[Admitted], version: int, at_ms: int, changes: list[Change]) -> list[Admitted]:
        if items:
            change = self._apply(items, at_ms, count=False)
            if change is not None:
                changes.append(change)
            for item in items:
                self._record(version, item.update)
        return []

    def forget_past(self) -> None:
        """What was replayed is where the past begins: edits on an older version need `recall`."""
        self._replica.rebase(self.version)
        self._forget_past()

    def _reload_files(self, modified: dict[str, int] | None = None) -> None:
        """Takes files and comments anew from the replica; what is known of the files' past stays."""
        self._comments = {key: self._comment(key) for key in list(self._replica.comments.keys())}
        modified = modified or {}
        now_ms = int(self._now() * 1000)
        before = self._files
        self._files = {}
        self._shown = None
        for file_id in list(self._replica.files.keys()):
            file = before.get(file_id)
            if file is None:
                file = TrackedFile(file_id, self.version, modified.get(file_id, now_ms))
            file.attach(self._replica.files.get(file_id))
            file.keep_mirror()
            self._files[file_id] = file

    def close(self) -> None:
        """Lets go of the library's memory; reading what is cached still works, changing does not."""
        self._replica.detach()

    # -- what comes from clients and other nodes -----------------------------------------------------------------

    def apply(self, items: Sequence[Admitted]) -> Change | None:
        """Applies admitted updates as one change; None when they were no news. ApplyFailed: none of them stands."""
        self._watch.begin(self._session_id, Phase.APPLY, self.version, items[0].update if len(items) == 1 else None)
        try:
            return self._apply(items, int(self._now() * 1000), count=True)
        finally:
            self._watch.end()

    def _apply(self, items: Sequence[Admitted], at_ms: int, *, count: bool) -> Change | None:
        mended: list[FileChange] = []
        for item in items:
            if item.torn:
                mended.extend(self._mend(item.torn))
        want = count and len(items) > 1
        # A pair may come and be split in one update.
        updates = [replace_pairs(item.update, item.torn, TRUSTED) if item.torn else item.update for item in items]
        try:
            effects = self._replica.apply(updates, want_update=want)
            if any(len(item.scan.ends) > 1 for item in items):
                self._verify(items)
        except ApplyFailed:
            self.known.drop(items)
            raise
        if not effects.changed:
            return None
        update = items[0].update if effects.update is None else effects.update
        return self._changed(effects, update, at_ms, mended, count)

    def _verify(self, items: Sequence[Admitted]) -> None:
        """Items of several clients may build on each other in a circle; the library would hold them for ever."""
        reached = parse_state_vector(self._replica.state_vector(), 2**40)
        if any(reached.get(client, 0) < end for item in items for client, end in item.scan.ends.items()):
            self._replica.rebuild()
            raise ApplyFailed("items build on each other in a circle")

    def _changed(
        self, effects: Effects, update: bytes, at_ms: int, mended: Sequence[FileChange], count: bool
    ) -> Change:
        version = self.version + 1
        files = self._file_changes(effects, version, at_ms)
        comments = self._comment_changes(effects) if effects.comments else ()
        if count:
            self.version = version
            self._record(version, update)
        return Change(version, update, (*mended, *files), comments)

    def _comment_changes(self, effects: Effects) -> tuple[Told, ...]:
        changes = []
        for key in sorted(effects.comments):
            before, after = self._comments.pop(key, None), self._comment(key)
            if after is not None:
                self._comments[key] = after
            if before != after:
                changes.append(Told(key, before, after))
        return tuple(changes)

    def _comment(self, key: str) -> object:
        """None where there is nothing; what is there and says nothing is False."""
        value = self._replica.comments.get(key)
        return False if value is None and key in self._replica.comments else value

    def _own(self, effects: Effects) -> Change:
        """The change that an edit of the server's own made."""
        if effects.update is None:
            raise RuntimeError("an edit of the server changed nothing")
        self.known.note(effects.update)
        return self._changed(effects, effects.update, int(self._now() * 1000), (), True)

    def _record(self, version: int, update: bytes) -> None:
        if self._mended:
            self._mended = False
            self._replica.rebase(version)
            self._forget_past()
        elif self._replica.record(version, update):
            self._forget_past()

    def _forget_past(self) -> None:
        for file in self._files.values():
            file.forget_history(self._replica.base_version)
        self._recalled.clear()

    def _mend(self, torn: set[Id]) -> list[FileChange]:
        """Every Yjs client makes two U+FFFD of a surrogate pair that an edit splits; so must this replica."""
        before = {file.id: file.content() for file in self._files.values() if not file.ascii}
        self._mended = True
        self._replica.replace_state(lambda state: replace_pairs(state, torn, TRUSTED), self.version)
        for client, clock in torn:
            self.known.pairs.get(client, set()).discard(clock)
        self._reload_files()
        changes = []
        for file in self._files.values():
            edits = arithmetic.diff(before[file.id], file.content()) if file.id in before else ()
            if edits:
                file.history.append((self.version + 1, edits))
                changes.append(FileChange(file.id, self.shown_name(file.id), self._language(file), edits))
        return changes

    def _file_changes(self, effects: Effects, version: int, at_ms: int) -> list[FileChange]:
        changed: dict[str, tuple[TextEdit, ...]] = {}
        deleted: list[FileChange] = []
        if effects.files or effects.labels:
            before = dict(self._shown_names())
            self._shown = None
            for file_id in effects.files:
                file = self._files.get(file_id)
                value = self._replica.files.get(file_id)
                if value is None:
                    if file is not None:
                        del self._files[file_id]
                        # By the name it had: looking the names up now would keep what else is about to go.
                        language = self._language(file, before[file_id])
                        deleted.append(FileChange(file_id, before[file_id], language, (), True))
                    continue
                length = 0
                if file is None:
                    file = TrackedFile(file_id, version, at_ms)
                    self._files[file_id] = file
                else:
                    length = file.length
                file.attach(value)
                changed[file_id] = (TextEdit(0, length, file.content()),) if length or file.length else ()
            for file_id in effects.labels:
                if file_id in self._files:
                    self._files[file_id].read_labels()
                    changed.setdefault(file_id, ())
            for file_id, name in self._shown_names().items():
                if before.get(file_id, name) != name:
                    changed.setdefault(file_id, ())
        for file_id, delta in effects.texts:
            file = self._files.get(file_id)
            if file is not None and file_id not in effects.files:
                changed[file_id] = file.take_delta(delta)
        result = deleted
        for file_id, edits in changed.items():
            file = self._files[file_id]
            file.keep_mirror()
            file.modified_ms = at_ms
            if edits:
                file.history.append((version, edits))
            result.append(FileChange(file_id, self.shown_name(file_id), self._language(file), edits))
        return result

    def reach(self, version: int) -> None:
        """Versions of several nodes are one clock: it never falls behind what another node has counted."""
        self.version = max(self.version, version)

    # -- what others lack ----------------------------------------------------------------------------------------

    def state_vector(self) -> bytes:
        return encode_state_vector(self.known.vector)

    def applied_vector(self) -> bytes:
        """Without what was admitted and is still to be applied."""
        return self._replica.state_vector()

    def diff(self, state_vector: bytes) -> bytes:
        """What a replica with `state_vector` lacks; FrameError for a vector that is none."""
        if state_vector != b"\x00":
            parse_state_vector(state_vector, self._limits.document_clients_max)
        try:
            return self._replica.encode(state_vector)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            raise malformed("a state vector that cannot be read") from None

    def lacks(self, state_vector: bytes) -> bool:
        """Whether the owner of `state_vector` has something that is missing here."""
        theirs = parse_state_vector(state_vector, 2**40)
        return any(clock > self.known.vector.get(client, 0) for client, clock in theirs.items())

    def encode(self) -> bytes:
        return self._replica.encode()

    def labels(self) -> dict[str, tuple[object, object]]:
        """Name and language of the files as they are written, not as they are shown."""
        return {file.id: (file.name, file.language) for file in self._files.values()}

    def modified(self) -> dict[str, int]:
        return {file.id: file.modified_ms for file in self._files.values()}

    # -- reading -------------------------------------------------------------------------------------------------

    def _shown_names(self) -> dict[str, str]:
        if self._shown is None:
            self._shown = names.shown_names((file.id, file.name) for file in self._files.values())
        return self._shown

    def shown_name(self, file_id: str) -> str:
        return self._shown_names().get(file_id, "")

    def _language(self, file: TrackedFile, name: str | None = None) -> str:
        if isinstance(file.language, str) and names.is_language(file.language):
            return file.language
        return language_of(self.shown_name(file.id) if name is None else name)

    def files(self) -> list[FileState]:
        shown = self._shown_names()
        return [self._state(self._files[file_id]) for file_id in sorted(shown, key=lambda file_id: shown[file_id])]

    def file(self, file_id: str) -> FileState:
        return self._state(self._tracked(file_id))

    def find(self, name: str) -> FileState | None:
        for file_id, shown in self._shown_names().items():
            if shown == name:
                return self._state(self._files[file_id])
        return None

    def _tracked(self, file_id: str) -> TrackedFile:
        file = self._files.get(file_id)
        if file is None:
            raise EditRefused("not_found", f"there is no file {file_id}", "fileId")
        return file

    def _state(self, file: TrackedFile) -> FileState:
        return FileState(file.id, self.shown_name(file.id), self._language(file), file.content(), file.modified_ms)
