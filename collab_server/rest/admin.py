"""Routes under `/api/admin`, for admins only: to everybody else all of them answer the same, whether they exist or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from collab_server.actions.oversight import SessionState, stats_sheet
from collab_server.errors import NotFound, WrongMethod
from collab_server.methods import METHODS, methods_of
from collab_server.rest import admin_money, admin_security
from collab_server.rest.admin_common import Admin, From, Limit, Search, admin_of
from collab_server.rest.common import PROBLEMS, Json, Node
from collab_server.rest.me import shown_key
from collab_server.rest.stream import EVENT_STREAM, HEADERS
from collab_server.shapes.admin import (
    SessionCustody,
    Stop,
    Stopping,
    SwitchChange,
    SwitchesOut,
    SwitchOut,
    UserChange,
    UserOut,
)
from collab_server.shapes.base import Until, epoch_ms
from collab_server.shapes.sessions import Findings

router = APIRouter(prefix="/admin", tags=["admin"], responses=PROBLEMS, dependencies=[Depends(admin_of)])


@router.get(
    "/stats",
    summary="Usage, users, revenue and latency over a time",
    responses={200: {"content": {"text/csv": {}}}},
)
async def stats(
    node: Node,
    from_: From = None,
    to: Until | None = None,
    step: Literal["hour", "day"] | None = None,
    accept: Annotated[str | None, Header(description="`text/csv`: all figures as one table.")] = None,
) -> Response:
    figures = await node.oversight.stats(epoch_ms(from_), epoch_ms(to), step)
    if accept is not None and "text/csv" in accept:
        name = f"statistics-{figures['from'][:10]}-{figures['to'][:10]}.csv"
        return Response(
            stats_sheet(figures),
            200,
            {"content-disposition": f'attachment; filename="{name}"', "vary": "Accept"},
            "text/csv",
        )
    return Json(figures, 200, {"vary": "Accept"})


@router.get("/sessions", summary="Everybody's sessions, newest first")
async def sessions(
    node: Node, q: Search = None, state: SessionState | None = None, limit: Limit = 50, cursor: str | None = None
) -> Response:
    open_here = Counter(connection.session_id for connection in node.sockets.connections)
    return Json(
        await node.oversight.listed_sessions(search=q, state=state, limit=limit, cursor=cursor, open_here=open_here)
    )


@router.get("/sessions/{session_id}", summary="One session: its members, what is stored of it and what it cost")
async def session(node: Node, session_id: str) -> Response:
    return Json(await node.custody.get(session_id))


@router.patch(
    "/sessions/{session_id}", summary="Keep a session read-only, close or archive it, open it again, hand it over"
)
async def change_session(node: Node, admin: Admin, session_id: str, wanted: SessionCustody) -> Response:
    return Json(await node.custody.change(admin, session_id, wanted))


@router.post("/sessions/{session_id}/disconnect", status_code=204, summary="Send everybody out and end what runs there")
async def disconnect_session(node: Node, admin: Admin, session_id: str) -> Response:
    await node.custody.disconnect(admin, session_id)
    return Response(status_code=204)


@router.post("/sessions/{session_id}/restore", summary="Bring a deleted session back")
async def restore_session(node: Node, admin: Admin, session_id: str) -> Response:
    return Json(await node.custody.restore(admin, session_id))


@router.delete("/sessions/{session_id}", status_code=204, summary="Delete anybody's session")
async def delete_session(node: Node, admin: Admin, session_id: str) -> Response:
    await node.oversight.delete_session(admin, session_id)
    return Response(status_code=204)


@router.post("/sessions/{session_id}/repair", summary="Let a quarantined session be edited again")
async def repair_session(node: Node, admin: Admin, session_id: str) -> Response:
    return Json(await node.damage.repair(admin, session_id))


@router.get("/users", summary="The accounts, by id")
async def users(
    node: Node, q: Search = None, guests: bool = False, limit: Limit = 50, cursor: str | None = None
) -> Response:
    return Json(await node.users.listed(search=q, guests=guests, limit=limit, cursor=cursor))


@router.get("/users/{user_id}", response_model=UserOut, summary="One account")
async def user(node: Node, user_id: str) -> Response:
    return Json(await node.users.get(user_id))


@router.patch("/users/{user_id}", response_model=UserOut, summary="Change an account's tier, admin right or suspension")
async def change_user(node: Node, admin: Admin, user_id: str, wanted: UserChange) -> Response:
    return Json(await node.users.change(admin, user_id, wanted, set(node.executor.tiers)))


@router.get("/users/{user_id}/tokens", summary="An account's API keys")
async def tokens(node: Node, user_id: str) -> Response:
    return Json({"items": [shown_key(token) for token in await node.identity.listed(user_id)]})


@router.delete("/users/{user_id}/tokens/{token_id}", status_code=204, summary="Revoke an account's API key")
async def revoke_token(node: Node, admin: Admin, user_id: str, token_id: str) -> Response:
    await node.identity.revoke(token_id, user_id=user_id, by=admin.user_id)
    return Response(status_code=204)


@router.get("/executions", summary="Everybody's runs, newest first")
async def executions(
    node: Node,
    state: Literal["running", "queued", "recent"] = "recent",
    user_id: Annotated[str | None, Query(alias="userId")] = None,
    session_id: Annotated[str | None, Query(alias="sessionId")] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    return Json(
        await node.oversight.listed_executions(
            state, user_id=user_id, session_id=session_id, limit=limit, cursor=cursor
        )
    )


@router.get(
    "/executions/{execution_id}/findings", response_model=Findings, summary="What was found before anybody's run"
)
async def findings(node: Node, execution_id: str) -> Response:
    try:
        return Json({"findings": await node.executor.kept.findings(execution_id)})
    except LookupError:
        raise NotFound(f"there is no execution {execution_id[:64]!r}") from None


@router.post("/executions/{execution_id}/cancel", summary="End anybody's run, on whichever node")
async def cancel(node: Node, admin: Admin, execution_id: str) -> Response:
    return Json({"executionId": execution_id, "cancelled": await node.oversight.cancel(admin, execution_id)})


@router.post("/executions/stop", response_model=Stopping, summary="End everything that runs or waits, on all nodes")
async def stop(node: Node, admin: Admin, wanted: Stop) -> Response:
    return Json({"stopping": await node.switches.stop_executions(admin, wanted.reason)})


@router.get("/switches", response_model=SwitchesOut, summary="What holds the whole server up")
async def switches(node: Node) -> Response:
    return Json({"items": await node.switches.listed()})


@router.put("/switches/{name}", response_model=SwitchOut, summary="Refuse executions, or make the server read-only")
async def put_switch(node: Node, admin: Admin, name: str, wanted: SwitchChange) -> Response:
    return Json(await node.switches.turn(admin, name, wanted.on, wanted.reason))


@router.get(
    "/events",
    summary="Of what kind something is new, as Server-Sent Events",
    responses={200: {"content": {EVENT_STREAM: {}}}},
)
async def events(node: Node, admin: Admin) -> Response:
    watcher = await node.news.watcher(admin)

    async def lines() -> AsyncIterator[bytes]:
        yield b": from now on\n\n"
        async for topics in node.news.follow(watcher):
            told = orjson.dumps({"topics": sorted(topics)})
            yield b"event: changed\ndata: %s\n\n" % told if topics else b": still here\n\n"

    return StreamingResponse(lines(), 200, HEADERS, EVENT_STREAM)


@router.get("/nodes", summary="The processes that serve, with their figures")
async def nodes(node: Node) -> Response:
    return Json({"items": await node.nodes.listed()})


for part in (admin_money, admin_security):
    router.include_router(part.router)


@router.api_route("/{path:path}", methods=[*METHODS, "OPTIONS"], include_in_schema=False)
async def nothing(request: Request, path: str) -> Response:
    """What is not there, or not by this method, is told to admins only."""
    others = [route for route in router.routes if getattr(route, "endpoint", None) is not nothing]
    if taken := methods_of({**request.scope, "path": f"{router.prefix}/{path}"}, others):
        raise WrongMethod(taken)
    raise NotFound("there is no such page")
