"""MCP completions: the ids and file names that an argument of a prompt or a resource may have, of those that the caller may see.

What the arguments mean is the prompts' and the resources' part.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from collab_server.errors import ActionError
from collab_server.mcp_call import asker
from collab_server.principal import Principal
from collab_server.services import Services

VALUES_MAX = 50
_asker: ContextVar[Principal] = ContextVar("completion_asker")


class Completions:
    """What begins as the caller has typed, the newest first."""

    def __init__(self, node: Callable[[], Services], server: MCPServer[Any]) -> None:
        self._node = node
        server.completion()(self.complete)  # type: ignore[no-untyped-call]
        server.middleware.append(self._around)

    async def _around(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        # The SDK tells a completion nothing of the request that it came in.
        if ctx.method == "completion/complete":
            _asker.set(asker(ctx))
        return await call_next(ctx)

    async def complete(
        self,
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion:
        """Session ids, file names of the session that is chosen already, ids of one's own runs; nothing for the rest."""
        who, given = _asker.get(), (context.arguments if context else None) or {}
        try:
            if argument.name in ("id", "sessionId"):
                found = await self._sessions(who)
            elif argument.name == "executionId":
                found = [run.id for run in (await self._node().executions.listed(who, None, limit=VALUES_MAX)).items]
            elif argument.name == "name" and (session_id := given.get("sessionId") or given.get("id")):
                found = [file["name"] for file in (await self._node().files.listed(who, session_id))["files"]]
            else:
                found = []
        except ActionError:
            found = []
        values = [value for value in found if value.startswith(argument.value)]
        return Completion(values=values[:VALUES_MAX], total=len(values), has_more=len(values) > VALUES_MAX)

    async def _sessions(self, who: Principal) -> list[str]:
        node, found = self._node(), []
        for scope in ("mine", "shared"):
            page = await node.sessions.listed(who, "mine" if scope == "mine" else "shared", limit=VALUES_MAX)
            found += [item["id"] for item in page["items"]]
        return found
