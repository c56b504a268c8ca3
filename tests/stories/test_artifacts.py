"""Promises about files that a run leaves behind: they can be downloaded, are never opened, and texts flow back when asked."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.stories.conftest import Account, account
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROGRAM = """
const fs = require("fs");
fs.writeFileSync("small.txt", "héllo\\n");
fs.mkdirSync("out", { recursive: true });
fs.writeFileSync("out/large file.html", "<script>alert(1)</script>".repeat(10_000));
fs.writeFileSync("picture.png", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe]));
"""
LARGE = b"<script>alert(1)</script>" * 10_000


async def ran(who: Account, session: dict[str, Any]) -> tuple[str, dict[str, dict[str, Any]]]:
    """(the run's id, what it left by name)."""
    answer = await who.http.post(
        f"/api/sessions/{session['id']}/executions", json={"allowedModules": ["fs"], "timeout": 10_000}
    )
    result = answer.json()
    assert result["success"], result
    return f"/api/executions/{result['executionId']}/artifacts", {each["name"]: each for each in result["artifacts"]}


async def test_every_file_of_a_run_can_be_downloaded_and_none_is_opened_as_a_page(ada: Account) -> None:
    base, left = await ran(ada, await ada.session(main_js=PROGRAM))
    assert "base64" in left["small.txt"] and "stored" not in left["small.txt"]
    assert left["out/large file.html"]["stored"] is True and "base64" not in left["out/large file.html"]
    large = await ada.http.get(f"{base}/out/large%20file.html")
    assert large.status_code == 200 and large.content == LARGE
    assert hashlib.sha256(LARGE).hexdigest() == left["out/large file.html"]["digest"]
    assert large.headers["content-type"] == "application/octet-stream"
    assert large.headers["x-content-type-options"] == "nosniff"
    assert large.headers["content-disposition"].startswith("attachment;")
    assert large.headers["content-security-policy"].startswith("sandbox")
    assert (await ada.http.get(f"{base}/small.txt")).content == "héllo\n".encode()
    assert (await ada.http.get(f"{base}/picture.png")).headers["content-type"] == "image/png"
    assert (await ada.http.get(f"{base}/nothing.txt")).status_code == 404


async def test_a_text_flows_back_into_the_session_when_an_editor_asks_for_it(ada: Account, bob: Account) -> None:
    session = await ada.session(main_js=PROGRAM)
    await ada.http.put(f"/api/sessions/{session['id']}/collaborators/{bob.user_id}", json={"role": "editor"})
    base, _ = await ran(ada, session)
    kept = await bob.http.post(f"{base}/small.txt/keep")
    assert kept.status_code == 200 and kept.json()["content"] == "héllo\n"
    files = (await ada.http.get(f"/api/sessions/{session['id']}")).json()["files"]
    assert {file["name"]: file["content"] for file in files}["small.txt"] == "héllo\n"
    versions = (await ada.http.get(f"/api/sessions/{session['id']}/versions")).json()["items"]
    assert bob.user_id in versions[0]["actorIds"]
    binary = await bob.http.post(f"{base}/picture.png/keep")
    assert binary.status_code == 422 and binary.json()["errors"][0]["field"] == "name"


async def test_a_viewer_downloads_but_keeps_nothing_and_a_stranger_finds_nothing(server: Server, ada: Account) -> None:
    session = await ada.session(main_js=PROGRAM)
    viewer, stranger = await account(server), await account(server)
    await ada.http.put(f"/api/sessions/{session['id']}/collaborators/{viewer.user_id}", json={"role": "viewer"})
    base, _ = await ran(ada, session)
    assert (await viewer.http.get(f"{base}/small.txt")).status_code == 200
    assert (await viewer.http.post(f"{base}/small.txt/keep")).status_code == 403
    assert (await stranger.http.get(f"{base}/small.txt")).status_code == 404
    assert (await stranger.http.post(f"{base}/small.txt/keep")).status_code == 404
    files = (await ada.http.get(f"/api/sessions/{session['id']}")).json()["files"]
    assert [file["name"] for file in files] == ["main.js"]
    for each in (viewer, stranger):
        await each.http.aclose()
