"""Promises about the look that is taken at source before it runs."""

from __future__ import annotations

import time

from executor.scan import FILE_BYTES_MAX, NESTING_MAX, TOTAL_BYTES_MAX, scan
from executor.snapshot import SourceFile, take


def rules(*files: tuple[str, bytes], entry: str | None = None) -> dict[str, str]:
    snapshot = take([SourceFile(name, content) for name, content in files], entry=entry or files[0][0])
    return {finding.rule_id: finding.severity for finding in scan(snapshot).findings}


def test_ordinary_source_has_no_findings() -> None:
    code = "# naïve — 東京 🎉 عربى\n\tprint({'a': [1, (2, 3)]})\r\n\f"
    assert rules(("a.py", code.encode())) == {}


def test_too_much_source_is_blocked_with_the_limit_named() -> None:
    assert rules(("a.py", b"x" * (FILE_BYTES_MAX + 1))) == {"size.file": "error"}
    many = [(f"f{index}.py", b"x" * FILE_BYTES_MAX) for index in range(TOTAL_BYTES_MAX // FILE_BYTES_MAX + 1)]
    assert rules(*many) == {"size.total": "error"}


def test_deep_nesting_is_blocked_in_the_entry_and_only_noted_beside_it() -> None:
    deep = b"[" * (NESTING_MAX + 1) + b"]" * (NESTING_MAX + 1)
    assert rules(("a.py", deep)) == {"nesting": "error"}
    assert rules(("a.py", b"1"), ("data.json", deep), entry="a.py") == {"nesting": "warning"}
    assert rules(("a.py", b"[]" * 10_000)) == {}


def test_characters_that_reorder_code_are_found_with_their_line() -> None:
    snapshot = take(code="ok = 1\nif admin:\u202e # }\n", language="python")
    finding = scan(snapshot).findings[0]
    assert (finding.rule_id, finding.line, finding.severity) == ("bidi", 2, "warning")
    assert "U+202E" in finding.message


def test_control_characters_are_found_in_the_entry() -> None:
    assert rules(("a.py", b"x = '\x00'")) == {"control": "warning"}


def test_data_files_may_hold_any_bytes() -> None:
    assert rules(("a.py", b"1"), ("image.png", bytes(range(256))), entry="a.py") == {}


def test_the_largest_source_is_scanned_within_a_second() -> None:
    hostile = [(f"f{index}.py", b"([{" * (FILE_BYTES_MAX // 3)) for index in range(4)]
    started = time.thread_time()  # its own work, whatever else the machine does
    rules(*hostile, ("z.py", "\u202e".encode() * (FILE_BYTES_MAX // 3)))
    rules(*((f"g{index}.py", b"(]{}[)" * (FILE_BYTES_MAX // 6)) for index in range(4)))
    assert time.thread_time() - started < 2.0  # two scans
