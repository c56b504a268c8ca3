"""Arithmetic on text edits: the smallest difference of two texts, and moving an edit over what came in between.
Pure functions on strings and offsets; documents and their storage never appear here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from crdt.model import EditRefused, TextEdit

# Beyond these the middle of a difference is replaced as a whole: an exact match is quadratic in time.
DIFF_CHAR_PAIRS_MAX = 100_000
DIFF_LINES_MAX = 20_000
DIFF_LINE_PAIRS_MAX = 200_000


def clean_text(text: str) -> str:
    """`text` as it can be stored: surrogate pairs are joined, a lone surrogate becomes U+FFFD as in Yjs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def check_edits(edits: Sequence[TextEdit], length: int | None = None) -> tuple[TextEdit, ...]:
    """The edits in order; refuses overlaps and offsets outside of the text."""
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    at = 0
    for edit in ordered:
        if edit.start < 0 or edit.end < edit.start:
            raise EditRefused("invalid", f"an edit runs from {edit.start} to {edit.end}", "edits")
        if edit.start < at:
            raise EditRefused("invalid", "edits may not overlap", "edits")
        at = edit.end
    if length is not None and at > length:
        raise EditRefused("invalid", f"an edit reaches to {at} in a text of {length} characters", "edits")
    return tuple(ordered)


def apply_edits(text: str, edits: Sequence[TextEdit]) -> str:
    parts = []
    at = 0
    for edit in edits:
        parts.append(text[at : edit.start])
        parts.append(edit.text)
        at = edit.end
    parts.append(text[at:])
    return "".join(parts)


def transform(edits: Sequence[TextEdit], over: Sequence[TextEdit]) -> tuple[TextEdit, ...]:
    """`edits` as they read after `over`, where both were made on the same text.

    Nothing the other side inserted is deleted, what both delete is deleted once, and of two insertions at one place
    the ones in `over` stand first."""
    if not over:
        return tuple(edits)
    result: list[TextEdit] = []
    for edit in edits:
        at = _moved(edit.start, over)
        pieces = _surviving(edit.start, edit.end, over)
        if pieces and pieces[0][0] == at:
            start, end = pieces.pop(0)
            result.append(TextEdit(start, end, edit.text))
        elif edit.text:
            result.append(TextEdit(at, at, edit.text))
        result.extend(TextEdit(start, end, "") for start, end in pieces)
    return _joined(result)


def _moved(position: int, over: Sequence[TextEdit]) -> int:
    """Where a place of the old text is in the new one, behind whatever was inserted exactly there."""
    shift = 0
    for other in over:
        if other.start > position:
            break
        if other.end > position:
            # The place itself was deleted: behind the replacement.
            return other.start + shift + len(other.text)
        shift += len(other.text) - (other.end - other.start)
    return position + shift


def _surviving(start: int, end: int, over: Sequence[TextEdit]) -> list[tuple[int, int]]:
    """The parts of `[start, end)` that still exist, in offsets of the new text."""
    pieces: list[tuple[int, int]] = []
    shift = 0
    at = start
    for other in over:
        if at >= end or other.start >= end:
            break
        if other.start > at:
            pieces.append((at + shift, other.start + shift))
        at = max(at, other.end)
        shift += len(other.text) - (other.end - other.start)
    if at < end:
        pieces.append((at + shift, end + shift))
    return pieces


def _joined(edits: list[TextEdit]) -> tuple[TextEdit, ...]:
    """Edits that touch are one edit, so that the result is sorted and free of overlaps."""
    edits.sort(key=lambda edit: (edit.start, edit.end))
    joined: list[TextEdit] = []
    for edit in edits:
        if joined and joined[-1].end >= edit.start:
            last = joined.pop()
            edit = TextEdit(last.start, max(last.end, edit.end), last.text + edit.text)
        joined.append(edit)
    return tuple(joined)


def diff(old: str, new: str) -> tuple[TextEdit, ...]:
    """A small set of edits that turns `old` into `new`: carets and concurrent edits elsewhere keep their place."""
    if old == new:
        return ()
    prefix = _common_prefix(old, new)
    suffix = _common_suffix(old, new, min(len(old), len(new)) - prefix)
    left = old[prefix : len(old) - suffix]
    right = new[prefix : len(new) - suffix]
    if not left or not right:
        return (TextEdit(prefix, prefix + len(left), right),)
    return _middle(left, right, prefix)


def _middle(left: str, right: str, offset: int) -> tuple[TextEdit, ...]:
    if len(left) * len(right) <= DIFF_CHAR_PAIRS_MAX:
        return _matched(left, right, offset)
    return _line_diff(left, right, offset)


def _line_diff(left: str, right: str, offset: int) -> tuple[TextEdit, ...]:
    left_lines = left.splitlines(keepends=True)
    right_lines = right.splitlines(keepends=True)
    if len(left_lines) > DIFF_LINES_MAX or len(right_lines) > DIFF_LINES_MAX or is_costly(left_lines, right_lines):
        return (TextEdit(offset, offset + len(left), right),)
    starts = [0]
    for line in left_lines:
        starts.append(starts[-1] + len(line))
    edits: list[TextEdit] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left_lines, right_lines).get_opcodes():
        if tag == "equal":
            continue
        old, new = "".join(left_lines[i1:i2]), "".join(right_lines[j1:j2])
        if old and new and len(old) * len(new) <= DIFF_CHAR_PAIRS_MAX:
            edits.extend(_matched(old, new, offset + starts[i1]))
        else:
            edits.append(TextEdit(offset + starts[i1], offset + starts[i2], new))
    return tuple(edits)


def is_costly(left: list[str], right: list[str]) -> bool:
    """Whether there are so many equal lines that matching them all would take long."""
    counts = Counter(right)
    return sum(counts[line] for line in left) > DIFF_LINE_PAIRS_MAX


def _matched(left: str, right: str, offset: int) -> tuple[TextEdit, ...]:
    # autojunk would call every letter of a longer text junk.
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    edits: list[TextEdit] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        if edits and i1 + offset - edits[-1].end <= 2:
            # Islands of one or two equal characters are chance; a word that is replaced is replaced.
            last = edits.pop()
            between = left[last.end - offset : i1]
            edits.append(TextEdit(last.start, offset + i2, last.text + between + right[j1:j2]))
        else:
            edits.append(TextEdit(offset + i1, offset + i2, right[j1:j2]))
    return tuple(edits)


def _common_prefix(old: str, new: str) -> int:
    """By halves: comparing slices runs at memory speed, a loop over characters does not."""
    low, high = 0, min(len(old), len(new))
    if old[:high] == new[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(old: str, new: str, most: int) -> int:
    low, high = 0, most
    a, b = len(old), len(new)
    while low < high:
        middle = (low + high + 1) // 2
        if old[a - middle : a - low] == new[b - middle : b - low]:
            low = middle
        else:
            high = middle - 1
    return low
