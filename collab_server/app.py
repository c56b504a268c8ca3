"""The application: the services in its lifespan, the transports as its routes, and one place where errors become answers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from collab_server import docs, mcp_oauth, rest, service, services
from collab_server.errors import AWAY, Forbidden, Problem, WrongMethod, describe, faults_of
from collab_server.mcp import Mcp
from collab_server.methods import Head, methods_of
from collab_server.metrics import Metrics
from collab_server.middleware import Around, Compressed
from collab_server.proxies import Proxies
from collab_server.rest.common import Once, problem_response
from collab_server.scrape import ALONE, Place
from collab_server.settings import Settings
from collab_server.supervisor import Fault
from collab_server.tracing import tracing
from crdt.watch import Watch

logger = logging.getLogger(__name__)
CODE_OF_STATUS = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


def create_app(
    settings: Settings, watch: Watch | None = None, faults: Sequence[Fault] = (), place: Place = ALONE
) -> FastAPI:
    """The ASGI application of one node; `faults` are what the process before it in its place was stopped by, `place` is which
    of several processes it is."""
    metrics, tracer = Metrics(), tracing()

    mcp = Mcp(lambda: app.state.services, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            services.running(settings, metrics, tracer, place=place, watch=watch, faults=faults) as node,
            mcp.running(),
        ):
            app.state.services = node
            yield

    app = FastAPI(
        title="collab-server",
        version=version("collab-server"),
        summary="Edit and run code together, people and agents, live.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )

    async def leave(patience_s: float) -> None:
        node: services.Services = app.state.services
        mcp.leave()
        node.news.end()
        await node.sockets.close()
        await node.executor.leave(patience_s)

    # What the server calls before it waits for the requests that are under way: those that would go on for long end here.
    app.state.leave = leave
    app.state.once = Once()
    app.state.settings = settings
    app.include_router(rest.router)
    app.include_router(service.router)
    app.include_router(docs.router)
    app.include_router(mcp_oauth.router)
    app.router.routes.append(WebSocketRoute("/ws/{session_id:path}", _Socket()))
    app.router.routes.append(Route("/ws/{session_id:path}", _no_socket))
    app.router.routes.append(Route("/mcp", _Endpoint("/mcp", mcp.endpoint)))
    app.add_middleware(Compressed)
    app.add_middleware(Head)
    proxies = Proxies(settings.trusted_proxies, settings.proxy_header)
    app.add_middleware(
        Around,
        body_bytes_max=settings.body_bytes_max,
        proxies=proxies,
        metrics=metrics,
        access_log=settings.access_log,
        tracer=tracer,
    )
    app.add_exception_handler(Exception, _failed)
    for expected in docs.EXPECTED_ERRORS:
        app.add_exception_handler(expected, _refused)
    for away in AWAY:
        app.add_exception_handler(away, _away)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(WrongMethod, _by_another_method)
    docs.finish(app)
    return app


class _Endpoint:
    """An ASGI application as a route's endpoint, for all methods; `path` names it in metrics and traces."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        self.path = path
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self
        await self.app(scope, receive, send)


class _Socket:
    """The WebSocket's ASGI endpoint; a handshake that is refused is a security event."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        node: services.Services = scope["app"].state.services
        accepted = False

        async def watched(message: Message) -> None:
            nonlocal accepted
            accepted = accepted or message["type"] == "websocket.accept"
            # Only the origin is refused before the handshake; the other refusals are noted where they are made.
            if message["type"] == "websocket.close" and not accepted:
                node.security.note("bad_origin", "warning", subject=scope["path"])
            await send(message)

        await node.sockets(WebSocket(scope, receive, watched))


async def _no_socket(request: Request) -> Response:
    problem = Problem(426, "upgrade_required", "a WebSocket is served here: ask for it with `Upgrade: websocket`")
    response = problem_response(problem, request.url.path)
    response.headers.update({"upgrade": "websocket", "connection": "upgrade"})
    return response


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, Forbidden) and not error.noted:
        node: services.Services = request.app.state.services
        who = getattr(request.state, "principal", None)
        node.security.note(
            "bad_origin" if error.code == "bad_origin" else "access_refused",
            "warning" if error.code == "bad_origin" else "info",
            actor_id=who.user_id if who else None,
            subject=request.url.path,
            method=request.method,
        )
    return problem_response(describe(error), request.url.path)


async def _away(request: Request, error: Exception) -> Response:
    # No stack for each of the many requests that an absent database fails.
    logger.error("%s %s: the database is away (%s)", request.method, request.url.path, type(error).__name__)
    return problem_response(describe(error), request.url.path)


async def _failed(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem_response(describe(error), request.url.path)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if isinstance(error.body, bytes) and error.body:
        # It was not even read as JSON.
        told = "send the body as JSON, with `Content-Type: application/json`"
        return problem_response(Problem(415, "unsupported_media_type", told), request.url.path)
    faults: list[dict[str, str]] = []
    for fault in error.errors():
        if fault["type"] == "json_invalid":
            why = f"this is not JSON: {fault['ctx']['error']} at character {fault['loc'][-1]}"
            faults.append({"field": "body", "message": why})
        elif fault["loc"][0] == "body":
            faults += faults_of([fault], error.body, within=1)
        else:
            faults.append({"field": ".".join(str(part) for part in fault["loc"][1:]), "message": fault["msg"]})
    return _wrong([{**fault, "field": fault["field"] or "body"} for fault in faults], request)


def _wrong(faults: list[dict[str, str]], request: Request) -> Response:
    text = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults[:5])
    return problem_response(Problem(422, "invalid", text, {"errors": faults}), request.url.path)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and (page := service.lost(request)) is not None:
        return page
    if error.status_code == 405:
        # The router names the methods of one route only; others may stand at the same address.
        return await _by_another_method(request, WrongMethod(methods_of(request.scope, request.app.router.routes)))
    if error.status_code == 400 and isinstance(error.__cause__, ValueError | RecursionError):
        # A body that cannot be read at all: no UTF-8, too deep, a number without end.
        return _wrong([{"field": "body", "message": f"this is not JSON: {error.__cause__}"[:200]}], request)
    code = CODE_OF_STATUS.get(error.status_code, "failed")
    return problem_response(Problem(error.status_code, code, str(error.detail)), request.url.path)


async def _by_another_method(request: Request, error: Exception) -> Response:
    assert isinstance(error, WrongMethod)
    headers = {"allow": ", ".join(error.allowed)}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=headers)
    response = problem_response(describe(error), request.url.path)
    response.headers.update(headers)
    return response
