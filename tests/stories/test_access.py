"""Promise: over every role, operation and transport, exactly what the policy table says is done, and nothing else."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import websockets

from collab_server.members import POLICY, Verb
from tests.stories.conftest import Account, account
from tests.stories.test_mcp import client
from tests.support.patience import PATIENCE_S
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROLES = ("owner", "editor", "runner", "viewer", "reader of a public session", "stranger")
VERBS: tuple[Verb, ...] = ("view", "edit", "run", "manage")


@dataclass
class Place:
    """A session, somebody with a role in it, and its first file."""

    server: Server
    owner: Account
    who: Account
    session_id: str
    file_id: str


async def place(server: Server, role: str) -> Place:
    owner = await account(server)
    session = await owner.session(main_js="return 1")
    path = f"/api/sessions/{session['id']}"
    who = await account(server)
    if role == "owner":
        who = owner
    elif role == "reader of a public session":
        await owner.http.patch(path, json={"isPublic": True})
    elif role != "stranger":
        await owner.http.put(f"{path}/collaborators/{who.user_id}", json={"role": role})
    return Place(server, owner, who, session["id"], session["files"][0]["id"])


async def by_rest(at: Place, verb: Verb) -> str:
    path, http = f"/api/sessions/{at.session_id}", at.who.http
    answer = await {
        "view": lambda: http.get(path),
        "edit": lambda: http.put(f"{path}/files/{at.file_id}", json={"content": "return 2"}),
        "run": lambda: http.post(f"{path}/executions", json={}),
        "manage": lambda: http.patch(path, json={"description": "changed"}),
    }[verb]()
    return "done" if answer.is_success else str(answer.json()["code"])


async def by_text_lane(at: Place, verb: Verb) -> str:
    try:
        async with at.server.lane(at.session_id, at.who.token) as lane:
            await lane.event("welcome")
            if verb == "view":
                return "done" if (await lane.ask("files"))["type"] == "files" else "?"
            if verb == "edit":
                answer = await lane.ask("write", fileId=at.file_id, content="return 2")
            else:
                answer = await lane.ask("execute", entry="main.js")
            return "done" if answer["type"] == "ok" else str(answer["code"])
    except websockets.ConnectionClosed as closed:
        assert closed.rcvd is not None
        return {4404: "not_found", 4403: "forbidden"}[closed.rcvd.code]


async def by_mcp(at: Place, verb: Verb) -> str:
    calls: dict[Verb, tuple[str, dict[str, Any]]] = {
        "view": ("getCodeExecutionSession", {}),
        "edit": ("updateFileInCodeExecutionSession", {"fileId": at.file_id, "content": "return 2"}),
        "run": ("executeCode", {"entry": "main.js"}),
        "manage": ("updateCodeExecutionSession", {"description": "changed"}),
    }
    tool, arguments = calls[verb]
    async with client(at.server, at.who.token) as connected:
        answer = await connected.call_tool(tool, arguments | {"sessionId": at.session_id})
    if not answer.is_error:
        return "done"
    return next(code for code in ("forbidden", "not_found") if code in str(answer.content))


TRANSPORTS: dict[str, Callable[[Place, Verb], Awaitable[str]]] = {
    "rest": by_rest,
    "text lane": by_text_lane,
    "mcp": by_mcp,
}


@pytest.mark.parametrize("role", ROLES)
async def test_every_transport_keeps_to_the_policy(server: Server, role: str) -> None:
    at = await place(server, role)
    for transport, verb in itertools.product(TRANSPORTS, VERBS):
        if (transport, verb) == ("text lane", "manage"):
            continue  # that lane has no such verb
        if verb == "view":
            # What the transport before was allowed to change is as it was.
            await at.owner.http.put(f"/api/sessions/{at.session_id}/files/{at.file_id}", json={"content": "return 1"})
            await at.owner.http.patch(f"/api/sessions/{at.session_id}", json={"description": ""})
            content, description = "return 1", ""
        if role == "stranger":
            expected = "not_found"
        else:
            allowed = POLICY["viewer" if role == "reader of a public session" else role]  # type: ignore[index]
            expected = "done" if verb in allowed else "forbidden"
        assert await TRANSPORTS[transport](at, verb) == expected, (role, transport, verb)
        if expected == "done" and verb == "edit":
            content = "return 2"
        if expected == "done" and verb == "manage":
            description = "changed"
        now = (await at.owner.http.get(f"/api/sessions/{at.session_id}")).json()
        assert (now["files"][0]["content"], now["description"]) == (content, description), (role, transport, verb)


async def test_a_role_or_tier_in_a_body_changes_nothing(server: Server) -> None:
    ada = await account(server, tier="basic")
    for path, body in (
        ("/api/sessions", {"name": "x", "ownerId": "somebody", "roles": {"me": "owner"}}),
        ("/api/executions", {"code": "1", "language": "javascript", "accountTier": "enterprise"}),
        ("/api/me/tokens", {"tier": "enterprise", "admin": True}),
    ):
        assert (await ada.http.post(path, json=body)).status_code == 422
    assert (await ada.http.get("/api/me")).json()["tier"] == "basic"
    await ada.http.aclose()


async def test_a_key_cannot_make_one_with_more_rights_or_a_longer_life(server: Server) -> None:
    ada = await account(server, scopes=["run"], expires_at=None)
    assert (await ada.http.post("/api/me/tokens", json={"scopes": ["edit"]})).status_code == 403
    made = (await ada.http.post("/api/me/tokens", json={})).json()
    assert made["scopes"] == ["run"]
    # Neither by itself nor by the browser that it lets in.
    soon = (await ada.http.post("/api/me/tokens", json={"expiresAt": "2150-01-01T00:00:00Z"})).json()
    async with httpx.AsyncClient(base_url=server.url, headers={"origin": server.url}, trust_env=False) as browser:
        await browser.post("/api/login", json={"token": soon["token"]})
        for how in ({}, {"authorization": f"Bearer {soon['token']}"}):
            for wanted in ({}, {"expiresAt": "2200-01-01T00:00:00Z"}):
                by = (await browser.post("/api/me/tokens", json=wanted, headers=how)).json()
                assert by["expiresAt"] == soon["expiresAt"], (how, by)
    await ada.http.aclose()


async def test_a_stream_of_events_ends_with_the_right_to_it(server: Server, ada: Account, bob: Account) -> None:
    session = await ada.session(
        main_js="setInterval(() => console.log('still here'), 50); await new Promise(() => {})\n"
    )
    place = f"/api/sessions/{session['id']}"
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "viewer"})
    made = (await bob.http.post("/api/me/tokens", json={})).json()
    run = {"entry": "main.js", "timeout": 120_000, "tier": "enterprise"}
    begun = (await ada.http.post(f"{place}/executions", json=run, headers={"prefer": "respond-async"})).json()
    events = f"/api/executions/{begun['executionId']}/events"

    async def read(lines: AsyncIterator[str], wanted: str) -> str:
        async with asyncio.timeout(PATIENCE_S):
            while wanted not in (line := await anext(lines, "it ended")) and line != "it ended":
                pass
            return line

    by_key = {"authorization": f"Bearer {made['token']}"}
    async with (
        ada.http.stream("GET", events) as own,
        bob.http.stream("GET", events) as watching,
        bob.http.stream("GET", events, headers=by_key) as keyed,
    ):
        lines = {each: each.aiter_lines() for each in (own, watching, keyed)}
        for each in lines.values():
            assert "still here" in await read(each, "still here")
        await bob.http.delete(f"/api/me/tokens/{made['id']}")
        assert '"code":"unauthorized"' in await read(lines[keyed], '"code"')
        assert "still here" in await read(lines[watching], "still here")
        await ada.http.delete(f"{place}/collaborators/{bob.user_id}")
        assert '"code":"not_found"' in await read(lines[watching], '"code"')
        for ended in (keyed, watching):
            assert not [line async for line in lines[ended] if line], "nothing follows"
        await ada.http.post(f"/api/executions/{begun['executionId']}/cancel")
        assert "execution.finished" in await read(lines[own], "execution.finished")
