"""`collab-server mcp`: an MCP server on standard input and output that hands each call to a running server's `/mcp`.

It knows no tool: the list, the answers, the errors and the progress are the running server's own.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams

from collab_server.remote import REQUEST_S, reach
from collab_server.settings import Settings

Request = ServerRequestContext[Any]


async def _forward(url: str, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=REQUEST_S, trust_env=False) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as far,
    ):

        async def list_tools(_: Request, params: PaginatedRequestParams | None) -> ListToolsResult:
            return await far.list_tools(cursor=params.cursor if params else None)

        async def call_tool(context: Request, params: CallToolRequestParams) -> CallToolResult:
            async def progress(progress: float, total: float | None, message: str | None) -> None:
                await context.session.report_progress(progress, total, message)

            return await far.call_tool(params.name, params.arguments, progress_callback=progress)

        server: Server[Any] = Server(
            "collab-server", instructions=far.instructions, on_list_tools=list_tools, on_call_tool=call_tool
        )
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())


def serve(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until the client closes standard input."""
    url, token = reach(settings, arguments)
    asyncio.run(_forward(url, token))
    return 0
