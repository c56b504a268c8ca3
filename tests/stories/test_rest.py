"""Promises to people who use curl: sessions, files, roles and errors over REST."""

from __future__ import annotations

import asyncio
import base64
import io
import zipfile
from typing import Any

import pytest

from tests.stories.conftest import Account
from tests.support.patience import SOON_S
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_session_is_made_read_changed_listed_and_deleted(ada: Account) -> None:
    made = await ada.session(main_js="let a;")
    assert set(made) >= {
        "id",
        "name",
        "description",
        "ownerId",
        "collaborators",
        "roles",
        "isPublic",
        "environment",
        "files",
        "createdAt",
        "updatedAt",
        "expiresAt",
        "version",
    }
    assert made["ownerId"] == ada.user_id and made["roles"] == {ada.user_id: "owner"}
    assert set(made["files"][0]) == {"id", "name", "content", "language", "lastModified"}
    place = f"/api/sessions/{made['id']}"
    assert (await ada.http.get(place)).json() == made
    changed = (await ada.http.patch(place, json={"name": "Better", "isPublic": True, "environment": {"A": "1"}})).json()
    assert (changed["name"], changed["isPublic"], changed["environment"], changed["description"]) == (
        "Better",
        True,
        {"A": "1"},
        "",
    )
    assert made["id"] in [item["id"] for item in (await ada.http.get("/api/sessions")).json()["items"]]
    assert (await ada.http.delete(place)).status_code == 204
    assert (await ada.http.get(place)).status_code == 404


async def test_sessions_are_listed_in_pages_that_miss_nothing(ada: Account) -> None:
    made = [(await ada.session())["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (
            await ada.http.get("/api/sessions", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)


async def test_a_file_is_made_read_replaced_edited_and_deleted(ada: Account) -> None:
    session = await ada.session()
    place = f"/api/sessions/{session['id']}/files"
    file = (await ada.http.post(place, json={"name": "src/a.py", "content": "print('🙂 hi')\n"})).json()
    assert file["language"] == "python"
    edited = await ada.http.patch(
        f"{place}/{file['id']}", json={"baseVersion": file["version"], "edits": [{"start": 9, "end": 11, "text": "ho"}]}
    )
    assert edited.json()["content"] == "print('🙂 ho')\n", edited.text
    stale = await ada.http.put(
        f"{place}/{file['id']}", json={"content": "x"}, headers={"if-match": f'"{file["version"]}"'}
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    fresh = await ada.http.put(
        f"{place}/{file['id']}", json={"content": "x"}, headers={"if-match": edited.headers["etag"]}
    )
    assert fresh.json()["content"] == "x"
    assert (await ada.http.delete(f"{place}/{file['id']}")).status_code == 204
    assert (await ada.http.get(f"{place}/{file['id']}")).json()["code"] == "not_found"


@pytest.mark.parametrize(
    "name", ["../up", "/root", "a//b", "a/../b", "nul\0", "__proto__", "x\u202ey", "", "a" * 2000, "dir/"]
)
async def test_a_dangerous_file_name_is_refused_by_name(ada: Account, name: str) -> None:
    session = await ada.session()
    answer = await ada.http.post(f"/api/sessions/{session['id']}/files", json={"name": name, "content": ""})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "name"


async def test_foreign_sessions_look_like_missing_ones_everywhere(ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="secret")
    file_id = session["files"][0]["id"]
    place = f"/api/sessions/{session['id']}"
    calls = [
        ("GET", place, None),
        ("PATCH", place, {"name": "x"}),
        ("DELETE", place, None),
        ("POST", f"{place}/fork", {}),
        ("GET", f"{place}/export", None),
        ("GET", f"{place}/files", None),
        ("POST", f"{place}/files", {"name": "a", "content": ""}),
        ("GET", f"{place}/files/{file_id}", None),
        ("PUT", f"{place}/files/{file_id}", {"content": ""}),
        ("DELETE", f"{place}/files/{file_id}", None),
        ("GET", f"{place}/collaborators", None),
        ("PUT", f"{place}/collaborators/{bob.user_id}", {"role": "owner"}),
        ("GET", f"{place}/versions", None),
        ("POST", f"{place}/executions", {"code": "1"}),
        ("POST", f"{place}/links", {"role": "editor"}),
        ("GET", f"{place}/comments", None),
        ("POST", f"{place}/comments", {"text": "x", "fileId": file_id, "line": 1}),
        ("PATCH", f"{place}/threads/x", {"resolved": True}),
    ]
    for method, path, body in calls:
        foreign = await bob.http.request(method, path, json=body)
        missing = await bob.http.request(method, path.replace(session["id"], "0" * 20), json=body)
        assert (foreign.status_code, missing.status_code) == (404, 404), (method, path, foreign.text)
        assert foreign.json()["detail"].replace(session["id"], "") == missing.json()["detail"].replace("0" * 20, "")


async def test_a_session_always_has_an_owner(ada: Account, bob: Account) -> None:
    session = await ada.session()
    place = f"/api/sessions/{session['id']}/collaborators"
    assert (await ada.http.put(f"{place}/{ada.user_id}", json={"role": "viewer"})).json()["code"] == "last_owner"
    assert (await ada.http.delete(f"{place}/{ada.user_id}")).json()["code"] == "last_owner"
    await ada.http.put(f"{place}/{bob.user_id}", json={"role": "owner"})
    assert (await ada.http.delete(f"{place}/{ada.user_id}")).status_code == 204
    assert (await bob.http.get(f"/api/sessions/{session['id']}")).json()["ownerId"] == bob.user_id


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer ck_wrong", "Bearer a.b.c", "Bearer " + "x" * 9000]
)
async def test_every_bad_token_gets_the_same_answer(server: Server, ada: Account, header: str) -> None:
    reference = await ada.http.get("/api/me", headers={"authorization": "Bearer nothing"})
    answer = await ada.http.get("/api/me", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.json() | {"requestId": ""} == reference.json() | {"requestId": ""}
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_limited_to_running_cannot_edit(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="return 1")
    key = (await ada.http.post("/api/me/tokens", json={"scopes": ["run"]})).json()["token"]
    limited = {"authorization": f"Bearer {key}"}
    refused = await ada.http.post(
        f"/api/sessions/{session['id']}/files", json={"name": "a", "content": ""}, headers=limited
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await ada.http.post(f"/api/sessions/{session['id']}/executions", json={}, headers=limited)).json()[
        "result"
    ] == 1


async def test_an_export_comes_back_as_the_same_session(ada: Account) -> None:
    session = await ada.session(main_js="1", notes_md="# hi")
    packed = (await ada.http.get(f"/api/sessions/{session['id']}/export")).content
    assert set(zipfile.ZipFile(io.BytesIO(packed)).namelist()) == {"main.js", "notes.md", ".collab/session.json"}
    back = (
        await ada.http.post("/api/sessions/import", content=packed, headers={"content-type": "application/zip"})
    ).json()
    assert back["id"] != session["id"]
    assert {(f["name"], f["content"], f["language"]) for f in back["files"]} == {
        (f["name"], f["content"], f["language"]) for f in session["files"]
    }
    long = io.BytesIO()
    with zipfile.ZipFile(long, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("long.txt", "x" * (9 * 2**20))
    for bad in (b"no zip", long.getvalue()):
        refused = await ada.http.post("/api/sessions/import", content=bad, headers={"content-type": "application/zip"})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), refused.text


async def test_a_fork_is_ones_own_and_private(ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="1")
    await ada.http.patch(f"/api/sessions/{session['id']}", json={"isPublic": True})
    fork = (await bob.http.post(f"/api/sessions/{session['id']}/fork")).json()
    assert (fork["ownerId"], fork["isPublic"]) == (bob.user_id, False)
    assert (await ada.http.get(f"/api/sessions/{fork['id']}")).status_code == 404


async def test_a_version_is_named_looked_at_and_restored_as_a_new_change(ada: Account) -> None:
    session = await ada.session(main_js="first\n")
    place = f"/api/sessions/{session['id']}"
    named = (await ada.http.post(f"{place}/versions", json={"name": "start"})).json()
    await ada.http.put(f"{place}/files/{session['files'][0]['id']}", json={"content": "second\n"})
    then = (await ada.http.get(f"{place}/versions/{named['version']}")).json()
    assert then["files"][0]["content"] == "first\n"
    restored = (await ada.http.post(f"{place}/versions/{named['version']}/restore")).json()
    assert restored["files"][0]["content"] == "first\n"
    assert restored["version"] > named["version"] + 1
    listed = (await ada.http.get(f"{place}/versions")).json()["items"]
    assert [item["name"] for item in listed if item["name"]] == ["start"]
    assert ada.user_id in listed[0]["actorIds"]


async def test_naming_and_restoring_a_version_twice_with_one_key_is_done_once(ada: Account) -> None:
    session = await ada.session(main_js="first\n")
    versions = f"/api/sessions/{session['id']}/versions"
    for _ in range(3):
        named = await ada.http.post(versions, json={"name": "start"}, headers={"idempotency-key": "name"})
        assert named.status_code == 201
    listed = (await ada.http.get(versions)).json()["items"]
    assert [item["name"] for item in listed if item["name"]] == ["start"]
    place = f"/api/sessions/{session['id']}/files/{session['files'][0]['id']}"
    restored = []
    for text in ("second\n", "third\n"):
        await ada.http.put(place, json={"content": text})
        path = f"{versions}/{named.json()['version']}/restore"
        restored.append((await ada.http.post(path, headers={"idempotency-key": "restore"})).json()["version"])
    assert restored[0] == restored[1]
    assert (await ada.http.get(place)).json()["content"] == "third\n"


async def test_a_guest_comes_in_by_a_link_until_it_is_revoked(server: Server, ada: Account) -> None:
    import httpx

    session = await ada.session(main_js="return 5")
    link = (await ada.http.post(f"/api/sessions/{session['id']}/links", json={"role": "runner"})).json()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as guest:
        joined = await guest.get(link["url"])
        assert joined.status_code == 303 and joined.headers["location"] == f"/s/{session['id']}"
        own_page = {"origin": server.url}
        assert (await guest.get(f"/api/sessions/{session['id']}")).status_code == 200
        ran = await guest.post(f"/api/sessions/{session['id']}/executions", json={}, headers=own_page)
        assert ran.json()["result"] == 5
        assert (await guest.post("/api/sessions", json={"name": "mine"}, headers=own_page)).status_code == 403
        await ada.http.delete(f"/api/sessions/{session['id']}/links/{link['id']}")
        assert (await guest.get(f"/api/sessions/{session['id']}")).status_code == 404
        assert (await guest.get(link["url"])).headers["location"] == "/?login=failed"


async def test_a_cookie_works_only_from_our_own_pages(server: Server, ada: Account) -> None:
    import httpx

    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as browser:
        assert (await browser.post("/api/login", json={"token": ada.token})).status_code == 200
        cookie = browser.cookies.jar
        assert all(c.has_nonstandard_attr("HttpOnly") for c in cookie)
        assert (await browser.get("/api/me")).json()["user"]["id"] == ada.user_id
        for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
            answer = await browser.post("/api/sessions", json={"name": "x"}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "bad_origin")
        assert (
            await browser.post("/api/sessions", json={"name": "x"}, headers={"origin": server.url})
        ).status_code == 201


async def test_wrong_input_names_its_field(ada: Account) -> None:
    for body, field in (
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x", "surprise": 1}, "surprise"),
        ({"name": "x", "isPublic": "perhaps"}, "isPublic"),
        ({"name": "x", "expiresAt": "2001-01-01T00:00:00Z"}, "expiresAt"),
        ({"name": "x", "files": [{"name": "a"}, {"name": "a"}]}, "files"),
    ):
        answer = await ada.http.post("/api/sessions", json=body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == field
    assert (await ada.http.get("/api/nothing")).json()["code"] == "not_found"
    assert (await ada.http.post("/api/me")).json()["code"] == "method_not_allowed"


async def test_lines_are_talked_about_until_it_is_settled(ada: Account, bob: Account) -> None:
    session = await ada.session(main_py="one\ntwo\n")
    place, file_id = f"/api/sessions/{session['id']}", session["files"][0]["id"]
    on_two = {"text": "why two?", "fileId": file_id, "line": 2}
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "viewer"})
    assert (await bob.http.post(f"{place}/comments", json=on_two)).status_code == 403
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "editor"})
    twice = [await bob.http.post(f"{place}/comments", json=on_two, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert [one.status_code for one in twice] == [201, 201] and twice[0].json() == twice[1].json()
    thread = twice[0].json()
    assert (thread["line"], thread["quote"], thread["comments"][0]["author"]["id"]) == (2, "two", bob.user_id)
    answer = {"text": "because", "threadId": thread["id"]}
    answered = (await ada.http.post(f"{place}/comments", json=answer)).json()
    assert [one["text"] for one in answered["comments"]] == ["why two?", "because"]
    await ada.http.put(f"{place}/files/{file_id}", json={"content": "zero\none\ntwo\n"})
    foreign = f"{place}/comments/{answered['comments'][1]['id']}"
    assert (await bob.http.patch(foreign, json={"text": "mine"})).status_code == 403
    assert (await bob.http.delete(foreign)).status_code == 403
    settled = (await bob.http.patch(f"{place}/threads/{thread['id']}", json={"resolved": True})).json()
    assert (settled["line"], settled["resolved"], settled["resolvedBy"]) == (3, True, bob.user_id)
    assert (await ada.http.delete(f"{place}/comments/{thread['comments'][0]['id']}")).status_code == 204
    (left,) = (await bob.http.get(f"{place}/comments")).json()["items"]
    assert [one["text"] for one in left["comments"]] == ["because"]
    for wrong, field in (
        ({"text": "x"}, "threadId"),
        ({"text": "x", "fileId": file_id}, "line"),
        ({"line": 1}, "text"),
    ):
        refused = await ada.http.post(f"{place}/comments", json=wrong)
        assert refused.status_code == 422 and field in refused.text
    assert (await ada.http.post(f"{place}/fork", json={})).json()["files"]


async def test_the_description_and_its_page_are_served(server: Server, ada: Account) -> None:
    described = (await ada.http.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    assert {"/api/sessions", "/api/sessions/{session_id}/files/{file_id}", "/api/executions"} <= set(described["paths"])
    page = await ada.http.get("/docs")
    assert page.status_code == 200 and "/docs/start.js" in page.text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert (await ada.http.get(f"/docs/{name}")).status_code == 200


async def test_the_editors_files_come_compressed_and_peoples_data_does_not(ada: Account) -> None:
    headers = {"accept-encoding": "gzip"}
    page = (await ada.http.get("/")).text
    script = next(part for part in page.split('"') if part.startswith("/assets/") and part.endswith(".js"))
    assert (await ada.http.get(script, headers=headers)).headers["content-encoding"] == "gzip"
    session = await ada.session(main_js="x" * 10_000)
    assert "content-encoding" not in (await ada.http.get(f"/api/sessions/{session['id']}", headers=headers)).headers


async def test_health_readiness_and_metrics_tell_the_state(ada: Account) -> None:
    assert (await ada.http.get("/healthz")).json() == {"status": "ok"}
    ready = await ada.http.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok"), ready.text
    assert "collab_rooms_" in (await ada.http.get("/metrics")).text


async def test_prices_and_usage_add_up(ada: Account) -> None:
    tiers = {tier["name"]: tier for tier in (await ada.http.get("/api/pricing")).json()["tiers"]}
    assert (tiers["basic"]["pricePerSecond"], tiers["basic"]["pricePerMb"]) == (0.0001, 0.00001)
    runs = [
        (await ada.http.post("/api/executions", json={"language": "javascript", "code": f"return {n}"})).json()
        for n in range(3)
    ]
    usage = (await ada.http.get("/api/usage", params={"groupBy": "language"})).json()
    assert usage["total"]["executions"] == 3
    assert usage["total"]["cost"] == pytest.approx(sum(run["metrics"]["cost"] for run in runs), abs=1e-9)


async def test_a_repeated_request_for_a_key_or_a_link_answers_the_same_one_which_is_stored_sealed(
    server: Server, ada: Account
) -> None:
    session = await ada.session(main_js="return 1")
    again = {"idempotency-key": "one of each"}
    for place, body, secret in (
        ("/api/me/tokens", {"name": "agent"}, "token"),
        (f"/api/sessions/{session['id']}/links", {"role": "viewer"}, "url"),
    ):
        key = {"idempotency-key": f"{again['idempotency-key']} {secret}"}
        first, second = [await ada.http.post(place, json=body, headers=key) for _ in range(2)]
        assert first.json() == second.json() and second.headers["idempotent-replayed"] == "true"
        shown = first.json()[secret].rpartition("=")[2]
        assert shown.encode() not in await server.dump()
    assert len((await ada.http.get("/api/me/tokens")).json()["items"]) == 2


async def test_a_key_that_is_revoked_ends_what_it_runs_also_outside_of_sessions(ada: Account) -> None:
    made = (await ada.http.post("/api/me/tokens", json={})).json()
    endless = {
        "language": "javascript",
        "code": "await new Promise(() => setInterval(() => {}, 1000))",
        "timeout": 60_000,
    }
    headers = {"authorization": f"Bearer {made['token']}", "prefer": "respond-async"}
    run = (await ada.http.post("/api/executions", json=endless, headers=headers)).json()["executionId"]
    own = (await ada.http.post("/api/executions", json=endless, headers={"prefer": "respond-async"})).json()
    await ada.http.delete(f"/api/me/tokens/{made['id']}")
    async with asyncio.timeout(SOON_S):
        events = (await ada.http.get(f"/api/executions/{run}/events")).text
    assert '"cancelled"' in events
    assert (await ada.http.post(f"/api/executions/{own['executionId']}/cancel")).json()["cancelled"] is True


async def test_a_nul_in_what_is_asked_is_refused_or_found_nowhere_and_never_a_fault(ada: Account) -> None:
    session = (await ada.session(a_txt="x"))["id"]
    tried = [
        ("POST", "/api/sessions", {"name": "a\0b"}),
        ("PATCH", f"/api/sessions/{session}", {"description": "a\0b"}),
        ("PUT", f"/api/sessions/{session}/collaborators/a%00b", {"role": "viewer"}),
        ("POST", f"/api/sessions/{session}/versions", {"name": "a\0b"}),
        ("POST", "/api/me/tokens", {"label": "a\0b", "agent": "a\0b"}),
        ("GET", "/api/sessions/a%00b", None),
        ("GET", "/api/executions/a%00b", None),
        ("GET", "/api/executions?cursor=a%00b", None),
        ("GET", f"/api/sessions/{session}/files/a%00b", None),
        ("GET", "/api/usage?from=a%00b", None),
        ("POST", "/api/executions", {"language": "a\0b", "code": "1"}),
    ]
    answers = [(await ada.http.request(how, where, json=body), where) for how, where, body in tried]
    # What is kept with it by one database is refused by the other.
    assert not [(where, answer.status_code, answer.text) for answer, where in answers if answer.status_code >= 500]


async def test_numbers_and_moments_beyond_all_counting_are_refused_and_never_a_fault(ada: Account) -> None:
    made = await ada.session(a_txt="x")
    session, file = f"/api/sessions/{made['id']}", f"/api/sessions/{made['id']}/files/{made['files'][0]['id']}"
    run = (await ada.http.post("/api/executions", json={"language": "javascript", "code": "return 1"})).json()
    huge, edits = 10**30, [{"start": 0, "end": 0, "text": "y"}]
    cursors = [base64.urlsafe_b64encode(f"{huge}{apart}x".encode()).decode() for apart in (" ", ":")]
    late, packed = "9999-12-31T23:59:59-12:00", io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "hello " * 1000)
    torn = bytearray(packed.getvalue())
    torn[40:60] = bytes(byte ^ 255 for byte in torn[40:60])
    tried: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"{session}/versions?before={huge}", {}),
        ("GET", f"{session}/versions/{huge}", {}),
        ("POST", f"{session}/versions/{huge}/restore", {}),
        ("POST", f"{session}/undo", {"json": {"actorId": ada.user_id, "sinceVersion": huge}}),
        ("GET", f"/api/sessions?cursor={cursors[0]}", {}),
        ("GET", f"/api/executions?cursor={cursors[1]}", {}),
        ("PATCH", file, {"json": {"baseVersion": huge, "edits": edits}}),
        ("PATCH", file, {"json": {"baseVersion": 1, "edits": [{"start": huge, "end": huge, "text": "y"}]}}),
        ("PUT", file, {"json": {"content": "y", "baseVersion": huge}}),
        ("DELETE", file, {"headers": {"if-match": b"\xb2"}}),
        ("DELETE", file, {"headers": {"if-match": "9" * 5000}}),
        ("GET", f"/api/executions/{run['executionId']}/events", {"headers": {"last-event-id": b"\xb2"}}),
        ("POST", "/api/sessions", {"json": {"name": "x", "expiresAt": late}}),
        ("PATCH", session, {"json": {"expiresAt": late}}),
        ("POST", "/api/me/tokens", {"json": {"expiresAt": late}}),
        ("GET", "/api/analytics", {"params": {"from": "9999-06-01T00:00:00Z", "to": late}}),
        ("GET", "/api/usage", {"params": {"from": "0001-01-01T00:00:00+14:00", "to": late}}),
        ("POST", "/api/sessions/import", {"content": bytes(torn)}),
    ]
    answers = [(await ada.http.request(how, where, **more), where) for how, where, more in tried]
    assert not [(where, answer.status_code, answer.text) for answer, where in answers if answer.status_code >= 500]
    assert [item["id"] for item in (await ada.http.get("/api/sessions")).json()["items"]] == [made["id"]]
