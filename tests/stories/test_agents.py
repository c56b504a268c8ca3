"""Promises to an agent that speaks JSON on a plain WebSocket, with no CRDT library."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.stories.conftest import Account
from tests.support.patience import SOON_S
from tests.support.processes import Server, StockClient

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_agent_is_welcomed_with_what_it_may_do(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="1")
    async with server.lane(session["id"], ada.token) as lane:
        welcome = await lane.event("welcome")
        assert welcome["sessionId"] == session["id"]
        assert welcome["role"] == "owner"
        assert welcome["user"]["id"] == ada.user_id
        assert welcome["protocol"] == "collab.v1"


async def test_an_edit_at_a_base_version_merges_with_concurrent_typing(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="one\ntwo\nthree\n")
    async with (
        StockClient.connect(3, server, session["id"], ada.token) as person,
        server.lane(session["id"], ada.token) as agent,
    ):
        files = await agent.ask("files")
        base, file = files["version"], files["files"][0]
        await person.ask("insert", name="main.js", at=0, text="typed 🙂 meanwhile\n")
        await agent.event("file.changed")
        answer = await agent.ask(
            "edit", fileId=file["id"], baseVersion=base, edits=[{"start": 4, "end": 7, "text": "TWO"}]
        )
        assert answer["type"] == "ok", answer
        merged = "typed 🙂 meanwhile\none\nTWO\nthree\n"
        assert await person.until_text("main.js", lambda text: "TWO" in text) == merged
        assert (await ada.http.get(f"/api/sessions/{session['id']}")).json()["files"][0]["content"] == merged


async def test_what_was_saved_is_said_and_changes_are_heard_as_small_edits(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="hello world\n")
    async with server.lane(session["id"], ada.token) as writer, server.lane(session["id"], ada.token) as listener:
        answer = await writer.ask("write", name="main.js", content="hello brave world\n")
        heard = await listener.event("file.changed")
        assert heard["edits"] == [{"start": 6, "end": 6, "text": "brave "}]
        assert heard["actor"]["id"] == ada.user_id
        assert heard["version"] == answer["version"]
        saved = await listener.next(lambda m: m["type"] == "saved" and m["version"] >= answer["version"])
        assert saved["version"] >= heard["version"]


async def test_files_are_made_renamed_and_deleted_by_message(server: Server, ada: Account) -> None:
    session = await ada.session()
    async with server.lane(session["id"], ada.token) as lane:
        made = await lane.ask("write", name="a.py", content="print(1)\n")
        await lane.ask("rename", fileId=made["fileId"], name="b.py")
        assert [file["name"] for file in (await lane.ask("files"))["files"]] == ["b.py"]
        await lane.ask("delete", fileId=made["fileId"])
        assert (await lane.ask("files"))["files"] == []
        assert any(m["type"] == "file.deleted" and m["fileId"] == made["fileId"] for m in lane.heard)


async def test_a_run_streams_its_events_in_order_to_all_in_the_session(server: Server, ada: Account) -> None:
    session = await ada.session(
        main_js="for (const n of [1, 2, 3]) { console.log('line', n); await new Promise((r) => setTimeout(r, 20)); }\nreturn 40 + 2;\n"
    )
    async with server.lane(session["id"], ada.token) as runner, server.lane(session["id"], ada.token) as watcher:
        events, finished = await runner.run(entry="main.js")
        assert events[0]["type"] in ("execution.queued", "execution.started")
        output = [event for event in events if event["type"] == "execution.output"]
        assert [event["seq"] for event in output] == [1, 2, 3]
        assert "".join(event["text"] for event in output) == "line 1\nline 2\nline 3\n"
        assert finished["status"] == "completed" and finished["result"] == 42
        assert finished["metrics"]["cost"] > 0
        assert await watcher.event("execution.finished") == finished
        replayed = await watcher.ask("replay", executionId=finished["executionId"], afterSeq=2)
        assert [event["seq"] for event in [replayed] if event["type"] == "execution.output"] == [3]


async def test_bad_messages_get_a_typed_error_and_the_socket_stays_open(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="")
    bad = [
        "{",
        "[]",
        '"text"',
        '{"type": 7}',
        '{"type":"no-such"}',
        '{"type":"edit"}',
        '{"type":"execute","timeout":-1}',
        '{"type":"execute","timeout":1e400}',
        '{"type":"write","content":"x"}',
        "[" * 100_000,
        '{"type":"cancel","executionId":"nope"}',
        '{"type":"ping","a":NaN}',
    ]
    async with server.lane(session["id"], ada.token) as lane:
        await lane.event("welcome")
        for text in bad:
            await lane.socket.send(text)
            error = await lane.event("error")
            assert error["code"] and error["message"], text
        assert (await lane.ask("ping"))["type"] == "ok"


async def test_a_message_repeated_with_the_same_id_is_done_once(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="console.log(1)")
    async with server.lane(session["id"], ada.token) as lane:
        answers = []
        for _ in range(3):
            await lane.socket.send(json.dumps({"type": "execute", "id": "same", "entry": "main.js"}))
            answers.append(await lane.next(lambda m: m.get("replyTo") == "same"))
        assert len({answer["executionId"] for answer in answers}) == 1
        refused = await lane.ask("execute", entry="main.js", ifVersion=0)
        assert (refused["type"], refused["code"]) == ("execution.refused", "stale")
        # A scan is answered each time. Of what it was told a socket holds but so much: a longer answer is made anew.
        seen = []
        for question, content in (("short", "a"), ("short", "b"), ("long", "\n" * 700_000), ("long", "\r" * 700_000)):
            await lane.ask("write", name="a.txt", content=content)
            for asked in ("files", "scan"):
                await lane.socket.send(json.dumps({"type": asked, "id": f"{asked} {question}"}))
                told = await lane.next(lambda m: "replyTo" in m)
                assert told["type"] == ("files" if asked == "files" else "ok"), told
                seen += [file["content"][0] for file in told.get("files", ()) if file["name"] == "a.txt"]
        assert seen == ["a", "a", "\n", "\r"]
        # Nor do long answers push out what was done: it would be done again.
        await lane.ask("write", name="a.txt", content="x" * 700_000)
        for question in ("one", "two"):
            await lane.socket.send(json.dumps({"type": "files", "id": question}))
            await lane.next(lambda m: "replyTo" in m)
        await lane.socket.send(json.dumps({"type": "execute", "id": "same", "entry": "main.js"}))
        assert await lane.next(lambda m: "replyTo" in m) == answers[0]
        assert len((await ada.http.get(f"/api/sessions/{session['id']}/executions")).json()["items"]) == 1


async def test_a_runner_may_run_but_not_edit_and_a_viewer_neither(server: Server, ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="return 1")
    place = f"/api/sessions/{session['id']}/collaborators/{bob.user_id}"
    await ada.http.put(place, json={"role": "runner"})
    async with server.lane(session["id"], bob.token) as lane:
        assert (await lane.run(entry="main.js"))[1]["status"] == "completed"
        assert (await lane.ask("write", name="main.js", content="x"))["code"] == "forbidden"
        await ada.http.put(place, json={"role": "viewer"})
        changed = await lane.event("role")
        assert changed["role"] == "viewer"
        refused = await lane.ask("execute", entry="main.js")
        assert (refused["type"], refused["code"]) == ("execution.refused", "forbidden")
        about = {"fileId": session["files"][0]["id"], "line": 1}
        assert (await lane.ask("comment", **about, text="why?"))["code"] == "forbidden"


async def test_somebody_taken_out_is_closed_out_within_a_second(server: Server, ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="")
    place = f"/api/sessions/{session['id']}/collaborators/{bob.user_id}"
    await ada.http.put(place, json={"role": "editor"})
    async with server.lane(session["id"], bob.token) as lane:
        await lane.event("welcome")
        await ada.http.delete(place)
        async with asyncio.timeout(SOON_S):
            await lane.socket.wait_closed()
        assert lane.socket.close_code == 4403


async def test_whatever_is_wrong_with_a_message_its_answer_names_it(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="")
    async with server.lane(session["id"], ada.token) as lane:
        for wrong, field in (
            ({"id": "a"}, "type"),
            ({"id": 7, "type": 5}, "type"),
            ({"id": "b", "type": "write"}, "content"),
            ({"id": "c", "type": "fly"}, "type"),
        ):
            await lane.socket.send(json.dumps(wrong))
            answer = await lane.event("error", replyTo=wrong["id"])
            assert answer["errors"][0]["field"] == field, answer
        await lane.socket.send(json.dumps({"id": {"a": 1}, "type": "ping"}))
        assert {fault["field"] for fault in (await lane.event("error"))["errors"]} == {"id"}
        # None of it cost the socket; that goes with its session.
        await ada.http.delete(f"/api/sessions/{session['id']}")
        async with asyncio.timeout(SOON_S):
            await lane.socket.wait_closed()
        assert lane.socket.close_code == 4404


async def test_agents_talk_about_a_line_until_it_is_settled_and_all_hear_of_it(server: Server, ada: Account) -> None:
    session = await ada.session(main_py="one\ntwo\n")
    file_id = session["files"][0]["id"]
    async with server.lane(session["id"], ada.token) as agent, server.lane(session["id"], ada.token) as other:
        made = await agent.ask("comment", fileId=file_id, line=2, text="why two?")
        heard = await other.event("comment.changed")
        assert heard["thread"] == made["thread"] and heard["thread"]["comments"][0]["author"]["kind"] == "agent"
        thread_id = made["thread"]["id"]
        answered = await other.ask("comment", threadId=thread_id, text="because")
        await other.ask("comment.edit", commentId=answered["commentId"], text="because of one")
        settled = await agent.ask("comment.resolve", threadId=thread_id, resolved=True)
        assert settled["thread"]["resolved"] and settled["thread"]["comments"][1]["text"] == "because of one"
        assert (await agent.ask("comments"))["threads"] == [settled["thread"]]
        await other.ask("comment.delete", commentId=thread_id)
        await other.ask("comment.delete", commentId=answered["commentId"])
        gone = await agent.next(lambda m: m["type"] == "comment.changed" and m["thread"] is None)
        assert gone["threadId"] == thread_id and (await agent.ask("comments"))["threads"] == []
        refused = await agent.ask("comment", text="about nothing")
        assert (refused["type"], refused["code"]) == ("error", "invalid")


async def test_an_agent_acts_for_its_account_under_its_own_name_within_its_own_bounds_until_its_key_is_revoked(
    server: Server, ada: Account
) -> None:
    session = await ada.session(main_js="one\n")
    wanted = {"name": "for mending", "agent": "Fixer", "runsPerMinute": 1, "budget": 1, "scopes": ["edit", "run"]}
    made = (await ada.http.post("/api/me/tokens", json=wanted)).json()
    fixer = f"agent:Fixer@{ada.user_id}"
    who = {"id": fixer, "name": "Fixer", "kind": "agent", "onBehalfOf": ada.user_id}
    as_agent = {"authorization": f"Bearer {made['token']}"}
    async with server.lane(session["id"], made["token"]) as agent, server.lane(session["id"], ada.token) as person:
        welcome = await agent.welcome()
        assert who.items() <= welcome["user"].items()
        assert welcome["user"]["color"].startswith("#") and welcome["role"] == "owner"
        await agent.ask("presence", state={"cursor": None})
        here = await person.next(lambda m: m["type"] == "presence" and fixer in json.dumps(m))
        assert f'"onBehalfOf": "{ada.user_id}"' in json.dumps(here)
        edits = [{"start": 0, "end": 0, "text": "return 7 // "}]
        done = await agent.ask("edit", fileId=session["files"][0]["id"], baseVersion=welcome["version"], edits=edits)
        assert done["type"] == "ok", done
        changed = await person.event("file.changed")
        assert (changed["actor"]["id"], changed["actor"]["onBehalfOf"]) == (fixer, ada.user_id)
        events, _ = await agent.run(entry="main.js")
        started = next(event for event in events if event["type"] == "execution.started")
        assert started["actor"] == {"id": fixer, "name": "Fixer", "onBehalfOf": ada.user_id}
        run = (await ada.http.get(f"/api/executions/{started['executionId']}")).json()
        assert run["actor"] == started["actor"]

        # Its own rate, shown where the account's is; the account goes on.
        again = {"language": "javascript", "code": "return 1"}
        second = await ada.http.post("/api/executions", json=again, headers=as_agent)
        assert second.json()["code"] == "rate_limited" and second.json()["retryAfter"] > 0
        assert (await ada.http.post("/api/executions", json=again)).status_code == 200
        told = (await ada.http.get("/api/me", headers=as_agent)).json()
        (bound,) = [one for one in told["limits"]["budgets"] if one["of"] == f"key:{made['id']}"]
        assert (bound["runsPerMinute"], bound["budget"], told["user"]["id"]) == (1, 1.0, fixer)

        # What it cost is told apart, and the account pays.
        sums = (await ada.http.get("/api/usage", params={"groupBy": "actor"})).json()
        assert {item["key"]: item["executions"] for item in sums["items"]} == {fixer: 1, ada.user_id: 1}

        # It cannot widen its own bounds, nor shed its name.
        for call in (
            ada.http.post("/api/me/tokens", json={}, headers=as_agent),
            ada.http.patch(f"/api/me/tokens/{made['id']}", json={"budget": None}, headers=as_agent),
            ada.http.patch("/api/me", json={"budget": None}, headers=as_agent),
        ):
            assert (await call).status_code == 403
        path = f"/api/me/tokens/{made['id']}"
        assert (await ada.http.patch(path, json={"runsPerMinute": 600})).json()["runsPerMinute"] == 600
        assert (await ada.http.post("/api/executions", json=again, headers=as_agent)).status_code == 200

        # All that it did goes back in one call, and all that it has ends at once: also a run outside of any session.
        undone = await ada.http.post(f"/api/sessions/{session['id']}/undo", json={"actorId": fixer})
        assert undone.json()["files"][0]["status"] == "changed"
        text = (await ada.http.get(f"/api/sessions/{session['id']}/files/{session['files'][0]['id']}")).json()
        assert text["content"] == "one\n"
        endless = {"language": "javascript", "code": "await new Promise(() => setInterval(() => {}, 1000))"}
        later = as_agent | {"prefer": "respond-async"}
        going = await ada.http.post("/api/executions", json=endless | {"timeout": 60_000}, headers=later)
        await ada.http.delete(path)
        async with asyncio.timeout(SOON_S):
            await agent.socket.wait_closed()
        assert agent.socket.close_code == 4401
        events_of = await ada.http.get(f"/api/executions/{going.json()['executionId']}/events")
        assert '"status":"cancelled"' in events_of.text
    root = await server.http("root", admin=True)
    acts = (await root.get("/api/admin/audit", params={"subject": run["id"]})).json()["items"]
    assert [(act["actorId"], act["agentId"], act["origin"]) for act in acts] == [(ada.user_id, fixer, "127.0.0.1")]
    await root.aclose()
