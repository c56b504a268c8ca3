"""The files of a session as the server last told of them, kept in step by its messages; what was missed is found by comparing.

Pure: messages in, changes out; nothing here waits or sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from collab_server.client.changes import Change, Edit, File, FileChanged, FileDeleted, actor_of, applied

Message = Mapping[str, Any]


class OutOfStep(Exception):
    """A message does not fit what is known; the files are to be asked for again."""


class Mirror:
    """Between `hold` and `reset` messages wait, for they may be older or newer than the list of files that is on its way."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.version = 0
        self._held: list[Message] | None = []
        self._filled = False

    def hold(self) -> None:
        """A list of files was asked for."""
        self._held = []

    def reset(self, message: Message) -> list[Change]:
        """Take a `files` message; returns how it differs from what was known (nothing the first time)."""
        before, version = self.files, int(message["version"])
        self.files = {
            file["id"]: File(file["id"], file["name"], file["language"], file["content"], version)
            for file in message["files"]
        }
        self.version = version
        changes = differences(before, self.files, version) if self._filled else []
        self._filled = True
        held, self._held = self._held or [], None
        for later in held:
            if later["version"] > version:
                changes += self.hear(later)
        return changes

    def hear(self, message: Message) -> list[Change]:
        """Take a `file.changed` or `file.deleted`."""
        if self._held is not None:
            self._held.append(message)
            return []
        self.version = version = int(message["version"])
        before = self.files.get(message["fileId"])
        if message["type"] == "file.deleted":
            if before is None:
                return []
            del self.files[before.id]
            return [FileDeleted(before, version, actor_of(message))]
        edits = tuple(Edit(edit["start"], edit["end"], edit["text"]) for edit in message["edits"])
        try:
            content = applied(before.content if before else "", edits)
        except ValueError as error:
            raise OutOfStep(str(error)) from error
        file = File(message["fileId"], message["name"], message["language"], content, version)
        self.files[file.id] = file
        return [FileChanged(file, before, edits, version, actor_of(message))]

    def find(self, name_or_id: str) -> File | None:
        """A file by its name, or by its id; at the present version."""
        found = next((file for file in self.files.values() if file.name == name_or_id), self.files.get(name_or_id))
        return None if found is None else replace(found, version=self.version)


def differences(before: Mapping[str, File], after: Mapping[str, File], version: int) -> list[Change]:
    """What leads from some files to others, one change for each."""
    changes: list[Change] = [FileDeleted(file, version) for file in before.values() if file.id not in after]
    for file in after.values():
        old = before.get(file.id)
        if old is None or (old.name, old.language, old.content) != (file.name, file.language, file.content):
            changes.append(FileChanged(file, old, difference(old.content if old else "", file.content), version))
    return changes


def difference(old: str, new: str) -> tuple[Edit, ...]:
    """The one edit that leads from `old` to `new`; none when they are alike."""
    if old == new:
        return ()
    start = _alike(old, new)
    room = min(len(old), len(new)) - start
    tail = _alike(old[::-1][:room], new[::-1][:room])
    return (Edit(start, len(old) - tail, new[start : len(new) - tail]),)


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def undone(files: Mapping[str, File], changes: list[Change]) -> dict[str, File]:
    """The files as they were before some changes."""
    earlier = dict(files)
    for change in reversed(changes):
        if isinstance(change, FileDeleted):
            earlier[change.file.id] = change.file
        elif isinstance(change, FileChanged):
            if change.before is None:
                earlier.pop(change.file.id, None)
            else:
                earlier[change.file.id] = change.before
    return earlier
