"""Promises about how files and code become what one run is made from."""

from __future__ import annotations

import pytest

from executor.snapshot import Invalid, SourceFile, take

A = SourceFile("a.py", b"print(1)")
B = SourceFile("lib/b.py", b"x = 1")


def test_code_alone_is_one_file_named_by_its_language() -> None:
    snapshot = take(code="print(1)", language="python")
    assert snapshot.entry == "main.py" and snapshot.files == (SourceFile("main.py", b"print(1)"),)
    assert take(code="x", language="TS").entry == "main.ts"


def test_code_beside_files_replaces_or_adds_the_entry() -> None:
    replaced = take([A, B], entry="a.py", code="print(2)")
    assert [file.content for file in replaced.files if file.name == "a.py"] == [b"print(2)"]
    added = take([A, B], entry="c.py", code="print(3)")
    assert len(added.files) == 3 and added.entry == "c.py" and added.language == "python"


def test_the_language_follows_the_entrys_extension_when_it_is_not_named() -> None:
    assert take([A, B], entry="a.py").language == "python"
    assert take([SourceFile("x.mts", b"1")]).language == "typescript"
    with pytest.raises(Invalid) as refused:
        take([SourceFile("notes.txt", b"1")])
    assert refused.value.field == "language"


def test_one_file_or_a_main_file_is_the_entry_when_none_is_named() -> None:
    assert take([A]).entry == "a.py"
    assert take([A, SourceFile("main.py", b"1")]).entry == "main.py"
    with pytest.raises(Invalid) as refused:
        take([A, B])
    assert refused.value.field == "entry"


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../up", "a/../b", "a//b", "", "a\x00b", "a\nb", "__proto__", "x/__proto__/y", "a\\b",
     "a\u202eb", "x" * 256, "/".join("x" * 40)],
)  # fmt: skip
def test_names_that_are_no_plain_relative_paths_are_refused_and_shown_escaped(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        take([SourceFile(name, b"1")], language="python")
    assert refused.value.field == "files" and str(refused.value).isascii() and str(refused.value).isprintable()


def test_what_is_missing_is_named() -> None:
    for arguments, field in [
        ({"files": []}, "code"),
        ({"files": [A], "entry": "b.py"}, "entry"),
        ({"code": "1"}, "language"),
        ({"files": [A, A]}, "files"),
    ]:
        with pytest.raises(Invalid) as refused:
            take(**arguments)  # type: ignore[arg-type]
        assert refused.value.field == field


def test_the_digest_changes_with_every_part_and_with_nothing_else() -> None:
    base = take([A, B], entry="a.py")
    assert base.digest == take([B, A], entry="a.py", version=9).digest
    others = [
        take([A, B], entry="lib/b.py"),
        take([A, SourceFile("lib/b.py", b"x = 2")], entry="a.py"),
        take([A, SourceFile("lib/c.py", b"x = 1")], entry="a.py"),
        take([A, B], entry="a.py", language="ruby"),
    ]
    assert len({base.digest, *(other.digest for other in others)}) == 5


def test_lone_surrogates_in_text_become_marks_instead_of_faults() -> None:
    assert take(code="x = '\ud800'", language="python").files[0].content == b"x = '?'"
