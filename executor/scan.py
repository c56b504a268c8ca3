"""Looks at a Snapshot before it runs: sizes, nesting, and characters that make code look other than it is.

Scanning advises and bounds; it never decides what a running program may do, which is the sandbox's part.
"""

import re
from array import array
from dataclasses import dataclass
from itertools import accumulate

from executor.events import Finding
from executor.snapshot import Snapshot

FILE_BYTES_MAX = 2 * 2**20
TOTAL_BYTES_MAX = 10 * 2**20
NESTING_MAX = 500
FINDINGS_MAX = 100
# Bidirectional overrides and isolates: the ones that reorder code (CVE-2021-42574). Plain marks are left alone.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# NUL and the other C0 controls but tab, newline, form feed, carriage return; and DEL.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
# Brackets as steps up and down, line ends as no step, all else dropped: then depth is a running sum, made in C.
_UP, _SAME, _DOWN = b"\x01", b"\x00", b"\xff"
_STEP_OF_BYTE = bytes.maketrans(b"([{)]}\n", _UP * 3 + _DOWN * 3 + _SAME)
_CHUNK_BYTES = 65_536
_NO_STEP = bytes(set(range(256)) - set(b"([{)]}\n"))


@dataclass(frozen=True)
class Scan:
    findings: tuple[Finding, ...]

    @property
    def blocked(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


def scan(snapshot: Snapshot) -> Scan:
    findings: list[Finding] = []
    if snapshot.size_bytes > TOTAL_BYTES_MAX:
        findings.append(
            Finding(
                rule_id="size.total", severity="error", file=snapshot.entry, line=1,
                message=f"the files have {snapshot.size_bytes} bytes together, the limit is {TOTAL_BYTES_MAX}",
                mend="run fewer or smaller files",
            )
        )  # fmt: skip
        return Scan(tuple(findings))
    for file in snapshot.files:
        if len(file.content) > FILE_BYTES_MAX:
            findings.append(
                Finding(
                    rule_id="size.file", severity="error", file=file.name, line=1,
                    message=f"{len(file.content)} bytes, the limit is {FILE_BYTES_MAX}", mend="split the file",
                )
            )  # fmt: skip
            continue
        findings.extend(_of_text(file.name, file.content, is_entry=file.name == snapshot.entry))
        if len(findings) >= FINDINGS_MAX:
            break
    return Scan(tuple(findings[:FINDINGS_MAX]))


def _of_text(name: str, content: bytes, *, is_entry: bool) -> list[Finding]:
    findings: list[Finding] = []
    line = _nested_too_deep(content)
    if line:
        findings.append(
            Finding(
                rule_id="nesting", severity="error" if is_entry else "warning", file=name, line=line,
                message=f"brackets are nested more than {NESTING_MAX} deep", mend="build the value in a loop",
            )
        )  # fmt: skip
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return findings  # a data file: bytes may be anything
    found = _REORDERING.search(text)
    if found:
        findings.append(
            Finding(
                rule_id="bidi", severity="warning", file=name, line=_line_of(text, found.start()),
                message=f"U+{ord(found[0]):04X} makes this line look other than it runs",
                mend="remove the character or write it as an escape",
            )
        )  # fmt: skip
    found = _CONTROLS.search(text)
    if found and is_entry:
        findings.append(
            Finding(
                rule_id="control", severity="warning", file=name, line=_line_of(text, found.start()),
                message=f"control character U+{ord(found[0]):04X} in the source", mend="write it as an escape",
            )
        )  # fmt: skip
    return findings


def _line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _nested_too_deep(content: bytes) -> int | None:
    """The line where the nesting passes the limit. Brackets in strings count too: an estimate, but a fast one."""
    steps = content.translate(_STEP_OF_BYTE, _NO_STEP)
    depth = 0
    for start in range(0, len(steps), _CHUNK_BYTES):
        levels = list(accumulate(array("b", steps[start : start + _CHUNK_BYTES]), initial=depth))
        if max(levels) > NESTING_MAX:
            position = start + next(index for index, level in enumerate(levels) if level > NESTING_MAX)
            return steps.count(_SAME, 0, position) + 1
        depth = levels[-1]
    return None
