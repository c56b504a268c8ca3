"""The document of a session as a state machine: what comes in, and what the server itself edits in it.
Connections, timers, storage and other nodes never appear here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from pycrdt import Assoc, Map, Text

from crdt import edits as arithmetic
from crdt import names
from crdt.content import Change, FileChange
from crdt.discussion import Discussion
from crdt.files import TrackedFile
from crdt.known import Admitted
from crdt.languages import language_of
from crdt.model import EditRefused, StaleEdit, TextEdit, Wanted
from crdt.replica import ApplyFailed

__all__ = ["Admitted", "ApplyFailed", "Change", "Document", "FileChange"]


class Document(Discussion):
    """`version` rises by one for every applied change."""

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

    def reshape(self, files: Sequence[Wanted]) -> Change | None:
        """Brings several files to what is wanted of each, as one change; what came meanwhile stays."""
        steps: list[Callable[[], None]] = []
        for wanted in files:
            steps.extend(self._steps_to(wanted))
        if not steps:
            return None
        with self._replica.editing() as effects:
            for step in steps:
                step()
        return None if effects.update is None else self._own(effects)

    def _steps_to(self, wanted: Wanted) -> Iterator[Callable[[], None]]:
        file = self._files.get(wanted.file_id)
        if file is None:
            if wanted.before is None:
                content = "".join(edit.text for edit in wanted.edits)
                self._check_size(content)
                labels = {"name": wanted.name or wanted.file_id, "language": wanted.language or "text"}
                yield partial(self._put, wanted.file_id, {**labels, "content": content})
            return
        text = file.content()
        if wanted.delete and text == wanted.before:
            yield partial(self._put, wanted.file_id, None)
            return
        if wanted.before is None:
            return
        entry = self._map_of(file)
        for key, label in (("name", wanted.name), ("language", wanted.language)):
            if label is not None:
                yield partial(entry.__setitem__, key, label)
        if wanted.edits and file.text is not None:
            edits = arithmetic.transform(wanted.edits, arithmetic.diff(wanted.before, text))
            self._check_size(arithmetic.apply_edits(text, edits))
            places = [(file.byte_offset(edit.start), file.byte_offset(edit.end), edit.text) for edit in edits]
            yield partial(_apply, file.text, places)

    def _put(self, file_id: str, entry: dict[str, str] | None) -> None:
        if entry is None:
            del self._replica.files[file_id]
        else:
            self._replica.files[file_id] = Map({**entry, "content": Text(entry["content"])})

    def reaches_back(self, file_id: str, base_version: int) -> bool:
        """Whether edits made on `base_version` can be brought forward."""
        file = self._files.get(file_id)
        if file is None or base_version == self.version or (file_id, base_version) in self._recalled:
            return True
        return base_version >= self._replica.base_version

    def offset_of(self, file_id: str, line: int, column: int) -> int | None:
        """The offset of a place that is counted from 1; the nearest there is, None where there is no such file."""
        file = self._files.get(file_id)
        if file is None:
            return None
        lines = file.content().split("\n")
        line = max(1, min(line, len(lines)))
        before = sum(len(each) + 1 for each in lines[: line - 1])
        return before + max(0, min(column - 1, len(lines[line - 1])))

    def place(self, file_id: str, offset: int) -> dict[str, Any] | None:
        """A place that moves with the text, as Yjs writes it in JSON; None in an empty text."""
        file = self._files.get(file_id)
        if file is None or file.text is None or not file.length:
            return None
        offset = max(0, min(offset, file.length))
        # The library fails where it is asked for what follows the end.
        side = Assoc.AFTER if offset < file.length else Assoc.BEFORE
        found: dict[str, Any] = file.text.sticky_index(file.byte_offset(offset), side).to_json()
        return found

    def recall(self, file_id: str, base_version: int, text: str) -> None:
        """Tells what the text was at a version that is out of reach otherwise."""
        file = self._tracked(file_id)
        self._recalled[file_id, base_version] = (self.version, arithmetic.diff(text, file.content()))

    def _since(self, file: TrackedFile, base_version: int) -> list[tuple[TextEdit, ...]]:
        """What happened to the file since `base_version`, oldest first."""
        if base_version > self.version or base_version < 0:
            raise self._stale(file, base_version, "does not exist yet")
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

    def _stale(self, file: TrackedFile, base_version: int, why: str = "is out of reach") -> StaleEdit:
        return StaleEdit(
            f"version {base_version} {why}; begin with the text as it is now", file.content(), self.version
        )

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
            _apply(text, places)
        return self._own(effects)

    def _map_of(self, file: TrackedFile) -> Map[object]:
        if file.map is None:
            raise EditRefused("not_found", f"file {file.id} cannot be edited", "fileId")
        return file.map

    def _check_free(self, name: str, file_id: str) -> None:
        for other, shown in self._shown_names().items():
            if other == file_id:
                continue
            if shown == name or shown.startswith(name + "/") or name.startswith(shown + "/"):
                raise EditRefused("exists", f"there is a file called {shown} already", "name")

    def _check_size(self, content: str) -> None:
        if len(content) * 4 > self._limits.file_bytes_max and len(content.encode()) > self._limits.file_bytes_max:
            raise EditRefused("too_large", f"a file has at most {self._limits.file_bytes_max} bytes", "content")


def _apply(text: Text, places: Sequence[tuple[int, int, str]]) -> None:
    """`places` are in bytes. From the back, so that the offsets of what is still to come stay true."""
    for start, end, new in reversed(places):
        if end > start:
            del text[start:end]
        if new:
            text.insert(start, new)
