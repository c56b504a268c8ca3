"""Routes on executions: start one with or without a session, wait, follow it live, feed it, cancel it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from collab_server.money import is_final, shown_run
from collab_server.principal import Principal
from collab_server.rest.common import PROBLEMS, Asker, IdempotencyKey, Json, Node, begun, derived_id, once
from collab_server.rest.stream import EVENT_STREAM, EventStream
from collab_server.services import Services
from collab_server.shapes.base import number
from collab_server.shapes.history import RunFiles
from collab_server.shapes.sessions import Begun, Stdin
from collab_server.shapes.tiers import Estimate
from executor.events import ExecutionResult
from executor.ledger import Page
from executor.request import ExecuteRequest

router = APIRouter(tags=["executions"], responses=PROBLEMS)

Accept = Annotated[str | None, Header(description="`text/event-stream`: the events, live.")]
Prefer = Annotated[str | None, Header(description="`respond-async`: 202 with the id at once.")]
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", description="Go on behind this event.")]
# What a run may be answered with, beside its result.
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}},
    202: {"model": Begun, "description": "It goes on (`Prefer: respond-async`); `Location` is where to ask for it"},
}
# What a program wrote is saved, never opened as a page of ours; only these may be shown, as images.
IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
ARTIFACT_HEADERS = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-cache",
}


async def _start(
    request: Request,
    node: Services,
    who: Principal,
    wanted: ExecuteRequest,
    session_id: str | None,
    accept: str | None,
    prefer: str | None,
    key: str | None,
) -> Response:
    async def begin(execution_id: str | None) -> str:
        return await node.executions.execute(who, wanted, session_id=session_id, execution_id=execution_id)

    return await _answer(request, node, who, begin, session_id, accept, prefer, key)


async def _answer(
    request: Request,
    node: Services,
    who: Principal,
    begin: Callable[[str | None], Awaitable[str]],
    session_id: str | None,
    accept: str | None,
    prefer: str | None,
    key: str | None,
) -> Response:
    """A run as the caller wants to have it: its events, its id at once, or its result."""
    execution_id = derived_id(who, key)
    if accept is not None and EVENT_STREAM in accept:
        return await _stream(node, who, await begun(request, who, key, partial(begin, execution_id)), 0)

    async def work() -> Response:
        started = await begin(execution_id)
        if prefer is not None and "respond-async" in prefer.lower():
            return Json(
                {"executionId": started},
                202,
                {"location": f"/api/executions/{started}", "preference-applied": "respond-async"},
            )
        return Json(await node.executions.answer(who, started))

    response = await once(request, who, key, work)
    response.headers.update(await node.executions.rate_headers(who, session_id))
    return response


@router.post("/executions/estimate", response_model=Estimate, summary="What a run would cost at most, and usually")
async def estimate(node: Node, who: Asker, wanted: ExecuteRequest) -> Response:
    return Json(await node.executions.estimate(who, wanted, None))


@router.post(
    "/sessions/{session_id}/executions/estimate", response_model=Estimate, summary="The same for a session's files"
)
async def estimate_in(node: Node, who: Asker, session_id: str, wanted: ExecuteRequest) -> Response:
    return Json(await node.executions.estimate(who, wanted, session_id))


@router.get("/languages", summary="The languages that run here")
async def languages(node: Node, who: Asker) -> Response:
    return Json({"items": sorted(node.runner.languages() or ())})


@router.post("/executions", response_model=ExecutionResult, summary="Run code without a session", responses=ANSWERS)
async def execute(
    request: Request,
    node: Node,
    who: Asker,
    wanted: ExecuteRequest,
    accept: Accept = None,
    prefer: Prefer = None,
    key: IdempotencyKey = None,
) -> Response:
    return await _start(request, node, who, wanted, None, accept, prefer, key)


@router.post(
    "/sessions/{session_id}/executions",
    response_model=ExecutionResult,
    summary="Run the files of a session",
    responses=ANSWERS,
)
async def execute_in(
    request: Request,
    node: Node,
    who: Asker,
    session_id: str,
    wanted: ExecuteRequest,
    accept: Accept = None,
    prefer: Prefer = None,
    key: IdempotencyKey = None,
) -> Response:
    return await _start(request, node, who, wanted, session_id, accept, prefer, key)


@router.get("/sessions/{session_id}/executions", summary="The runs of a session, newest first")
async def listed_in(
    node: Node, who: Asker, session_id: str, limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: str | None = None
) -> Response:
    return _page(await node.executions.listed(who, session_id, limit=limit, cursor=cursor))


@router.get("/executions", summary="One's own runs, newest first")
async def listed(
    node: Node, who: Asker, limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: str | None = None
) -> Response:
    return _page(await node.executions.listed(who, None, limit=limit, cursor=cursor))


@router.get("/executions/{execution_id}", summary="A run: its state, and its result once it is over")
async def get(node: Node, who: Asker, execution_id: str) -> Response:
    record = await node.executions.get(who, execution_id)
    result = await node.executions.result(who, execution_id) if is_final(record) else {}
    known = result.get("findings", []) if result else await node.scans.execution(who, execution_id)
    return Json(shown_run(record) | result | {"findings": known})


@router.get(
    "/executions/{execution_id}/events",
    summary="The events of a run as Server-Sent Events",
    responses={200: {"content": {EVENT_STREAM: {}}}},
)
async def events(node: Node, who: Asker, execution_id: str, last_event_id: LastEventId = None) -> Response:
    return await _stream(node, who, execution_id, number(last_event_id or "") or 0)


@router.get(
    "/executions/{execution_id}/files", response_model=RunFiles, summary="The files that a run ran, as they were"
)
async def files(node: Node, who: Asker, execution_id: str) -> Response:
    return Json(await node.reruns.files(who, execution_id))


@router.post(
    "/executions/{execution_id}/rerun",
    response_model=ExecutionResult,
    summary="Run the version of a session that a run ran once more",
    responses=ANSWERS,
)
async def rerun(
    request: Request,
    node: Node,
    who: Asker,
    execution_id: str,
    accept: Accept = None,
    prefer: Prefer = None,
    key: IdempotencyKey = None,
) -> Response:
    async def begin(new_id: str | None) -> str:
        return await node.reruns.rerun(who, execution_id, new_id=new_id)

    session_id = (await node.executions.get(who, execution_id)).session_id
    return await _answer(request, node, who, begin, session_id, accept, prefer, key)


@router.post("/executions/{execution_id}/stdin", status_code=204, summary="Input for a run that waits for it")
async def stdin(node: Node, who: Asker, execution_id: str, wanted: Stdin) -> Response:
    await node.executions.stdin(who, execution_id, wanted.data, wanted.eof)
    return Response(status_code=204)


@router.post("/executions/{execution_id}/cancel", summary="End a run")
async def cancel(node: Node, who: Asker, execution_id: str) -> Response:
    return Json({"executionId": execution_id, "cancelled": await node.executions.cancel(who, execution_id)})


@router.get(
    "/executions/{execution_id}/artifacts/{name:path}",
    summary="A file that a run left behind",
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def artifact(node: Node, who: Asker, execution_id: str, name: str) -> Response:
    found = await node.artifacts.read(who, execution_id, name)
    kind = IMAGES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")
    saved_as = quote(PurePosixPath(name).name, safe="")
    headers = ARTIFACT_HEADERS | {
        "content-disposition": f"attachment; filename*=UTF-8''{saved_as}",
        "etag": f'"{found.digest}"',
    }
    return Response(found.content, 200, headers, kind)


@router.post(
    "/executions/{execution_id}/artifacts/{name:path}/keep", summary="Take a text that a run left into its session"
)
async def keep(
    request: Request, node: Node, who: Asker, execution_id: str, name: str, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        return Json(await node.artifacts.keep(who, execution_id, name))

    return await once(request, who, key, work)


def _page(page: Page) -> Response:
    return Json({"items": [shown_run(record) for record in page.items], "nextCursor": page.next_cursor})


async def _stream(node: Services, who: Principal, execution_id: str, after: int) -> Response:
    return EventStream(node, who, execution_id, await node.executions.events(who, execution_id, after))
