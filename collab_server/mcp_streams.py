"""Word of changed resources for clients of protocol 2025-11-25 and before: `resources/subscribe`, and the stream that GET opens.

A client is known by the id that `initialize` gave it, and what it wants is in the database: any node may answer either request.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams
from sqlalchemy import delete, func, insert, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from collab_server.errors import ActionError, Invalid, describe
from collab_server.mcp_call import asker, in_words
from collab_server.mcp_resources import URIS_PER_STREAM_MAX, Resources, session_of
from collab_server.principal import Principal
from collab_server.rest.common import problem_response
from collab_server.services import Services
from collab_server.tables import mcp_subscriptions
from executor.months import DAY_MS

CLIENT_ID = "mcp-session-id"
CLIENT_ID_FORM = re.compile(r"[0-9a-f]{32}")
TOPIC_PREFIX = "mcp:"
# Proxies close what is silent; what the bus did not bring is looked for as often.
QUIET_S = 15.0
# A client that went without a word is forgotten after so long.
URI_BYTES_MAX = 2048
KEPT_MS = 7 * DAY_MS
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}

Rows = mcp_subscriptions.c


def named(send: Send) -> Send:
    """For the answer to `initialize`: with an id for the client."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            header = (CLIENT_ID.encode(), secrets.token_hex(16).encode())
            message = {**message, "headers": [*message["headers"], header]}
        await send(message)

    return sending


@dataclass
class Heard:
    """What one stream wants and has heard; `again` is set where what it wants may have changed."""

    wanted: set[str] = field(default_factory=set)
    pending: dict[str, None] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    again: bool = True
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def changed(self, uri: str) -> None:
        if uri in self.wanted:
            self.pending[uri] = None
            self.wake.set()

    def look_again(self) -> None:
        self.again = True
        self.wake.set()

    def ended(self, session_id: str) -> None:
        self.over.add(session_id)
        self.look_again()


class Streams:
    """Over one node's services."""

    def __init__(self, node: Callable[[], Services], server: MCPServer[Any], resources: Resources) -> None:
        self._node = node
        self._resources = resources
        add = server._lowlevel_server.add_request_handler
        add("resources/subscribe", SubscribeRequestParams, self.subscribe)
        add("resources/unsubscribe", UnsubscribeRequestParams, self.unsubscribe)

    async def subscribe(self, ctx: ServerRequestContext[Any, Any], params: SubscribeRequestParams) -> EmptyResult:
        """Told from now on, whenever the client has its stream open."""
        try:
            node, who, client_id, uri = self._node(), asker(ctx), _client_of(ctx), str(params.uri)
            session_id = session_of(uri)
            if len(uri.encode()) > URI_BYTES_MAX:
                raise Invalid(
                    f"a resource that is listened to has an address of {URI_BYTES_MAX} bytes at most", name="uri"
                )
            await node.members.access(who, session_id)
            async with node.sessions.room(session_id) as room:
                version = room.version
            now_ms = int(time.time() * 1000)
            async with node.engine.begin() as connection:
                await connection.execute(delete(mcp_subscriptions).where(Rows.created_at < now_ms - KEPT_MS))
                await connection.execute(delete(mcp_subscriptions).where(Rows.client_id == client_id, Rows.uri == uri))
                count = select(func.count()).where(Rows.client_id == client_id)
                if (await connection.execute(count)).scalar_one() >= URIS_PER_STREAM_MAX:
                    raise Invalid(f"a client hears of {URIS_PER_STREAM_MAX} resources at most", name="uri")
                row = {"client_id": client_id, "uri": uri, "owner_id": _owner(who), "session_id": session_id}
                await connection.execute(insert(mcp_subscriptions).values(**row, version=version, created_at=now_ms))
            node.bus.publish(TOPIC_PREFIX + client_id, b"")
        except ActionError as error:
            raise MCPError(code=INVALID_PARAMS, message=in_words(error) or "") from error
        return EmptyResult()

    async def unsubscribe(self, ctx: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams) -> EmptyResult:
        """Not told any more."""
        try:
            client_id = _client_of(ctx)
        except ActionError as error:
            raise MCPError(code=INVALID_PARAMS, message=in_words(error) or "") from error
        await self._forget(asker(ctx), client_id, Rows.uri == str(params.uri))
        self._node().bus.publish(TOPIC_PREFIX + client_id, b"")
        return EmptyResult()

    async def end(self, request: Request) -> Response:
        """DELETE: the client is gone, and wants nothing any more."""
        await self._forget(request.state.principal, request.headers.get(CLIENT_ID, ""))
        return Response(status_code=204)

    async def serve(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        """GET: tells the client until it goes, or its token holds no more."""
        client_id = request.headers.get(CLIENT_ID, "")
        if not CLIENT_ID_FORM.fullmatch(client_id):
            # Without an id nothing can be wanted; clients go on without a stream then.
            await Response(status_code=405, headers={"allow": "POST"})(scope, receive, send)
            return
        who = replace(request.state.principal, program=True)
        try:
            with self._resources.streaming(who):
                async with aclosing(self._events(who, client_id)) as events:
                    await StreamingResponse(events, 200, HEADERS, "text/event-stream")(scope, receive, send)
        except ActionError as error:
            await problem_response(describe(error), scope["path"])(scope, receive, send)

    async def _events(self, who: Principal, client_id: str) -> AsyncGenerator[bytes, None]:
        node, heard = self._node(), Heard()
        rooms: dict[str, AsyncExitStack] = {}
        subscription = await node.bus.subscribe(
            TOPIC_PREFIX + client_id, lambda _: heard.look_again(), heard.look_again
        )
        try:
            yield b": listening\n\n"
            while True:
                heard.wake.clear()
                if heard.again:
                    heard.again = False
                    if not await node.identity.still_valid(who):
                        return
                    await self._follow(who, client_id, heard, rooms)
                while heard.pending:
                    uri = next(iter(heard.pending))
                    del heard.pending[uri]
                    told = {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": uri}}
                    yield b"event: message\ndata: %s\n\n" % orjson.dumps(told)
                try:
                    async with asyncio.timeout(QUIET_S):
                        await heard.wake.wait()
                except TimeoutError:
                    heard.again = True
                    yield b": still here\n\n"
        finally:
            subscription.close()
            for stack in rooms.values():
                await stack.aclose()

    async def _follow(self, who: Principal, client_id: str, heard: Heard, rooms: dict[str, AsyncExitStack]) -> None:
        """Be in the rooms of what is wanted now, and in no other."""
        node = self._node()
        for session_id in heard.over:
            await self._forget(who, client_id, Rows.session_id == session_id)
        query = select(mcp_subscriptions).where(Rows.client_id == client_id, Rows.owner_id == _owner(who))
        async with node.engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        known, heard.wanted = heard.wanted, {row["uri"] for row in rows}
        for session_id in heard.over | (rooms.keys() - {row["session_id"] for row in rows}):
            if (stack := rooms.pop(session_id, None)) is not None:
                await stack.aclose()
        heard.over.clear()
        for row in rows:
            session_id = row["session_id"]
            if session_id not in rooms:
                stack = AsyncExitStack()
                try:
                    ended = lambda session_id=session_id: heard.ended(session_id)  # noqa: E731
                    await stack.enter_async_context(self._resources.watching(who, session_id, heard, ended))
                except ActionError:
                    heard.ended(session_id)
                    continue
                rooms[session_id] = stack
            room = node.rooms.get(session_id)
            if row["uri"] not in known and room is not None and room.version > row["version"]:
                # It may have changed before this stream was there: once too often is better than not at all.
                heard.changed(row["uri"])

    async def _forget(self, who: Principal, client_id: str, *which: Any) -> None:
        of_client = (Rows.client_id == client_id, Rows.owner_id == _owner(who))
        async with self._node().engine.begin() as connection:
            await connection.execute(delete(mcp_subscriptions).where(*of_client, *which))


def _client_of(ctx: ServerRequestContext[Any, Any]) -> str:
    assert ctx.request is not None, "served over HTTP only"
    client_id = str(ctx.request.headers.get(CLIENT_ID, ""))
    if not CLIENT_ID_FORM.fullmatch(client_id):
        raise Invalid(
            f"send the `{CLIENT_ID}` that `initialize` answered, and open the stream with GET to hear of changes",
            name="uri",
        )
    return client_id


def _owner(who: Principal) -> str:
    return who.agent_id or who.user_id
