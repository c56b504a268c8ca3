"""`collab-server mcp`: an MCP server on standard input and output that hands each call to a running server's `/mcp`.

It knows no tool, resource or prompt: the lists, the answers, the errors and the progress are the running server's own.
"""

from __future__ import annotations

import argparse
import asyncio
from importlib.metadata import version
from typing import Any

import anyio
import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)

from collab_server.client import connect
from collab_server.mcp_stdio_news import News
from collab_server.remote import LIMITS, REQUEST_S, reach
from collab_server.settings import Settings
from executor.authorities import trusted

Request = ServerRequestContext[Any]


async def _forward(url: str, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=REQUEST_S, trust_env=False, verify=trusted()) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as far,
        anyio.create_task_group() as tasks,
    ):
        news = News(far, tasks)

        async def list_tools(_: Request, params: PaginatedRequestParams | None) -> ListToolsResult:
            return await far.list_tools(cursor=params.cursor if params else None)

        async def list_resources(_: Request, params: PaginatedRequestParams | None) -> ListResourcesResult:
            return await far.list_resources(cursor=params.cursor if params else None)

        async def list_templates(_: Request, params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
            return await far.list_resource_templates(cursor=params.cursor if params else None)

        async def read_resource(_: Request, params: ReadResourceRequestParams) -> ReadResourceResult:
            return await far.read_resource(str(params.uri), cache_mode="bypass")

        async def list_prompts(_: Request, params: PaginatedRequestParams | None) -> ListPromptsResult:
            return await far.list_prompts(cursor=params.cursor if params else None)

        async def get_prompt(_: Request, params: GetPromptRequestParams) -> GetPromptResult:
            return await far.get_prompt(params.name, params.arguments)

        async def complete(_: Request, params: CompleteRequestParams) -> CompleteResult:
            argument = {"name": params.argument.name, "value": params.argument.value}
            known = params.context.arguments if params.context else None
            return await far.complete(params.ref, argument, known)

        async def call_tool(context: Request, params: CallToolRequestParams) -> CallToolResult:
            async def progress(progress: float, total: float | None, message: str | None) -> None:
                await context.session.report_progress(progress, total, message)

            return await far.call_tool(params.name, params.arguments, progress_callback=progress)

        server: Server[Any] = Server(
            "collab-server",
            version=version("collab-server"),
            instructions=far.instructions,
            on_list_tools=list_tools,
            on_call_tool=call_tool,
            on_list_resources=list_resources,
            on_list_resource_templates=list_templates,
            on_read_resource=read_resource,
            on_list_prompts=list_prompts,
            on_get_prompt=get_prompt,
            on_completion=complete,
            on_subscribe_resource=news.subscribe,
            on_unsubscribe_resource=news.unsubscribe,
            on_subscriptions_listen=news.listen,
        )
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
        tasks.cancel_scope.cancel()


async def _met(url: str, token: str) -> None:
    """The server is there and takes the key: later the library could only say that something went wrong."""
    async with connect(url, token, limits=LIMITS) as client:
        await client.me()


def serve(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until the client closes standard input."""
    url, token = reach(settings, arguments)
    asyncio.run(_met(url, token))
    asyncio.run(_forward(url, token))
    return 0
