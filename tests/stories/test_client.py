"""Promises of the Python client, kept against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
from pycrdt import Map

from collab_server.client import (
    Blocked,
    Change,
    Conflict,
    FileChanged,
    FileDeleted,
    Forbidden,
    Invalid,
    NotFound,
    Presence,
    RoleChanged,
    Saved,
    Session,
    Unauthorized,
    Unreachable,
    connect,
)
from collab_server.client.feed import Changes
from collab_server.client.limits import Limits
from executor.events import Finished, Input, Output, Started
from tests.stories.conftest import Account
from tests.support.processes import Server

shared = pytest.mark.asyncio(loop_scope="session")
Kind = TypeVar("Kind", bound=Change)
WITHIN_S = 60.0


async def heard(changes: Changes, kind: type[Kind], wanted: Callable[[Kind], bool] = lambda _: True) -> Kind:
    """The next change of a kind that is wanted."""
    async with asyncio.timeout(WITHIN_S):
        async for change in changes:
            if isinstance(change, kind) and wanted(change):
                return change
    raise AssertionError("the changes ended")


@asynccontextmanager
async def opened(server: Server, token: str, session_id: str, limits: Limits | None = None) -> AsyncIterator[Session]:
    """A session of a client of its own."""
    async with connect(server.url, token, limits=limits) as client:
        yield await client.open(session_id)


@shared
async def test_sessions_are_made_read_changed_copied_packed_and_deleted(server: Server, ada: Account) -> None:
    async with connect(server.url, ada.token) as client:
        assert client.user.id == ada.user_id
        made = await client.sessions.create("first", files={"a.py": "print(1)\n"}, description="d")
        assert (await client.sessions.get(made.id)).files[0].content == "print(1)\n"
        assert (await client.sessions.update(made.id, name="second", is_public=True)).is_public
        copy = await client.sessions.fork(made.id, "copy")
        again = await client.sessions.import_(await client.sessions.export(made.id), "again")
        assert [file.name for file in again.files] == ["a.py"]
        assert {session.id async for session in client.sessions.list()} == {made.id, copy.id, again.id}
        await client.sessions.delete(copy.id)
        with pytest.raises(NotFound):
            await client.sessions.get(copy.id)


@shared
async def test_problems_are_typed(server: Server, ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="1")
    with pytest.raises(Unauthorized):
        async with connect(server.url, "ck_wrong"):
            pass
    with pytest.raises(Unreachable):
        async with connect("http://127.0.0.1:9", ada.token, limits=Limits(retry_s=0.2)):
            pass
    async with connect(server.url, bob.token) as client:
        with pytest.raises(NotFound):
            await client.open(session["id"])
        with pytest.raises(Invalid) as invalid:
            await client.sessions.create("")
        assert invalid.value.errors[0]["field"]
        with pytest.raises(Invalid):
            await client.execute(code="1", timeout=-1)
        with pytest.raises(Blocked) as blocked:
            await client.execute(code="1;" * 2_000_000, language="javascript")
        assert blocked.value.findings
    await ada.http.put(f"/api/sessions/{session['id']}/collaborators/{bob.user_id}", json={"role": "viewer"})
    async with opened(server, bob.token, session["id"]) as viewer:
        assert (viewer.role, viewer.may_edit) == ("viewer", False)
        with pytest.raises(Forbidden):
            await viewer.files.write("main.js", "2")
        with pytest.raises(Forbidden):
            await viewer.execute(entry="main.js")


@shared
async def test_files_are_edited_at_a_base_version_and_others_hear_small_edits(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="one\ntwo\n")
    async with (
        opened(server, ada.token, session["id"]) as writer,
        opened(server, ada.token, session["id"]) as reader,
    ):
        changes = reader.changes()
        file = await writer.files.read("main.js")
        await reader.files.edit(await reader.files.read("main.js"), [(0, 0, "🙂 typed meanwhile\n")])
        edited = await writer.files.edit(file, [(4, 7, "TWO")])
        assert edited.content == "🙂 typed meanwhile\none\nTWO\n"
        change = await heard(changes, FileChanged, lambda change: "TWO" in change.file.content)
        assert change.edits == ((22, 25, "TWO"),) and change.actor is not None and change.actor.id == ada.user_id
        await heard(changes, Saved, lambda saved: saved.version >= edited.version)

        made = await writer.files.write("b.py", "x = 1\n")
        assert made.language == "python"
        assert (await heard(changes, FileChanged, lambda change: change.before is None)).file.name == "b.py"
        await writer.files.rename(made, "c.py")
        assert (await writer.files.write("c.py", "x = 2\n")).id == made.id
        assert {file.name for file in await reader.files.list()} == {"main.js", "c.py"}
        await writer.files.delete("c.py")
        assert (await heard(changes, FileDeleted)).file.content == "x = 2\n"
        with pytest.raises(NotFound):
            await reader.files.read("c.py")
        with pytest.raises(Conflict):
            await writer.files.rename(await writer.files.write("d.py", ""), "main.js")
        await writer.presence(cursor={"fileId": file.id, "index": 3})
        await heard(changes, Presence, lambda presence: any("cursor" in member for member in presence.members))


@shared
async def test_a_run_in_a_session_gives_typed_events_takes_input_and_is_cancelled(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="const name = await prompt('Name? ');\nconsole.log('Hello', name);\nreturn 7;")
    async with opened(server, ada.token, session["id"]) as live:
        run = await live.execute(entry="main.js")
        seen = []
        async for event in run:
            seen.append(event)
            if isinstance(event, Input):
                assert event.prompt == "Name? "
                await run.stdin("Ada\n")
        assert any(isinstance(event, Started) for event in seen)
        assert [event.text for event in seen if isinstance(event, Output)] == ["Hello Ada\n"]
        assert isinstance(seen[-1], Finished) and seen[-1].result == 7
        result = await run.result()
        assert result.success and result.result == 7 and result.stdout == "Hello Ada\n"
        assert [event.to_json() async for event in await live.attach(run.id)] == [event.to_json() for event in seen]

        endless = await live.execute(code="console.log('on'); while (true) {}", language="javascript", timeout=20_000)
        async for event in endless:
            if isinstance(event, Output):
                break
        assert await endless.cancel()
        assert [event async for event in endless][-1].type == "execution.finished"
        assert not (await endless.result()).success


@shared
async def test_code_runs_without_a_session(server: Server, ada: Account) -> None:
    async with connect(server.url, ada.token) as client:
        assert "javascript" in await client.languages()
        run = await client.execute(
            code="console.log('a\u2028b'); return x * 2", language="javascript", context={"x": 21}
        )
        assert (await run.result()).result == 42
        texts = [event.text async for event in run if isinstance(event, Output)]
        assert texts == ["a\u2028b\n"]
        again = await client.attach(run.id)
        assert [event.text async for event in again if isinstance(event, Output)] == texts


@shared
async def test_a_slow_reader_of_events_or_changes_still_gets_all(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="for (let n = 0; n < 300; n++) console.log(n);")
    limits = Limits(run_queue_events_max=5, changes_queue_max=3)
    async with opened(server, ada.token, session["id"], limits) as live:
        changes = live.changes()
        run = await live.execute(entry="main.js")
        await run.result()
        for number in range(20):
            await live.files.write("main.js", f"{number}\n")
        await live.files.write("other.js", "1\n")
        text = "".join([event.text async for event in run if isinstance(event, Output)])
        assert text == "".join(f"{number}\n" for number in range(300))
        last = await heard(changes, FileChanged, lambda change: change.file.content == "19\n")
        assert last.file.name == "main.js"
        await heard(changes, FileChanged, lambda change: change.file.name == "other.js")


@shared
async def test_a_replica_is_kept_in_step_and_runs_see_what_was_typed_in_it(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="return 1;")
    async with opened(server, ada.token, session["id"]) as one, opened(server, ada.token, session["id"]) as two:
        documents = [await one.replica(), await two.replica()]
        texts = [document.get("files", type=Map)[session["files"][0]["id"]]["content"] for document in documents]
        changes = two.changes()
        texts[0].insert(0, "/* é */ ")
        assert (await (await one.execute(entry="main.js")).result()).result == 1
        await heard(changes, FileChanged, lambda change: change.file.content.startswith("/* é */"))
        assert str(texts[1]) == str(texts[0]) == "/* é */ return 1;"
        assert await one.saved() > 0
        await two.files.write("main.js", "/* é */ return 2;")
        await one.files.read("main.js")
        assert str(texts[0]) == "/* é */ return 2;"


@shared
async def test_a_changed_role_is_told_and_removal_ends_everything_with_a_typed_error(
    server: Server, ada: Account, bob: Account
) -> None:
    session = await ada.session(main_js="1")
    place = f"/api/sessions/{session['id']}/collaborators/{bob.user_id}"
    await ada.http.put(place, json={"role": "editor"})
    async with opened(server, bob.token, session["id"]) as live:
        changes = live.changes()
        await ada.http.put(place, json={"role": "viewer"})
        assert (await heard(changes, RoleChanged)).role == "viewer"
        await ada.http.delete(place)
        with pytest.raises(Forbidden):
            await heard(changes, RoleChanged)
        with pytest.raises(Forbidden):
            await live.files.list()


@shared
async def test_a_revoked_token_ends_the_session_with_a_typed_error(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="await new Promise((r) => setTimeout(r, 20000));")
    token = await server.token(ada.user_id)
    listed = (await ada.http.get("/api/me/tokens")).json()["items"]
    async with opened(server, token, session["id"]) as live:
        changes = live.changes()
        mine = next(item["id"] for item in listed if token.startswith(item["prefix"]))
        await ada.http.delete(f"/api/me/tokens/{mine}")
        with pytest.raises(Unauthorized):
            await heard(changes, FileDeleted)
        with pytest.raises(Unauthorized):
            await live.execute(entry="main.js")
        assert not live.connected
