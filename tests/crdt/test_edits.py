"""Differences and transformed edits: small, exact, and kind to what others wrote."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.edits import apply_edits, check_edits, clean_text, diff, transform
from crdt.model import EditRefused, TextEdit

texts = st.text(alphabet="ab\n😀é", max_size=30)


@given(texts, texts)
@settings(max_examples=300, deadline=None)
def test_a_difference_turns_the_old_text_into_the_new(old: str, new: str) -> None:
    assert apply_edits(old, diff(old, new)) == new


def test_a_difference_leaves_alone_what_did_not_change() -> None:
    old = "".join(f"line {number}\n" for number in range(3_000))
    new = old.replace("line 7\n", "line seven\n").replace("line 2990\n", "")
    edits = diff(old, new)
    assert apply_edits(old, edits) == new
    assert sum(edit.end - edit.start + len(edit.text) for edit in edits) < 200


def test_a_difference_of_huge_texts_does_not_stall() -> None:
    began = time.thread_time()
    assert diff("ab\n" * 300_000, "ba\n" * 300_000)
    assert time.thread_time() - began < 1.0


@st.composite
def two_sides(draw: st.DrawFn) -> tuple[str, list[TextEdit], list[TextEdit]]:
    text = draw(st.text(alphabet="abcdef", max_size=20))

    def edits(mark: str) -> list[TextEdit]:
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
        pairs = zip(cuts[::2], cuts[1::2], strict=False)
        return [TextEdit(start, end, draw(st.sampled_from(["", mark, mark * 2]))) for start, end in pairs]

    return text, edits("X"), edits("Y")


@given(two_sides())
@settings(max_examples=500, deadline=None)
def test_a_moved_edit_keeps_all_insertions_and_deletes_nothing_new(
    case: tuple[str, list[TextEdit], list[TextEdit]],
) -> None:
    text, mine, theirs = case
    moved = check_edits(transform(mine, theirs))
    result = apply_edits(apply_edits(text, theirs), moved)
    assert result.count("X") == sum(edit.text.count("X") for edit in mine)
    assert result.count("Y") == sum(edit.text.count("Y") for edit in theirs)
    survivors = "".join(
        char for at, char in enumerate(text) if not any(edit.start <= at < edit.end for edit in (*mine, *theirs))
    )
    assert result.replace("X", "").replace("Y", "") == survivors


def test_overlapping_and_outlying_edits_are_refused() -> None:
    for edits in ([TextEdit(0, 3, ""), TextEdit(2, 4, "")], [TextEdit(3, 2, "")], [TextEdit(-1, 0, "")]):
        with pytest.raises(EditRefused) as refused:
            check_edits(edits, 10)
        assert refused.value.code == "invalid" and refused.value.field == "edits"
    with pytest.raises(EditRefused):
        check_edits([TextEdit(0, 11, "")], 10)


def test_lone_surrogates_become_what_yjs_makes_of_them() -> None:
    assert clean_text("a\ud800b") == "a\ufffdb"
    assert clean_text("\ud83d\ude00") == "😀"
    assert clean_text("\0") == "\0"
