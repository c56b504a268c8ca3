"""What the protocol's own conformance suite says of `/mcp`; what does not apply is listed, with reasons, beside the suite."""

from __future__ import annotations

import asyncio

import pytest

from tests.stories.conftest import Account
from tests.support.processes import ROOT, Server, node
from tests.support.signing_proxy import signing

pytestmark = pytest.mark.asyncio(loop_scope="session")
CLIENTS = ROOT / "tests/clients"
SUITE = CLIENTS / "node_modules/@modelcontextprotocol/conformance/dist/index.js"


async def test_every_scenario_that_applies_passes(server: Server, ada: Account) -> None:
    async with signing(server.port, ada.token) as port:
        process = await asyncio.create_subprocess_exec(
            *node(), str(SUITE), "server", "--suite", "all", "--url", f"http://127.0.0.1:{port}/mcp",
            "--expected-failures", str(CLIENTS / "mcp-baseline.yml"),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said = (await process.communicate())[0].decode()
    # Also a scenario that is listed and passes now is a failure: it is to be taken off the list.
    assert process.returncode == 0, said[-4000:]
    assert "dns-rebinding-protection: 2 passed, 0 failed" in said
