"""Promises to whoever keeps order in other people's sessions: each act holds within a second, can be undone, and is on record."""

from __future__ import annotations

import asyncio

import pytest

from tests.stories.conftest import Account
from tests.stories.test_admin import acts_on, endless_run, eventually, root
from tests.support.patience import SOON_S
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
__all__ = ["root"]


async def test_a_read_only_session_is_watched_but_neither_changed_nor_run_until_it_is_open_again(
    server: Server, root: Account, ada: Account
) -> None:
    session = await ada.session(main_js="return 1")
    place, kept = f"/api/sessions/{session['id']}", f"/api/admin/sessions/{session['id']}"
    async with server.lane(session["id"], ada.token) as lane:
        assert (await lane.event("welcome"))["role"] == "owner"
        run = await endless_run(ada, session["id"])
        shown = (await root.http.patch(kept, json={"state": "readOnly"})).json()
        assert (shown["state"], shown["ownerId"]) == ("readOnly", ada.user_id)
        async with asyncio.timeout(SOON_S):
            told = await lane.event("role")
            assert (told["role"], "administrator" in told["readOnly"]) == ("viewer", True)
            assert '"cancelled"' in (await ada.http.get(f"/api/executions/{run}/events")).text
        assert (await lane.ask("write", name="new.js", content="1"))["code"] == "read_only"
        refused = await ada.http.post(f"{place}/files", json={"name": "new.js", "content": ""})
        assert (refused.status_code, refused.json()["code"]) == (423, "read_only")
        assert "administrator" in refused.json()["detail"]
        assert (await ada.http.post(f"{place}/executions", json={"entry": "main.js"})).json()["code"] == "read_only"
        assert (await ada.http.delete(place)).status_code == 423
        assert (await ada.http.get(place)).json()["files"][0]["content"] == "return 1"
        await root.http.patch(kept, json={"state": "open"})
        async with asyncio.timeout(SOON_S):
            told = await lane.event("role")
            assert (told["role"], "readOnly" in told) == ("owner", False)
    assert (await ada.http.post(f"{place}/files", json={"name": "new.js", "content": ""})).status_code == 201
    states = [act["detail"] for act in await acts_on(root, session["id"]) if act["action"] == "session.state"]
    assert states == [{"state": "open", "before": "readOnly"}, {"state": "readOnly", "before": "open"}]


async def test_a_closed_session_is_out_of_reach_and_comes_back_as_it_was(
    server: Server, root: Account, ada: Account
) -> None:
    session = await ada.session(main_js="return 'kept'")
    place, kept = f"/api/sessions/{session['id']}", f"/api/admin/sessions/{session['id']}"
    await ada.http.put(f"{place}/secrets/KEY", json={"value": "a secret"})
    async with server.lane(session["id"], ada.token) as lane:
        await lane.event("welcome")
        await root.http.patch(kept, json={"state": "closed"})
        async with asyncio.timeout(SOON_S):
            await lane.socket.wait_closed()
    assert (await ada.http.get(place)).status_code == 404
    assert session["id"] not in (await ada.http.get("/api/sessions")).text
    (found,) = (await root.http.get("/api/admin/sessions", params={"state": "closed", "q": session["id"]})).json()[
        "items"
    ]
    assert (found["id"], found["state"]) == (session["id"], "closed")
    await root.http.patch(kept, json={"state": "open"})
    assert (await ada.http.get(place)).json()["files"][0]["content"] == "return 'kept'"
    assert (await root.http.patch(kept, json={"archived": True})).json()["archived"] is True
    assert session["id"] not in (await ada.http.get("/api/sessions")).text
    assert (await ada.http.get(place)).json()["archived"] is True
    assert [each["name"] for each in (await ada.http.get(f"{place}/secrets")).json()["items"]] == ["KEY"]


async def test_a_deleted_session_can_be_looked_at_and_brought_back_once(root: Account, ada: Account) -> None:
    session = await ada.session(main_js="return 'back'")
    place, kept = f"/api/sessions/{session['id']}", f"/api/admin/sessions/{session['id']}"
    assert (await root.http.post(f"{kept}/restore")).json()["code"] == "not_deleted"
    await ada.http.delete(place)
    shown = (await root.http.get(kept)).json()
    assert shown["state"] == "deleted" and shown["deletedAt"] is not None
    assert (await root.http.patch(kept, json={"state": "readOnly"})).json()["code"] == "deleted"
    gone = (await root.http.get("/api/admin/sessions", params={"state": "deleted", "q": session["id"]})).json()
    assert [item["id"] for item in gone["items"]] == [session["id"]]
    assert (await root.http.post(f"{kept}/restore")).json()["state"] == "open"
    assert (await ada.http.get(place)).json()["files"][0]["content"] == "return 'back'"
    assert (await acts_on(root, session["id"]))[0]["action"] == "session.restored"


async def test_everybody_is_sent_out_of_a_session_and_may_come_back(
    server: Server, root: Account, ada: Account
) -> None:
    session = await ada.session(main_js="return 1")
    async with server.lane(session["id"], ada.token) as lane:
        await lane.event("welcome")
        run = await endless_run(ada, session["id"])
        assert (await root.http.post(f"/api/admin/sessions/{session['id']}/disconnect")).status_code == 204
        async with asyncio.timeout(SOON_S):
            await lane.socket.wait_closed()
            assert '"cancelled"' in (await ada.http.get(f"/api/executions/{run}/events")).text
        assert 4500 <= (lane.socket.close_code or 0) < 4600
    async with server.lane(session["id"], ada.token) as again:
        assert (await again.event("welcome"))["role"] == "owner"
    assert (await acts_on(root, session["id"]))[0]["action"] != "session.state"
    assert "session.disconnected" in [act["action"] for act in await acts_on(root, session["id"])]
    assert (await root.http.post("/api/admin/sessions/nothing/disconnect")).status_code == 404


async def test_a_session_is_handed_over_and_its_old_owner_stays_as_an_editor(
    server: Server, root: Account, ada: Account, bob: Account
) -> None:
    session = await ada.session(main_js="return 1")
    kept = f"/api/admin/sessions/{session['id']}"
    nobody = await root.http.patch(kept, json={"ownerId": "nobody-at-all"})
    assert (nobody.status_code, nobody.json()["errors"][0]["field"]) == (422, "ownerId")
    async with server.lane(session["id"], ada.token) as lane:
        assert (await lane.event("welcome"))["role"] == "owner"
        shown = (await root.http.patch(kept, json={"ownerId": bob.user_id})).json()
        assert {each["userId"]: each["role"] for each in shown["members"]} == {
            ada.user_id: "editor",
            bob.user_id: "owner",
        }
        async with asyncio.timeout(SOON_S):
            assert (await lane.event("role"))["role"] == "editor"
    assert (await bob.http.get(f"/api/sessions/{session['id']}")).json()["ownerId"] == bob.user_id
    branch = (await bob.http.post(f"/api/sessions/{session['id']}/branches", json={"title": "an idea"})).json()
    assert (await root.http.get(f"/api/admin/sessions/{branch['id']}")).json()["branchOf"] == session["id"]
    refused = await root.http.patch(f"/api/admin/sessions/{branch['id']}", json={"ownerId": ada.user_id})
    assert refused.json()["code"] == "branch"
    (act,) = [act for act in await acts_on(root, session["id"]) if act["action"] == "session.transferred"]
    assert (act["actorId"], act["detail"]) == (root.user_id, {"owner": bob.user_id, "before": ada.user_id})


async def test_a_key_of_somebody_else_is_revoked(root: Account, ada: Account) -> None:
    made = (await ada.http.post("/api/me/tokens", json={"name": "lost"})).json()
    place = f"/api/admin/users/{ada.user_id}/tokens"
    listed = (await root.http.get(place)).json()["items"]
    assert made["id"] in [key["id"] for key in listed] and made["token"] not in str(listed)
    assert (await root.http.delete(f"/api/admin/users/{root.user_id}/tokens/{made['id']}")).status_code == 404
    assert (await root.http.delete(f"{place}/{made['id']}")).status_code == 204
    bearer = {"authorization": f"Bearer {made['token']}"}
    assert (await ada.http.get("/api/me", headers=bearer)).status_code == 401
    assert (await acts_on(root, made["id"]))[0]["actorId"] == root.user_id


async def test_findings_are_followed_from_the_event_to_the_line_and_a_rule_is_changed(
    root: Account, ada: Account
) -> None:
    hidden = {"language": "javascript", "code": "// \u202e hidden\nreturn 1"}
    await ada.http.post("/api/executions", json=hidden)

    async def noted() -> list[dict[str, object]]:
        found = await root.http.get(
            "/api/admin/security-events", params={"userId": ada.user_id, "kind": "scan_finding"}
        )
        items: list[dict[str, object]] = found.json()["items"]
        return items

    (event,) = await eventually(noted)
    detail = event["detail"]
    assert isinstance(detail, dict)
    findings = (await root.http.get(f"/api/admin/executions/{detail['run']}/findings")).json()["findings"]
    (rule,) = detail["rules"]
    assert rule in [finding["ruleId"] for finding in findings] and findings[0]["line"] == 1
    for wanted, count in ((rule, 1), (rule[:-1], 0)):
        params = {"userId": ada.user_id, "rule": wanted}
        assert len((await root.http.get("/api/admin/security-events", params=params)).json()["items"]) == count
    body = {"kind": "overflow", "threshold": 5, "windowS": 60, "quietS": 60, "enabled": True}
    made = (await root.http.post("/api/admin/alert-rules", json=body)).json()
    changed = await root.http.put(
        f"/api/admin/alert-rules/{made['id']}", json=body | {"threshold": 9, "enabled": False}
    )
    assert (changed.json()["threshold"], changed.json()["enabled"]) == (9, False)
    assert changed.json() in (await root.http.get("/api/admin/alert-rules")).json()["items"]
    assert (await root.http.put("/api/admin/alert-rules/ar_none", json=body)).status_code == 404
    await root.http.delete(f"/api/admin/alert-rules/{made['id']}")
