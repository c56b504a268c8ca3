"""Promises about branches: agents propose, run there, and people merge what they looked at."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from collab_server.client import Problem, Session, connect
from tests.stories.conftest import Account
from tests.stories.test_editor import give_role, opened, session_of
from tests.stories.test_mcp import call, client
from tests.support.patience import PATIENCE_S, SOON_S
from tests.support.processes import Server

WRONG = "export const add = (a, b) => a - b;\n"
RIGHT = "export const add = (a, b) => a + b;\n"

BEFORE_THE_CARET = """(wanted) => {
  const caret = document.querySelector('.remote-caret');
  if (caret === null) return false;
  const range = document.createRange();
  range.setStart(caret.closest('.cm-line'), 0);
  range.setEndBefore(caret);
  return range.toString() === wanted;
}"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def shared(ada: Account, bob: Account, **files: str) -> dict[str, Any]:
    session = await ada.session(**files)
    await ada.http.put(f"/api/sessions/{session['id']}/collaborators/{bob.user_id}", json={"role": "editor"})
    return session


async def person(server: Server, ada: Account) -> dict[str, str]:
    """The same account in a browser: a cookie and its origin."""
    answer = await ada.http.post("/api/login", json={"token": ada.token})
    return {"cookie": answer.headers["set-cookie"].split(";")[0], "origin": server.url, "authorization": ""}


async def test_an_agent_proposes_over_mcp_and_a_person_merges_what_was_looked_at(
    server: Server, ada: Account, bob: Account
) -> None:
    session = await shared(ada, bob, sum_js=WRONG, test_js="import { add } from './sum.js';\nreturn add(2, 2) === 4")
    place, sum_id = f"/api/sessions/{session['id']}", session["files"][0]["id"]
    await ada.http.patch(place, json={"agentsPropose": True})
    async with server.lane(session["id"], ada.token) as people, client(server, bob.token) as agent:
        await people.event("welcome")
        edit = {"fileId": sum_id, "content": RIGHT}
        refused = await agent.call_tool("updateFileInCodeExecutionSession", {"sessionId": session["id"], **edit})
        assert "must_propose" in str(refused.content) and "proposeChangesToCodeExecutionSession" in str(refused.content)
        branch = await call(agent, "proposeChangesToCodeExecutionSession", sessionId=session["id"], title="Mend add")
        again = await call(agent, "proposeChangesToCodeExecutionSession", sessionId=session["id"])
        assert again["id"] == branch["id"], "an agent goes on where it was"
        await call(agent, "updateFileInCodeExecutionSession", sessionId=branch["id"], **edit)
        ran = await call(agent, "executeCode", sessionId=branch["id"], entry="test.js")
        assert ran["result"] is True
        await call(
            agent, "proposeChangesToCodeExecutionSession", sessionId=session["id"], message="It is a sum.", ready=True
        )
        told = await people.next(lambda m: m["type"] == "branch.changed" and m["branch"]["status"] == "proposed")
        assert (told["branch"]["title"], told["branch"]["authorKind"]) == ("Mend add", "agent")
        looked = await call(agent, "getCodeExecutionProposal", proposalId=branch["id"])
        assert (
            "-export const add = (a, b) => a - b;\n+export const add = (a, b) => a + b;"
            in looked["files"][0]["unified"]
        )
        for decision in ("merge", "reject"):
            mine = await agent.call_tool(
                "decideCodeExecutionProposal",
                {"proposalId": branch["id"], "decision": decision, "version": looked["version"]},
            )
            assert "must_propose" in str(mine.content), "who only proposes does not decide"
        signed = await person(server, ada)
        there = f"{place}/branches/{branch['id']}"
        await ada.http.put(f"{place}/files/{sum_id}", headers=signed, json={"content": f"// typed meanwhile\n{WRONG}"})
        stale = await ada.http.post(f"{there}/merge", headers=signed, json={"version": looked["version"] - 1})
        assert (stale.status_code, stale.json()["code"]) == (409, "stale")
        diff = (await ada.http.get(f"{there}/diff", headers=signed)).json()
        assert (diff["both"], diff["lost"], diff["authorIds"]) == (["sum.js"], [], [bob.user_id])
        merged = (await ada.http.post(f"{there}/merge", headers=signed, json={"version": diff["version"]})).json()
        assert (merged["status"], merged["decidedBy"]) == ("merged", ada.user_id), merged
        heard = await people.event("file.changed", version=merged["mergedVersion"])
        assert heard["actor"] == {"id": bob.user_id, "name": bob.user_id, "kind": "agent"}
        text = (await ada.http.get(f"{place}/files/{sum_id}")).json()["content"]
        assert text == f"// typed meanwhile\n{RIGHT}"
        assert (await ada.http.get(f"{there}/diff")).json()["files"] == diff["files"], (
            "what was merged can be looked at"
        )
        late = await agent.call_tool("updateFileInCodeExecutionSession", {"sessionId": branch["id"], **edit})
        assert "decided" in str(late.content)
        undone = await ada.http.post(f"{place}/undo", headers=signed, json={"actorId": bob.user_id})
        assert undone.json()["files"][0]["name"] == "sum.js"
        assert "a - b" in (await ada.http.get(f"{place}/files/{sum_id}")).json()["content"]


async def test_what_is_written_while_a_branch_is_merged_is_merged_or_refused(server: Server, ada: Account) -> None:
    session = await ada.session()
    written: dict[str, str] = {}
    refused: set[str] = set()
    async with connect(server.url, ada.token) as client, asyncio.TaskGroup() as agents:
        branch = await client.branches.create(session["id"])
        going = asyncio.Semaphore(0)

        async def write(agent: Session, name: str) -> None:
            try:
                while True:
                    await agent.files.write(name, content := written.get(name, "") + "line\n")
                    written[name] = content
                    going.release()
            except Problem as refusal:
                refused.add(refusal.code)

        for number in range(4):
            agents.create_task(write(await client.open(branch.id), f"{number}.txt"))
        for _ in range(12):
            await going.acquire()
        merged = await ada.http.post(f"/api/sessions/{session['id']}/branches/{branch.id}/merge")
        assert merged.json()["status"] == "merged", merged.text
    # What was answered is there, and what was not was told why.
    shown = (await ada.http.get(f"/api/sessions/{session['id']}")).json()["files"]
    assert {file["name"]: file["content"] for file in shown} == written
    assert refused and refused <= {"merging", "decided", "forbidden"}


async def test_a_branch_has_its_sessions_roles_and_budget_and_neither_its_secrets_nor_its_list(
    server: Server, ada: Account, bob: Account
) -> None:
    session = await shared(ada, bob, main_js="console.log(String(process.env.KEY))")
    place = f"/api/sessions/{session['id']}"
    await ada.http.put(f"{place}/secrets/KEY", json={"value": "open sesame"})
    branch = (await bob.http.post(f"{place}/branches", json={"title": "Try"})).json()
    there = f"/api/sessions/{branch['id']}"
    ran = (await bob.http.post(f"{there}/executions", json={"entry": "main.js"})).json()
    assert ran["stdout"] == "undefined\n", "what nobody has looked at gets no secrets"
    shown = (await bob.http.get(there)).json()
    assert (shown["branchOf"], shown["roles"][bob.user_id]) == (session["id"], "editor")
    for scope in ("mine", "shared"):
        listed = (await bob.http.get("/api/sessions", params={"scope": scope})).json()["items"]
        assert branch["id"] not in [item["id"] for item in listed]
    for method, path in (("PUT", f"{there}/collaborators/x"), ("DELETE", there), ("PUT", f"{there}/secrets/A")):
        body = {"role": "owner"} if "collaborators" in path else {"value": "x"}
        answer = await ada.http.request(method, path, json=None if method == "DELETE" else body)
        assert answer.status_code == 403, (method, path)
    await ada.http.patch(place, json={"budget": 0})
    refused = await bob.http.post(f"{there}/executions", json={"entry": "main.js"})
    assert refused.json()["code"] == "quota_exceeded", "runs in a branch are on its session's budget"
    async with server.lane(branch["id"], bob.token) as lane:
        await lane.event("welcome")
        await ada.http.delete(f"{place}/collaborators/{bob.user_id}")
        async with asyncio.timeout(SOON_S):
            await lane.socket.wait_closed()
        assert lane.socket.close_code == 4403
    assert (await bob.http.get(there)).status_code == 404


async def test_a_key_that_only_proposes_changes_nothing_but_branches(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="1")
    made = await ada.http.post("/api/me/tokens", json={"agent": "Fixer", "scopes": ["propose", "run"]})
    token, place = made.json()["token"], f"/api/sessions/{session['id']}"
    as_agent = {"authorization": f"Bearer {token}"}
    async with server.lane(session["id"], token) as lane:
        welcome = await lane.event("welcome")
        assert (welcome["mayEdit"], welcome["mayRun"]) == (False, True)
        assert (await lane.ask("write", name="main.js", content="2"))["code"] == "must_propose"
        said = await lane.ask("comment", fileId=session["files"][0]["id"], line=1, text="should be 2")
        assert said["thread"]["comments"][0]["author"]["id"] == f"agent:Fixer@{ada.user_id}", "it may talk"
    for method, path, body in (
        ("PUT", f"{place}/files/{session['files'][0]['id']}", {"content": "2"}),
        ("PATCH", place, {"name": "mine"}),
        ("POST", f"{place}/links", {"role": "editor"}),
        ("POST", f"{place}/undo", {"actorId": ada.user_id}),
        ("POST", f"{place}/versions/1/restore", None),
    ):
        answer = await ada.http.request(method, path, json=body, headers=as_agent)
        assert answer.status_code == 403, (method, path, answer.text)
    branch = (await ada.http.post(f"{place}/branches", headers=as_agent)).json()
    assert branch["authorId"] == f"agent:Fixer@{ada.user_id}"
    async with server.lane(branch["id"], token) as lane:
        assert (await lane.ask("write", name="main.js", content="2"))["type"] == "ok"
        assert (await lane.run(entry="main.js"))[1]["status"] == "completed"
        there = f"{place}/branches/{branch['id']}"
        assert (await ada.http.post(f"{there}/merge", headers=as_agent)).status_code == 403
        assert (await ada.http.post(f"{there}/reject", json={"reason": "no"})).json()["reason"] == "no"
        assert (await lane.event("role"))["mayEdit"] is False
    assert (await ada.http.get(f"{place}/files")).json()["items"][0]["content"] == "1"


async def test_a_person_is_told_looks_at_a_proposal_and_merges_or_rejects_it(
    browser: Browser, server: Server, ada: Account
) -> None:
    session_id = await session_of(server, "Proposals", main_js="return 1;\n")
    await give_role(server, session_id, ada.user_id, "editor")
    place = f"/api/sessions/{session_id}/branches"
    async with opened(browser, server, session_id) as page:
        async with server.lane(session_id, ada.token) as agent:
            file_id = (await agent.ask("files"))["files"][0]["id"]
            for told, before in (
                ({"line": 1, "column": 8}, "return "),
                ({"offset": 9}, "return 1;"),
                ({"start": 0, "end": 6}, "return"),
            ):
                await agent.ask("presence", cursor={"fileId": file_id, **told})
                await page.wait_for_function(BEFORE_THE_CARET, arg=before, timeout=PATIENCE_S * 1000)
        await expect(page.locator(".remote-caret")).to_have_count(0)
        await page.get_by_test_id("share").click()
        await page.get_by_test_id("agents-propose").click()
        await page.keyboard.press("Escape")
        await page.get_by_test_id("branches").click()
        await expect(page.get_by_role("dialog")).to_contain_text("Nothing was proposed yet")
        for title, content in (("Two", "return 2;\n"), ("Three", "return 3;\n")):
            branch = (await ada.http.post(place, json={"title": title})).json()
            async with server.lane(branch["id"], ada.token) as agent:
                assert (await agent.ask("write", name="main.js", content=content))["type"] == "ok"
            await ada.http.patch(f"{place}/{branch['id']}", json={"ready": True, "message": f"It is {title}."})
        await expect(page.get_by_test_id("branch")).to_have_count(2)
        await page.get_by_test_id("branch").filter(has_text="Two").click()
        await expect(page.get_by_test_id("diff")).to_contain_text("return 2;")
        await expect(page.get_by_role("dialog")).to_contain_text("It is Two.")
        await page.get_by_test_id("merge").click()
        await expect(page.get_by_test_id("branch").filter(has_text="Two")).to_contain_text("merged")
        await page.get_by_test_id("branch").filter(has_text="Three").click()
        await page.get_by_test_id("reject").click()
        await page.get_by_test_id("confirm").click()
        await expect(page.get_by_test_id("branch").filter(has_text="Three")).to_contain_text("rejected")
        await page.get_by_role("button", name="Close").last.click()
        await expect(page.locator(".cm-content")).to_contain_text("return 2;")
