"""Promises about branches of a document: merging keeps both sides, tells who wrote what, and does it once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab_server import database, migrations
from crdt.bus import LocalBus
from crdt.kept import Base, LogRow
from crdt.log import Log
from crdt.model import Actor, DocumentError, EditRefused, TextEdit
from crdt.room import Room
from crdt.rooms import Rooms
from tests.crdt.clients import Client, settle, store
from tests.support.patience import PATIENCE_S

ADA, BOT, CYD = Actor("ada", "Ada"), Actor("bot", "Bot", "agent"), Actor("cyd", "Cyd")
ACTORS = {actor.id: actor for actor in (ADA, BOT, CYD)}


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[tuple[Rooms, Log]]:
    engine = database.connect(f"sqlite+aiosqlite:///{tmp_path / 'db.sqlite3'}")
    await migrations.upgrade(engine)
    log = Log(engine)
    made = Rooms(log, LocalBus())
    await made.start()
    yield made, log
    await made.close()
    await engine.dispose()


async def begin(log: Log, session_id: str, image: Base) -> None:
    async with log._engine.begin() as connection:
        await log.begin(session_id, image, connection)


async def branched(rooms: Rooms, log: Log, **files: str) -> tuple[Room, Room, int]:
    session = await rooms.open("session")
    for name, content in files.items():
        session.create_file(ADA, f"{name}.py", content, file_id=name)
    image = session.image()
    await begin(log, "branch", image)
    return session, await rooms.open("branch"), image.version


def texts(room: Room) -> dict[str, str]:
    return {file.name: file.content for file in room.files()}


async def merged(session: Room, branch: Room, since: int) -> int:
    merge = await session.merge_from(branch, since, BOT.id)
    return session.take_in([(ACTORS[actor_id], update) for actor_id, update in merge.pieces])


async def test_a_merge_keeps_what_both_sides_did_and_says_what_it_will_be(rooms: tuple[Rooms, Log]) -> None:
    session, branch, since = await branched(*rooms, a="one\ntwo\nthree\n", b="gone\n", c="kept\n")
    branch.edit_text(BOT, "a", since, [TextEdit(4, 7, "TWO 🙂")])
    branch.create_file(BOT, "new.py", "new\n")
    branch.rename_file(CYD, "c", "renamed.py")
    branch.delete_file(BOT, "b")
    session.edit_text(ADA, "a", since, [TextEdit(0, 0, "zero\n"), TextEdit(8, 13, "THREE")])
    told = await session.merge_from(branch, since, BOT.id)
    version = await merged(session, branch, since)
    wanted = {"a.py": "zero\none\nTWO 🙂\nTHREE\n", "new.py": "new\n", "renamed.py": "kept\n"}
    assert texts(session) == wanted == {file.name: file.content for file in told.files}
    assert await merged(session, branch, since) == version, "a second time there is nothing left to merge"
    await session.saved(version)
    history = await rooms[1].history("session", limit=1)
    assert (history[0].version, set(history[0].actor_ids)) == (version, {"bot", "cyd"})
    assert {file.content for file in await session.files_at(version - 1)} == {
        "zero\none\ntwo\nTHREE\n", "gone\n", "kept\n",
    }  # fmt: skip


async def test_what_was_merged_can_be_undone_by_its_author_alone(rooms: tuple[Rooms, Log]) -> None:
    session, branch, since = await branched(*rooms, a="one two three")
    branch.replace_text(BOT, "a", "one TWO three")
    branch.replace_text(CYD, "a", "one TWO three four")
    branch.replace_text(BOT, "a", "ONE TWO three four")
    await merged(session, branch, since)
    assert texts(session) == {"a.py": "ONE TWO three four"}
    await session.undo(ADA, BOT.id, since)
    assert texts(session) == {"a.py": "one two three four"}


async def test_a_branch_goes_on_after_a_merge_and_takes_the_session_in(rooms: tuple[Rooms, Log]) -> None:
    session, branch, since = await branched(*rooms, a="x")
    for turn in range(3):
        branch.replace_text(BOT, "a", f"{branch.file('a').content}b{turn}")
        session.replace_text(ADA, "a", f"a{turn}{session.file('a').content}")
        await merged(session, branch, since)
        back = await branch.merge_from(session, since, ADA.id)
        branch.take_in([(ACTORS[actor_id], update) for actor_id, update in back.pieces])
        assert texts(branch) == texts(session)
    assert texts(session) == {"a.py": "a2a1a0xb0b1b2"}


async def test_rows_that_were_saved_in_another_order_are_put_right(rooms: tuple[Rooms, Log]) -> None:
    session, branch, since = await branched(*rooms, a="")
    for turn in range(12):
        branch.replace_text([BOT, CYD, ADA][turn % 3], "a", f"{branch.file('a').content}{turn} ")
    await branch.saved(branch.version)
    rows = await rooms[1].rows_between("branch", since, branch.version, limit=100)
    random.Random(7).shuffle(rows)

    async def shuffled(*_: object, **__: object) -> list[LogRow]:
        return rows

    rooms[1].rows_between = shuffled  # type: ignore[method-assign]
    await merged(session, branch, since)
    assert texts(session) == texts(branch)
    rows[:] = [row for row in rows if row.actor_id != "cyd"]
    other = await rooms[0].open("other")
    await begin(rooms[1], "third", other.image())
    with pytest.raises(EditRefused, match="on their way"):
        await other.merge_from(branch, since, BOT.id)


async def test_a_seal_holds_on_every_node_and_has_all_that_was_taken_before_it(tmp_path: Path) -> None:
    refusal = EditRefused("merging", "it is being merged")
    async with store(tmp_path) as make_log:
        bus = LocalBus()
        near, far, late = (Rooms(make_log(), bus) for _ in range(3))
        for node in (near, far, late):
            await node.start()
        here = await near.open("branch")
        here.create_file(ADA, "a.py", "", file_id="a")
        there = await far.open("branch")
        typist = Client(BOT)
        typist.connect(there)
        settle(typist)
        typist.text("a").insert(0, "typed before ")
        typist.send_all()  # received on the other node, and not yet made there
        await here.seal("first", refusal)
        assert here.file("a").content == "typed before "
        typist.text("a").insert(0, "typed after ")
        settle(typist)
        opened_late = await late.open("branch")
        for room in (here, there, opened_late):
            with pytest.raises(EditRefused, match="being merged") as refused:
                room.replace_text(ADA, "a", "x")
            assert refused.value.code == "merging" and room.file("a").content == "typed before "
        assert typist.denied == ["it is being merged"]
        # Whoever breaks a seal leaves those of others whole; when none is left, what was typed meanwhile is asked for.
        await there.seal("second", refusal)
        here.unseal("first")
        await asyncio.sleep(0)
        with pytest.raises(EditRefused):
            here.replace_text(ADA, "a", "x")
        there.unseal("second")
        settle(typist)
        async with asyncio.timeout(PATIENCE_S):
            while here.file("a").content != "typed after typed before ":
                await asyncio.sleep(0)
        for node in (near, far, late):
            await node.close()


async def test_a_node_that_does_not_answer_keeps_a_seal_from_being_put(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdt.neighbours.SEALED_S", 0.0)
    async with store(tmp_path) as make_log:
        bus = LocalBus()
        rooms = Rooms(make_log(), bus)
        await rooms.start()
        room = await rooms.open("branch")
        await bus.subscribe("session:branch", lambda message: None, lambda: None)
        with pytest.raises(DocumentError, match="does not answer") as unanswered:
            await room.seal("one", EditRefused("merging", "it is being merged"))
        assert unanswered.value.code == "unavailable"
        assert room.create_file(ADA, "a.py", "free").content == "free"
        await rooms.close()
