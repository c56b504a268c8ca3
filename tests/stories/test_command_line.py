"""Promises to people at a terminal, kept with the installed console script."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError
from mcp.types import ResourceTemplateReference, ResourceUpdatedNotification

from collab_server.identity import LOCAL_USER
from tests.stories.conftest import Account
from tests.stories.test_mcp import ARGUMENTS
from tests.support.forge import forge
from tests.support.patience import PATIENCE_S
from tests.support.processes import CONSOLE_SCRIPT, ROOT, Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def cli(server: Server, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command, on the server's data folder."""
    process = await forge().start(arguments, ROOT, server.environment, stdin)
    out, err = await asyncio.gather(process.stdout.read(), process.stderr.read())
    return await process.wait(), out.decode(), err.decode()


async def test_token_create_prints_only_a_key_that_works_until_it_is_revoked(server: Server) -> None:
    code, out, _ = await cli(
        server, "token", "create", "--user", "terminal", "--name", "At the terminal", "--expires", "30d"
    )
    assert code == 0 and re.fullmatch(r"ck_\S+\n", out)
    headers = {"authorization": f"Bearer {out.strip()}"}
    async with await server.http("anyone") as http:
        me = (await http.get("/api/me", headers=headers)).json()
        assert me["user"]["name"] == "At the terminal"
        listed = (await cli(server, "token", "list", "--user", "terminal"))[1]
        assert out.strip() not in listed
        assert (await cli(server, "token", "revoke", listed.split()[0]))[0] == 0
        assert (await http.get("/api/me", headers=headers)).status_code == 401
    assert (await cli(server, "token", "revoke", "nothing"))[0] == 1


async def test_run_streams_a_file_and_gives_its_exit_code(server: Server, tmp_path: Path) -> None:
    program = tmp_path / "program.ts"
    program.write_text("const n: number = 41;\nconsole.log(n + 1);\nconsole.error('oh');\nprocess.exit(3);\n")
    code, out, err = await cli(server, "run", str(program))
    assert (code, out, err) == (3, "42\n", "oh\n")
    program.write_text("throw new TypeError('no');\n")
    code, out, err = await cli(server, "run", str(program))
    assert code == 1 and "TypeError: no" in err
    reader = tmp_path / "reader.js"
    reader.write_text(
        "process.stdin.setEncoding('utf8');\n"
        "let all = '';\nfor await (const part of process.stdin) all += part;\nconsole.log(all.toUpperCase().trim());\n"
    )
    assert (await cli(server, "run", str(reader), "--stdin", stdin="hello\n"))[:2] == (0, "HELLO\n")
    assert (await cli(server, "run", str(tmp_path / "missing.js")))[0] == 1


async def test_ctrl_c_ends_the_run_on_the_server_too(server: Server, tmp_path: Path) -> None:
    program = tmp_path / "endless.js"
    program.write_text("console.log('going'); await new Promise(() => setInterval(() => {}, 1000));")
    process = await asyncio.create_subprocess_exec(
        str(CONSOLE_SCRIPT), "run", str(program), "--timeout", "10s", cwd=ROOT, env=server.environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None and await process.stdout.readline() == b"going\n"
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 1
    async with await server.http(LOCAL_USER) as http:
        assert (await http.get("/api/executions")).json()["items"][0]["status"] == "cancelled"


async def test_sessions_are_made_listed_exported_and_imported(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print(1)\n")
    code, out, err = await cli(server, "session", "create", "From the terminal", str(tmp_path / "a.py"))
    assert code == 0, err
    session_id = out.strip()
    assert session_id in (await cli(server, "session", "list"))[1]
    packed = tmp_path / "it.zip"
    assert (await cli(server, "session", "export", session_id, "--output", str(packed)))[0] == 0
    code, out, _ = await cli(server, "session", "import", str(packed), "--name", "Back again")
    assert code == 0 and out.strip() != session_id


async def test_doctor_says_what_works(server: Server) -> None:
    code, out, err = await cli(server, "doctor")
    assert code == 0, out + err
    for what in ("Python", "data folder", "database", "browser editor", "Worker", "switches", "metrics", "logs"):
        assert re.search(rf"^ok\s+{what}", out, re.MULTILINE), out


async def test_wrong_usage_is_2_and_help_is_everywhere(server: Server) -> None:
    assert (await cli(server))[0] == 2
    assert (await cli(server, "token", "create"))[0] == 2
    assert (await cli(server, "serve", "--workers", "2"))[0] == 2
    for command in (
        [],
        ["serve"],
        ["migrate"],
        ["token"],
        ["token", "create"],
        ["run"],
        ["session"],
        ["mcp"],
        ["bench"],
        ["doctor"],
    ):
        code, out, _ = await cli(server, *command, "--help")
        assert code == 0 and "usage: collab-server" in out


async def test_a_key_that_is_not_taken_is_told_in_a_line(server: Server) -> None:
    for command in (["mcp"], ["session", "list"]):
        code, out, told = await cli(server, *command, "--token", "ck_nobody")
        assert (code, out, len(told.splitlines())) == (1, "", 1), told
        assert "token" in told


async def test_an_mcp_client_reaches_the_running_server_over_standard_input_and_output(server: Server) -> None:
    parameters = StdioServerParameters(command=str(CONSOLE_SCRIPT), args=["mcp"], env=server.environment, cwd=ROOT)
    heard: list[str] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async with Client(stdio_client(parameters)) as connected:
        assert {tool.name for tool in (await connected.list_tools()).tools} == ARGUMENTS.keys()
        arguments = {"code": "console.log('far'); return 7", "language": "javascript"}
        answer = await connected.call_tool("executeCode", arguments, progress_callback=progress)
        assert answer.structured_content is not None, answer.content
        assert answer.structured_content["result"] == 7
        assert any("far" in line for line in heard), json.dumps(heard)
        failed = await connected.call_tool("getCodeExecutionSession", {"sessionId": "0" * 20})
        assert failed.is_error and "not_found" in str(failed.content)
        files = [{"name": "far.txt", "content": "read from afar"}]
        await connected.call_tool("createCodeExecutionSession", {"name": "far", "files": files})
        uri = next(one.uri for one in (await connected.list_resources()).resources if one.name == "far.txt")
        assert "read from afar" in str((await connected.read_resource(uri)).contents)
        prompts = {one.name for one in (await connected.list_prompts()).prompts}
        assert prompts == {"fix-failing-run", "review-session", "explain-file"}


async def test_a_program_gets_its_arguments_and_a_branch_is_looked_at_and_merged(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "add.sh").write_text("echo $(($1 + $2))\n")
    code, out, _ = await cli(server, "run", str(tmp_path / "add.sh"), "40", "2")
    assert (code, out) == (0, "42\n")
    async with await server.http(LOCAL_USER) as http:
        session = (await http.post("/api/sessions", json={"name": "At the terminal"})).json()["id"]
        branch = (await http.post(f"/api/sessions/{session}/branches")).json()["id"]
        await http.post(f"/api/sessions/{branch}/files", json={"name": "new.txt", "content": "new\n"})
        assert (await cli(server, "session", "diff", session, branch))[1].endswith("@@ -0,0 +1 @@\n+new\n")
        assert (await cli(server, "session", "merge", session, branch))[1] == f"{branch} merged\n"
        files = (await http.get(f"/api/sessions/{session}/files")).json()["items"]
    assert [file["name"] for file in files] == ["new.txt"]


@pytest.mark.filterwarnings("ignore:resources/")
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_an_mcp_client_on_standard_input_hears_of_changes_in_both_eras(
    server: Server, ada: Account, mode: str
) -> None:
    session = await ada.session(a_txt="before")
    uri, place = f"session://{session['id']}/files/a.txt", f"/api/sessions/{session['id']}/files"
    parameters = StdioServerParameters(
        command=str(CONSOLE_SCRIPT), args=["mcp", "--token", ada.token], env=server.environment, cwd=ROOT
    )
    told: asyncio.Queue[str] = asyncio.Queue()

    async def hear(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            told.put_nowait(str(message.params.uri))

    async with (
        Client(stdio_client(parameters), mode=mode, message_handler=hear) as connected,
        AsyncExitStack() as stack,
    ):
        reference = ResourceTemplateReference(uri="session://{id}/files/{+name}")
        completed = await connected.complete(reference, {"name": "id", "value": session["id"][:6]})
        assert session["id"] in completed.completion.values
        named = await connected.complete(reference, {"name": "name", "value": "a"}, {"id": session["id"]})
        assert named.completion.values == ["a.txt"]
        if mode == "legacy":
            await connected.session.subscribe_resource(uri)
        else:
            heard = await stack.enter_async_context(connected.listen(resource_subscriptions=[uri]))
        await ada.http.put(f"{place}/{session['files'][0]['id']}", json={"content": "after"})
        async with asyncio.timeout(PATIENCE_S):
            event = await told.get() if mode == "legacy" else str(getattr(await anext(heard), "uri", ""))
        assert event == uri
        assert "after" in str((await connected.read_resource(uri)).contents)
        if mode == "legacy":
            await connected.session.unsubscribe_resource(uri)
            with pytest.raises(MCPError, match="not_found"):
                await connected.session.subscribe_resource("session://00000000000000000000")


async def test_the_audit_of_runs_is_walked_by_the_command_line_and_tampering_is_found(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        async with await server.http("ada") as http:
            assert (await http.post("/api/executions", json={"language": "lua", "code": "return 1"})).status_code == 200
            assert (await http.post("/api/executions", json={"language": "cobol", "code": "x"})).status_code == 422
        code, out, _ = await cli(server, "audit", "verify")
        head = out.rpartition(" ")[2].strip()
        assert code == 0 and "rows, whole" in out and len(head) == 64
        assert (await cli(server, "audit", "verify", "--head", head))[0] == 0
        assert (await cli(server, "audit", "verify", "--head", "0" * 64))[0] == 1
    ended = await server.sql("SELECT detail FROM audit WHERE action = 'run.ended' ORDER BY id")
    assert [json.loads(row[0])["status"] for row in ended] == ["completed", "refused"]
    await server.sql("UPDATE audit SET actor_id = 'nobody' WHERE action = 'run.ended'")
    code, _, err = await cli(server, "audit", "verify")
    assert code == 1 and "a row was changed" in err
