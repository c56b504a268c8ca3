"""Promises to those who lend a session a secret: its runs read it, in every language, and nobody ever sees it again."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.stories.conftest import Account
from tests.stories.test_command_line import cli
from tests.support.processes import Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

VALUE = "sk-live-7Qx'\"$HOME`ls`é9Zr"
SHOWN = {
    "main.js": "console.log(process.env.API_KEY === {value}, process.env.API_KEY)",
    "main.ts": "const key: string | undefined = process.env.API_KEY\nconsole.log(key === {value}, key)",
    "main.py": "import os\nprint(str(os.environ['API_KEY'] == {value}).lower(), os.environ['API_KEY'])",
    "main.rb": "puts \"#{ENV['API_KEY'] == {value}} #{ENV['API_KEY']}\"",
    "main.lua": "print(os.getenv('API_KEY') == {value}, os.getenv('API_KEY'))",
    "main.sh": '[ "$API_KEY" = {value} ] && echo true "$API_KEY"',
}
QUOTED = {
    ".js": json.dumps(VALUE), ".ts": json.dumps(VALUE), ".py": repr(VALUE), ".rb": json.dumps(VALUE),
    ".lua": json.dumps(VALUE, ensure_ascii=False), ".sh": "'" + VALUE.replace("'", "'\\''") + "'",
}  # fmt: skip


def program(name: str) -> str:
    return SHOWN[name].replace("{value}", QUOTED[name[name.index(".") :]])


@pytest.mark.parametrize("name", SHOWN)
async def test_a_run_reads_the_secret_and_its_output_hides_it(ada: Account, name: str) -> None:
    session = await ada.session(**{name.replace(".", "_"): program(name)})
    place = f"/api/sessions/{session['id']}"
    assert (await ada.http.put(f"{place}/secrets/API_KEY", json={"value": VALUE})).status_code == 204
    # Python reads it by os, which is the standard tier's.
    body = {"entry": name, "timeout": 10_000, "tier": "standard"}
    ran = (await ada.http.post(f"{place}/executions", json=body)).json()
    assert ran["success"], json.dumps(ran)
    assert ran["stdout"].split() == ["true", "••••"]
    kept = (await ada.http.get(f"/api/executions/{ran['executionId']}/events")).text
    assert "7Qx" not in kept and "••••" in kept


async def test_nobody_reads_it_back_and_forks_exports_and_other_sessions_have_none_of_it(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as server, await server.http("ada") as ada:
        code = "console.log(Object.keys(process.env).join())"
        made = await ada.post("/api/sessions", json={"name": "s", "files": [{"name": "main.js", "content": code}]})
        place = f"/api/sessions/{made.json()['id']}"
        await ada.put(f"{place}/secrets/API_KEY", json={"value": VALUE})
        listed = (await ada.get(f"{place}/secrets")).json()["items"]
        assert [sorted(one) for one in listed] == [["name", "setAt", "setBy"]]
        fork = (await ada.post(f"{place}/fork", json={})).json()
        for other in (f"/api/sessions/{fork['id']}", None):
            body: dict[str, Any] = {"entry": "main.js"} if other else {"language": "javascript", "code": code}
            assert (await ada.post(f"{other or '/api'}/executions", json=body)).json()["stdout"] == "\n"
        assert (await ada.post(f"{place}/executions", json={"entry": "main.js"})).json()["stdout"] == "API_KEY\n"
        assert VALUE.encode() not in (await ada.get(f"{place}/export")).content
        assert (await ada.delete(f"{place}/secrets/API_KEY")).status_code == 204
        assert (await ada.post(f"{place}/executions", json={"entry": "main.js"})).json()["stdout"] == "\n"
        await ada.put(f"{place}/secrets/API_KEY", json={"value": VALUE})
        dump = await server.dump()
        assert b"API_KEY" in dump and b"7Qx" not in dump
        assert (await ada.delete(place)).status_code == 204
        assert await server.sql("SELECT name FROM secrets") == []


async def test_under_a_new_key_all_is_sealed_anew_while_the_server_runs_and_the_key_of_before_opens_nothing(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as server, await server.http("ada") as ada:
        code = "console.log(process.env.WORD === 'opened')"
        made = await ada.post("/api/sessions", json={"name": "s", "files": [{"name": "main.js", "content": code}]})
        place = f"/api/sessions/{made.json()['id']}"
        await ada.put(f"{place}/secrets/WORD", json={"value": "opened"})
        once = {"idempotency-key": "once"}
        token = (await ada.post("/api/me/tokens", json={}, headers=once)).json()["token"]

        async def opens() -> None:
            assert (await ada.post(f"{place}/executions", json={"entry": "main.js"})).json()["stdout"] == "true\n"
            assert (await ada.post("/api/me/tokens", json={}, headers=once)).json()["token"] == token

        old, kept = (tmp_path / "secret.key").read_bytes(), tmp_path / "secret.key.old"
        done, told, _ = await cli(server, "secrets", "reseal", "--new-key")
        assert (done, told.splitlines()[0]) == (0, "2 were sealed anew, 0 were so already")
        assert kept.read_bytes() == old != (tmp_path / "secret.key").read_bytes()
        await opens()
        done, told, _ = await cli(server, "secrets", "reseal")
        assert (done, told) == (0, "0 were sealed anew, 2 were so already\n")
        kept.unlink()
        await opens()

        keys = [base64.b64encode(key).decode() for key in (b"k" * 32, (tmp_path / "secret.key").read_bytes())]
        by_setting = Server(tmp_path, server.settings | {"COLLAB_SECRET_KEY": keys[0]})
        done, _, told = await cli(by_setting, "secrets", "reseal")
        assert done == 1 and "2 are sealed under none of the keys" in told
        assert (await cli(by_setting, "secrets", "reseal", "--new-key"))[0] == 1
        await opens()
        by_setting.settings["COLLAB_SECRET_KEYS_ACCEPTED"] = keys[1]
        assert (await cli(by_setting, "secrets", "reseal"))[1].startswith("2 were sealed anew")
        locked = await ada.post(f"{place}/executions", json={"entry": "main.js"})
        assert locked.status_code == 503 and "COLLAB_SECRET_KEYS_ACCEPTED" in locked.json()["detail"]


async def test_only_owners_set_them_and_who_brings_own_code_without_the_right_to_write_has_none(
    server: Server, ada: Account, bob: Account
) -> None:
    session = await ada.session(main_js="console.log(process.env.API_KEY ? 'lent' : 'none')")
    place = f"/api/sessions/{session['id']}"
    await ada.http.put(f"{place}/secrets/API_KEY", json={"value": VALUE})

    async def said(**body: Any) -> str:
        out: str = (await bob.http.post(f"{place}/executions", json={"entry": "main.js"} | body)).json()["stdout"]
        return out.strip()

    theft = "console.log(process.env.API_KEY?.split('').join(' ') ?? 'none')"
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "runner"})
    assert await said() == "lent"
    assert await said(code=theft) == "none"
    assert await said(files=[{"name": "main.js", "content": theft}]) == "none"
    assert await said(context={"steal": {"$function": "() => process.env.API_KEY"}}) == "none"
    left = {"entry": "main.js", "code": "console.log = () => {}", "persistEnvironment": True}
    assert (await bob.http.post(f"{place}/executions", json=left)).status_code == 403
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "editor"})
    for method, path in (("GET", ""), ("PUT", "/API_KEY"), ("DELETE", "/API_KEY")):
        body = {"value": "x"} if method == "PUT" else None
        assert (await bob.http.request(method, f"{place}/secrets{path}", json=body)).status_code == 403


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [("a-b", "x", "name"), ("PATH", "x", "name"), ("1A", "x", "name"), ("A", "", "value"), ("A", "a\0b", "value")],
)
async def test_a_name_or_value_that_is_none_is_refused_by_name(ada: Account, name: str, value: str, field: str) -> None:
    session = await ada.session(main_js="return 1")
    answer = await ada.http.put(f"/api/sessions/{session['id']}/secrets/{name}", json={"value": value})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field
