"""The shape of source: nesting, and characters that make code look other than it is. It knows no language.

Strings and comments are not told apart from code here; what a hit means in a language is the rules' part.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterator
from itertools import accumulate

NESTING_MAX = 500
# Bidirectional overrides and isolates: the ones that reorder code (CVE-2021-42574). Plain marks are left alone.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# NUL and the other C0 controls but tab, newline, form feed, carriage return; and DEL.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
# Characters that show nothing: soft hyphen, zero-width space, word joiner; and tags, but in the flags that are made of them.
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u2060]|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]+|(?<!^)\ufeff"
)
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_MARKED_WORD = re.compile(r"\w*[^\W\x00-\x7f]\w*")
_WORD = re.compile(r"[^\W\d]\w*")
# Letters of other scripts that look the same as Latin ones in most fonts (from Unicode's confusables).
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝАВЕКМНОРСТУХІЈЅԌοΑΒΕΖΗΙΚΜΝΟΡΤΥΧօոսց", "aeopcyxijsdhqwABEKMHOPCTYXIJSGoABEZHIKMNOPTYXonug"
)
# Brackets as steps up and down, line ends as no step, all else dropped: then depth is a running sum, made in C.
_UP, _SAME, _DOWN = b"\x01", b"\x00", b"\xff"
_STEP_OF_BYTE = bytes.maketrans(b"([{)]}\n", _UP * 3 + _DOWN * 3 + _SAME)
_CHUNK_BYTES = 65_536
# A quote that is not closed goes to the end of its line: else each would be looked for to the end of the file.
_QUOTED = re.compile(rb"\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?")
_NO_STEP = bytes(set(range(256)) - set(b"([{)]}\n"))


def reordering(text: str) -> Iterator[tuple[int, int]]:
    """Where a character makes the line look other than it runs."""
    for found in _REORDERING.finditer(text):
        yield found.span()


def controls(text: str) -> Iterator[tuple[int, int]]:
    """Where a control character stands in the text."""
    for found in _CONTROLS.finditer(text):
        yield found.span()


def invisible(text: str) -> Iterator[tuple[int, int]]:
    """Where characters stand that nobody sees."""
    for found in _INVISIBLE.finditer(text):
        yield found.span()


def lookalikes(text: str) -> Iterator[tuple[int, int]]:
    """Where a word mixes Latin letters with ones that only look so, or looks the same as another word of the text."""
    if _NOT_ASCII.search(text) is None:
        return
    words: set[str] | None = None
    for found in _MARKED_WORD.finditer(text):
        word = found[0]
        plain = word.translate(_LOOKALIKES)
        if plain == word:
            continue
        if any("LATIN" in unicodedata.name(char, "") for char in word if char.isalpha()):
            yield found.span()
            continue
        words = set(_WORD.findall(text)) if words is None else words
        if plain in words:
            yield found.span()


def nested_too_deep(content: bytes) -> int | None:
    """The line where the nesting passes the limit. Brackets in comments count too: an estimate, but a fast one."""
    if _too_deep(content) is None:
        return None
    # Tables that tools write as long strings are full of brackets: looked at again without what stands in quotes.
    return _too_deep(_QUOTED.sub(b"", content))


def _too_deep(content: bytes) -> int | None:
    steps = content.translate(_STEP_OF_BYTE, _NO_STEP)
    depth = 0
    for start in range(0, len(steps), _CHUNK_BYTES):
        levels = list(accumulate(array("b", steps[start : start + _CHUNK_BYTES]), initial=depth))
        if max(levels) > NESTING_MAX:
            position = start + next(index for index, level in enumerate(levels) if level > NESTING_MAX)
            return steps.count(_SAME, 0, position) + 1
        depth = levels[-1]
    return None
