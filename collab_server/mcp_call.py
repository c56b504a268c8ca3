"""What every MCP handler needs: who asks, and a domain error in words that say how to mend the call.

No tool, resource or prompt stands here.
"""

from __future__ import annotations

import json
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context
from pydantic import ValidationError

from collab_server.errors import describe
from collab_server.identity import Principal

Ctx = Context[Any, Any]


def asker(request: ServerRequestContext[Any, Any]) -> Principal:
    """Who signed the HTTP request that a message came in."""
    assert request.request is not None, "served over HTTP only"
    principal: Principal = request.request.state.principal
    return principal


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
