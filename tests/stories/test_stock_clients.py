"""Promises to people who connect with the stock y-websocket provider, unmodified, of each major version."""

from __future__ import annotations

import asyncio

import pytest

from tests.stories.conftest import Account
from tests.support.patience import PATIENCE_S, SOON_S
from tests.support.processes import Server, StockClient

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_stock_providers_of_all_versions_converge_in_one_session(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="let a = 1;\n")
    async with (
        StockClient.connect(1, server, session["id"], ada.token) as one,
        StockClient.connect(2, server, session["id"], ada.token) as two,
        StockClient.connect(3, server, session["id"], ada.token) as three,
    ):
        await asyncio.gather(
            *(
                client.ask("insert", name="main.js", at=at, text=f"// {number}\n")
                for number, (client, at) in enumerate(((one, 0), (two, 0), (three, -1)))
            )
        )
        everything = {"// 0", "// 1", "// 2", "let a = 1;"}
        texts = [
            await client.until_text("main.js", lambda text: everything <= set(text.splitlines()))
            for client in (one, two, three)
        ]
        assert texts[0] == texts[1] == texts[2]
        shown = (await ada.http.get(f"/api/sessions/{session['id']}")).json()["files"][0]["content"]
        assert shown == texts[0]


async def test_a_file_made_by_a_stock_client_is_a_file_for_everyone(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="")
    async with (
        StockClient.connect(3, server, session["id"], ada.token) as client,
        server.lane(session["id"], ada.token) as lane,
    ):
        await client.ask("create", name="lib/helper.js", text="export const two = 2;\n")
        changed = await lane.event("file.changed", name="lib/helper.js")
        assert "".join(edit["text"] for edit in changed["edits"]) == "export const two = 2;\n"
        files = (await ada.http.get(f"/api/sessions/{session['id']}/files")).json()["items"]
        assert {file["name"] for file in files} == {"main.js", "lib/helper.js"}


async def test_a_client_sees_the_others_cursor_under_their_own_name_and_not_a_forged_one(
    server: Server, ada: Account, bob: Account
) -> None:
    session = await ada.session(main_js="")
    await ada.http.put(f"/api/sessions/{session['id']}/collaborators/{bob.user_id}", json={"role": "editor"})
    async with (
        StockClient.connect(3, server, session["id"], ada.token) as watching,
        StockClient.connect(2, server, session["id"], bob.token) as forging,
    ):
        await forging.ask(
            "presence", state={"user": {"id": ada.user_id, "name": "Not Bob"}, "cursor": {"anchor": 1, "head": 2}}
        )
        async with asyncio.timeout(PATIENCE_S):
            while True:
                states = [entry["state"] for entry in (await watching.ask("seen"))["states"]]
                seen = [state for state in states if state.get("cursor")]
                if seen:
                    break
                await watching.until(lambda event: event["event"] == "awareness")
                watching.events.clear()
        assert [state["user"]["id"] for state in seen] == [bob.user_id]
        assert seen[0]["user"]["name"] == bob.user_id


async def idle(server: Server, session_id: str, token: str, major: int, seconds: float) -> int:
    """How often a provider that does nothing had to connect within that time."""
    async with StockClient.connect(major, server, session_id, token) as client:
        await asyncio.sleep(seconds)
        return int((await client.ask("connections"))["connections"])


@pytest.mark.soak
async def test_an_idle_provider_is_content_for_three_times_its_own_patience_of_thirty_seconds(
    server: Server, ada: Account
) -> None:
    session = await ada.session(main_js="")
    assert await asyncio.gather(*(idle(server, session["id"], ada.token, major, 90) for major in (1, 2, 3))) == [
        1,
        1,
        1,
    ]


async def test_a_viewer_may_watch_but_not_change(server: Server, ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="original\n")
    await ada.http.put(f"/api/sessions/{session['id']}/collaborators/{bob.user_id}", json={"role": "viewer"})
    async with (
        StockClient.connect(3, server, session["id"], ada.token) as owner,
        StockClient.connect(3, server, session["id"], bob.token) as viewer,
    ):
        await viewer.ask("insert", name="main.js", at=0, text="FORBIDDEN ")
        await owner.ask("insert", name="main.js", at=-1, text="more\n")
        assert "more" in await viewer.until_text("main.js", lambda text: "more" in text)
        assert (await ada.http.get(f"/api/sessions/{session['id']}")).json()["files"][0][
            "content"
        ] == "original\nmore\n"
        assert (await owner.ask("text", name="main.js"))["text"] == "original\nmore\n"


async def test_a_revoked_key_closes_its_open_socket_within_a_second(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="")
    made = (await ada.http.post("/api/me/tokens", json={"name": "short-lived"})).json()
    async with server.lane(session["id"], made["token"]) as lane:
        await lane.event("welcome")
        assert (await ada.http.delete(f"/api/me/tokens/{made['id']}")).status_code == 204
        async with asyncio.timeout(SOON_S):
            await lane.socket.wait_closed()
        assert lane.socket.close_code == 4401
