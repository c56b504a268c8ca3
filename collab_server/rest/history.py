"""Routes on the versions of a session: list, look at the files then, name one, restore one as a forward change."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from collab_server.rest.common import PROBLEMS, Asker, IdempotencyKey, Json, Node, etag, once
from collab_server.shapes import DiffOut, NewVersion, SessionOut, Undo, UndoneOut

router = APIRouter(prefix="/sessions/{session_id}", tags=["history"], responses=PROBLEMS)
Point = Annotated[str, Query(max_length=80, description="A version, `now`, or `run:{executionId}`: what a run ran.")]


@router.get("/versions", summary="The versions, newest first, with who made them")
async def listed(
    node: Node,
    who: Asker,
    session_id: str,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    return Json(await node.history.listed(who, session_id, limit=limit, before=before))


@router.post("/versions", status_code=201, summary="Name the present version")
async def name(
    request: Request, node: Node, who: Asker, session_id: str, wanted: NewVersion, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        return Json(await node.history.name(who, session_id, wanted.name), 201)

    return await once(request, who, key, work)


@router.get("/versions/{version}", summary="The files as they were at a version")
async def get(node: Node, who: Asker, session_id: str, version: int) -> Response:
    return Json(await node.history.get(who, session_id, version))


@router.post(
    "/versions/{version}/restore",
    response_model=SessionOut,
    summary="Bring the files of a version back, as a new change",
)
async def restore(
    request: Request, node: Node, who: Asker, session_id: str, version: int, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        shown = await node.history.restore(who, session_id, version)
        return Json(shown, 200, etag(shown["version"]))

    return await once(request, who, key, work)


@router.post("/undo", response_model=UndoneOut, summary="Take back what one actor did, and nothing of anybody else's")
async def undo(
    request: Request, node: Node, who: Asker, session_id: str, wanted: Undo, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        return Json(await node.undo.undo(who, session_id, wanted))

    return await once(request, who, key, work)


@router.get("/diff", response_model=DiffOut, summary="What differs between two versions, runs, or now")
async def diff(
    node: Node,
    who: Asker,
    session_id: str,
    old: Annotated[Point, Query(alias="from")],
    new: Annotated[Point, Query(alias="to")] = "now",
) -> Response:
    return Json(await node.history.diff(who, session_id, old, new))
