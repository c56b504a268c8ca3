"""What differs between two states of a session's files, line by line, as people and `patch` read it.
Pure functions on texts; where the states come from is not known here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

from crdt.edits import is_costly
from crdt.model import FileState

CONTEXT_LINES = 3
LINES_MAX = 20_000
UNIFIED_CHARS_MAX = 256 * 1024
ALL_UNIFIED_CHARS_MAX = 2 * 1024 * 1024

Status = Literal["added", "removed", "renamed", "changed"]
_NO_NEWLINE = "\\ No newline at end of file"


@dataclass(frozen=True)
class Hunk:
    """Lines that belong together; each line begins with a blank, `-`, `+` or (about the line before) a backslash."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: tuple[str, ...]

    @property
    def head(self) -> str:
        return f"@@ -{_range(self.old_start, self.old_lines)} +{_range(self.new_start, self.new_lines)} @@"


@dataclass(frozen=True)
class FileDifference:
    """`truncated`: there is more than is shown here; the status and the names are always whole."""

    file_id: str
    status: Status
    name: str
    old_name: str
    language: str
    hunks: tuple[Hunk, ...]
    unified: str
    truncated: bool = False


def differences(old: Sequence[FileState], new: Sequence[FileState]) -> list[FileDifference]:
    """By file id, sorted by name; files that are the same are left out."""
    before = {file.id: file for file in old}
    after = {file.id: file for file in new}
    found = [one for one in (_difference(before.get(id), after.get(id)) for id in before | after) if one is not None]
    found.sort(key=lambda one: one.name)
    left = ALL_UNIFIED_CHARS_MAX
    for at, one in enumerate(found):
        if len(one.unified) > left:
            found[at] = replace(one, hunks=(), unified="", truncated=True)
        else:
            left -= len(one.unified)
    return found


def _difference(old: FileState | None, new: FileState | None) -> FileDifference | None:
    shown = new or old
    assert shown is not None
    old_name = shown.name if old is None else old.name
    status: Status
    if old is None or new is None:
        status = "added" if old is None else "removed"
    elif old.name != new.name:
        status = "renamed"
    elif old.content != new.content:
        status = "changed"
    else:
        return None
    hunks, truncated = _hunks("" if old is None else old.content, "" if new is None else new.content)
    head = f"--- {'/dev/null' if old is None else 'a/' + old.name}\n+++ {'/dev/null' if new is None else 'b/' + new.name}\n"
    kept: list[Hunk] = []
    unified = head if hunks else ""
    for hunk in hunks:
        text = "\n".join((hunk.head, *hunk.lines, ""))
        if len(unified) + len(text) > UNIFIED_CHARS_MAX:
            truncated = True
            break
        unified += text
        kept.append(hunk)
    return FileDifference(shown.id, status, shown.name, old_name, shown.language, tuple(kept), unified, truncated)


def _hunks(old: str, new: str) -> tuple[list[Hunk], bool]:
    """The hunks, and whether the texts were too long to be looked at."""
    if old == new:
        return [], False
    left, right = _lines(old), _lines(new)
    if len(left) > LINES_MAX or len(right) > LINES_MAX:
        return [], True
    return [_hunk(group, left, right) for group in _groups(left, right)], False


def _lines(text: str) -> list[str]:
    """As `patch` counts them: a line ends at a line feed and nowhere else."""
    lines = text.split("\n")
    return [*(line + "\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]


Opcode = tuple[str, int, int, int, int]


def _groups(left: list[str], right: list[str]) -> Iterator[list[Opcode]]:
    head = 0
    while head < min(len(left), len(right)) and left[head] == right[head]:
        head += 1
    tail = 0
    while tail < min(len(left), len(right)) - head and left[-1 - tail] == right[-1 - tail]:
        tail += 1
    # With few lines around it the matching is as good, and what is equal at both ends costs nothing.
    head, tail = max(0, head - CONTEXT_LINES), max(0, tail - CONTEXT_LINES)
    middle_left, middle_right = left[head : len(left) - tail], right[head : len(right) - tail]
    if is_costly(middle_left, middle_right):
        # Too many equal lines to match all of them: all that lies between is one replacement.
        yield [("replace", head, len(left) - tail, head, len(right) - tail)]
        return
    matcher = SequenceMatcher(None, middle_left, middle_right, autojunk=False)
    for group in matcher.get_grouped_opcodes(CONTEXT_LINES):
        yield [(tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in group]


def _hunk(group: list[Opcode], left: list[str], right: list[str]) -> Hunk:
    lines: list[str] = []
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            lines.extend(_marked(" ", left[i1:i2]))
        else:
            lines.extend(_marked("-", left[i1:i2]))
            lines.extend(_marked("+", right[j1:j2]))
    old_start, old_end, new_start, new_end = group[0][1], group[-1][2], group[0][3], group[-1][4]
    return Hunk(old_start + 1, old_end - old_start, new_start + 1, new_end - new_start, tuple(lines))


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if line.endswith("\n"):
            yield mark + line[:-1]
        else:
            yield mark + line
            yield _NO_NEWLINE


def _range(start: int, length: int) -> str:
    # An empty range is named by the line before it.
    return str(start) if length == 1 else f"{start if length else start - 1},{length}"
