"""What happens around every HTTP request: an id, a bound on the body, security headers, one log line without secrets.

Of WebSockets only the address is noted; their bounds are the server's and socket.py's.
"""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collab_server.caller import ADDRESS, REQUEST
from collab_server.errors import Problem
from collab_server.metrics import Metrics
from collab_server.proxies import Proxies
from collab_server.rest.common import problem_response
from collab_server.rest.stream import EVENT_STREAM
from collab_server.tracing import Tracing

logger = logging.getLogger("collab_server.access")

# Everything the editor needs comes from here; CodeMirror puts its styles in at run time, previews are opaque frames.
OWN_CONTENT_ONLY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; frame-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'"
)
CONTENT_SECURITY_POLICY = f"{OWN_CONTENT_ONLY}; frame-ancestors 'self'"
# A worker lives by the policy of its own script: the formatter for Python is WebAssembly, which no page may make.
FORMATTER = "/assets/ruff.worker-"
FORMATTER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class Compressed:
    """gzip for what is the same for everyone: the editor's files and the API's description.

    Answers that hold somebody's data beside text that somebody else may choose are never compressed: their length would tell.
    """

    PREFIXES = ("/assets/", "/docs/", "/openapi.json")

    def __init__(self, app: ASGIApp) -> None:
        self.plain = app
        self.compressed = GZipMiddleware(app, minimum_size=1024, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        public = (
            scope["type"] == "http" and scope["path"].startswith(self.PREFIXES) and not scope["path"].endswith(".gz")
        )
        await (self.compressed if public else self.plain)(scope, receive, send)


def template_of(scope: Scope) -> str | None:
    """`/api/sessions/{session_id}`: the route as it was declared, with the prefixes of the routers that it is in."""
    declared: str | None = getattr(scope.get("route"), "path", None)
    if declared is None:
        return None
    given = PARAMETER.sub(lambda found: str(scope.get("path_params", {}).get(found[1], "")), declared)
    path: str = scope["path"]
    return path.removesuffix(given) + declared if path.endswith(given) else declared


class TooLarge(Exception):
    """The body went past its bound while it was read."""


class Around:
    """The middleware; `body_bytes_max` bounds what a request may send, `proxies` are believed who the client is."""

    def __init__(
        self, app: ASGIApp, body_bytes_max: int, proxies: Proxies, metrics: Metrics, access_log: bool, tracer: Tracing
    ) -> None:
        self.access_level = logging.INFO if access_log else logging.DEBUG
        self.app = app
        self.metrics = metrics
        self.tracer = tracer
        self.body_bytes_max = body_bytes_max
        self.proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "headers" in scope:
            self._meet(scope)
        # Of a WebSocket it names the connection.
        request_id = secrets.token_hex(8)
        REQUEST.set(request_id)
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        # A stream of events has answered when it begins; how long it is listened to is no figure of this server's.
        answered: float | None = None
        status = 500
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.body_bytes_max:
                raise TooLarge
            return message

        async def marked(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                if headers.get("content-type", "").startswith(EVENT_STREAM):
                    answered = time.perf_counter()
                if scope["path"].startswith(FORMATTER):
                    headers["content-security-policy"] = FORMATTER_POLICY
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api"):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        scope.setdefault("state", {})["request_id"] = request_id
        self.metrics.requests_open.inc()
        try:
            declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
            if not declared.isdigit() or int(declared) > self.body_bytes_max:
                raise TooLarge
            with self.tracer.request(scope) as span:
                try:
                    await self.app(scope, bounded, marked)
                finally:
                    span.answered(template_of(scope) or "", status)
        except TooLarge:
            problem = Problem(413, "too_large", f"the body has more than {self.body_bytes_max} bytes")
            await problem_response(problem)(scope, receive, marked)
        finally:
            took = (answered or time.perf_counter()) - started
            self.metrics.requests_open.dec()
            self.metrics.answered(scope["method"], template_of(scope), status, took)
            self._log(scope, status, took * 1000)

    def _log(self, scope: Scope, status: int, took_ms: float) -> None:
        level = logging.WARNING if status >= 500 else self.access_level
        # The path only: a query may hold a token.
        fields = {
            "method": scope["method"], "path": scope["path"], "status": status, "durationMs": round(took_ms, 1),
            "address": ADDRESS.get(),
        }  # fmt: skip
        logger.log(level, "%s %s %d %.1f ms", scope["method"], scope["path"], status, took_ms, extra={"fields": fields})

    def _meet(self, scope: Scope) -> None:
        """Note who the client is, for everything behind."""
        peer = (scope.get("client") or ("",))[0]
        address, scheme = self.proxies.client(peer, scope["headers"])
        if address != peer:
            scope["client"] = (address, 0)
        if scheme is not None:
            scope["scheme"] = scheme if scope["type"] == "http" else scheme.replace("http", "ws")
        ADDRESS.set(address)
