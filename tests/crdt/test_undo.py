"""Taking back what one actor did: what others typed survives byte for byte, whatever was concurrent."""

from __future__ import annotations

import asyncio
import itertools
import random
from pathlib import Path

import pytest

from crdt import wire
from crdt.bus import LocalBus, Subscription
from crdt.model import TextEdit
from crdt.rooms import Rooms
from tests.crdt.clients import Client, node, person, settle, store
from tests.support.patience import PATIENCE_S

AGENT, ANN, BOB = "id-agent", "id-ann", "id-bob"


class Typist(Client):
    """Types characters that nobody else types, so that each tells who wrote it and who deleted it."""

    typed: dict[str, str]
    deleted: dict[str, set[str]]

    def now(self) -> str:
        return str(self.text("f"))

    def type_somewhere(self, rand: random.Random, fresh: itertools.count[int]) -> None:
        at = rand.randrange(len(self.now()) + 1)
        new = "".join(chr(0x4E00 + next(fresh)) for _ in range(rand.randrange(1, 6)))
        self.typed.update(dict.fromkeys(new, self.actor.id))
        self.text("f").insert(3 * at, new)

    def delete_somewhere(self, rand: random.Random) -> None:
        text = self.now()
        if text:
            start = rand.randrange(len(text))
            end = min(len(text), start + rand.randrange(1, 8))
            for char in text[start:end]:
                self.deleted.setdefault(char, set()).add(self.actor.id)
            del self.text("f")[3 * start : 3 * end]


@pytest.mark.parametrize("seed", range(12))
async def test_only_what_the_actor_did_is_taken_back(tmp_path: Path, seed: int) -> None:
    rand = random.Random(seed)
    fresh = itertools.count(seed * 1_000)
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        people = [Typist(person(name)) for name in ("ann", "bob", "agent")]
        typed: dict[str, str] = {}
        deleted: dict[str, set[str]] = {}
        for one in people:
            one.typed, one.deleted = typed, deleted
            one.connect(room)
        people[0].make_file("f", "a.txt")
        settle(*people)
        since = 0
        kept_typed: set[str] = set()
        kept_deleted: set[str] = set()
        for step in range(60):
            one = rand.choice(people)
            if rand.random() < 0.6:
                one.type_somewhere(rand, fresh)
            else:
                one.delete_somewhere(rand)
            if rand.random() < 0.15:
                one.disconnect() if one.online else one.connect(room)
            if rand.random() < 0.5:
                settle(*people)
            if step == 15 and seed % 3:
                for each in people:
                    if not each.online:
                        each.connect(room)
                settle(*people)
                since = room.version
                kept_typed = set(typed)
                kept_deleted = {char for char, by in deleted.items() if AGENT in by}
        for one in people:
            if not one.online:
                one.connect(room)
        settle(*people)
        before = people[0].now()

        await room.undo(people[0].actor, AGENT, since)
        settle(*people)
        after = people[0].now()
        assert {one.now() for one in people} == {after} == {room.file("f").content}
        theirs = [char for char in before if typed[char] != AGENT or char in kept_typed]
        assert [char for char in after if char in set(theirs)] == theirs
        both = {char for char, by in deleted.items() if AGENT in by and len(by) > 1} - kept_deleted
        by_agent = {char for char, by in deleted.items() if by == {AGENT}} - kept_deleted
        back = {char for char in by_agent if typed[char] != AGENT or char in kept_typed}
        # What both deleted at the same time may be either's.
        assert set(theirs) | back <= set(after) <= set(theirs) | back | both
        assert len(set(after)) == len(after)
        assert not {char for char in after if typed[char] == AGENT and char not in kept_typed}

        await room.undo(people[1].actor, AGENT, since)
        assert room.file("f").content == after, "what was taken back once is not taken back again"


async def test_an_undo_puts_text_back_around_what_was_typed_inside_it(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, agent = Client(person("ann")), Client(person("agent"))
        ann.connect(room)
        agent.connect(room)
        ann.make_file("f", "a.txt", "hello world")
        settle(ann, agent)
        del agent.text("f")[0:11]
        ann.text("f").insert(5, "X")
        settle(agent, ann)
        assert str(ann.text("f")) == "X"
        await room.undo(ann.actor, AGENT, 0)
        settle(ann, agent)
        assert str(ann.text("f")) == "helloX world"


async def test_files_and_names_come_back_and_what_others_wrote_in_new_ones_stays(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, agent = person("ann"), person("agent", kind="agent")
        for name in ("deleted", "renamed", "fought"):
            room.create_file(ann, f"{name}.py", "print(1)\n", None, name)
        since = room.version
        room.delete_file(agent, "deleted")
        room.rename_file(agent, "renamed", "wild.js")
        room.rename_file(agent, "fought", "b.py")
        room.rename_file(ann, "fought", "c.py")
        room.create_file(agent, "own.py", "rubbish", None, "own")
        room.create_file(agent, "shared.py", "agent\n", None, "shared")
        room.edit_text(ann, "shared", room.version, [TextEdit(6, 6, "ann\n")])
        version = room.version
        await room.undo(ann, AGENT, since)
        assert room.version == version + 1
        assert {file.id: (file.name, file.language, file.content) for file in room.files()} == {
            "deleted": ("deleted.py", "python", "print(1)\n"),
            "renamed": ("renamed.py", "python", "print(1)\n"),
            "fought": ("c.py", "python", "print(1)\n"),
            "shared": ("shared.py", "python", "ann\n"),
        }
        await rooms.release(room)
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        version = room.version
        await room.undo(ann, AGENT, since)
        assert room.version == version, "a restarted node knows what was taken back"
        # An undo is a change like any other, and can be taken back itself.
        await room.undo(person("bob"), ANN, version - 1)
        assert room.file("own").content == "rubbish"
        assert room.file("renamed").name == "wild.js"
        assert "deleted" not in {file.id for file in room.files()}


class Lossy(LocalBus):
    """Loses changes for a while."""

    loses = False

    def publish(self, topic: str, message: bytes, sender: Subscription | None = None) -> None:
        told = wire.decode(message)
        if told is None or told.kind != wire.UPDATE or not self.loses:
            super().publish(topic, message, sender)


@pytest.mark.parametrize("lost", ["nothing", "what it builds on", "itself"])
async def test_an_undo_that_another_node_saves_for_a_dead_one_is_still_known_as_one(tmp_path: Path, lost: str) -> None:
    async with store(tmp_path) as make_log:
        bus, logs = Lossy(), [make_log() for _ in range(2)]
        here, there = (Rooms(log, bus) for log in logs)
        for rooms in (here, there):
            await rooms.start()
        dying, left = await here.open("s"), await there.open("s")
        agent = person("agent", kind="agent")
        dying.create_file(person("ann"), "a.txt", "ann\n", None, "f")
        since = dying.version
        bus.loses = lost == "what it builds on"
        dying.edit_text(agent, "f", since, [TextEdit(0, 4, "agent\n")])
        await dying.saved(dying.version)
        # From here on the node commits nothing more: what it still tells the others is all that is left of it.
        for task in (logs[0]._task, here._ticker):
            assert task is not None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        bus.loses = lost == "itself"
        await dying.undo(person("ann"), AGENT, since)
        bus.loses = False
        left.neighbours.ask()
        async with asyncio.timeout(PATIENCE_S):
            while left.lacks(dying.state_vector()):
                await asyncio.sleep(0)
        left.edit_text(person("bob"), "f", left.version, [TextEdit(4, 4, "bob\n")])
        left.save_all()
        await left.saved(left.version)
        version = left.version
        await left.undo(person("bob"), AGENT, since)
        assert (left.version, left.file("f").content) == (version, "ann\nbob\n")
        # It can be taken back itself, as if nobody had died; but not what came as a part of a difference, which is nobody's.
        await left.undo(person("bob"), ANN, since)
        assert left.file("f").content == ("ann\nbob\n" if lost == "what it builds on" else "agent\nbob\n")
        await there.close()
