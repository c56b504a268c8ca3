"""Word of changed resources for a client on standard input and output, in both protocol eras.

The running server tells them by `subscriptions/listen`; an older client, which knows `resources/subscribe` only, hears the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import anyio
from anyio.abc import TaskGroup
from mcp.client.client import Client
from mcp.client.subscriptions import Subscription, SubscriptionLost
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

Request = ServerRequestContext[Any]
URIS_MAX = 100


class News:
    """What one client wants to hear of; `far` is the running server, `tasks` live as long as the client."""

    def __init__(self, far: Client, tasks: TaskGroup) -> None:
        self._far = far
        self._tasks = tasks
        self._subscribed: dict[str, anyio.CancelScope] = {}

    async def listen(self, ctx: Request, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        """2026-07-28: a stream of this client is one of the server's."""
        uris = [str(uri) for uri in params.notifications.resource_subscriptions or ()]
        bus = InMemorySubscriptionBus()
        handler = ListenHandler(bus)
        async with AsyncExitStack() as stack:
            heard = await stack.enter_async_context(self._far.listen(resource_subscriptions=uris)) if uris else None
            tasks = await stack.enter_async_context(anyio.create_task_group())

            async def pass_on(stream: Subscription) -> None:
                try:
                    async for event in stream:
                        await bus.publish(event)
                except SubscriptionLost:
                    pass
                # The right ended, or the server went: so does the stream here.
                handler.close()

            if heard is not None:
                tasks.start_soon(pass_on, heard)
            try:
                return await handler(ctx, params)
            finally:
                tasks.cancel_scope.cancel()

    async def subscribe(self, ctx: Request, params: SubscribeRequestParams) -> EmptyResult:
        """2025-11-25 and before: told until the client unsubscribes or goes."""
        uri = str(params.uri)
        if uri in self._subscribed:
            return EmptyResult()
        if len(self._subscribed) >= URIS_MAX:
            raise MCPError(
                code=INVALID_PARAMS, message=f"a client hears of {URIS_MAX} resources at most; unsubscribe some"
            )
        await self._tasks.start(self._follow, ctx, uri)
        return EmptyResult()

    async def unsubscribe(self, _: Request, params: UnsubscribeRequestParams) -> EmptyResult:
        """Not told any more."""
        scope = self._subscribed.pop(str(params.uri), None)
        if scope is not None:
            scope.cancel()
        return EmptyResult()

    async def _follow(
        self, ctx: Request, uri: str, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        wanted: Sequence[str] = (uri,)
        with anyio.CancelScope() as scope:
            try:
                async with self._far.listen(resource_subscriptions=wanted) as stream:
                    self._subscribed[uri] = scope
                    task_status.started()
                    async for _ in stream:
                        await ctx.session.send_resource_updated(uri)
            except SubscriptionLost:
                pass
            finally:
                if self._subscribed.get(uri) is scope:
                    del self._subscribed[uri]
