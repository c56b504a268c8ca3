"""The files of a session as a state machine: what is admitted, applied and edited, and what follows from it.
Connections, timers, storage and other nodes never appear here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pycrdt import Map, Text

from crdt import edits as arithmetic
from crdt import names
from crdt.files import TrackedFile
from crdt.languages import language_of
from crdt.model import CLOSE_MALFORMED, EditRefused, FileState, FrameError, Limits, StaleEdit, TextEdit
from crdt.protocol import encode_state_vector, malformed, parse_state_vector
from crdt.replica import ApplyFailed, Effects, Replica
from crdt.shape import place
from crdt.update import FILES_ROOT, Id, Places, Scan, broken_pairs, replace_pairs, scan

__all__ = ["Admitted", "ApplyFailed", "Change", "Document", "FileChange"]

# What the server wrote itself is as long as it is.
_TRUSTED = Limits(
    structs_per_update_max=2**40,
    clients_per_update_max=2**40,
    deletes_per_update_max=2**40,
    files_max=2**40,
    document_clients_max=2**40,
    document_bytes_max=2**60,
)


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
    """One step of the document: `update` is what others need, `files` what readers of text want to know."""

    version: int
    update: bytes
    files: tuple[FileChange, ...]


@dataclass(slots=True)
class Admitted:
    """An update that passed every check. `gap`: it builds on something that is missing here."""

    update: bytes
    scan: Scan
    gap: bool = False
    known: bool = False  # brings nothing new for certain
    overlap: bool = False  # part of it is known already, so it is not to be passed on as it is
    torn: set[Id] = field(default_factory=set)
    before: dict[int, int] = field(default_factory=dict)


class Document:
    """`version` rises by one for every applied change."""

    def __init__(self, limits: Limits | None = None, *, now: Callable[[], float] = time.time) -> None:
        self._limits = limits or Limits()
        self._now = now
        self.version = 0
        self._replica = Replica(self._limits, self._reload_files)
        self._vector: dict[int, int] = {}
        self._places: Places = {}
        self._pairs: dict[int, set[int]] = {}
        self._files: dict[str, TrackedFile] = {}
        self._shown: dict[str, str] | None = None
        self._bytes = 0
        # The replica is not the sum of its updates any more: its past cannot be reckoned from them.
        self._mended = False
        self._held: list[tuple[bytes, Scan]] = []
        self._recalled: dict[tuple[str, int], tuple[int, tuple[TextEdit, ...]]] = {}

    # -- loading -------------------------------------------------------------------------------------------------

    def load(self, state: bytes, version: int, modified: dict[str, int] | None = None) -> None:
        """Begins from a saved state; ApplyFailed or FrameError where it cannot be used."""
        found = scan(state, _TRUSTED)
        place(found, {}, {}, _TRUSTED, trusted=True)
        self._replica.start(state, version)
        self._vector = parse_state_vector(self._replica.state_vector(), 2**40)
        self._places = dict(found.places)
        self._pairs = found.pairs
        self._bytes = len(state)
        self.version = version
        self._reload_files(modified or {})

    def replay(self, updates: Sequence[bytes], version: int, at_ms: int) -> None:
        """One version of the log; ApplyFailed or FrameError leave the document as it was."""
        waiting = [*updates, *self.release_held()]
        applied: list[bytes] = []
        progress = True
        while waiting and progress:
            progress = False
            for update in waiting:
                item = self.admit(update, trusted=True)
                if item.gap:
                    # Rows of two nodes may be saved in another order than they were made.
                    self._held.append((update, item.scan))
                    continue
                progress = True
                if not item.known:
                    self._apply([item], at_ms, count=False)
                    applied.append(update)
            waiting = self.release_held() if progress else []
        self.version = max(self.version, version)
        for update in applied:
            self._record(update)

    def _reload_files(self, modified: dict[str, int] | None = None) -> None:
        """Takes the files anew from the replica; what is known of their past stays."""
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

    def admit(self, update: bytes, *, trusted: bool = False) -> Admitted:
        """Checks an update against the limits and the shape of a session; it must be applied (or dropped) next."""
        limits = _TRUSTED if trusted else self._limits
        found = scan(update, limits)
        vector = self._vector
        item = Admitted(update, found)
        new = False
        for client, start in found.starts.items():
            have = vector.get(client, 0)
            if start > have:
                item.gap = True
            elif start < have:
                item.overlap = True
            if found.ends[client] > have:
                new = True
        if found.has_skip:
            item.gap = True
        for client, clock in found.needs.items():
            if clock >= vector.get(client, 0) and clock >= found.ends.get(client, 0):
                item.gap = True
        for client, end in found.delete_ends.items():
            if end > vector.get(client, 0) and end > found.ends.get(client, 0):
                item.gap = True
        item.known = not new and not found.delete_ends
        if item.known or item.gap:
            return item
        place(found, self._places, vector, limits, trusted=trusted)
        self._check_totals(found, limits)
        if self._pairs or found.pairs:
            item.torn = self._torn(update, found, limits)
        for client, end in found.ends.items():
            have = vector.get(client, 0)
            if end > have:
                item.before[client] = have
                vector[client] = end
        self._places.update(found.places)
        for client, pairs in found.pairs.items():
            known_up_to = found.starts[client] if not item.overlap else item.before.get(client, 2**40)
            self._pairs.setdefault(client, set()).update(pair for pair in pairs if pair >= known_up_to)
        self._bytes += found.size_bytes
        return item

    def _check_totals(self, found: Scan, limits: Limits) -> None:
        if self._bytes + found.size_bytes > limits.document_bytes_max:
            # The sum of all updates overstates a document that was much rewritten: look at it before refusing.
            self._bytes = len(self._replica.encode())
            if self._bytes + found.size_bytes > limits.document_bytes_max:
                raise FrameError(CLOSE_MALFORMED, "the session is full", "document_bytes_max")
        if len(self._vector) + len(found.starts) > limits.document_clients_max:
            fresh = sum(1 for client in found.starts if client not in self._vector)
            if fresh and len(self._vector) + fresh > limits.document_clients_max:
                raise FrameError(CLOSE_MALFORMED, "the session has had too many clients", "document_clients_max")
        if found.places and len(self._files) + len(found.places) > limits.files_max:
            keys = {p.key for p in found.places.values() if p.level == FILES_ROOT and p.holds == 1}
            if len(keys.difference(self._files)) + len(self._files) > limits.files_max:
                raise FrameError(CLOSE_MALFORMED, f"a session has at most {limits.files_max} files", "files_max")

    def _torn(self, update: bytes, found: Scan, limits: Limits) -> set[Id]:
        cuts: list[Id] = []
        scan(update, limits, cuts)
        return broken_pairs(cuts, self._pairs) | broken_pairs(cuts, found.pairs)

    def drop(self, items: Iterable[Admitted]) -> None:
        """Takes back what `admit` noted of updates that will not be applied; the newest goes first."""
        for item in reversed(list(items)):
            for client, have in item.before.items():
                if have:
                    self._vector[client] = have
                else:
                    self._vector.pop(client, None)
            for key in item.scan.places:
                self._places.pop(key, None)
            self._bytes -= item.scan.size_bytes

    def apply(self, items: Sequence[Admitted]) -> Change | None:
        """Applies admitted updates as one change; None when they were no news. ApplyFailed: none of them stands."""
        return self._apply(items, int(self._now() * 1000), count=True)

    def _apply(self, items: Sequence[Admitted], at_ms: int, *, count: bool) -> Change | None:
        mended: list[FileChange] = []
        for item in items:
            if item.torn:
                mended.extend(self._mend(item.torn, count))
        want = len(items) > 1 or any(item.overlap for item in items)
        # A pair may come and be split in one update.
        updates = [replace_pairs(item.update, item.torn, _TRUSTED) if item.torn else item.update for item in items]
        try:
            effects = self._replica.apply(updates, want_update=want)
            if any(len(item.scan.ends) > 1 for item in items):
                self._verify(items)
        except ApplyFailed:
            self.drop(items)
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
        if count:
            self.version = version
            self._record(update)
        return Change(version, update, (*mended, *files))

    def _record(self, update: bytes) -> None:
        if self._mended:
            self._mended = False
            self._replica.rebase(self.version)
            forgot = True
        else:
            forgot = self._replica.record(self.version, update)
        if forgot:
            for file in self._files.values():
                file.forget_history(self._replica.base_version)
            self._recalled.clear()

    def _mend(self, torn: set[Id], count: bool) -> list[FileChange]:
        """Every Yjs client makes two U+FFFD of a surrogate pair that an edit splits; so must this replica."""
        before = {file.id: file.content() for file in self._files.values() if not file.ascii}
        self._mended = True
        self._replica.replace_state(lambda state: replace_pairs(state, torn, _TRUSTED), self.version)
        for client, clock in torn:
            self._pairs.get(client, set()).discard(clock)
        self._reload_files()
        changes = []
        for file in self._files.values():
            edits = arithmetic.diff(before[file.id], file.content()) if file.id in before else ()
            if edits:
                file.history.append((self.version + 1, edits))
                if count:
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
                        deleted.append(FileChange(file_id, before[file_id], self._language(file), (), True))
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

    def brings_items(self, update: bytes) -> bool:
        """Whether there is anything in `update` that was written since, deletions aside."""
        found = scan(update, self._limits)
        return any(end > self._vector.get(client, 0) for client, end in found.ends.items())

    # -- updates that wait for what they build on ----------------------------------------------------------------

    def hold(self, item: Admitted) -> bool:
        """Keeps a gapped update aside until its base is here; False when there is no room for it."""
        if sum(len(update) for update, _ in self._held) + len(item.update) > self._limits.pending_bytes_max:
            return False
        if all(update != item.update for update, _ in self._held):
            self._held.append((item.update, item.scan))
        return True

    def release_held(self) -> list[bytes]:
        """The kept updates, to be tried again now that something came."""
        held, self._held = self._held, []
        return [update for update, _ in held]

    @property
    def holds_any(self) -> bool:
        return bool(self._held)

    # -- what others lack ----------------------------------------------------------------------------------------

    def state_vector(self) -> bytes:
        return encode_state_vector(self._vector)

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
        return any(clock > self._vector.get(client, 0) for client, clock in theirs.items())

    def encode(self) -> bytes:
        return self._replica.encode()

    def modified(self) -> dict[str, int]:
        return {file.id: file.modified_ms for file in self._files.values()}

    # -- reading -------------------------------------------------------------------------------------------------

    def _shown_names(self) -> dict[str, str]:
        if self._shown is None:
            self._shown = names.shown_names((file.id, file.name) for file in self._files.values())
        return self._shown

    def shown_name(self, file_id: str) -> str:
        return self._shown_names().get(file_id, "")

    def _language(self, file: TrackedFile) -> str:
        if isinstance(file.language, str) and names.is_language(file.language):
            return file.language
        return language_of(self._shown_names().get(file.id, ""))

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

    # -- the server's own edits ----------------------------------------------------------------------------------

    def create_file(self, file_id: str, name: str, content: str, language: str | None = None) -> Change:
        names.check_name(name)
        if names.id_fault(file_id) is not None:
            raise EditRefused("invalid", names.id_fault(file_id) or "", "fileId")
        self._check_free(name, file_id)
        if file_id in self._files:
            raise EditRefused("exists", f"there is a file with the id {file_id} already", "fileId")
        if len(self._files) >= self._limits.files_max:
            raise EditRefused("too_large", f"a session has at most {self._limits.files_max} files", "files")
        language = language or language_of(name)
        names.check_language(language)
        content = arithmetic.clean_text(content)
        self._check_size(content)
        with self._replica.editing() as effects:
            self._replica.files[file_id] = Map({"name": name, "language": language, "content": Text(content)})
        return self._own(effects)

    def rename_file(self, file_id: str, name: str) -> Change | None:
        file = self._tracked(file_id)
        names.check_name(name)
        if file.name == name:
            return None
        self._check_free(name, file_id)
        keeps_default = self._language(file) == language_of(self.shown_name(file_id))
        with self._replica.editing() as effects:
            entry = self._map_of(file)
            entry["name"] = name
            if keeps_default and language_of(name) != self._language(file):
                entry["language"] = language_of(name)
        return self._own(effects)

    def set_language(self, file_id: str, language: str) -> Change | None:
        file = self._tracked(file_id)
        names.check_language(language)
        if file.language == language:
            return None
        with self._replica.editing() as effects:
            self._map_of(file)["language"] = language
        return self._own(effects)

    def delete_file(self, file_id: str) -> Change:
        self._tracked(file_id)
        with self._replica.editing() as effects:
            del self._replica.files[file_id]
        return self._own(effects)

    def replace_text(self, file_id: str, content: str, base_version: int | None = None) -> Change | None:
        file = self._tracked(file_id)
        content = arithmetic.clean_text(content)
        self._check_size(content)
        if base_version is None or base_version == self.version or not self._since(file, base_version):
            return self._write(file, arithmetic.diff(file.content(), content))
        base = self._replica.text_at(file_id, base_version)
        if base is None:
            raise self._stale(file, base_version)
        return self._write(file, self._rebased(file, base_version, arithmetic.diff(base, content)))

    def edit_text(self, file_id: str, base_version: int, edits: Sequence[TextEdit]) -> Change | None:
        file = self._tracked(file_id)
        cleaned = [TextEdit(edit.start, edit.end, arithmetic.clean_text(edit.text)) for edit in edits]
        rebased = self._rebased(file, base_version, arithmetic.check_edits(cleaned))
        return self._write(file, arithmetic.check_edits(rebased, file.length))

    def reaches_back(self, file_id: str, base_version: int) -> bool:
        """Whether edits made on `base_version` can be brought forward."""
        file = self._files.get(file_id)
        if file is None or base_version == self.version or (file_id, base_version) in self._recalled:
            return True
        return base_version >= self._replica.base_version

    def recall(self, file_id: str, base_version: int, text: str) -> None:
        """Tells what the text was at a version that is out of reach otherwise."""
        file = self._tracked(file_id)
        self._recalled[file_id, base_version] = (self.version, arithmetic.diff(text, file.content()))

    def _since(self, file: TrackedFile, base_version: int) -> list[tuple[TextEdit, ...]]:
        """What happened to the file since `base_version`, oldest first."""
        if base_version > self.version or base_version < 0:
            raise EditRefused("invalid", f"version {base_version} does not exist yet", "baseVersion")
        if base_version == self.version:
            return []
        since: list[tuple[TextEdit, ...]] = []
        recalled = self._recalled.get((file.id, base_version))
        if recalled is not None:
            base_version = recalled[0]
            since.append(recalled[1])
        elif base_version < self._replica.base_version or base_version < file.created_version:
            raise self._stale(file, base_version)
        since.extend(edits for version, edits in file.history if version > base_version)
        return since

    def _rebased(self, file: TrackedFile, base_version: int, edits: tuple[TextEdit, ...]) -> tuple[TextEdit, ...]:
        for over in self._since(file, base_version):
            edits = arithmetic.transform(edits, over)
        return edits

    def _stale(self, file: TrackedFile, base_version: int) -> StaleEdit:
        return StaleEdit(f"version {base_version} is out of reach", file.content(), self.version)

    def _write(self, file: TrackedFile, edits: Sequence[TextEdit]) -> Change | None:
        edits = [edit for edit in edits if edit.text or edit.end > edit.start]
        if not edits:
            return None
        if file.length + sum(len(edit.text) for edit in edits) > self._limits.file_bytes_max // 4:
            self._check_size(arithmetic.apply_edits(file.content(), edits))
        places = [(file.byte_offset(edit.start), file.byte_offset(edit.end), edit.text) for edit in edits]
        with self._replica.editing() as effects:
            text = file.text
            if text is None:
                text = Text()
                self._map_of(file)["content"] = text
            # From the back, so that the offsets of what is still to come stay true.
            for start, end, new in reversed(places):
                if end > start:
                    del text[start:end]
                if new:
                    text.insert(start, new)
        return self._own(effects)

    def _map_of(self, file: TrackedFile) -> Map[object]:
        if file.map is None:
            raise EditRefused("not_found", f"file {file.id} cannot be edited", "fileId")
        return file.map

    def _own(self, effects: Effects) -> Change:
        if effects.update is None:
            raise RuntimeError("an edit of the server changed nothing")
        found = scan(effects.update, _TRUSTED)
        place(found, self._places, self._vector, _TRUSTED, trusted=True)
        for client, end in found.ends.items():
            self._vector[client] = max(end, self._vector.get(client, 0))
        self._places.update(found.places)
        for client, pairs in found.pairs.items():
            self._pairs.setdefault(client, set()).update(pairs)
        self._bytes += found.size_bytes
        return self._changed(effects, effects.update, int(self._now() * 1000), (), True)

    def _check_free(self, name: str, file_id: str) -> None:
        for other, shown in self._shown_names().items():
            if other == file_id:
                continue
            if shown == name or shown.startswith(name + "/") or name.startswith(shown + "/"):
                raise EditRefused("exists", f"there is a file called {shown} already", "name")

    def _check_size(self, content: str) -> None:
        if len(content) * 4 > self._limits.file_bytes_max and len(content.encode()) > self._limits.file_bytes_max:
            raise EditRefused("too_large", f"a file has at most {self._limits.file_bytes_max} bytes", "content")
