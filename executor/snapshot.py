"""Freezes files, entry and language into the Snapshot that one run is made from.

Names and choices are checked here once; content is only measured and hashed, never interpreted.
"""

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

NAME_BYTES_MAX = 255
NAME_DEPTH_MAX = 32
FILES_MAX = 1_000

EXTENSIONS: dict[str, str] = {
    "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript",
    "ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "typescript",
    "py": "python", "rb": "ruby", "sh": "shell", "bash": "shell", "html": "html", "htm": "html", "css": "css",
    "sql": "sql", "lua": "lua", "php": "php", "pl": "perl", "cs": "csharp", "go": "go", "rs": "rust", "c": "c",
    "cpp": "cpp", "cc": "cpp",
}  # fmt: skip
ALIASES: dict[str, str] = {
    "js": "javascript", "ts": "typescript", "py": "python", "rb": "ruby", "sh": "shell", "bash": "shell",
    "c#": "csharp", "c++": "cpp", "golang": "go", "rs": "rust", "pl": "perl", "node": "javascript",
}  # fmt: skip
DEFAULT_EXTENSION: dict[str, str] = {language: extension for extension, language in reversed(EXTENSIONS.items())}
_RESERVED_SEGMENTS = frozenset({"", ".", "..", "__proto__", "constructor", "prototype"})
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Invalid(ValueError):
    """The request cannot be made into a run; `field` is the caller's name for what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True)
class SourceFile:
    name: str
    content: bytes

    @staticmethod
    def of_text(name: str, text: str) -> "SourceFile":
        # A lone surrogate has no UTF-8 form; the replacement mark is what an editor would show.
        return SourceFile(name, text.encode("utf-8", "replace"))


@dataclass(frozen=True)
class Snapshot:
    files: tuple[SourceFile, ...]
    entry: str
    language: str
    digest: str
    version: int | None = None

    @property
    def size_bytes(self) -> int:
        return sum(len(file.content) for file in self.files)


def take(
    files: Iterable[SourceFile] = (),
    entry: str | None = None,
    code: str | None = None,
    language: str | None = None,
    version: int | None = None,
) -> Snapshot:
    """`code` alone is one file; `code` beside files replaces or adds the entry file."""
    by_name: dict[str, SourceFile] = {}
    for file in files:
        _check_name("files", file.name)
        if file.name in by_name:
            raise Invalid("files", f"two files are named {_shown(file.name)}")
        by_name[file.name] = file
    spoken = _language(language)
    if entry is not None:
        _check_name("entry", entry)
    if code is not None:
        if entry is None:
            if spoken is None:
                raise Invalid("language", "code without an entry needs a language")
            entry = f"main.{DEFAULT_EXTENSION.get(spoken, 'txt')}"
        by_name[entry] = SourceFile.of_text(entry, code)
    if not by_name:
        raise Invalid("code", "there is nothing to run: give code or files")
    if len(by_name) > FILES_MAX:
        raise Invalid("files", f"at most {FILES_MAX} files, got {len(by_name)}")
    if entry is None:
        entry = _only_entry(by_name, spoken)
    if entry not in by_name:
        raise Invalid("entry", f"there is no file {_shown(entry)}")
    spoken = spoken or EXTENSIONS.get(PurePosixPath(entry).suffix.removeprefix(".").lower())
    if spoken is None:
        raise Invalid("language", f"the language of {_shown(entry)} is not known by its extension; name it")
    frozen = tuple(by_name[name] for name in sorted(by_name))
    return Snapshot(frozen, entry, spoken, _digest(frozen, entry, spoken), version)


def _language(language: str | None) -> str | None:
    if language is None:
        return None
    lowered = language.strip().lower()
    if not lowered:
        raise Invalid("language", "the language is empty")
    return ALIASES.get(lowered, lowered)


def _only_entry(by_name: dict[str, SourceFile], language: str | None) -> str:
    if len(by_name) == 1:
        return next(iter(by_name))
    candidates = [
        name
        for name in sorted(by_name)
        if PurePosixPath(name).stem in ("main", "index")
        and "/" not in name
        and (language is None or EXTENSIONS.get(PurePosixPath(name).suffix.removeprefix(".").lower()) == language)
    ]
    if not candidates:
        raise Invalid("entry", "several files and none named main or index: name the entry")
    return min(candidates, key=lambda name: (PurePosixPath(name).stem != "main", name))


def _check_name(field: str, name: str) -> None:
    problem = name_problem(name)
    if problem:
        raise Invalid(field, f"{_shown(name)}: {problem}")


def name_problem(name: str) -> str | None:
    """Why a name is not a plain relative POSIX path, or None."""
    if len(name.encode("utf-8", "replace")) > NAME_BYTES_MAX:
        return f"a name has at most {NAME_BYTES_MAX} bytes"
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        return "control characters are not allowed in names"
    if BIDI_CONTROLS.intersection(name):
        return "bidirectional control characters are not allowed in names"
    if "\\" in name:
        return "names use / and not a backslash"
    segments = name.split("/")
    if len(segments) > NAME_DEPTH_MAX:
        return f"at most {NAME_DEPTH_MAX} folders deep"
    if _RESERVED_SEGMENTS.intersection(segments):
        return "a name is a plain relative path, without empty, '.', '..' or reserved parts"
    return None


def _shown(name: str) -> str:
    # Escaped, so that a hostile name cannot rearrange the message it is shown in.
    return ascii(name[:80])


def _digest(files: tuple[SourceFile, ...], entry: str, language: str) -> str:
    digest = hashlib.sha256()
    contents = (part for file in files for part in (file.name.encode(), file.content))
    for part in (language.encode(), entry.encode(), *contents):
        # Lengths go in first, so that no two different lists of parts give the same bytes.
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
