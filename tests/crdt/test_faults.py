"""Documents that stopped a process: what the next one does with them, and how they are mended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert

from crdt.bus import LocalBus
from crdt.faults import Faults
from crdt.log import Log
from crdt.model import EditRefused, FrameError, TextEdit
from crdt.protocol import update_frame
from crdt.rooms import Rooms
from crdt.tables import updates_table
from crdt.watch import SEVERAL, Doing, Phase, digest_of
from tests.crdt.clients import Client, Clock, person, settle, store

NO_DIGEST = bytes(16)


class Noted:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.begun: list[tuple[Phase, int, bytes | None]] = []
        self.open = 0

    def begin(self, session_id: str, phase: Phase, version: int, alone: bytes | None = None) -> None:
        self.begun.append((phase, version, alone))
        self.open += 1

    def end(self) -> None:
        self.open -= 1


@asynccontextmanager
async def suspicious(
    make_log: Callable[[], Log], clock: Clock, watch: Noted | None = None
) -> AsyncIterator[tuple[Rooms, Faults]]:
    """The rooms of a node that keeps faults."""
    log = make_log()
    faults = Faults(log._engine, now=clock)
    rooms = Rooms(log, LocalBus(), faults=faults, watch=watch or Noted())
    await rooms.start()
    try:
        yield rooms, faults
    finally:
        await rooms.close()


async def test_an_update_that_stopped_a_process_is_refused_by_the_next_and_others_go_on(tmp_path: Path) -> None:
    async with store(tmp_path) as make_log, suspicious(make_log, Clock()) as (rooms, faults):
        eve = Client(person("eve"))
        eve.make_file("f", "a.txt", "poison")
        poison = eve.doc.get_update()
        assert not await faults.record("once", Doing("s", Phase.APPLY, 0, digest_of(poison)), "stuck")
        room = await rooms.open("s")
        eve.connect(room)
        with pytest.raises(FrameError) as refused:
            eve.send(update_frame(poison))
        assert refused.value.code == "quarantined" and room.quarantined is None
        ann, bob = Client(person("ann")), Client(person("bob"))
        for client in (ann, bob):
            client.connect(room)
        settle(ann, bob)
        before = room.version
        ann.make_file("a", "ann.txt", "1")
        bob.make_file("b", "bob.txt", "2")
        settle(ann, bob)
        # In the same turn, and yet one after the other: it has to be known which one it was.
        assert room.version == before + 2


async def test_the_second_time_a_session_may_only_be_read_short_of_what_could_not_be_loaded(tmp_path: Path) -> None:
    clock = Clock()
    async with store(tmp_path) as make_log:
        async with suspicious(make_log, clock) as (rooms, _):
            room = await rooms.open("s")
            room.create_file(person(), "a.txt", "one", file_id="f")
            for text in ("two ", "three "):
                room.edit_text(person(), "f", room.version, [TextEdit(0, 0, text)])
            await room.saved(room.version)
        async with suspicious(make_log, clock) as (rooms, faults):
            doing = Doing("s", Phase.LOAD, 3, NO_DIGEST)
            assert not await faults.record("first", doing, "stuck")
            assert not await faults.record("first", doing, "stuck"), "told twice is once"
            assert (await rooms.open("s")).quarantined is None
        async with suspicious(make_log, clock) as (rooms, faults):
            assert await faults.record("second", doing, "stuck")
            room = await rooms.open("s")
            assert room.file("f").content == "two one" and room.quarantined is not None
            with pytest.raises(EditRefused):
                room.replace_text(person(), "f", "more")
            assert await faults.quarantined(["s", "t"]) == {"s"}
            # What another node has of it does not come in either.
            assert room.take_remote(b"\x01\x01\x05\x00\x04\x01\x01r\x01x\x00", 9, person(), b"other")
            assert await rooms.repair("s") == [3]
            await rooms.look_again("s")
            room = await rooms.open("s")
            assert room.quarantined is None and room.file("f").content == "two one"
            room.replace_text(person(), "f", "on we go")
            await room.saved(room.version)
            assert await faults.standing("s") == await faults.standing("never heard of")


async def test_two_faults_far_apart_are_two_accidents(tmp_path: Path) -> None:
    clock = Clock()
    async with store(tmp_path) as make_log, suspicious(make_log, clock) as (_, faults):
        doing = Doing("s", Phase.EDIT, 3, NO_DIGEST)
        assert not await faults.record("1", doing, "crashed")
        clock.pass_by(25 * 3600)
        assert not await faults.record("2", doing, "crashed")
        clock.pass_by(3600)
        assert await faults.record("3", doing, "crashed")


async def test_a_repair_takes_only_the_rows_that_cannot_be_applied(tmp_path: Path) -> None:
    async with store(tmp_path) as make_log, suspicious(make_log, Clock()) as (rooms, _):
        room = await rooms.open("s")
        room.create_file(person(), "a.txt", "good", file_id="f")
        await room.saved(room.version)
        async with rooms._log._engine.begin() as connection:
            for version in (2, 4):
                rubbish = {"row_key": f"x{version}", "session_id": "s", "version": version, "actor_id": "eve"}
                await connection.execute(
                    insert(updates_table).values(**rubbish, created_at_ms=0, update=b"\x01\x01rubbish")
                )
        room.edit_text(person(), "f", room.version, [TextEdit(0, 0, "still ")])
        await room.saved(room.version)
        await rooms.look_again("s")
        assert (await rooms.open("s")).quarantined is not None
        assert await rooms.repair("s") == [2, 4]
        await rooms.look_again("s")
        room = await rooms.open("s")
        assert room.quarantined is None and room.file("f").content in ("good", "still good")


async def test_everything_that_runs_the_library_is_told_before_it_is_done(tmp_path: Path) -> None:
    noted = Noted()
    async with store(tmp_path) as make_log:
        async with suspicious(make_log, Clock(), noted) as (rooms, _):
            room = await rooms.open("s")
            ann = Client(person("ann"))
            ann.connect(room)
            settle(ann)
            ann.make_file("f", "a.txt", "x")
            settle(ann)
            room.replace_text(person(), "f", "y")
            assert [(phase, version) for phase, version, _ in noted.begun] == [(Phase.APPLY, 0), (Phase.EDIT, 1)]
            assert noted.begun[0][2] is not None
            await room.saved(room.version)
        clock = Clock()
        async with suspicious(make_log, clock, noted) as (rooms, faults):
            await rooms.open("s")
            assert not await faults.record("a", Doing("s", Phase.LOAD, SEVERAL, NO_DIGEST), "stuck")
        async with suspicious(make_log, clock, noted) as (rooms, faults):
            room = await rooms.open("s")
            assert room.quarantined is None and room.file("f").content == "y", "it is not known which of them it was"
    told = [(phase, version) for phase, version, _ in noted.begun][2:]
    assert told == [(Phase.LOAD, SEVERAL), (Phase.LOAD, 1), (Phase.LOAD, 2)], "after a fault each is told by its name"
    assert noted.open == 0
