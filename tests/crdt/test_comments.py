"""What is said about lines: it stays with its line, and nobody speaks for anybody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pycrdt import Assoc, Map

from crdt.comments import TEXT_CHARS_MAX
from crdt.model import EditRefused, FrameError, Limits
from crdt.protocol import step2_frame
from crdt.room import Room
from tests.crdt.clients import Client, Clock, Connection, node, person, settle

NOW_MS = 1_700_000_000_000
TEXT = "one\nzwei 😀\n\nfour\n"


def comments_of(client: Client) -> Map[Any]:
    comments: Map[Any] = client.doc.get("comments", type=Map)
    return comments


def entries(client: Client) -> dict[str, Any]:
    comments = comments_of(client)
    return {key: comments[key] for key in comments.keys()}  # noqa: SIM118 - a Map of the library is no dict


def said(text: str, thread: str = "t1", at: int = NOW_MS - 5_000, **more: Any) -> dict[str, Any]:
    return {"thread": thread, "text": text, "at": at, "name": "ann", "kind": "human", **more}


def about(client: Client, line_from: int, line_to: int, quote: str) -> dict[str, Any]:
    """What a browser writes; offsets in bytes here."""
    text = client.text("f")
    return {
        "file": "f",
        "quote": quote,
        "start": text.sticky_index(line_from, Assoc.AFTER).to_json(),
        "end": text.sticky_index(line_to - 1, Assoc.AFTER).to_json(),
    }


def joined(room: Room, name: str, **more: Any) -> Client:
    client = Client(person(name), **more)
    client.connect(room)
    settle(client)
    return client


async def test_a_thread_stays_with_its_line_and_is_an_orphan_with_its_words_when_the_line_goes(tmp_path: Path) -> None:
    async with node(tmp_path, now=Clock()) as rooms:
        room = await rooms.open("s")
        ann, bot = joined(room, "ann"), person("bot", kind="agent")
        ann.make_file("f", "main.py", TEXT)
        comments_of(ann)["t1/id-ann"] = said("why german?", on=about(ann, 4, 13, "zwei 😀"))
        settle(ann)
        room.discuss(bot, lambda document: document.start_thread(bot, "t2", "empty", document.on_line("f", 3)))
        room.discuss(bot, lambda document: document.start_thread(bot, "t3", "end", document.on_line("f", 5)))
        assert [(thread.line, thread.quote) for thread in room.threads()] == [(2, "zwei 😀"), (3, ""), (5, "")]
        settle(ann)
        ann.text("f").insert(0, "# é\n")
        ann.text("f").insert(14, "!")
        settle(ann)
        assert [thread.line for thread in room.threads()] == [3, 4, 6]
        content = room.file("f").content
        room.replace_text(bot, "f", content.replace("zwei !😀\n", ""))
        gone = room.threads()[0]
        assert (gone.line, gone.orphaned, gone.quote) == (None, True, "zwei 😀")
        # Back by an undo, which types the line anew at the same place.
        room.replace_text(bot, "f", content.replace("!", ""))
        assert room.threads()[0].line == 3
        room.delete_file(bot, "f")
        assert {thread.line for thread in room.threads()} == {None}
        await room.saved(room.version)
        before = room.threads()
    async with node(tmp_path) as rooms:
        assert (await rooms.open("s")).threads() == before


async def test_nobody_speaks_for_anybody_else_nor_changes_or_deletes_what_they_said(tmp_path: Path) -> None:
    async with node(tmp_path, now=Clock()) as rooms:
        room = await rooms.open("s")
        ann, eve = joined(room, "ann"), joined(room, "eve")
        comments_of(ann)["t1/id-ann"] = mine = said("mine", on={"execution": "e", "line": 2, "quote": "x"})
        settle(ann, eve)
        theirs = comments_of(eve)
        theirs["t1/id-ann"] = said("I am a fool")
        theirs["t2/id-ann"] = said("I agree", "t1")
        theirs["t3/id-eve"] = said("hello", "t1", at=NOW_MS + 10**9, name="ann", kind="system")
        theirs["t1"] = {"resolved": True, "by": "id-ann", "name": "ann", "at": NOW_MS - 1}
        settle(eve, ann)
        del theirs["t1/id-ann"]
        settle(eve, ann)
        eves = {"name": "eve", "kind": "human"}
        assert (
            entries(ann)
            == entries(eve)
            == {
                "t1/id-ann": mine,
                "t2/id-eve": said("I agree", "t1") | eves,
                "t3/id-eve": said("hello", "t1") | eves | {"at": NOW_MS},
                "t1": {"resolved": True, "by": "id-eve", "name": "eve", "at": NOW_MS - 1},
            }
        )
        # The same by a deletion that comes together with what somebody else types at the same moment.
        ann.make_file("f", "a.txt")
        del theirs["t1/id-ann"]
        ann.send_all()
        eve.send_all()
        settle(ann, eve)
        assert entries(ann)["t1/id-ann"] == mine
        del comments_of(ann)["t1/id-ann"]
        settle(ann, eve)
        assert "t1/id-ann" not in entries(eve)


async def test_what_waited_for_its_base_is_still_judged_by_who_sent_it(tmp_path: Path) -> None:
    async with node(tmp_path, now=Clock()) as rooms:
        room = await rooms.open("s")
        eve = Client(person("eve"))
        eve.make_file("f", "a.txt")
        first = eve.doc.get_update()
        before = eve.doc.get_state()
        comments_of(eve)["t1/id-ann"] = said("I quit", on={"execution": "e", "line": 1, "quote": ""})
        later = eve.doc.get_update(before)
        member = room.join(eve)
        room.receive(member, step2_frame(later))
        room.receive(member, step2_frame(first))
        room.flush()
        assert [thread.comments[0].author_id for thread in room.threads()] == ["id-eve"]


@pytest.mark.parametrize(
    "value",
    [None, 7, "x", [], {}, {"thread": 1, "text": "x", "at": 1}, said("x" * (TEXT_CHARS_MAX + 1)), said("", "a b")],
)
async def test_what_is_no_comment_does_not_stay(tmp_path: Path, value: object) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann = joined(room, "ann")
        comments_of(ann)["t1/id-ann"] = value
        comments_of(ann)["t2"] = value
        settle(ann)
        assert entries(ann) == {} and room.threads() == []


async def test_a_hostile_place_makes_an_orphan_and_nothing_worse(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann = joined(room, "ann")
        ann.make_file("f", "a.txt", "abc")
        client = ann.doc.client_id
        places = [(client, 0), (client, 1), (client, 10**6), (2**53, 0), (7, 2**40)]
        for number, (who, clock) in enumerate(places):
            place = {"item": {"client": who, "clock": clock}, "assoc": 0}
            on = {"file": "f", "quote": "abc", "start": place, "end": place}
            comments_of(ann)[f"t{number}/id-ann"] = said("x", f"t{number}", on=on)
        settle(ann)
        assert [thread.orphaned for thread in room.threads()] == [True] * len(places)
        ann.text("f").insert(0, "still here ")
        settle(ann)
        assert room.file("f").content == "still here abc"


async def test_comments_are_bounded_by_name(tmp_path: Path) -> None:
    limits = Limits(comments_max=3, comment_bytes_max=300)
    async with node(tmp_path, limits=limits) as rooms:
        room = await rooms.open("s")
        ann, bot = joined(room, "ann"), person("bot")
        for number in range(3):
            comments_of(ann)[f"t{number}/id-ann"] = said("x", f"t{number}")
        settle(ann)
        comments_of(ann)["t1/id-ann"] = said("changed", "t1")
        settle(ann)
        with pytest.raises(EditRefused) as refused:
            room.discuss(bot, lambda document: document.reply(bot, "new", "t1", "no room"))
        assert refused.value.code == "too_large"
        comments_of(ann)["t4/id-ann"] = said("x", "t4")
        with pytest.raises(FrameError) as full:
            settle(ann)
        assert full.value.code == "comments_max"
        bob = joined(room, "bob")
        comments_of(bob)["t1/id-bob"] = said("x" * 400)
        with pytest.raises(FrameError) as large:
            settle(bob)
        assert large.value.code == "comment_bytes_max"


async def test_the_server_answers_settles_and_deletes_for_those_who_speak_no_yjs(tmp_path: Path) -> None:
    async with node(tmp_path, now=Clock()) as rooms:
        room = await rooms.open("s")
        ann, bot, reader = person("ann"), person("bot", kind="agent"), Connection(person("reader"), wants_text=True)
        room.join(reader)
        output = {"execution": "e1", "line": 3, "quote": "NaN"}
        room.discuss(ann, lambda document: document.start_thread(ann, "t1", "why NaN?", output))
        room.discuss(bot, lambda document: document.reply(bot, "c2", "t1", "divided by zero"))
        room.discuss(bot, lambda document: document.settle(bot, "t1", True))
        room.discuss(bot, lambda document: document.rephrase(bot, "c2", "0/0"))
        for speak in (
            lambda document: document.rephrase(ann, "c2", "mine now"),
            lambda document: document.withdraw(ann, "c2"),
        ):
            with pytest.raises(EditRefused) as refused:
                room.discuss(ann, speak)
            assert refused.value.code == "forbidden"
        (thread,) = room.threads()
        assert (thread.execution_id, thread.line, thread.quote, thread.orphaned) == ("e1", 3, "NaN", False)
        assert (thread.resolved, thread.resolved_by) == (True, "id-bot")
        assert [(one.author_id, one.kind, one.text) for one in thread.comments] == [
            ("id-ann", "human", "why NaN?"),
            ("id-bot", "agent", "0/0"),
        ]
        # The place stays while somebody answers there; with the last words all goes.
        room.discuss(ann, lambda document: document.withdraw(ann, "t1"))
        (left,) = room.threads()
        assert left.line == 3 and [one.id for one in left.comments] == ["c2"]
        room.discuss(ann, lambda document: document.withdraw(ann, "c2", any_author=True))
        assert room.threads() == []
        told = reader.events("comment.changed")
        assert [event["threadId"] for event in told] == ["t1"] * 6
        assert told[0]["thread"]["comments"][0]["text"] == "why NaN?" and told[-1]["thread"] is None


async def test_who_may_only_watch_says_nothing_and_a_restore_leaves_comments(tmp_path: Path) -> None:
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        ann, eve = joined(room, "ann"), joined(room, "eve", may_edit=False)
        ann.make_file("f", "a.txt", "one\n")
        settle(ann, eve)
        first = room.version
        ann.text("f").insert(0, "zero\n")
        settle(ann)
        room.discuss(ann.actor, lambda document: document.start_thread(ann.actor, "t1", "x", document.on_line("f", 2)))
        comments_of(eve)["t2/id-eve"] = said("psst", "t1")
        settle(ann, eve)
        assert eve.denied and [len(thread.comments) for thread in room.threads()] == [1]
        await room.undo(ann.actor, "id-ann", first)
        assert room.file("f").content == "one\n"
        assert [(thread.line, thread.comments[0].text) for thread in room.threads()] == [(1, "x")]
