"""Names of files: what is refused, and how what came anyway is shown."""

from __future__ import annotations

import pytest

from crdt.languages import language_of
from crdt.names import id_fault, name_fault, safe_name, shown_names

BAD = [
    "",
    "/etc/passwd",
    "../x",
    "a/../b",
    "a//b",
    "./a",
    "a/.",
    "a\0b",
    "a\nb",
    "__proto__",
    "a/constructor",
    "evil\u202egpj.exe",
    "a\u200bb",
    "a\\b",
    "C:\\x",
    " a",
    "a ",
    "x" * 300,
    "/".join(["a"] * 40),
    "a\ud800",
]


@pytest.mark.parametrize("name", BAD)
def test_a_dangerous_name_is_refused_and_shown_harmlessly(name: str) -> None:
    assert name_fault(name) is not None
    shown = safe_name(name, "abc123")
    assert name_fault(shown) is None


@pytest.mark.parametrize("name", ["main.py", "src/lib/x_1.ts", ".env", "über/dat ei.txt", "😀.md", "a.b.c", "Makefile"])
def test_an_ordinary_name_is_taken_as_it_is(name: str) -> None:
    assert name_fault(name) is None and safe_name(name, "x") == name


def test_odd_characters_are_spelled_out() -> None:
    assert safe_name("a\u202eb.py", "x") == "a<U+202E>b.py"


def test_names_are_unique_and_the_smallest_id_wins() -> None:
    raw = [("b", "x.py"), ("a", "x.py"), ("c", "x.py"), ("d", "x.py/inner.py"), ("e", None)]
    shown = shown_names(raw)
    assert shown == shown_names(reversed(raw))
    assert len(set(shown.values())) == 5
    assert shown["d"] == "x.py/inner.py", "a folder goes before a file of its name"
    assert shown["a"] == "x~a.py" and shown["b"] == "x~b.py"
    assert shown_names(raw[:3])["a"] == "x.py"


def test_names_stay_unique_when_somebody_takes_the_escape() -> None:
    shown = shown_names([("aaaaaa1", "x.py"), ("bbbbbb1", "x.py"), ("c", "x~bbbbbb.py")])
    assert len(set(shown.values())) == 3


def test_ids_are_plain() -> None:
    assert id_fault("0b9d-_A") is None
    assert all(id_fault(bad) for bad in ("", "__proto__", "a\0", "x" * 200, "\u202e"))


def test_languages_follow_the_extension() -> None:
    assert [language_of(name) for name in ("a.py", "b/c.MJS", "x.ts", "Makefile", ".bashrc", "a.unknown")] == [
        "python",
        "javascript",
        "typescript",
        "text",
        "text",
        "text",
    ]
