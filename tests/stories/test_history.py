"""Promises about the past of a session: what a run ran, running it again, and what changed since."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from crdt.edits import apply_edits
from crdt.model import TextEdit
from tests.stories.conftest import Account, account
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_run_is_run_again_at_the_version_that_it_ran(server: Server, ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="return 'old';\n")
    place = f"/api/sessions/{session['id']}"
    first = (await ada.http.post(f"{place}/executions", json={"entry": "main.js", "timeout": 4321})).json()
    assert first["result"] == "old", first
    file = session["files"][0]["id"]
    await ada.http.put(f"{place}/files/{file}", json={"content": "return 'new';\n", "name": "other.js"})

    run = f"/api/executions/{first['executionId']}"
    then = (await ada.http.get(f"{run}/files")).json()
    assert [(one["name"], one["content"]) for one in then["files"]] == [("main.js", "return 'old';\n")]
    again, repeated = await asyncio.gather(
        *(ada.http.post(f"{run}/rerun", headers={"idempotency-key": "again"}) for _ in range(2))
    )
    assert again.json()["result"] == "old", again.text
    assert again.json()["executionId"] == repeated.json()["executionId"] != first["executionId"]
    record = (await ada.http.get(f"/api/executions/{again.json()['executionId']}")).json()
    assert (record["rerunOf"], record["version"], record["entry"]) == (
        first["executionId"], then["version"], "main.js",
    )  # fmt: skip
    later = await ada.http.post(f"{run}/rerun", headers={"prefer": "respond-async"})
    assert later.status_code == 202
    streamed = await ada.http.post(f"{run}/rerun", headers={"accept": "text/event-stream"})
    assert "execution.finished" in streamed.text
    async with server.lane(session["id"], ada.token) as lane:
        answer = await lane.ask("rerun", executionId=first["executionId"])
        assert (await lane.ended(answer["executionId"]))["result"] == "old"
    assert (await bob.http.post(f"{run}/rerun")).status_code == 404
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "viewer"})
    assert (await bob.http.post(f"{run}/rerun")).json()["code"] == "forbidden"
    assert len((await ada.http.get(f"{place}/executions")).json()["items"]) == 5


async def test_what_a_run_had_beside_the_sessions_files_is_refused_by_name(ada: Account) -> None:
    session = await ada.session(main_js="return 1;\n")
    place = f"/api/sessions/{session['id']}/executions"
    own = (await ada.http.post(place, json={"entry": "main.js", "code": "return 2;"})).json()
    alone = (await ada.http.post("/api/executions", json={"language": "javascript", "code": "return 3"})).json()
    for run in (own, alone):
        for answer in (
            await ada.http.post(f"/api/executions/{run['executionId']}/rerun"),
            await ada.http.get(f"/api/executions/{run['executionId']}/files"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "no_files"), answer.text


async def test_a_rerun_asks_for_no_more_than_the_account_has(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="return 1;\n")
    place = f"/api/sessions/{session['id']}"
    costly = await ada.http.post(f"{place}/executions", json={"entry": "main.js", "tier": "premium", "timeout": 50_000})
    assert costly.json()["tier"] == "premium", costly.text
    poor = await account(server, tier="basic")
    await ada.http.put(f"{place}/collaborators/{poor.user_id}", json={"role": "runner"})
    again = (await poor.http.post(f"/api/executions/{costly.json()['executionId']}/rerun")).json()
    assert (again["result"], again["tier"]) == (1, "basic")
    await poor.http.aclose()


async def test_what_changed_since_a_run_is_told_file_by_file(ada: Account) -> None:
    session = await ada.session(main_js="return 1;\n", gone_txt="bye\n", name_txt="same\n")
    place = f"/api/sessions/{session['id']}"
    ran = (await ada.http.post(f"{place}/executions", json={"entry": "main.js"})).json()["executionId"]
    ids = {file["name"]: file["id"] for file in session["files"]}
    await ada.http.put(f"{place}/files/{ids['main.js']}", json={"content": "return 2;\nlast line"})
    await ada.http.delete(f"{place}/files/{ids['gone.txt']}")
    await ada.http.put(f"{place}/files/{ids['name.txt']}", json={"name": "renamed.txt"})
    await ada.http.post(f"{place}/files", json={"name": "new.txt", "content": "hi\n"})
    told = (await ada.http.get(f"{place}/diff", params={"from": f"run:{ran}"})).json()
    assert [(one["name"], one["oldName"], one["status"]) for one in told["files"]] == [
        ("gone.txt", "gone.txt", "removed"),
        ("main.js", "main.js", "changed"),
        ("new.txt", "new.txt", "added"),
        ("renamed.txt", "name.txt", "renamed"),
    ]
    changed = told["files"][1]
    assert changed["unified"] == (
        "--- a/main.js\n+++ b/main.js\n@@ -1 +1,2 @@\n-return 1;\n+return 2;\n+last line\n\\ No newline at end of file\n"
    )
    assert changed["hunks"][0]["lines"][1] == "+return 2;"
    back = (await ada.http.get(f"{place}/diff", params={"from": told["to"], "to": told["from"]})).json()
    assert [one["status"] for one in back["files"]] == ["added", "changed", "renamed", "removed"]
    for wrong in ("x", "run:nothing", "99999", "-1"):
        assert (await ada.http.get(f"{place}/diff", params={"from": wrong})).status_code in (404, 422), wrong


async def test_an_agents_changes_are_taken_back_and_everybody_elses_stay(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="one\ntwo\n")
    place = f"/api/sessions/{session['id']}"
    agent, editor = await account(server), await account(server)
    for other in (agent, editor):
        await ada.http.put(f"{place}/collaborators/{other.user_id}", json={"role": "editor"})
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as browser:
        await browser.post("/api/login", json={"token": ada.token})
    file = session["files"][0]["id"]
    async with server.lane(session["id"], agent.token) as lane:
        await lane.ask("write", name="main.js", content="ONE\nthree\n")
        await lane.ask("write", name="junk.js", content="junk")
    await ada.http.put(f"{place}/files/{file}", json={"content": "ONE\nthree\nfour\n"})
    person = await editor.http.post(f"{place}/undo", json={"actorId": ada.user_id})
    assert (person.status_code, person.json()["code"]) == (403, "forbidden")
    both = await editor.http.post(f"{place}/undo", json={"actorId": agent.user_id, "count": 1, "sinceVersion": 1})
    assert both.status_code == 422
    last = await editor.http.post(f"{place}/undo", json={"actorId": agent.user_id, "count": 1})
    assert [(one["name"], one["status"]) for one in last.json()["files"]] == [("junk.js", "deleted")], last.text
    wanted, key = {"actorId": agent.user_id}, {"idempotency-key": "undo"}
    done = await editor.http.post(f"{place}/undo", json=wanted, headers=key)
    assert done.json()["version"] == last.json()["version"] + 1
    assert (await editor.http.post(f"{place}/undo", json=wanted, headers=key)).json() == done.json()
    now = (await ada.http.get(place)).json()["files"]
    assert [(one["name"], one["content"]) for one in now] == [("main.js", "one\ntwo\nfour\n")]
    newest = (await ada.http.get(f"{place}/versions")).json()["items"][0]
    assert newest["actorIds"] == [editor.user_id]
    async with server.lane(session["id"], ada.token) as owner:
        assert (await owner.ask("undo", actorId=agent.user_id))["files"] == []
        again = await owner.ask("undo", actorId=editor.user_id, count=1)
        assert [(one["name"], one["status"]) for one in again["files"]] == [("main.js", "changed")]
        assert (await owner.ask("files"))["files"][0]["content"] == "ONE\nthree\nfour\n"
        assert (await owner.ask("undo", actorId="nobody", count=1))["files"] == []
    await agent.http.aclose()
    await editor.http.aclose()


async def test_the_past_plays_back_step_by_step_to_what_stands_now(ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="a🙂b\n")
    place = f"/api/sessions/{session['id']}"
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "editor"})
    file, start = session["files"][0]["id"], session["version"]
    for text in ("a🙂b\nfirst\n", "🙂🙂b\nfirst\n", "🙂 second\n"):
        await bob.http.put(f"{place}/files/{file}", json={"content": text})
    made = (await ada.http.post(f"{place}/files", json={"name": "new.py", "content": "x"})).json()
    await ada.http.delete(f"{place}/files/{made['id']}")
    told = (await ada.http.get(f"{place}/playback", params={"from": start})).json()
    lines = await ada.http.get(f"{place}/playback", params={"from": start}, headers={"accept": "application/x-ndjson"})
    assert [json.loads(line) for line in lines.text.splitlines()] == told["steps"] and told["next"] is None
    texts = {file: "a🙂b\n"}
    for step in told["steps"]:
        assert step["actorId"] == (bob.user_id if step["fileId"] == file else ada.user_id)
        if step["deleted"]:
            del texts[step["fileId"]]
            continue
        edits = [TextEdit(edit["start"], edit["end"], edit["text"]) for edit in step["edits"]]
        texts[step["fileId"]] = apply_edits(texts.get(step["fileId"], ""), edits)
    assert texts == {file: "🙂 second\n"}
    assert [step["version"] for step in told["steps"]] == list(range(start + 1, told["to"] + 1))
