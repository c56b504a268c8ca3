"""What the protocol's own programs say of our server: its conformance suite, and the Inspector's command line over HTTP and stdio.

What of the suite does not apply is listed, with reasons, beside it."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest

from tests.stories.conftest import Account
from tests.support.processes import CONSOLE_SCRIPT, ROOT, Server, node
from tests.support.signing_proxy import signing

pytestmark = pytest.mark.asyncio(loop_scope="session")
CLIENTS = ROOT / "tests/clients"
PROTOCOL = CLIENTS / "node_modules/@modelcontextprotocol"
SUITE = PROTOCOL / "conformance/dist/index.js"
INSPECTOR = PROTOCOL / "inspector-cli/build/index.js"
CALL = ("tools/call", "--tool-name", "executeCode", "--tool-arg", "code=return 6 * 7", "language=javascript")


async def said_by(*command: str, **environment: str) -> tuple[int | None, bytes, bytes]:
    """(exit code, what it said, what it complained of) of a Node program."""
    process = await asyncio.create_subprocess_exec(
        *node(), *command, env=os.environ | environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complained = await process.communicate()
    return process.returncode, said, complained


async def test_every_scenario_that_applies_passes(server: Server, ada: Account) -> None:
    async with signing(server.port, ada.token) as port:
        code, said, complained = await said_by(
            str(SUITE), "server", "--suite", "all", "--url", f"http://127.0.0.1:{port}/mcp",
            "--expected-failures", str(CLIENTS / "mcp-baseline.yml"),
        )  # fmt: skip
    # Also a scenario that is listed and passes now is a failure: it is to be taken off the list.
    assert code == 0, (said + complained)[-4000:]
    assert b"dns-rebinding-protection: 2 passed, 0 failed" in said


async def test_the_inspector_lists_and_calls_over_http_and_over_stdio(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="1")
    # The package is one of a suite, and asks the suite's for its name.
    (PROTOCOL / "package.json").write_text('{"name": "@modelcontextprotocol/inspector", "version": "1"}\n')
    http = (f"{server.url}/mcp", "--transport", "http", "--header", f"Authorization: Bearer {ada.token}", "--method")
    stdio = (str(CONSOLE_SCRIPT), "mcp", "--url", server.url, "--method")

    async def asked(way: tuple[str, ...], *method: str) -> Any:
        code, said, complained = await said_by(str(INSPECTOR), *way, *method, COLLAB_TOKEN=ada.token)
        assert code == 0, complained
        return json.loads(said)

    tools, resources, prompts, called, same_tools, called_too = await asyncio.gather(
        asked(http, "tools/list"), asked(http, "resources/list"), asked(http, "prompts/list"), asked(http, *CALL),
        asked(stdio, "tools/list"), asked(stdio, *CALL),
    )  # fmt: skip
    assert {"executeCode", "getCodeExecution"} <= {tool["name"] for tool in tools["tools"]}
    assert f"session://{session['id']}" in [resource["uri"] for resource in resources["resources"]]
    assert "fix-failing-run" in [prompt["name"] for prompt in prompts["prompts"]]
    assert called["structuredContent"]["result"] == called_too["structuredContent"]["result"] == 42
    assert same_tools["tools"] == tools["tools"]
