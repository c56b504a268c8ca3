"""Frames from strangers: whatever the bytes, the room stays whole, quick, and the same for the honest."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from pycrdt import Map

from crdt.document import Document
from crdt.model import FrameError, Limits
from crdt.protocol import parse, parse_state_vector, step1_frame, update_frame, write_varint
from crdt.update import scan
from tests.crdt.clients import Client, node, person, settle

FRAMES = int(os.environ.get("CRDT_FUZZ_FRAMES", "40000"))
STALL_SECONDS_MAX = 1.0


def corpus() -> list[bytes]:
    """Honest frames of a lively session, the stuff that mutants are made of."""
    writer = Client(person("writer"))
    writer.make_file("f", "main.py", "def a():\n    return '😀é'\n")
    writer.make_file("g", "b.txt", "")
    writer.text("g").insert(0, "hello\0world")
    del writer.text("f")[3:6]
    writer.text("f").insert(2, "x")
    entry = writer.files["f"]
    entry["name"] = "other.py"
    del writer.files["g"]
    writer.make_file("g", "b.txt", "again")
    comments = writer.doc.get("comments", type=Map)
    comments["t1/id-eve"] = {"thread": "t1", "text": "why?", "at": 1.0, "name": "eve", "kind": "human"}
    comments["t1"] = {"resolved": True, "by": "id-eve", "name": "eve", "at": 2.0}
    del comments["t1/id-eve"]
    frames = list(writer.outbox)
    frames.append(update_frame(writer.doc.get_update()))
    frames.append(step1_frame(writer.doc.get_state()))
    frames.append(b"\x01" + write_varint(16) + b"\x01" + write_varint(9_000) + b"\x01\x0b" + b'{"cursor":1}'[:11])
    return frames


def mutate(frame: bytes, rng: random.Random) -> bytes:
    data = bytearray(frame)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        kind = rng.randrange(6)
        at = rng.randrange(len(data)) if data else 0
        if kind == 0 and data:
            data[at] = rng.randrange(256)
        elif kind == 1 and data:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2 and data:
            del data[at : at + rng.randrange(1, 5)]
        elif kind == 3:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 5)))
        elif kind == 4 and data:
            stretch = data[at : at + rng.randrange(1, 12)]
            to = rng.randrange(len(data))
            data[to:to] = stretch
        elif data:
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
    return bytes(data)


def reframe(frame: bytes) -> bytes:
    """The payload of a broken update under a length that is right, so that the mutation is not lost on the frame."""
    return update_frame(frame[3:]) if len(frame) > 3 else frame


@pytest.mark.parametrize("count", [FRAMES, pytest.param(1_000_000, marks=pytest.mark.soak)])
async def test_mutated_frames_hurt_nobody(tmp_path: Path, count: int) -> None:
    seed = int(os.environ.get("CRDT_FUZZ_SEED") or random.randrange(2**32))
    print("seed", seed)  # noqa: T201
    rng = random.Random(seed)
    async with node(tmp_path, limits=Limits(compact_changes=10**9)) as rooms:
        room = await rooms.open("s")
        ann, bob = Client(person("ann")), Client(person("bob"))
        for client in (ann, bob):
            client.connect(room)
        settle(ann, bob)
        ann.make_file("honest", "honest.txt", "honest work 😀\n")
        frames = corpus()
        eve = Client(person("eve"))
        eve.connect(room)
        slowest = 0.0
        taken = 0
        for number in range(count):
            base = rng.choice(frames)
            mutant = mutate(base, rng)
            if rng.random() < 0.7 and base[:2] == b"\x00\x02":
                mutant = reframe(mutant)
            before = time.thread_time()
            try:
                assert eve.member is not None
                room.receive(eve.member, mutant)
                room.flush()
                taken += 1
            except FrameError as error:
                assert 4400 <= error.close_code < 4500 or error.close_code == 1009
            slowest = max(slowest, time.thread_time() - before)
            if eve.closed is not None or eve.member is None or eve.member.fault is not None:
                assert eve.member is not None
                room.leave(eve.member)
                eve.closed = None
                eve.member = room.join(eve)
            eve.inbox.clear()
            eve.frames.clear()
            if number % 500 == 0:
                ann.text("honest").insert(
                    len(str(ann.text("honest"))[: rng.randrange(8)].encode()), rng.choice(("a", "é", "😀", "\n"))
                )
                settle(ann, bob)
                for file in room.files():
                    assert isinstance(file.content, str)
        settle(ann, bob)
        print("taken", taken, "of", count, "slowest", slowest, "version", room.version)  # noqa: T201
        assert slowest < STALL_SECONDS_MAX
        assert parse_state_vector(ann.doc.get_state(), 10**6) == parse_state_vector(bob.doc.get_state(), 10**6)
        assert parse_state_vector(ann.doc.get_state(), 10**6) == room._document.known.vector
        assert ann.texts_now() == bob.texts_now()
        shown = {file.id: file.content for file in room.files()}
        assert shown == ann.texts_now()
        await room.saved(room.version)
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        assert room.quarantined is None
        assert {file.id: file.content for file in room.files()} == shown


def refused(frame: bytes) -> FrameError:
    try:
        for message in parse(frame, Limits()):
            scan(message.update, Limits())  # type: ignore[union-attr]
    except FrameError as error:
        return error
    raise AssertionError("the frame was taken")


def test_an_endless_integer_is_refused_at_once() -> None:
    began = time.thread_time()
    assert refused(b"\x00\x02" + b"\x80" * 1_000_000).close_code == 4400
    assert refused(update_frame(b"\x01\x01" + b"\xff" * 100_000 + b"\x00")).close_code == 4400
    assert time.thread_time() - began < 0.5


def test_limits_have_names() -> None:
    assert refused(b"\x00" * (Limits().frame_bytes_max + 1)).code == "frame_bytes_max"
    assert refused(b"\x00" * (Limits().frame_bytes_max + 1)).close_code == 1009
    assert refused(update_frame(write_varint(100_000))).code == "clients_per_update_max"
    assert refused(update_frame(b"\x01" + write_varint(10**9) + b"\x01\x00")).code == "structs_per_update_max"
    assert refused(update_frame(b"\x00\x01\x01" + write_varint(10**9))).code == "deletes_per_update_max"
    deep = b"\x01\x01\x05\x00\x28\x01\x01r\x01k\x01" + b"\x75\x01" * 50 + b"\x7e\x00"
    assert refused(update_frame(deep)).code == "any_depth_max"
    long_key = b"\x01\x01\x05\x00\x28\x01" + write_varint(5_000) + b"r" * 5_000 + b"\x01k\x01\x7e\x00"
    assert refused(update_frame(long_key)).code == "key_bytes_max"


async def test_deep_nesting_is_refused_however_it_is_spread(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        eve = Client(person("eve"))
        eve.connect(room)
        settle(eve)
        # A map in a map in a map …, one update each: the parent is named by its id.
        root = b"\x01\x01" + write_varint(77) + b"\x00\x27\x01\x01r\x01k\x01\x00"
        eve.send(update_frame(root))
        fault = None
        for clock in range(1, 50):
            nested = (
                b"\x01\x01"
                + write_varint(77)
                + write_varint(clock)
                + b"\x27\x00"
                + write_varint(77)
                + write_varint(clock - 1)
                + b"\x01k\x01\x00"
            )
            try:
                eve.send(update_frame(nested))
            except FrameError as error:
                fault = error
                break
        assert fault is not None and fault.code == "type_depth_max"
        assert clock <= Limits().type_depth_max


def update_of(client: int, clock: int, *items: bytes) -> bytes:
    return b"\x01" + b"".join(map(write_varint, (len(items), client, clock))) + b"".join(items) + b"\x00"


def told(raw: str) -> bytes:
    return write_varint(len(raw)) + raw.encode()


def deleted_file(file_id: str, length: int) -> bytes:
    return b"\x21\x01" + told("files") + told(file_id) + write_varint(length)


def test_who_says_more_of_what_is_known_cannot_tie_two_lists_together() -> None:
    document = Document()
    map_after_first = b"\xa7\x07\x00\x01"
    name_in_map = b"\x28\x00\x07\x01" + told("name") + b"\x01\x77" + told("n.txt")
    for update in (
        update_of(7, 0, deleted_file("g", 1), map_after_first, name_in_map),
        b"\x00\x01\x07\x01\x00\x03",  # deletes all three
        update_of(7, 0, deleted_file("g", 5), map_after_first),  # the first, but longer than it was
        update_of(9, 0, deleted_file("g", 1), map_after_first),
    ):
        document.apply([document.known.admit(update)])
    again = Document()
    again.load(document.encode(), document.version)
    assert [file.id for file in document.files()] == [file.id for file in again.files()]


@pytest.mark.parametrize("neighbour", [0, 1], ids=["a file", "the name of a file"])
def test_text_hangs_on_text_alone(neighbour: int) -> None:
    file_with_name = (
        b"\x27\x01" + told("files") + told("g") + b"\x01",
        b"\x28\x00\x07\x00" + told("name") + b"\x01\x77" + told("n.txt"),
    )
    text = b"\x84\x07" + write_varint(neighbour) + told("mine")
    document = Document()
    document.apply([document.known.admit(update_of(7, 0, *file_with_name))])
    with pytest.raises(FrameError, match="text does not belong"):
        document.known.admit(update_of(8, 0, text))
    with pytest.raises(FrameError, match="text does not belong"):
        Document().known.admit(update_of(7, 0, *file_with_name, text))
