"""Rooms of a node: opened once, kept while needed, never losing a character."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from crdt.bus import LocalBus
from crdt.document import Document
from crdt.faults import Standing
from crdt.kept import Loaded
from crdt.loading import Damage
from crdt.log import Log
from crdt.model import DocumentError, EditRefused, FrameError, Limits, TextEdit
from crdt.protocol import update_frame
from crdt.room import Room
from crdt.rooms import Rooms
from crdt.tables import updates_table
from tests.crdt.clients import Client, Clock, Connection, node, person, rename_table, settle, store
from tests.support.patience import PATIENCE_S


async def gone(rooms: Rooms, room: Room) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while rooms.get(room.session_id) is room:
            await asyncio.sleep(0.005)


async def test_many_who_open_at_once_share_one_load(tmp_path: Path) -> None:
    loads = 0

    class Counting(Rooms):
        async def _load(self, session_id: str, standing: Standing) -> tuple[Loaded, Document, Damage | None]:
            nonlocal loads
            loads += 1
            return await super()._load(session_id, standing)

    async with store(tmp_path) as make_log:
        rooms = Counting(make_log(), LocalBus())
        await rooms.start()
        opened = await asyncio.gather(*(rooms.open("s") for _ in range(50)), rooms.open("t"))
        assert loads == 2 and len({id(room) for room in opened}) == 2
        clients = [Client(person(f"p{number}")) for number in range(10)]
        for client, room in zip(clients, opened, strict=False):
            client.connect(room)
        settle(*clients)
        clients[3].make_file("f", "a.txt", "x")
        settle(*clients)
        assert all(client.texts_now() == {"f": "x"} for client in clients)
        await rooms.close()


async def test_an_idle_room_is_saved_and_then_forgotten(tmp_path: Path) -> None:
    clock = Clock()
    async with node(tmp_path, ticks=clock) as rooms:
        room = await rooms.open("s")
        room.create_file(person(), "a.txt", "kept", file_id="f")
        rooms.look_after(room)
        await rooms.release(room)
        clock.pass_by(30)
        rooms.look_after(room)
        assert rooms.get("s") is room
        clock.pass_by(31)
        rooms.look_after(room)
        await gone(rooms, room)
        again = await rooms.open("s")
        assert again is not room and again.file("f").content == "kept"


async def test_closing_saves_what_came_in_the_same_moment(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann = Client(person())
        ann.connect(room)
        settle(ann)
        ann.make_file("f", "a.txt", "last words")
        ann.send_all()
    async with node(tmp_path) as rooms:
        assert (await rooms.open("s")).file("f").content == "last words"


async def test_when_saving_fails_it_is_said_and_nothing_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'log.db'}")
    async with node(tmp_path) as _:
        pass
    rooms = Rooms(Log(engine), LocalBus())
    await rooms.start()
    room = await rooms.open("s")
    await rename_table(engine, "document_updates", "away")
    bot = Connection(person("bot"), wants_text=True)
    room.join(bot)
    room.create_file(bot.actor, "a.txt", "x", file_id="f")
    for number in range(5):
        room.edit_text(bot.actor, "f", room.version, [TextEdit(0, 0, str(number))])
    async with asyncio.timeout(PATIENCE_S):
        while not bot.events("save.failed"):
            await asyncio.sleep(0.005)
        assert bot.events("saved") == [] and room.saved_version == 0
        with pytest.raises(DocumentError, match="not saved yet"):
            await room.saved(room.version, 0.01)
        # What waits is bounded: then nothing more is taken, by whichever lane, and what is there stays.
        monkeypatch.setattr("crdt.log.UNSAVED_BYTES_MAX", 1)
        with pytest.raises(EditRefused, match="too much waits"):
            room.edit_text(bot.actor, "f", room.version, [TextEdit(0, 0, "!")])
        with pytest.raises(FrameError, match="too much waits") as closed:
            room.receive(room.join(Connection(person("ann"))), update_frame(b"\x01\x01\x01\x00\x84"))
        assert closed.value.close_code == 1013
        await rename_table(engine, "away", "document_updates")
        await room.saved(room.version)
    assert bot.events("saved")[-1]["version"] == room.version
    await rooms.close()
    await engine.dispose()
    async with node(tmp_path) as again:
        assert (await again.open("s")).file("f").content == "43210x"


async def test_what_is_repeated_beside_something_new_is_there_after_a_reload(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, bob = Client(person("ann")), Client(person("bob"))
        ann.connect(room)
        bob.connect(room)
        ann.make_file("f", "a.txt", "one two")
        settle(ann, bob)
        with ann.doc.transaction():
            ann.text("f").insert(0, "x")
            del ann.text("f")[1:2]
        repeated = ann.outbox[0]
        settle(ann, bob)
        ann.text("f").insert(0, "more ")
        settle(ann, bob)
        ann.send(repeated)
        ann.text("f").insert(0, "new ")
        bob.text("f").insert(0, "at the same time ")
        settle(ann, bob)
        shown = room.file("f").content
        assert "new " in shown and "at the same time " in shown
        await room.saved(room.version)
    async with node(tmp_path) as rooms:
        assert (await rooms.open("s")).file("f").content == shown


async def test_a_poisoned_session_shows_its_last_good_version_and_others_are_fine(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        for session in ("bad", "good"):
            room = await rooms.open(session)
            room.create_file(person(), "a.txt", "good text", file_id="f")
            await room.saved(room.version)
        async with rooms._log._engine.begin() as connection:
            await connection.execute(
                insert(updates_table).values(
                    row_key="x", session_id="bad", version=2, actor_id="eve", created_at_ms=0, update=b"\x01\x01rubbish"
                )
            )
    async with node(tmp_path) as rooms:
        bad, good = await rooms.open("bad"), await rooms.open("good")
        assert bad.quarantined is not None and bad.file("f").content == "good text"
        with pytest.raises(EditRefused) as refused:
            bad.replace_text(person(), "f", "more")
        assert refused.value.code == "quarantined"
        ann = Client(person())
        ann.connect(bad)
        settle(ann)
        ann.text("f").insert(0, "x")
        settle(ann)
        assert ann.denied and bad.file("f").content == "good text"
        good.replace_text(person(), "f", "still fine")
        assert rooms.stats().quarantined == 1


async def test_compaction_keeps_every_character_and_the_history(tmp_path: Path) -> None:
    limits = Limits(compact_changes=20)
    async with node(tmp_path, limits=limits) as rooms:
        room = await rooms.open("s")
        room.create_file(person(), "a.txt", "", file_id="f")
        texts = {room.version: ""}
        for round_number in range(4):
            for number in range(25):
                room.edit_text(person(), "f", room.version, [TextEdit(0, 0, chr(97 + number))])
                texts[room.version] = room.file("f").content
            await room.saved(room.version)
            rooms.look_after(room)
            async with asyncio.timeout(PATIENCE_S):
                while room.changes_since_snapshot:
                    await asyncio.sleep(0.005)
            assert len((await rooms._log.load("s")).snapshots) == min(2, round_number + 1)
        for version in (2, 30, 60, room.version):
            assert (await room.files_at(version))[0].content == texts[version]
        modified = room.file("f").last_modified
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        assert room.file("f").content == texts[room.version] and room.version == 101
        assert room.file("f").last_modified == modified


async def test_an_agent_may_edit_on_a_version_from_before_the_restart(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        room.create_file(person(), "a.txt", "hello world", file_id="f")
        base = room.version
        room.edit_text(person(), "f", base, [TextEdit(0, 0, "oh ")])
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        await room.recall("f", base)
        room.edit_text(person("bot"), "f", base, [TextEdit(6, 11, "there")])
        assert room.file("f").content == "oh hello there"
