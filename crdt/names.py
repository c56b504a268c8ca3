"""What a file may be called, and how a name that came from a stranger is shown.
Who may name a file, and where names are stored, never lives here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from crdt.model import EditRefused

NAME_BYTES_MAX = 512
SEGMENT_BYTES_MAX = 255
NAME_SEGMENTS_MAX = 32
FILE_ID_CHARS_MAX = 128
LANGUAGE_CHARS_MAX = 32

_RESERVED = frozenset({"__proto__", "prototype", "constructor"})
_LANGUAGE = re.compile(r"[a-z0-9][a-z0-9+#._-]*\Z")
# Plain names, nearly all there are, are told by one match.
_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*"
_PLAIN = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*\Z")


def _is_bad_char(char: str) -> bool:
    # Cc control, Cf invisible format (all bidi controls are here), Cs surrogate, Zl and Zp line separators, Cn and
    # Co without a meaning of their own. A zero-width joiner is Cf as well: an emoji family is not worth a disguise.
    return char == "\\" or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co")


def name_fault(name: str) -> str | None:
    """Why `name` may not be a file name, or None."""
    if not isinstance(name, str) or not name:
        return "a file needs a name"
    # So short a name cannot have too many parts.
    if len(name) <= NAME_SEGMENTS_MAX and _PLAIN.match(name) and not _RESERVED.intersection(name.split("/")):
        return None
    if any(_is_bad_char(char) for char in name):
        return "a file name may not contain control, invisible or text-direction characters, or a backslash"
    if len(name.encode()) > NAME_BYTES_MAX:
        return f"a file name has at most {NAME_BYTES_MAX} bytes"
    segments = name.split("/")
    if len(segments) > NAME_SEGMENTS_MAX:
        return f"a file name has at most {NAME_SEGMENTS_MAX} parts"
    for segment in segments:
        if segment == "":
            return "a file name is a relative path without empty parts"
        if segment in (".", ".."):
            return "a file name may not contain . or .. parts"
        if segment in _RESERVED:
            return f"a file may not be called {segment}"
        if segment != segment.strip():
            return "the parts of a file name may not begin or end with a space"
        if len(segment.encode()) > SEGMENT_BYTES_MAX:
            return f"a part of a file name has at most {SEGMENT_BYTES_MAX} bytes"
    return None


def check_name(name: str) -> None:
    fault = name_fault(name)
    if fault is not None:
        raise EditRefused("invalid", fault, "name")


def id_fault(file_id: str) -> str | None:
    """Why `file_id` may not be the id of a file, or None."""
    if not file_id or len(file_id) > FILE_ID_CHARS_MAX:
        return f"a file id has 1 to {FILE_ID_CHARS_MAX} characters"
    if file_id in _RESERVED or any(_is_bad_char(char) for char in file_id):
        return "a file id may not be a reserved word or contain control characters"
    return None


def check_language(language: str) -> None:
    if not is_language(language):
        raise EditRefused("invalid", "a language is a short lower-case word", "language")


def is_language(language: object) -> bool:
    return isinstance(language, str) and len(language) <= LANGUAGE_CHARS_MAX and _LANGUAGE.match(language) is not None


def safe_name(raw: object, file_id: str) -> str:
    """`raw` itself where it is a good name, else the nearest one that is: what is odd in it is spelled out."""
    tail = re.sub(r"[^A-Za-z0-9]", "", file_id)[:8] or "file"
    if not isinstance(raw, str) or not raw:
        return f"untitled-{tail}"
    if name_fault(raw) is None:
        return raw
    spelled = "".join(f"<U+{ord(char):04X}>" if _is_bad_char(char) else char for char in raw[:NAME_BYTES_MAX])
    parts = []
    for segment in spelled.split("/")[:NAME_SEGMENTS_MAX]:
        segment = segment.strip().encode()[: SEGMENT_BYTES_MAX - 8].decode("utf-8", "ignore").strip()
        if segment in _RESERVED or segment in (".", ".."):
            segment = "_" + segment.replace(".", "_")
        if segment:
            parts.append(segment)
    shown = "/".join(parts)
    if name_fault(shown) is None:
        return shown
    return f"untitled-{tail}"


def shown_names(raw: Iterable[tuple[str, object]]) -> dict[str, str]:
    """File id → the name it is shown and found under, the same on every replica.

    Of several files with one name, the one with the smallest id keeps it; the others keep their text and are shown
    with a part of their id before the extension. A file whose name is a folder of another file yields likewise."""
    wanted = sorted((safe_name(name, file_id), file_id) for file_id, name in raw)
    folders = {name[:at] for name, _ in wanted for at in _slashes(name)}
    taken: set[str] = set()
    shown: dict[str, str] = {}
    late: list[tuple[str, str]] = []
    for name, file_id in wanted:
        if name in taken or name in folders:
            late.append((name, file_id))
        else:
            taken.add(name)
            shown[file_id] = name
    for name, file_id in late:
        folder, slash, base = name.rpartition("/")
        stem, dot, extension = base.rpartition(".")
        if not stem:
            stem, dot, extension = base, "", ""
        tail = re.sub(r"[^A-Za-z0-9]", "", file_id) or "x"
        length = 6
        count = 0
        while True:
            mark = tail[:length] + (f"-{count}" if count else "")
            candidate = f"{folder}{slash}{stem}~{mark}{dot}{extension}"
            if candidate not in taken and candidate not in folders:
                break
            if length < len(tail):
                length += 6
            else:
                count += 1
        taken.add(candidate)
        shown[file_id] = candidate
    return shown


def _slashes(name: str) -> list[int]:
    return [at for at, char in enumerate(name) if char == "/"]
