"""What a room promises to the people in it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from crdt.model import EditRefused, FrameError, Limits, StaleEdit, TextEdit
from crdt.protocol import AwarenessEntry, awareness_frame, query_awareness_frame, step2_frame, update_frame
from crdt.protocol import write_varint as vu
from tests.crdt.clients import Client, Clock, Connection, node, person, settle
from tests.support.patience import PATIENCE_S


async def test_what_one_types_all_others_see(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, bob = Client(person("ann")), Client(person("bob"))
        ann.connect(room)
        bob.connect(room)
        settle(ann, bob)
        ann.make_file("f", "main.py", "print(1)\n")
        settle(ann, bob)
        bob.text("f").insert(0, "# hi\n")
        settle(ann, bob)
        assert ann.texts_now() == bob.texts_now() == {"f": "# hi\nprint(1)\n"}
        assert room.file("f").content == "# hi\nprint(1)\n"
        assert room.version == 2


async def test_what_was_typed_is_there_after_a_restart(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann = Client(person("ann"))
        ann.connect(room)
        settle(ann)
        ann.make_file("f", "main.py", "a\0b😀")
        settle(ann)
        room.edit_text(person("bot", kind="agent"), "f", room.version, [TextEdit(3, 4, "é")])
        version = room.version
        await room.saved(version)
        assert room.saved_version == version
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        assert room.version == version
        assert room.file("f").content == "a\0bé"
        assert [set(entry.actor_ids) for entry in await rooms._log.history("s")] == [{"id-bot"}, {"id-ann"}]


async def test_a_burst_of_several_writers_is_one_change_and_one_frame(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        clients = [Client(person(f"p{i}")) for i in range(5)]
        for client in clients:
            client.connect(room)
        settle(*clients)
        clients[0].make_file("f", "a.txt", "0123456789")
        settle(*clients)
        version = room.version
        for client in clients:
            client.frames.clear()
            client.text("f").insert(5, client.actor.name)
            client.send_all()
        room.flush()
        assert room.version == version + 1
        assert all(len(client.frames) == 1 for client in clients)
        assert len({id(client.frames[0]) for client in clients}) == 1
        settle(*clients)
        assert len({client.texts_now()["f"] for client in clients}) == 1
        await room.saved(room.version)
        newest = (await rooms._log.history("s", limit=1))[0]
        assert set(newest.actor_ids) == {client.actor.id for client in clients}


async def test_a_viewer_may_watch_but_not_change(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, eve = Client(person("ann")), Client(person("eve"), may_edit=False)
        ann.connect(room)
        eve.connect(room)
        settle(ann, eve)
        ann.make_file("f", "a.txt", "secret plans")
        settle(ann, eve)
        assert eve.texts_now() == {"f": "secret plans"}
        eve.text("f").insert(0, "x")
        settle(ann, eve)
        assert eve.denied and "permission denied" in eve.denied[0]
        assert ann.texts_now() == {"f": "secret plans"} == {"f": room.file("f").content}
        eve.send(step2_frame(eve.doc.get_update()))
        settle(ann, eve)
        assert len(eve.denied) == 2 and room.file("f").content == "secret plans"
        assert (eve.refusals, ann.refusals) == (2, 0), "who let them in hears of it"


async def test_a_demoted_writer_is_refused_at_the_next_frame(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann = Client(person("ann"))
        ann.connect(room)
        settle(ann)
        ann.make_file("f", "a.txt", "one")
        settle(ann)
        ann.may_edit = False
        ann.text("f").insert(0, "x")
        settle(ann)
        assert ann.denied and room.file("f").content == "one"


async def test_a_watching_client_that_answers_step_1_is_not_told_off(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, eve = Client(person("ann")), Client(person("eve"), may_edit=False)
        ann.connect(room)
        settle(ann)
        ann.make_file("f", "a.txt", "abc")
        del ann.text("f")[0:1]
        settle(ann)
        eve.connect(room)
        settle(ann, eve)
        eve.send(step2_frame(eve.doc.get_update()))
        settle(ann, eve)
        assert eve.denied == []


async def test_agents_edit_on_an_old_version_and_hurt_nobody(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, bot = Client(person("ann")), Connection(person("bot", kind="agent"), wants_text=True)
        ann.connect(room)
        room.join(bot)
        settle(ann)
        room.create_file(person("ann"), "a.py", "def a():\n    pass\n", file_id="f")
        base = room.version
        settle(ann)
        ann.text("f").insert(0, "# ünïcode 😀\n")
        settle(ann)
        room.edit_text(bot.actor, "f", base, [TextEdit(4, 5, "renamed"), TextEdit(13, 17, "return 1")])
        assert room.file("f").content == "# ünïcode 😀\ndef renamed():\n    return 1\n"
        settle(ann)
        assert ann.texts_now()["f"] == room.file("f").content
        last = bot.events("file.changed")[-1]
        assert last["actor"]["kind"] == "agent" and last["version"] == room.version
        assert last["edits"] == [
            {"start": 16, "end": 17, "text": "renamed"},
            {"start": 25, "end": 29, "text": "return 1"},
        ]


async def test_file_changed_lets_a_reader_follow_without_a_crdt(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, bot = Client(person("ann")), Connection(person("bot"), wants_text=True)
        room.join(bot)
        ann.connect(room)
        settle(ann)
        ann.make_file("f", "a.txt", "x😀y")
        settle(ann)
        with ann.doc.transaction():
            ann.text("f").insert(len("x😀".encode()), "é")
            del ann.text("f")[0:1]
        settle(ann)
        ann.text("f").insert(0, "plain ")
        settle(ann)
        text = ""
        for event in bot.events("file.changed"):
            for edit in reversed(event["edits"]):
                text = text[: edit["start"]] + edit["text"] + text[edit["end"] :]
        assert text == "plain 😀éy" == room.file("f").content
        room.rename_file(person("ann"), "f", "b.py")
        assert bot.texts[-1] | {"name": "b.py", "edits": [], "language": "python"} == bot.texts[-1]
        room.delete_file(person("ann"), "f")
        assert bot.events("file.deleted")[0]["fileId"] == "f"


async def test_a_base_version_out_of_reach_is_stale_until_it_is_recalled(tmp_path: Path) -> None:
    limits = Limits(history_changes_max=4)
    async with node(tmp_path, limits=limits) as rooms:
        room = await rooms.open("s")
        ann = person("ann")
        room.create_file(ann, "a.txt", "hello world", file_id="f")
        base = room.version
        for number in range(20):
            room.edit_text(ann, "f", room.version, [TextEdit(0, 0, f"{number} ")])
        with pytest.raises(StaleEdit) as refused:
            room.edit_text(ann, "f", base, [TextEdit(6, 11, "there")])
        assert refused.value.code == "stale"
        assert refused.value.current_text == room.file("f").content and refused.value.version == room.version
        await room.recall("f", base)
        room.edit_text(ann, "f", base, [TextEdit(6, 11, "there")])
        assert room.file("f").content.endswith("hello there")


async def test_replacing_a_text_keeps_what_others_typed_meanwhile(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, bob = person("ann"), person("bob")
        room.create_file(ann, "a.txt", "one\ntwo\nthree\n", file_id="f")
        base = room.version
        room.replace_text(bob, "f", "zero\none\ntwo\nthree\n")
        room.replace_text(ann, "f", "one\ntwo\nTHREE\n", base)
        assert room.file("f").content == "zero\none\ntwo\nTHREE\n"


async def test_a_slow_reader_is_skipped_and_then_gets_one_difference(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, slow = Client(person("ann")), Client(person("slow"), wants_text=True)
        ann.connect(room)
        slow.connect(room)
        settle(ann, slow)
        ann.make_file("f", "a.txt", "start")
        settle(ann, slow)
        assert slow.member is not None
        room.stall(slow.member)
        slow.frames.clear()
        for number in range(50):
            ann.text("f").insert(0, f"{number},")
            settle(ann)
        assert slow.frames == []
        room.resume(slow.member)
        assert len(slow.frames) == 2
        settle(ann, slow)
        assert slow.texts_now() == ann.texts_now()
        # In text it gets the files as they are, as it would if it asked for them.
        (told,) = slow.events("files")
        (file,) = told["files"]
        assert (file["name"], file["content"]) == ("a.txt", room.file("f").content)
        assert file["lastModified"].endswith("Z") and told["version"] == room.version


async def test_presence_carries_the_identity_of_the_connection(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, eve = Client(person("ann")), Client(person("eve"))
        ann.connect(room)
        eve.connect(room)
        ann.show({"user": {"name": "ann"}, "cursor": 1})
        eve.show({"user": {"id": "id-ann", "name": "ann"}, "cursor": 2})
        eve.show({"user": {"name": "not ann"}}, client_id=ann.doc.client_id)
        room.attendance.tell()
        settle(ann, eve)
        shown = eve.states[eve.doc.client_id]
        assert shown is not None and shown["user"]["id"] == "id-eve" and shown["cursor"] == 2
        theirs = ann.states[ann.doc.client_id]
        assert theirs is not None and theirs["user"]["name"] == "ann" and theirs["cursor"] == 1
        assert eve.doc.client_id in ann.states, "everyone hears of everyone, the speaker included"


async def test_presence_of_who_left_is_taken_away(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, bob = Client(person("ann")), Client(person("bob"))
        ann.connect(room)
        bob.connect(room)
        bob.show({"cursor": 1})
        room.attendance.tell()
        settle(ann, bob)
        bob_id = bob.doc.client_id
        assert ann.states[bob_id] is not None
        bob.disconnect()
        ann.send(awareness_frame([AwarenessEntry(bob_id, 1, b'{"user":{}}')]))
        room.attendance.tell()
        settle(ann)
        assert ann.states[bob_id] is None
        ann.send(query_awareness_frame())
        assert room._presence.entries() == []


async def test_presence_of_the_silent_expires_whatever_is_done_to_the_time_of_day(tmp_path: Path) -> None:
    clock, day = Clock(), Clock()
    async with node(tmp_path, now=day, ticks=clock) as rooms:
        room = await rooms.open("s")
        ann, bob = Client(person("ann")), Client(person("bob"))
        ann.connect(room)
        bob.connect(room)
        ann.show({})
        bob.show({})
        clock.pass_by(20)
        day.pass_by(3600)
        room.tick()
        assert len(room.members()) == 2, "nobody has been silent for an hour"
        ann.show({})
        clock.pass_by(15)
        day.pass_by(-7200)
        room.tick()
        room.attendance.tell()
        settle(ann, bob)
        assert ann.states[bob.doc.client_id] is None
        assert ann.states[ann.doc.client_id] is not None


async def test_an_agent_on_the_text_lane_is_seen_by_everyone(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, bot = Client(person("ann"), wants_text=True), Connection(person("bot", kind="agent"), wants_text=True)
        ann.connect(room)
        member = room.join(bot)
        room.set_presence(member, {"cursor": {"line": 3}, "user": {"name": "liar"}})
        room.attendance.tell()
        room.attendance.tell_text()
        settle(ann)
        assert member.client_id is not None
        shown = ann.states[member.client_id]
        assert shown is not None and shown["user"]["name"] == "bot" and shown["cursor"] == {"line": 3}
        assert ann.events("presence")[-1]["members"][0]["user"]["kind"] == "agent"
        assert {actor.name for actor in room.members()} == {"ann", "bot"}


async def test_a_poisonous_update_closes_only_its_sender(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, eve = Client(person("ann")), Client(person("eve"))
        ann.connect(room)
        eve.connect(room)
        settle(ann, eve)
        wrong: Doc[Any] = Doc()
        wrong["files"] = Map({"f": "a string, not a file"})
        with pytest.raises(FrameError) as refused:
            eve.send(update_frame(wrong.get_update()))
        assert refused.value.close_code == 4400 and refused.value.code == "wrong_type"
        ann.make_file("f", "a.txt", "fine")
        settle(ann)
        assert room.file("f").content == "fine"


async def test_an_update_that_builds_on_something_missing_is_asked_for_again(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann = Client(person("ann"))
        ann.connect(room)
        settle(ann)
        ann.make_file("f", "a.txt", "one")
        ann.outbox.clear()
        ann.text("f").insert(0, "two ")
        settle(ann)
        assert room.file("f").content == "two one"


async def test_same_name_by_two_people_keeps_both_texts(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, bob = Client(person("ann")), Client(person("bob"))
        ann.connect(room)
        bob.connect(room)
        settle(ann, bob)
        ann.make_file("zzz111", "main.py", "ann's")
        bob.make_file("aaa222", "main.py", "bob's")
        settle(ann, bob)
        winner = room.find("main.py")
        assert winner is not None and winner.content == "bob's"
        assert [(file.name, file.content) for file in room.files()] == [
            ("main.py", "bob's"),
            ("main~zzz111.py", "ann's"),
        ]
        with pytest.raises(EditRefused) as refused:
            room.create_file(person("ann"), "main.py", "")
        assert refused.value.code == "exists"


async def test_an_emoji_that_an_editor_splits_ends_the_same_everywhere(tmp_path: Path) -> None:
    """Yjs counts in UTF-16; a client that cuts a pair leaves two U+FFFD, and so do we."""
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann = Client(person("ann"))
        ann.connect(room)
        settle(ann)
        ann.make_file("f", "a.txt", "a😀b")
        settle(ann)
        # Client 7 puts X between the halves: origin is the first half, right origin the second.
        first = room._document.known.pairs[ann.doc.client_id]
        (clock,) = first
        low = ann.doc.client_id
        origin = vu(low) + vu(clock) + vu(low) + vu(clock + 1)
        update = b"\x01\x01\x07\x00" + bytes([0x80 | 0x40 | 4]) + origin + b"\x01X" + b"\x00"
        room.receive(ann.member, update_frame(update))  # type: ignore[arg-type]
        room.flush()
        assert room.file("f").content == "a\ufffdX\ufffdb"
        fresh: Doc[Any] = Doc()
        fresh.apply_update(room._document.encode())
        assert str(fresh.get("files", type=Map)["f"]["content"]) == "a\ufffdX\ufffdb"
        await room.saved(room.version)
    async with node(tmp_path) as rooms:
        assert (await rooms.open("s")).file("f").content == "a\ufffdX\ufffdb"


async def test_saved_is_told_only_after_the_commit(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        bot = Connection(person("bot"), wants_text=True)
        room.join(bot)
        room.create_file(bot.actor, "a.txt", "x")
        assert bot.events("saved") == [] and room.saved_version == 0
        async with asyncio.timeout(PATIENCE_S):
            await room.saved(room.version)
        assert bot.events("saved")[-1]["version"] == room.version == 1


async def test_types_in_other_roots_are_nobodys_business(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann = Client(person("ann"))
        ann.connect(room)
        settle(ann)
        ann.doc["notes"] = Text("scratch")
        settle(ann)
        assert room.files() == [] and room.version == 1


async def test_files_without_a_language_that_go_together_are_gone(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann = Client(person("ann"))
        ann.connect(room)
        settle(ann)
        for file_id in ("a", "b", "c", "d"):
            ann.files[file_id] = Map({"name": f"{file_id}.py", "content": Text("x")})
        settle(ann)
        assert {file.language for file in room.files()} == {"python"}
        with ann.doc.transaction():
            for file_id in ("a", "b", "c"):
                del ann.files[file_id]
        settle(ann)
        assert [file.name for file in room.files()] == ["d.py"]
