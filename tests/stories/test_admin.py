"""Promises to those who run the server for others: they see what goes on, can act, and everything they do is on record."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets
from pycrdt import Doc, Map

from crdt.protocol import update_frame
from tests.stories.conftest import Account, account
from tests.support.patience import PATIENCE_S, SOON_S
from tests.support.postgres_server import PostgresServer
from tests.support.processes import Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENDLESS = "console.log('going'); await new Promise(() => setInterval(() => {}, 1000))"
PATHS = (
    ("GET", "stats"),
    ("GET", "sessions"),
    ("GET", "sessions/nothing"),
    ("PATCH", "sessions/nothing"),
    ("DELETE", "sessions/nothing"),
    ("POST", "sessions/nothing/disconnect"),
    ("POST", "sessions/nothing/restore"),
    ("GET", "users"),
    ("GET", "users/nobody"),
    ("PATCH", "users/nobody"),
    ("GET", "users/nobody/tokens"),
    ("DELETE", "users/nobody/tokens/nothing"),
    ("GET", "tiers"),
    ("GET", "tiers/basic"),
    ("PUT", "tiers/basic"),
    ("GET", "executions"),
    ("POST", "tiers/basic/preview"),
    ("POST", "executions/nothing/cancel"),
    ("GET", "executions/nothing/findings"),
    ("PUT", "alert-rules/nothing"),
    ("GET", "security-events"),
    ("GET", "audit"),
    ("GET", "audit/verify"),
    ("GET", "nodes"),
    ("GET", "events"),
    ("GET", "what/is/not/there"),
)


@pytest_asyncio.fixture(loop_scope="session")
async def root(server: Server) -> AsyncIterator[Account]:
    """An admin of the shared server."""
    made = await account(server, admin=True)
    yield made
    await made.http.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server on which nothing happens but what a test does: figures over everything are the test's own."""
    async with serving(tmp_path_factory.mktemp("alone")) as started:
        yield started


async def eventually(look: Callable[[], Awaitable[Any]], within_s: float = PATIENCE_S) -> Any:
    """What `look` gives as soon as it gives something; looked at again and again."""
    async with asyncio.timeout(within_s):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.02)


async def acts_on(root: Account, subject: str) -> list[dict[str, Any]]:
    answer = await root.http.get("/api/admin/audit", params={"subject": subject})
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def events_of(root: Account, user_id: str) -> list[dict[str, Any]]:
    answer = await root.http.get("/api/admin/security-events", params={"userId": user_id})
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def endless_run(who: Account, session_id: str | None = None) -> str:
    place = f"/api/sessions/{session_id}/executions" if session_id else "/api/executions"
    body = {"language": "javascript", "code": ENDLESS, "timeout": 60_000}
    started = await who.http.post(place, json=body, headers={"prefer": "respond-async"})
    return str(started.json()["executionId"])


async def test_everybody_else_gets_one_and_the_same_refusal_for_all_of_it(root: Account, ada: Account) -> None:
    key = (await root.http.post("/api/me/tokens", json={"scopes": ["edit", "run"]})).json()["token"]
    answers = set()
    for headers in ({}, {"authorization": f"Bearer {key}"}):
        for method, path in PATHS:
            answer = await ada.http.request(method, f"/api/admin/{path}", headers=headers, json={})
            assert answer.status_code == 403, (method, path, answer.text)
            answers.add((answer.json()["code"], answer.json()["detail"]))
    assert len(answers) == 1 and next(iter(answers))[0] == "forbidden"
    assert (await root.http.get("/api/admin/what/is/not/there")).status_code == 404
    anybody = await httpx.AsyncClient(base_url=str(root.http.base_url), trust_env=False).get("/api/admin/users")
    assert anybody.status_code == 401


async def test_figures_are_those_of_the_ledger(alone: Server) -> None:
    root, ada = await account(alone, admin=True), await account(alone)
    for code in ("return 1", "return 2", "throw new Error('x')"):
        await ada.http.post("/api/executions", json={"language": "javascript", "code": code})
    stats = (await root.http.get("/api/admin/stats")).json()
    by_user = {share["key"]: share for share in stats["byUser"]}
    usage = (await ada.http.get("/api/usage")).json()["total"]
    assert by_user[ada.user_id]["executions"] == 3
    assert by_user[ada.user_id]["revenue"] == usage["cost"] > 0
    for part in ("byLanguage", "byTier", "byUser", "overTime"):
        assert sum(share["revenueMicroDollars"] for share in stats[part]) == stats["totals"]["revenueMicroDollars"]
        assert sum(share["executions"] for share in stats[part]) == stats["totals"]["executions"]
    assert {"completed", "failed"} <= {share["key"] for share in stats["byStatus"]}
    assert stats["latency"]["execution"]["p50"] <= stats["latency"]["execution"]["p99"]
    assert stats["totals"]["users"] >= 1 and stats["present"]["users"] >= 2
    future = await root.http.get(
        "/api/admin/stats", params={"from": "2200-01-01T00:00:00Z", "to": "2200-01-02T00:00:00Z"}
    )
    assert future.json()["totals"]["executions"] == 0 and future.json()["overTime"] == []
    for wrong in (
        {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "0999-01-01T00:00:00Z", "step": "hour"},
    ):
        assert (await root.http.get("/api/admin/stats", params=wrong)).status_code == 422
    for who in (root, ada):
        await who.http.aclose()


async def test_sessions_are_found_and_deleted_with_their_sockets_closed(
    server: Server, root: Account, ada: Account, bob: Account
) -> None:
    session = await ada.session(main_js="return 'a text of some size'")
    await ada.http.put(f"/api/sessions/{session['id']}/collaborators/{bob.user_id}", json={"role": "viewer"})
    async with server.lane(session["id"], bob.token) as lane:
        await lane.event("welcome")
        (found,) = (await root.http.get("/api/admin/sessions", params={"q": session["id"]})).json()["items"]
        assert (found["ownerId"], found["members"], found["connectionsHere"]) == (ada.user_id, 2, 1)
        assert found["sizeBytes"] > 20 and found["lastActivityAt"] >= session["createdAt"]
        by_owner = (await root.http.get("/api/admin/sessions", params={"q": ada.user_id})).json()["items"]
        assert [item["id"] for item in by_owner] == [session["id"]]
        assert (await root.http.delete(f"/api/admin/sessions/{session['id']}")).status_code == 204
        async with asyncio.timeout(SOON_S):
            await lane.socket.wait_closed()
    assert (await ada.http.get(f"/api/sessions/{session['id']}")).status_code == 404
    assert (await root.http.delete(f"/api/admin/sessions/{session['id']}")).status_code == 404
    deleted = (await acts_on(root, session["id"]))[0]
    assert (deleted["action"], deleted["actorId"]) == ("session.deleted", root.user_id)


async def test_all_sessions_come_in_pages_that_miss_nothing(root: Account, ada: Account) -> None:
    made = {(await ada.session())["id"] for _ in range(3)}
    seen, cursor = [], ""
    while True:
        params = {"q": ada.user_id, "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await root.http.get("/api/admin/sessions", params=params)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if not cursor:
            break
    assert sorted(seen) == sorted(made)


async def test_a_suspended_user_is_out_at_once_and_back_when_let_in(
    server: Server, root: Account, ada: Account, bob: Account
) -> None:
    session = await bob.session(main_js="return 1")
    await bob.http.put(f"/api/sessions/{session['id']}/collaborators/{ada.user_id}", json={"role": "editor"})
    async with server.lane(session["id"], ada.token) as lane, server.lane(session["id"], bob.token) as other:
        await lane.event("welcome")
        await other.event("welcome")
        runs = [await endless_run(ada), await endless_run(ada, session["id"])]
        suspended = await root.http.patch(f"/api/admin/users/{ada.user_id}", json={"suspended": True})
        began = time.monotonic()
        assert suspended.json()["suspended"] is True
        async with asyncio.timeout(SOON_S):
            await lane.socket.wait_closed()
        assert lane.socket.close_code == 4401

        async def all_over() -> bool:
            found = [
                (await root.http.get("/api/admin/executions", params={"userId": ada.user_id, "state": state})).json()
                # In the order in which a run goes through them: none slips by in between.
                for state in ("queued", "running")
            ]
            return not any(page["items"] for page in found)

        await eventually(all_over)
        assert time.monotonic() - began < SOON_S
        assert (await other.ask("ping"))["type"] in ("pong", "ok")
    statuses = (await root.http.get("/api/admin/executions", params={"userId": ada.user_id})).json()["items"]
    assert {item["id"]: item["status"] for item in statuses} == dict.fromkeys(runs, "cancelled")
    assert (await ada.http.get("/api/me")).status_code == 401
    assert (await ada.http.post("/api/login", json={"token": ada.token})).status_code == 401
    event = await eventually(lambda: events_of(root, ada.user_id))
    assert event[0]["kind"] == "token_revoked" and event[0]["detail"]["why"] == "suspended"
    await root.http.patch(f"/api/admin/users/{ada.user_id}", json={"suspended": False})
    assert (await ada.http.get("/api/me")).status_code == 200
    changes = [act["detail"]["changed"] for act in await acts_on(root, ada.user_id) if act["action"] == "user.changed"]
    assert changes == [{"suspended": False}, {"suspended": True}]


async def test_another_tier_holds_on_sockets_that_are_open(server: Server, root: Account) -> None:
    ada = await account(server, tier="basic")
    session = await ada.session(main_js="return 1")
    async with server.lane(session["id"], ada.token) as lane:
        await lane.event("welcome")
        refused = await lane.ask("execute", entry="main.js", timeout=20_000)
        assert refused["type"] != "ok", refused
        await root.http.patch(f"/api/admin/users/{ada.user_id}", json={"tier": "premium"})

        async def allowed() -> bool:
            return bool((await lane.ask("execute", entry="main.js", timeout=20_000))["type"] == "ok")

        await eventually(allowed, SOON_S)
    assert (await ada.http.get("/api/me")).json()["tier"] == "premium"
    assert (await root.http.get(f"/api/admin/users/{ada.user_id}")).json()["costThisMonth"] >= 0


async def test_an_admin_may_be_made_and_unmade_but_not_by_themselves(root: Account, ada: Account) -> None:
    place = f"/api/admin/users/{ada.user_id}"
    assert (await ada.http.get("/api/admin/users")).status_code == 403
    await root.http.patch(place, json={"admin": True})
    assert (await ada.http.get("/api/admin/users")).status_code == 200
    for shut in ({"admin": False}, {"suspended": True}):
        own = await ada.http.patch(place, json=shut)
        assert (own.status_code, own.json()["code"]) == (409, "own_account")
    # What goes on is told at once, and no longer than the right lasts.
    async with ada.http.stream("GET", "/api/admin/events", timeout=PATIENCE_S) as stream:
        lines = stream.aiter_lines()
        await root.http.post("/api/me/tokens", json={})
        while '"audit"' not in await anext(lines):
            pass
        await root.http.patch(place, json={"admin": False})
        async with asyncio.timeout(SOON_S):
            async for _ in lines:
                pass
    assert (await ada.http.get("/api/admin/users")).status_code == 403
    for wrong, field in (({"tier": "gold"}, "tier"), ({"admin": "yes"}, "admin"), ({"name": "x"}, "name")):
        answer = await root.http.patch(place, json=wrong)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await root.http.patch("/api/admin/users/nobody", json={"admin": True})).status_code == 404
    (found,) = (await root.http.get("/api/admin/users", params={"q": ada.user_id[2:]})).json()["items"]
    assert (found["id"], found["tokens"], found["admin"]) == (ada.user_id, 1, False)


async def test_runs_of_others_are_seen_and_ended(root: Account, ada: Account) -> None:
    execution_id = await endless_run(ada)

    async def running() -> bool:
        page = (await root.http.get("/api/admin/executions", params={"state": "running"})).json()
        return execution_id in [item["id"] for item in page["items"]]

    await eventually(running)
    cancelled = await root.http.post(f"/api/admin/executions/{execution_id}/cancel")
    assert cancelled.json() == {"executionId": execution_id, "cancelled": True}
    over = (await ada.http.get(f"/api/executions/{execution_id}/events")).text
    assert '"cancelled"' in over
    again = await root.http.post(f"/api/admin/executions/{execution_id}/cancel")
    assert again.json()["cancelled"] is False
    assert (await root.http.post("/api/admin/executions/nothing/cancel")).status_code == 404
    (act,) = [act for act in await acts_on(root, execution_id) if act["action"] != "run.ended"]
    assert (act["action"], act["detail"]["user"]) == ("execution.cancelled", ada.user_id)


async def test_every_change_of_rights_is_on_record_with_who_and_from_where(
    server: Server, root: Account, ada: Account, bob: Account
) -> None:
    made = (await ada.http.post("/api/me/tokens", json={"scopes": ["run"]})).json()
    await ada.http.delete(f"/api/me/tokens/{made['id']}")
    session = await ada.session()
    place = f"/api/sessions/{session['id']}"
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "viewer"})
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "editor"})
    await ada.http.delete(f"{place}/collaborators/{bob.user_id}")
    link = (await ada.http.post(f"{place}/links", json={"role": "runner"})).json()
    await ada.http.delete(f"{place}/links/{link['id']}")
    await ada.http.delete(place)
    token_acts, session_acts = await acts_on(root, made["id"]), await acts_on(root, session["id"])
    link_acts = await acts_on(root, link["id"])
    assert [act["action"] for act in token_acts] == ["token.revoked", "token.made"]
    assert [act["action"] for act in link_acts] == ["link.revoked", "link.made"]
    assert [(act["action"], act["detail"].get("role"), act["detail"].get("before")) for act in session_acts] == [
        ("session.deleted", None, None),
        ("role.removed", None, "editor"),
        ("role.given", "editor", "viewer"),
        ("role.given", "viewer", None),
    ]
    everything = token_acts + session_acts + link_acts
    assert {act["actorId"] for act in everything} == {ada.user_id}
    assert {act["origin"] for act in everything} == {"127.0.0.1"}
    secret = link["url"].partition("link=")[2]
    whole = (await root.http.get("/api/admin/audit", params={"limit": 200})).text
    assert made["token"] not in whole and secret not in whole and ada.token not in whole


async def test_refusals_are_on_record_and_never_hold_a_token(
    server: Server, root: Account, ada: Account, bob: Account
) -> None:
    session = await ada.session(main_js="return 1")
    place = f"/api/sessions/{session['id']}"
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "viewer"})
    made = (await ada.http.post("/api/me/tokens", json={})).json()
    async with server.lane(session["id"], bob.token) as lane:
        await lane.event("welcome")
        assert (await lane.ask("execute", entry="main.js"))["code"] == "forbidden"
        change: Doc[Any] = Doc()
        change["files"] = Map({"x": "y"})
        for _ in range(5):
            await lane.socket.send(update_frame(change.get_update()))
        assert (await lane.ask("files"))["type"] == "files", "what was sent before is seen to"
    assert (await bob.http.delete(place)).status_code == 403
    limited = (await bob.http.post("/api/me/tokens", json={"scopes": ["run"]})).json()["token"]
    await bob.http.post("/api/sessions", json={"name": "x"}, headers={"authorization": f"Bearer {limited}"})
    await ada.http.delete(f"/api/me/tokens/{made['id']}")
    assert (await ada.http.get("/api/me", headers={"authorization": f"Bearer {made['token']}"})).status_code == 401
    await ada.http.get("/api/me", headers={"authorization": "Bearer ck_guessed"})
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as browser:
        await browser.post("/api/login", json={"token": ada.token})
        await browser.post("/api/sessions", json={"name": "x"}, headers={"origin": "https://evil.example"})
        cookie = "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar)
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(
            f"{server.ws_url}/{session['id']}", additional_headers={"cookie": cookie}, origin="https://evil.example",  # type: ignore[arg-type]
            proxy=None,
        )  # fmt: skip
    bidi = {"language": "javascript", "code": "// \u202e hidden\nreturn 1"}
    await ada.http.post("/api/executions", json=bidi)

    async def all_there() -> list[dict[str, Any]] | None:
        found = (await root.http.get("/api/admin/security-events", params={"limit": 200})).json()["items"]
        wanted = {
            ("access_refused", bob.user_id, session["id"]),
            ("access_refused", bob.user_id, "/api/sessions"),
            ("token_revoked", ada.user_id, made["id"]),
            ("bad_origin", None, "/api/sessions"),
            ("bad_origin", None, f"/ws/{session['id']}"),
            ("login_failed", None, ""),
        }
        seen = {(event["kind"], event["actorId"], event["subject"]) for event in found}
        tried = [
            event for event in found if event["subject"] == session["id"] and event["detail"].get("verb") == "edit"
        ]
        scanned = any(event["kind"] == "scan_finding" and event["actorId"] == ada.user_id for event in found)
        return found if wanted <= seen and scanned and tried else None

    found = await eventually(all_there)
    (tried,) = [event for event in found if event["subject"] == session["id"] and event["detail"].get("verb") == "edit"]
    assert (tried["actorId"], tried["origin"], tried["count"]) == (bob.user_id, "127.0.0.1", 1), "a flood is one event"
    assert all(event["origin"] == "127.0.0.1" for event in found if event["kind"] in ("login_failed", "token_revoked"))
    verbs = {event["detail"].get("verb") for event in found if event["actorId"] == bob.user_id}
    assert {"run", "manage"} <= verbs
    text = str(found)
    assert not any(secret in text for secret in (ada.token, bob.token, made["token"], limited, "ck_guessed"))
    only = (await root.http.get("/api/admin/security-events", params={"kind": "bad_origin", "limit": 1})).json()
    assert len(only["items"]) == 1 and only["nextBefore"] == only["items"][0]["id"]


async def test_tampering_with_the_audit_is_found(alone: Server) -> None:
    root = await account(alone, admin=True)
    for _ in range(3):
        await root.http.post("/api/me/tokens", json={})
    whole = (await root.http.get("/api/admin/audit/verify")).json()
    assert whole["ok"] is True and whole["rows"] >= 4
    await alone.sql("UPDATE audit SET actor_id = 'somebody-else' WHERE id = 3")
    broken = (await root.http.get("/api/admin/audit/verify")).json()
    assert (broken["ok"], broken["brokenId"]) == (False, 3)
    await root.http.aclose()


async def test_guessing_is_slowed_by_address_and_those_who_are_in_stay_in(tmp_path: Path) -> None:
    # One failure is given back each half minute: longer than all of this takes.
    limits = {"COLLAB_LOGIN_FAILURES_PER_MINUTE": "2", "COLLAB_CONNECTIONS_PER_ADDRESS_MAX": "1"}
    async with serving(tmp_path, **limits) as server:
        ada = await account(server, admin=True)
        session = await ada.session()
        assert (await ada.http.get("/api/me")).status_code == 200

        async def guess(number: int, address: str) -> httpx.Response:
            headers = {"authorization": f"Bearer ck_{number}", "x-forwarded-for": address}
            return await ada.http.get("/api/me", headers=headers)

        statuses = [(await guess(number, "10.0.0.1")).status_code for number in range(5)]
        assert statuses == [401] * 2 + [429] * 3
        limited = await guess(9, "10.0.0.1")
        assert limited.json()["code"] == "rate_limited" and 1 <= int(limited.headers["retry-after"]) <= 30
        from_there = {"x-forwarded-for": "10.0.0.1"}
        assert (await ada.http.get("/login?token=cl_guess", headers=from_there)).status_code == 429
        assert (await ada.http.post("/api/login", json={"token": "x"}, headers=from_there)).status_code == 429
        assert (await ada.http.get("/join?link=ln_guess", headers=from_there)).status_code == 429
        assert (await ada.http.get("/api/me", headers=from_there)).status_code == 200
        assert (await guess(10, "10.0.0.2")).status_code == 401
        # What one claims before a proxy of ours adds who one is helps nobody.
        assert (await guess(11, "10.0.0.3, 10.0.0.1")).status_code == 429
        # One customer's IPv6 addresses are one address.
        sixes = [(await guess(number, f"2001:db8::{number}")).status_code for number in range(1, 5)]
        assert sixes == [401] * 2 + [429] * 2
        url = f"{server.ws_url}/{session['id']}?token=ck_guess"
        socket = await websockets.connect(
            url, subprotocols=[websockets.Subprotocol("collab.v1")], additional_headers=from_there, proxy=None
        )
        await socket.wait_closed()
        assert socket.close_code == 4429
        url = f"{server.ws_url}/{session['id']}?token={ada.token}"
        lines = [websockets.Subprotocol("collab.v1")]
        async with websockets.connect(url, subprotocols=lines, additional_headers=from_there, proxy=None) as first:
            assert json.loads(await first.recv())["type"] == "welcome"
            async with websockets.connect(url, additional_headers=from_there, proxy=None) as second:
                await second.wait_closed()
                assert second.close_code == 1013
            elsewhere = {"x-forwarded-for": "10.0.0.9"}
            async with websockets.connect(url, subprotocols=lines, additional_headers=elsewhere, proxy=None) as third:
                assert json.loads(await third.recv())["type"] == "welcome"

        async def counted() -> bool:
            found = (await ada.http.get("/api/admin/security-events", params={"kind": "login_limited"})).json()["items"]
            return bool(sum(event["count"] for event in found) >= 9)

        await eventually(counted)
        await ada.http.aclose()


async def test_a_tier_is_changed_against_the_version_that_was_seen_and_on_every_node(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    shared = {"COLLAB_DATABASE_URL": await postgres_server.create_database()}
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(serving(tmp_path / "one", COLLAB_NODE_ID="one", **shared))
        two = await stack.enter_async_context(serving(tmp_path / "two", COLLAB_NODE_ID="two", **shared))
        root = await account(one, admin=True)
        far = await stack.enter_async_context(
            httpx.AsyncClient(base_url=two.url, headers=root.http.headers, timeout=60, trust_env=False)
        )
        seen = await root.http.get("/api/admin/tiers/basic")
        body = {
            key: seen.json()[key] for key in ("pricePerSecond", "pricePerMb", "maxTimeMs", "maxMemoryBytes", "modules")
        }
        missing = await root.http.put("/api/admin/tiers/basic", json=body)
        assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
        for wrong, field in (
            ({"pricePerSecond": -1}, "pricePerSecond"),
            ({"pricePerSecond": 0.0000001}, "pricePerSecond"),
            ({"pricePerMb": "NaN"}, "pricePerMb"),
            ({"maxTimeMs": 0}, "maxTimeMs"),
            ({"modules": ["left-pad"]}, "modules"),
            ({"version": 9}, "version"),
            # As dear as the tier above: an account of it could run at the higher limits.
            ({"pricePerSecond": 0.0005, "pricePerMb": 0.00005}, "pricePerSecond"),
            ({"pricePerSecond": 0.5}, "pricePerSecond"),
        ):
            refused = await root.http.put("/api/admin/tiers/basic", json=body | wrong, headers={"if-match": '"1"'})
            assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.text
        dearer = body | {"pricePerSecond": 0.0002, "maxTimeMs": 5_000}
        preview = (await root.http.post("/api/admin/tiers/basic/preview", json=dearer)).json()
        # One second and 64 MB, as long as nobody has run anything.
        assert preview["typicalCost"] == {"beforeMicroDollars": 740, "afterMicroDollars": 840}
        assert (preview["typical"]["measured"], preview["executions"]) == (False, 0)
        refused = await root.http.post("/api/admin/tiers/basic/preview", json=body | {"pricePerSecond": 0.5})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "pricePerSecond")
        assert (await root.http.get("/api/admin/security-events", params={"rule": "none"})).json()["items"] == []
        # A run that goes on while the price changes keeps the price it was admitted under.
        waiting = {"language": "javascript", "code": "await new Promise((r) => setTimeout(r, 1500)); return 1"}
        going = await far.post("/api/executions", json=waiting, headers={"prefer": "respond-async"})
        changed = await root.http.put(
            "/api/admin/tiers/basic", json=body | {"pricePerSecond": 0.0004}, headers={"if-match": seen.headers["etag"]}
        )
        began = time.monotonic()
        assert (changed.status_code, changed.json()["version"], changed.headers["etag"]) == (200, 2, '"2"'), (
            changed.text
        )

        async def heard() -> bool:
            tiers = (await far.get("/api/pricing", params={"tier": "basic"})).json()["tiers"]
            return bool(tiers[0]["pricePerSecond"] == 0.0004 and tiers[0]["version"] == 2)

        await eventually(heard)
        assert time.monotonic() - began < SOON_S
        stale = await far.put("/api/admin/tiers/basic", json=body, headers={"if-match": '"1"'})
        assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "precondition_failed", 2)
        assert (await root.http.put("/api/admin/tiers/gold", json=body, headers={"if-match": '"0"'})).status_code == 404
        before = (await far.get(f"/api/executions/{going.json()['executionId']}/events")).text
        assert '"completed"' in before
        assert (await far.post("/api/executions", json=waiting | {"code": "return 1"})).json()["tier"] == "basic"
        runs = {item["tierVersion"]: item for item in (await far.get("/api/executions")).json()["items"]}
        assert set(runs) == {1, 2}
        for version, price in ((1, 0.0001), (2, 0.0004)):
            used = runs[version]["metrics"]
            expected = used["executionTime"] / 1000 * price + used["memoryUsage"] / 2**20 * 0.00001
            assert used["cost"] == pytest.approx(expected, abs=1.1e-6)
        versions = (await root.http.get("/api/admin/tiers/basic")).json()["versions"]
        assert [(each["version"], each["setBy"]) for each in versions] == [(2, root.user_id), (1, None)]
        (act,) = await acts_on(root, "basic")
        assert act["action"] == "tier.changed" and act["detail"]["before"]["price_per_second_micro_dollars"] == 100

        # A run on the other node is ended from here, and both nodes are seen from each.
        endless = await far.post(
            "/api/executions",
            json={"language": "javascript", "code": ENDLESS, "timeout": 60_000},
            headers={"prefer": "respond-async"},
        )
        ending = endless.json()["executionId"]
        assert (await root.http.post(f"/api/admin/executions/{ending}/cancel")).json()["cancelled"] is True
        began = time.monotonic()
        assert '"cancelled"' in (await far.get(f"/api/executions/{ending}/events")).text
        assert time.monotonic() - began < SOON_S
        nodes = (await root.http.get("/api/admin/nodes")).json()["items"]
        assert {(node["nodeId"], node["here"], node["alive"]) for node in nodes} == {
            ("one", True, True),
            ("two", False, True),
        }
        assert all({"rooms", "executions", "sockets"} <= set(node) for node in nodes)
        assert (await root.http.get("/api/admin/audit/verify")).json()["ok"] is True
        await root.http.aclose()
