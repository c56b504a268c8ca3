"""Bytes to messages and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from crdt import protocol as p
from crdt.model import FrameError, Limits


@given(st.integers(0, p.INTEGER_MAX))
def test_integers_come_back(value: int) -> None:
    assert p.read_varint(p.write_varint(value), 0) == (value, len(p.write_varint(value)))


def test_integers_have_an_end() -> None:
    with pytest.raises(FrameError):
        p.read_varint(b"\xff" * 11 + b"\x00", 0)
    with pytest.raises(FrameError):
        p.read_varint(p.write_varint(p.INTEGER_MAX + 1), 0)


def test_several_messages_in_one_frame_are_all_read() -> None:
    entry = p.AwarenessEntry(5, 1, b"{}")
    frame = (
        p.step1_frame(b"\x00") + p.step2_frame(b"\x00\x00") + p.update_frame(b"\x00\x00")
        + p.awareness_frame([entry]) + p.denied_frame("no") + p.query_awareness_frame()
    )  # fmt: skip
    assert p.parse(frame, Limits()) == [
        p.SyncStep1(b"\x00"),
        p.SyncStep2(b"\x00\x00"),
        p.SyncUpdate(b"\x00\x00"),
        p.AwarenessUpdate((entry,)),
        p.AuthMessage(b"no"),
        p.QueryAwareness(),
    ]


@pytest.mark.parametrize("frame", [b"", b"\x00", b"\x00\x02\x05ab", b"\x09", b"\x00\x07\x00", b"\x01\x02\x05\x00"])
def test_what_is_cut_off_or_unknown_is_refused_with_a_code(frame: bytes) -> None:
    with pytest.raises(FrameError) as refused:
        p.parse(frame, Limits())
    assert refused.value.close_code == 4400


def test_state_vectors_are_those_of_the_library() -> None:
    doc: Doc[Any] = Doc(client_id=300)
    doc["files"] = Map({"f": Map({"content": Text("abc")})})
    vector = p.parse_state_vector(doc.get_state(), 10)
    assert vector == {300: 5}
    assert p.encode_state_vector(vector) == doc.get_state()
    with pytest.raises(FrameError):
        p.parse_state_vector(doc.get_state() + b"x", 10)
    with pytest.raises(FrameError):
        p.parse_state_vector(doc.get_state(), 0)
