"""Which methods an address takes: what HEAD and OPTIONS are answered, and what a refusal of a method names.

What the methods do stands with the routes.
"""

from __future__ import annotations

from collections.abc import Iterable

import anyio
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# A GET there does something: it signs in, lets a guest in, or opens an MCP client's stream.
NO_HEAD = ("/login", "/join", "/mcp")


def methods_of(scope: Scope, routes: Iterable[BaseRoute]) -> list[str]:
    """What an address takes, for `Allow`; nothing, when there is no such address."""
    known = list(routes)
    taken = [
        method
        for method in METHODS
        if any(each.matches({**scope, "method": method})[0] is Match.FULL for each in known)
    ]
    return allowing(taken, scope["path"]) if taken else []


def allowing(taken: Iterable[str], path: str) -> list[str]:
    """With what comes by itself: HEAD where there is a GET, and OPTIONS."""
    listed = [method for method in METHODS if method in set(taken)]
    if "GET" in listed and not path.startswith(NO_HEAD):
        listed.insert(1, "HEAD")
    return [*listed, "OPTIONS"]


class Head:
    """HEAD as RFC 9110 §9.3.2 has it: what a GET would answer, without its content."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"].startswith(NO_HEAD):
            await self.app(scope, receive, send)
            return
        # A stream would go on for as long as somebody reads it, so what makes it ends with the head.
        with anyio.CancelScope() as whole:

            async def head_only(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await send(message)
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                elif message.get("more_body"):
                    whole.cancel()
                if message["type"] == "http.response.start" and _streams(message):
                    whole.cancel()

            scope["method"] = "GET"
            try:
                await self.app(scope, receive, head_only)
            finally:
                scope["method"] = "HEAD"


def _streams(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream") for name, value in start["headers"]
    )
