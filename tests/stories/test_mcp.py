"""Promises to MCP clients, kept with the official SDK's own client over Streamable HTTP, in both protocol eras."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.stories.conftest import Account, account
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

ARGUMENTS = {
    "executeCode": {
        "code",
        "language",
        "timeout",
        "memoryLimit",
        "allowedModules",
        "context",
        "sessionId",
        "persistEnvironment",
        "files",
        "entry",
        "stdin",
        "argv",
    },
    "getCodeExecutionPricing": {"tier"},
    "getCodeExecutionUsage": {"clientId", "startDate", "endDate"},
    "createCodeExecutionSession": {
        "name",
        "description",
        "collaborators",
        "isPublic",
        "files",
        "environment",
        "expiresAt",
    },
    "getCodeExecutionSession": {"sessionId"},
    "updateCodeExecutionSession": {"sessionId", "name", "description", "isPublic", "environment", "expiresAt"},
    "deleteCodeExecutionSession": {"sessionId"},
    "getUserCodeExecutionSessions": {"userId"},
    "getPublicCodeExecutionSessions": set(),
    "getMoreCodeExecutionSessions": {"cursor"},
    "addFileToCodeExecutionSession": {"sessionId", "name", "content", "language"},
    "updateFileInCodeExecutionSession": {"sessionId", "fileId", "content", "edits", "baseVersion"},
    "deleteFileFromCodeExecutionSession": {"sessionId", "fileId"},
    "addCollaboratorToCodeExecutionSession": {"sessionId", "userId", "role"},
    "removeCollaboratorFromCodeExecutionSession": {"sessionId", "userId"},
    "getCodeExecution": {"executionId", "afterSeq", "limit"},
    "cancelCodeExecution": {"executionId"},
    "getFileFromCodeExecutionSession": {"sessionId", "fileId", "start", "limit"},
    "getCodeExecutionComments": {"sessionId", "openOnly", "after"},
    "addCommentToCodeExecutionSession": {"sessionId", "text", "threadId", "fileId", "executionId", "line", "quote"},
    "resolveCommentInCodeExecutionSession": {"sessionId", "threadId", "resolved"},
    "rerunCodeExecution": {"executionId"},
    "undoInCodeExecutionSession": {"sessionId", "actorId", "sinceVersion", "count"},
    "proposeChangesToCodeExecutionSession": {"sessionId", "title", "message", "ready"},
    "getCodeExecutionProposals": {"sessionId", "openOnly"},
    "getCodeExecutionProposal": {"proposalId", "fileId"},
    "decideCodeExecutionProposal": {"proposalId", "decision", "version", "reason"},
}


@asynccontextmanager
async def client(server: Server, token: str, mode: str = "auto", **more: Any) -> AsyncIterator[Client]:
    """The SDK's client, signed in."""
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
        async with Client(
            streamable_http_client(f"{server.url}/mcp", http_client=http), mode=mode, **more
        ) as connected:
            yield connected


async def call(connected: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """A tool's structured answer; an error fails the test."""
    answer = await connected.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    assert isinstance(answer.structured_content, dict)
    return answer.structured_content


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_tools_have_the_names_and_arguments_of_the_contract(server: Server, ada: Account, mode: str) -> None:
    async with client(server, ada.token, mode) as connected:
        tools = {tool.name: tool for tool in (await connected.list_tools()).tools}
    assert {name: set(tool.input_schema.get("properties", {})) for name, tool in tools.items()} == ARGUMENTS
    assert all(tool.annotations is not None and tool.output_schema is not None for tool in tools.values())
    assert tools["deleteCodeExecutionSession"].annotations.destructive_hint  # type: ignore[union-attr]
    assert tools["getCodeExecutionSession"].annotations.read_only_hint  # type: ignore[union-attr]


async def test_code_runs_with_context_and_its_output_comes_as_progress(server: Server, ada: Account) -> None:
    heard: list[str] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async with client(server, ada.token) as connected:
        arguments = {
            "code": "console.log('hi'); console.warn('there'); return x + y;",
            "language": "javascript",
            "context": {"x": 10, "y": 20},
        }
        answer = await connected.call_tool("executeCode", arguments, progress_callback=progress)
    result = answer.structured_content
    assert result is not None and result["success"] is True and result["result"] == 30
    assert result["output"] == ["[log] hi", "[warn] there"]
    assert set(result["metrics"]) == {"executionTime", "memoryUsage", "computeUnits", "cost"}
    assert result["executionId"] in heard[0]
    assert "hi\n" in heard[1:]


async def test_an_agent_makes_a_session_edits_it_and_people_see_it(server: Server, ada: Account, bob: Account) -> None:
    async with client(server, ada.token) as connected:
        made = await call(
            connected,
            "createCodeExecutionSession",
            name="together",
            collaborators=[bob.user_id],
            files=[{"name": "main.js", "content": "return 1"}],
        )
        session_id = made["id"]
        async with server.lane(session_id, bob.token) as lane:
            await lane.event("welcome")
            file = await call(
                connected,
                "addFileToCodeExecutionSession",
                sessionId=session_id,
                name="two.js",
                content="export const two = 2;\n",
            )
            changed = await lane.event("file.changed", name="two.js")
            assert changed["actor"] == {"id": ada.user_id, "name": ada.user_id, "kind": "agent"}
            edited = await call(
                connected,
                "updateFileInCodeExecutionSession",
                sessionId=session_id,
                fileId=file["id"],
                baseVersion=file["version"],
                edits=[{"start": 19, "end": 20, "text": "22"}],
            )
            assert edited["content"] == "export const two = 22;\n"
            ran = await call(connected, "executeCode", sessionId=session_id, entry="main.js")
            assert (await lane.event("execution.finished", executionId=ran["executionId"]))["result"] == 1
        assert (await call(connected, "getCodeExecution", executionId=ran["executionId"]))["status"] == "completed"
        assert session_id in [
            item["id"] for item in (await call(connected, "getUserCodeExecutionSessions"))["sessions"]
        ]
        await call(connected, "updateCodeExecutionSession", sessionId=session_id, isPublic=True)
        assert session_id in [
            item["id"] for item in (await call(connected, "getPublicCodeExecutionSessions"))["sessions"]
        ]
        await call(connected, "removeCollaboratorFromCodeExecutionSession", sessionId=session_id, userId=bob.user_id)
        await call(
            connected, "addCollaboratorToCodeExecutionSession", sessionId=session_id, userId=bob.user_id, role="viewer"
        )
        assert (await call(connected, "getCodeExecutionSession", sessionId=session_id))["roles"][
            bob.user_id
        ] == "viewer"
        await call(connected, "deleteFileFromCodeExecutionSession", sessionId=session_id, fileId=file["id"])
        await call(connected, "deleteCodeExecutionSession", sessionId=session_id)
        assert (await connected.call_tool("getCodeExecutionSession", {"sessionId": session_id})).is_error
        assert len((await call(connected, "getCodeExecutionPricing"))["tiers"]) == 4
        assert (await call(connected, "getCodeExecutionUsage"))["total"]["executions"] == 1


async def test_a_bad_call_is_told_how_to_mend_it(server: Server, ada: Account) -> None:
    async with client(server, ada.token) as connected:
        for tool, arguments, told in (
            ("getCodeExecutionSession", {"sessionId": "0" * 20}, "not_found"),
            ("executeCode", {"code": "1", "language": "cobol"}, "cobol"),
            ("executeCode", {"code": "1", "language": "javascript", "timeout": -5}, "timeout"),
            ("getCodeExecutionPricing", {"tier": "gold"}, "basic"),
            ("createCodeExecutionSession", {"name": ""}, "name"),
            ("getCodeExecutionUsage", {"startDate": "yesterday"}, "startDate"),
        ):
            answer = await connected.call_tool(tool, arguments)
            assert answer.is_error, (tool, answer)
            assert told in str(answer.content), (tool, answer.content)


async def test_what_others_used_is_told_to_an_admin_whose_key_is_for_that(server: Server, ada: Account) -> None:
    root = await account(server, admin=True)
    limited = (await root.http.post("/api/me/tokens", json={"scopes": ["edit", "run"]})).json()["token"]
    for token, refused in ((root.token, False), (limited, True), (ada.token, True)):
        async with client(server, token) as connected:
            answer = await connected.call_tool("getCodeExecutionUsage", {"clientId": "somebody"})
            assert answer.is_error == refused and ("forbidden" in str(answer.content)) == refused, answer
    await root.http.aclose()


async def test_strangers_and_wrong_hosts_are_turned_away(server: Server, ada: Account) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as http:
        assert (await http.post("/mcp", json=body)).status_code == 401
        signed = {"authorization": f"Bearer {ada.token}"}
        assert (await http.post("/mcp", json=body, headers=signed | {"host": "evil.example"})).status_code == 421
        assert (
            await http.post("/mcp", json=body, headers=signed | {"origin": "https://evil.example"})
        ).status_code == 403
