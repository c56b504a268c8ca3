"""One file of a session as the document tracks it: its text handle, its length and the edits of late.
What a change means for the session, and whether it is allowed, is decided in document.py."""

from __future__ import annotations

from collections import deque
from typing import Any

from pycrdt import Map, Text

from crdt.model import TextEdit


class TrackedFile:
    """Byte offsets of the CRDT become code points here; pure ASCII files, nearly all, need no copy for that."""

    __slots__ = (
        "_mirror",
        "_text",
        "ascii",
        "created_version",
        "history",
        "id",
        "language",
        "length",
        "map",
        "modified_ms",
        "name",
        "text",
    )

    def __init__(self, file_id: str, created_version: int, modified_ms: int) -> None:
        self.id = file_id
        self.created_version = created_version
        self.modified_ms = modified_ms
        self.history: deque[tuple[int, tuple[TextEdit, ...]]] = deque()
        self.map: Map[Any] | None = None
        self.text: Text | None = None
        self.name: object = None
        self.language: object = None
        self.ascii = True
        self.length = 0
        self._mirror: bytes | None = b""
        self._text: str | None = ""

    def attach(self, value: object) -> None:
        """Reads name, language and text from the document; whatever has the wrong type counts as absent."""
        self.map = value if isinstance(value, Map) else None
        self.text = None
        self.name = self.language = None
        if self.map is not None:
            self.read_labels()
            content = self.map.get("content")
            if isinstance(content, Text):
                self.text = content
        text = "" if self.text is None else str(self.text)
        self._text = text
        self.ascii = text.isascii()
        self.length = len(text)
        self._mirror = None

    def read_labels(self) -> None:
        if self.map is None:
            return
        name = self.map.get("name")
        language = self.map.get("language")
        self.name = name if isinstance(name, str) else None
        self.language = language if isinstance(language, str) else None

    def content(self) -> str:
        if self._text is None:
            self._text = "" if self.text is None else str(self.text)
        return self._text

    def byte_offset(self, code_points: int) -> int:
        if self.ascii:
            return code_points
        return len(self.content()[:code_points].encode())

    def take_delta(self, delta: list[dict[str, Any]]) -> tuple[TextEdit, ...]:
        """The edits, in code points of the text before, that a text event of the library tells in bytes."""
        before = self._bytes_before()
        edits: list[TextEdit] = []
        at_byte = 0
        at = 0
        start = 0
        inserted = ""
        deleted = 0
        open_edit = False
        all_ascii = True
        for step in delta:
            if "retain" in step:
                if open_edit:
                    edits.append(TextEdit(start, start + deleted, inserted))
                    open_edit = False
                count = int(step["retain"])
                at += count if before is None else len(before[at_byte : at_byte + count].decode())
                at_byte += count
                continue
            if not open_edit:
                start, inserted, deleted, open_edit = at, "", 0, True
            if "delete" in step:
                count = int(step["delete"])
                points = count if before is None else len(before[at_byte : at_byte + count].decode())
                at += points
                at_byte += count
                deleted += points
            else:
                text = step["insert"]
                inserted += text
                all_ascii = all_ascii and text.isascii()
        if open_edit:
            edits.append(TextEdit(start, start + deleted, inserted))
        self.length += sum(len(edit.text) - (edit.end - edit.start) for edit in edits)
        self._text = None
        if not all_ascii:
            self.ascii = False
        self._mirror = None if self.ascii or before is None else _patched(before, delta)
        return tuple(edits)

    def _bytes_before(self) -> bytes | None:
        """None for an ASCII file, where a byte is a code point."""
        if self.ascii:
            return None
        if self._mirror is None:
            raise RuntimeError("the text before the change was not kept")
        return self._mirror

    def keep_mirror(self) -> None:
        """After a change: a file that is not ASCII keeps the bytes that the next event's offsets are to be read in."""
        if not self.ascii and self._mirror is None:
            self._mirror = self.content().encode()

    def forget_history(self, up_to: int) -> None:
        while self.history and self.history[0][0] <= up_to:
            self.history.popleft()


def _patched(before: bytes, delta: list[dict[str, Any]]) -> bytes:
    parts: list[bytes] = []
    at = 0
    for step in delta:
        if "retain" in step:
            count = int(step["retain"])
            parts.append(before[at : at + count])
            at += count
        elif "delete" in step:
            at += int(step["delete"])
        else:
            parts.append(step["insert"].encode())
    parts.append(before[at:])
    return b"".join(parts)
