"""A program elsewhere that receives webhooks: keeps what it was sent and answers as it is told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.patience import PATIENCE_S


@dataclass
class Received:
    """One request: its body, and whether its signature is the one of the secret."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """As https://www.standardwebhooks.com says."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        told = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        mac = base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(self.headers["webhook-signature"], f"v1,{mac}")


@dataclass
class Receiver:
    port: int
    answer: Callable[[Received], Response] = field(default=lambda _: Response(status_code=204))
    requests: list[Received] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def take(self, request: Request) -> Response:
        received = Received(dict(request.headers), await request.body())
        async with self._news:
            self.requests.append(received)
            self._news.notify_all()
        return self.answer(received)

    async def until(self, wanted: Callable[[list[Received]], Any], within_s: float = PATIENCE_S) -> Any:
        """What `wanted` finds among the requests as soon as it finds something."""
        async with asyncio.timeout(within_s), self._news:
            while not (found := wanted(self.requests)):
                await self._news.wait()
            return found

    async def event(self, event_type: str, within_s: float = PATIENCE_S, **data: Any) -> Received:
        """The first event of a type with these data."""

        def first(requests: list[Received]) -> Received | None:
            for each in requests:
                if each.event["type"] == event_type and data.items() <= each.event["data"].items():
                    return each
            return None

        found: Received = await self.until(first, within_s)
        return found


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """A receiver for the length of the block."""
    listener = socket.create_server(("127.0.0.1", port))
    receiver = Receiver(listener.getsockname()[1])
    app = Starlette(routes=[Route("/{path:path}", receiver.take, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield receiver
    finally:
        server.should_exit = True
        await task
