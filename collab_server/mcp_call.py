"""What every MCP handler needs: who asks, a domain error in words that say how to mend the call, a run that is followed to its end.

No tool, resource or prompt stands here.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field, ValidationError

from collab_server.errors import Invalid, describe
from collab_server.listings import Scope
from collab_server.mcp_output import shortened
from collab_server.principal import Principal
from collab_server.services import Services
from collab_server.shapes.base import Shape
from executor.events import ExecutionResult

PROGRESS_CHARS_MAX = 2000
FOLLOWING: dict[str, tuple[Scope, ...]] = {"mine": ("mine", "shared"), "shared": ("shared",), "public": ("public",)}
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
MAKES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)
CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
DELETES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)

Ctx = Context[Any, Any]
MomentText = Annotated[str | None, Field(description="RFC 3339, like 2026-01-31T00:00:00Z")]
T = TypeVar("T")


class Done(Shape):
    """What was done, for tools that have nothing else to tell."""

    done: bool
    detail: str


def asker(request: ServerRequestContext[Any, Any]) -> Principal:
    """Who signed the HTTP request that a message came in."""
    assert request.request is not None, "served over HTTP only"
    principal: Principal = request.request.state.principal
    return replace(principal, program=True)


def in_words(error: Exception) -> str | None:
    """`code: message {extra}` of a domain error; None for a fault of the server's own, which is to be logged and not told."""
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False, include_input=False)[0]
        return f"invalid: {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
    problem = describe(error)
    if problem.status == 500:
        return None
    extra = f" {json.dumps(problem.extra)}" if problem.extra else ""
    return f"{problem.code}: {problem.message}{extra}"


class Desk:
    """Where tools are served: the services of one node, for whoever asks."""

    def __init__(self, node: Callable[[], Services]) -> None:
        self._node = node

    async def _do(self, ctx: Ctx, work: Callable[[Services, Principal], Awaitable[T]]) -> T:
        try:
            node, request = self._node(), ctx.request_context.request
            # The library answers in a task of its own.
            with node.tracer.resumed(getattr(request, "state", None)), node.tracer.span("mcp call"):
                return await work(node, asker(ctx.request_context))
        except Exception as error:
            if (words := in_words(error)) is None:
                raise
            raise ToolError(words) from error


async def sessions_page(
    node: Services, who: Principal, cursor: str, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """(sessions, the cursor of those that follow): from `mine` on one's own and then those that are shared with one, from `public`
    on the public ones."""
    scope, _, at = cursor.partition(":")
    if scope not in FOLLOWING:
        raise Invalid("is not one that a list gave", name="cursor")
    scopes = FOLLOWING[scope]
    found: list[dict[str, Any]] = []
    for each in scopes:
        if len(found) == limit:
            return found, each
        page = await node.sessions.listed(who, each, limit=limit - len(found), cursor=at or None)
        found, at = found + page["items"], ""
        if page["nextCursor"] is not None:
            return found, f"{each}:{page['nextCursor']}"
    return found, None


async def followed(ctx: Ctx, node: Services, who: Principal, execution_id: str) -> ExecutionResult:
    """The result of a run, its id and its output told as progress before."""
    await ctx.report_progress(0, message=f"execution {execution_id} started; getCodeExecution tells its state")
    async for kept in await node.executions.events(who, execution_id):
        if kept.event["type"] == "execution.output":
            await ctx.report_progress(kept.event["seq"], message=kept.event["text"][:PROGRESS_CHARS_MAX])
    return shortened(await node.executions.result(who, execution_id))
