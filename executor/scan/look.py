"""Matches the rules against files and says what it found, as plain values; the entry file first, and no longer than its deadline.

It runs in a worker process: whatever code does to a parser happens there, and nothing here holds a file after its answer.
"""

import math
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, TypeVar

from ast_grep_py import SgNode, SgRoot

from executor.scan import shape
from executor.scan.linters import Ruff, detected
from executor.scan.rule import GRAMMARS, PACKS, Rule, packs
from executor.snapshot import EXTENSIONS

FINDINGS_MAX = 100
FINDINGS_PER_RULE_MAX = 5
SECRETS_MAX = 50
SECRET_CHARS_MAX = 4_096
# Parsing takes some 150 times the text in memory and 0.4 s a megabyte; larger files are looked at by their text alone.
TREE_BYTES_MAX = 256 * 1024
# Text rules read no further than this into one file, so that one large data file does not use up the time of all.
TEXT_CHARS_MAX = 1024 * 1024
# The detectors of others read so much of all files together.
DETECTED_CHARS_MAX = 256 * 1024
# In bits a character, as rules of ours ask of a secret.
DETECTED_ENTROPY_MIN = 3.0
# Python files that ruff is given, the entry first: each is a process of some 10 ms.
RUFF_FILES_MAX = 8
# Ruff's codes for passwords.
ABOUT_SECRETS = ("S105", "S106", "S107")
_PROSE = {
    "javascript": (("comment",), ("string_fragment",)),
    "typescript": (("comment",), ("string_fragment",)),
    "tsx": (("comment",), ("string_fragment",)),
    "python": (("comment",), ("string_content",)),
    "ruby": (("comment",), ("string_content", "heredoc_content")),
    "bash": (("comment",), ("string_content", "raw_string", "heredoc_body")),
    "html": (("comment",), ("text", "attribute_value")),
    "css": (("comment",), ("string_value",)),
    "lua": (("comment",), ("string_content",)),
}
_PLACEHOLDERS = (
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "your",
    "dummy",
    "sample",
    "xxxx",
    "redacted",
    "****",
    "1234567890",
)

Found = dict[str, Any]
T = TypeVar("T")


class Late(Exception):
    """The deadline has passed."""


@dataclass
class Report:
    findings: list[Found] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    # Set when not everything was looked at.
    partial: str | None = None


def look(files: Sequence[tuple[str, bytes]], entry: str, language: str, deadline: float) -> Report:
    """What is to be said of the files. `deadline` is on the monotonic clock; what was found by then is the answer."""
    report = Report()
    ordered = sorted(files, key=lambda file: file[0] != entry)
    texts = [_Text(name, content, language if name == entry else None, deadline) for name, content in ordered]
    early: Ruff | None = None
    try:
        for text in texts:
            _shape(text, text.name == entry, report)
        python = [text for text in texts if text.readable and text.grammar == "python"][:RUFF_FILES_MAX]
        # It reads the first while our own rules look.
        early = Ruff(python[0].content) if python else None
        for text in texts:
            _by_text(text, report)
        for text in texts:
            _by_tree(text, report)
        _by_detectors(texts, report)
        for text in python:
            _by_ruff(early or Ruff(text.content), text, report)
            early = None
    except (Late, TimeoutError):
        report.partial = "the time for the scan was over"
    except (OSError, ValueError) as error:
        report.partial = f"ruff broke off ({type(error).__name__})"
    finally:
        if early is not None:
            early.close()
    if len(report.findings) >= FINDINGS_MAX:
        report.findings = report.findings[:FINDINGS_MAX]
    return report


class _Text:
    """One file: its text, its language, and the tree once a rule needs it."""

    def __init__(self, name: str, content: bytes, language: str | None, deadline: float) -> None:
        self.name = name
        self.content = content
        self.deadline = deadline
        extension = PurePosixPath(name).suffix.removeprefix(".").lower()
        self.language = language or EXTENSIONS.get(extension) or _by_shebang(content)
        self.grammar = "tsx" if extension in ("tsx", "jsx") else GRAMMARS.get(self.language or "")
        try:
            self.text: str | None = content.decode()
        except UnicodeDecodeError:
            self.text = None  # a data file: bytes may be anything
        self._root: SgNode | None = None
        self._prose: dict[bool, list[tuple[int, float]]] = {}

    def in_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise Late

    @property
    def readable(self) -> bool:
        """Whether it is a text that is not too large for a parser."""
        return self.text is not None and len(self.content) <= TREE_BYTES_MAX

    def tree(self) -> SgNode | None:
        """The syntax tree, or None for a language without a grammar and for what is too large."""
        if self._root is None and self.grammar and self.text is not None and self.readable:
            self.in_time()
            self._root = SgRoot(self.text, self.grammar).root()
        return self._root

    def in_prose(self, start: int, *, strings: bool) -> bool:
        """Whether this place lies in a comment, or in a string when `strings` says so."""
        if strings not in self._prose:
            spans: list[tuple[int, float]] = []
            if (root := self.tree()) is not None:
                comments, texts = _PROSE[self.grammar or ""]
                kinds = [{"kind": kind} for kind in (*comments, *(texts if strings else ()))]
                config: Any = {"rule": {"any": kinds}}
                for node in root.find_all(config):
                    place = node.range()
                    spans.append((place.start.index, place.end.index))
            self._prose[strings] = spans
        spans = self._prose[strings]
        position = bisect_right(spans, (start, math.inf)) - 1
        return position >= 0 and start < spans[position][1]

    def position(self, offset: int) -> tuple[int, int]:
        """(line, column), both from 1, in code points."""
        assert self.text is not None
        before = self.text.rfind("\n", 0, offset)
        return self.text.count("\n", 0, offset) + 1, offset - before

    def found(self, rule: str, cwe: str, severity: str, message: str, mend: str, start: int, end: int) -> Found:
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        return _found(self.name, rule, cwe, severity, message, mend, line, column, end_line, end_column)


def _found(
    file: str, rule: str, cwe: str, severity: str, message: str, mend: str, line: int, column: int, end_line: int, end_column: int
) -> Found:  # fmt: skip
    return {
        "rule_id": rule, "cwe": cwe, "severity": severity, "file": file, "line": line, "column": column,
        "end_line": end_line, "end_column": end_column, "message": message, "mend": mend,
    }  # fmt: skip


def _by_shebang(content: bytes) -> str | None:
    first = content[:80].split(b"\n", 1)[0]
    if not first.startswith(b"#!"):
        return None
    program = first.rsplit(b"/", 1)[-1].split()[-1:]
    name = program[0].decode("ascii", "replace") if program else ""
    return {
        "sh": "shell",
        "bash": "shell",
        "python3": "python",
        "python": "python",
        "node": "javascript",
        "ruby": "ruby",
    }.get(name)


def _shape(text: _Text, is_entry: bool, report: Report) -> None:
    text.in_time()
    line = shape.nested_too_deep(text.content)
    if line:
        text.grammar = None  # some grammars take minutes for what nests like that
        message = f"brackets are nested more than {shape.NESTING_MAX} deep"
        severity = "critical" if is_entry else "low"
        report.findings.append(
            _found(text.name, "nesting", "CWE-674", severity, message, "build the value in a loop", line, 1, line, 1)
        )
    if text.text is None:
        return
    checks: tuple[tuple[str, str, str, Callable[[str], Iterator[tuple[int, int]]], str, str], ...] = (
        ("bidi", "CWE-1007", "high", shape.reordering, "{} makes this line look other than it runs",
         "remove the character or write it as an escape"),
        ("control", "CWE-116", "low", shape.controls, "control character {} in the source", "write it as an escape"),
        ("invisible", "CWE-1007", "low", shape.invisible, "{} cannot be seen, and what it hides still counts",
         "remove the character or write it as an escape"),
    )  # fmt: skip
    for rule, cwe, severity, where, message, mend in checks:
        if rule == "control" and not is_entry:
            continue
        for start, end in _first(where(text.text)):
            shown = f"U+{ord(text.text[start]):04X}"
            report.findings.append(text.found(rule, cwe, severity, message.format(shown), mend, start, end))
    message, mend = (
        "this name holds letters of another script that look like Latin ones",
        "type the name anew, in one script",
    )
    told = (span for span in shape.lookalikes(text.text) if not text.in_prose(span[0], strings=True))
    for start, end in _first(told):
        report.findings.append(text.found("lookalike", "CWE-1007", "medium", message, mend, start, end))


def _by_text(text: _Text, report: Report) -> None:
    if text.text is None:
        return
    own = PACKS.get(text.language or "", ())
    for rule in (*packs()["any"], *(rule for pack in own for rule in packs()[pack])):
        if rule.regex is None or not _may_hit(rule, text.text):
            continue
        text.in_time()
        # A list of bad addresses is no program that uses them: outside of code nothing is critical.
        severity = "high" if rule.severity == "critical" and not own else rule.severity
        for start, end in _first(_regex_hits(rule, text, report)):
            report.findings.append(text.found(rule.id, rule.cwe, severity, rule.message, rule.mend, start, end))


def _regex_hits(rule: Rule, text: _Text, report: Report) -> Iterator[tuple[int, int]]:
    assert rule.regex is not None and text.text is not None
    named = "secret" in rule.regex.groupindex
    for found in rule.regex.finditer(text.text, 0, TEXT_CHARS_MAX):
        group = "secret" if named else 0
        value = found[group]
        if named and (_entropy(value) < rule.entropy or any(word in value.lower() for word in _PLACEHOLDERS)):
            continue
        start, end = found.span(group)
        if not rule.comments and text.in_prose(start, strings=False):
            continue
        if rule.mask:
            # A key of several lines is written line by line, so each line is hidden by itself.
            lines = [line.strip() for line in value[:SECRET_CHARS_MAX].splitlines()]
            report.secrets += [line for line in lines if len(line) >= 12][: SECRETS_MAX - len(report.secrets)]
        yield start, end


def _by_tree(text: _Text, report: Report) -> None:
    if text.text is None:
        return
    rules = [rule for pack in PACKS.get(text.language or "", ()) for rule in packs()[pack] if rule.config is not None]
    for rule in rules:
        if not _may_hit(rule, text.text) or (rule.grammars and text.grammar not in rule.grammars):
            continue
        root = text.tree()
        if root is None:
            return
        text.in_time()
        if all(root.find(also) for also in rule.also):
            report.findings += [_of_node(rule, text.name, node, 0, 1) for node in _first(_nodes(root, rule))]
    if text.language == "html" and "<script" in text.text.lower():
        _by_scripts(text, report)


def _by_scripts(text: _Text, report: Report) -> None:
    """The scripts inside a page, by JavaScript's rules, at their places in the page."""
    root = text.tree()
    if root is None:
        return
    for script in root.find_all(kind="script_element"):
        for raw in script.children():
            if raw.kind() != "raw_text":
                continue
            code, start = raw.text(), raw.range().start
            inner: SgNode | None = None
            for rule in packs()["javascript"]:
                if rule.config is None or not _may_hit(rule, code):
                    continue
                text.in_time()
                inner = inner or SgRoot(code, "javascript").root()
                if all(inner.find(also) for also in rule.also):
                    report.findings += [
                        _of_node(rule, text.name, node, start.line, start.column + 1)
                        for node in _first(_nodes(inner, rule))
                    ]


def _by_detectors(texts: Iterable[_Text], report: Report) -> None:
    """Secrets that no rule of ours has found in that line."""
    known = {(found["file"], found["line"]) for found in report.findings if found["rule_id"].startswith("secret.")}
    left = DETECTED_CHARS_MAX
    for text in texts:
        if text.text is None or left <= 0:
            continue
        text.in_time()
        counts: Counter[str] = Counter()
        for rule, start, value in detected(text.text, left):
            if _entropy(value) < DETECTED_ENTROPY_MIN or any(word in value.lower() for word in _PLACEHOLDERS):
                continue
            found = text.found(rule.id, rule.cwe, rule.severity, rule.message, rule.mend, start, start + len(value))
            counts[rule.id] += 1
            if (text.name, found["line"]) in known or counts[rule.id] > FINDINGS_PER_RULE_MAX:
                continue
            known.add((text.name, found["line"]))
            report.findings.append(found)
            if len(report.secrets) < SECRETS_MAX:
                report.secrets.append(value[:SECRET_CHARS_MAX])
        left -= len(text.text)


def _by_ruff(ruff: Ruff, text: _Text, report: Report) -> None:
    """What no rule of ours has said of that line: the same weakness is told once."""
    known = {(found["line"], found["cwe"]) for found in report.findings if found["file"] == text.name}
    secrets = {
        found["line"]
        for found in report.findings
        if found["file"] == text.name and found["rule_id"].startswith("secret.")
    }
    try:
        hits = ruff.hits(text.deadline)
    finally:
        ruff.close()
    counts: Counter[str] = Counter()
    for hit in hits:
        rule = hit.rule
        counts[rule.id] += 1
        told = (hit.line, rule.cwe) in known or (rule.code in ABOUT_SECRETS and hit.line in secrets)
        if not told and counts[rule.id] <= FINDINGS_PER_RULE_MAX:
            report.findings.append(
                _found(text.name, rule.id, rule.cwe, rule.severity, rule.message, rule.mend,
                       hit.line, hit.column, hit.end_line, hit.end_column)
            )  # fmt: skip


def _nodes(root: SgNode, rule: Rule) -> Iterable[SgNode]:
    """The places of a rule's hits: outermost first, and none twice."""
    last = -1
    for node in root.find_all(rule.config):
        start = node.range().start.index
        if start >= last:
            yield node
            last = node.range().end.index


def _of_node(rule: Rule, file: str, node: SgNode, line_offset: int, first_column: int) -> Found:
    place = node.range()
    # Only the first line of an embedded text is moved to the right by what stands before it.
    start_column = place.start.column + (first_column if place.start.line == 0 else 1)
    end_column = place.end.column + (first_column if place.end.line == 0 else 1)
    start_line, end_line = place.start.line + 1 + line_offset, place.end.line + 1 + line_offset
    return _found(
        file, rule.id, rule.cwe, rule.severity, rule.message, rule.mend, start_line, start_column, end_line, end_column
    )


def _may_hit(rule: Rule, text: str) -> bool:
    return not rule.words or any(word in text for word in rule.words)


def _first(hits: Iterable[T]) -> Iterator[T]:
    for count, hit in enumerate(hits, start=1):
        yield hit
        if count == FINDINGS_PER_RULE_MAX:
            return


def _entropy(text: str) -> float:
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
