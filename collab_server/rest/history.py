"""Routes on the versions of a session: list, look at the files then, name one, restore one as a forward change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from collab_server.rest.common import PROBLEMS, Asker, IdempotencyKey, Json, Node, etag, once
from collab_server.shapes.base import Number, timestamp
from collab_server.shapes.history import DiffOut, NewVersion, PlaybackOut, Undo, UndoneOut
from collab_server.shapes.sessions import SessionOut
from crdt.playback import Page, Step

NDJSON = "application/x-ndjson"

router = APIRouter(prefix="/sessions/{session_id}", tags=["history"], responses=PROBLEMS)
Point = Annotated[str, Query(max_length=80, description="A version, `now`, or `run:{executionId}`: what a run ran.")]


@router.get("/versions", summary="The versions, newest first, with who made them")
async def listed(
    node: Node,
    who: Asker,
    session_id: str,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Number | None = None,
) -> Response:
    return Json(await node.history.listed(who, session_id, limit=limit, before=before))


@router.post("/versions", status_code=201, summary="Name the present version")
async def name(
    request: Request, node: Node, who: Asker, session_id: str, wanted: NewVersion, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        named = await node.history.name(who, session_id, wanted.name)
        return Json(named, 201, {"location": f"/api/sessions/{session_id}/versions/{named['version']}"})

    return await once(request, who, key, work, alone=True)


@router.get("/versions/{version}", summary="The files as they were at a version")
async def get(node: Node, who: Asker, session_id: str, version: Number) -> Response:
    return Json(await node.history.get(who, session_id, version))


@router.post(
    "/versions/{version}/restore",
    response_model=SessionOut,
    summary="Bring the files of a version back, as a new change",
)
async def restore(
    request: Request, node: Node, who: Asker, session_id: str, version: Number, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        shown = await node.history.restore(who, session_id, version)
        return Json(shown, 200, etag(shown["version"]))

    return await once(request, who, key, work, alone=True)


@router.post("/undo", response_model=UndoneOut, summary="Take back what one actor did, and nothing of anybody else's")
async def undo(
    request: Request, node: Node, who: Asker, session_id: str, wanted: Undo, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        return Json(await node.undo.undo(who, session_id, wanted))

    return await once(request, who, key, work, alone=True)


@router.get(
    "/playback",
    response_model=PlaybackOut,
    summary="What was done between two points, step by step",
    responses={200: {"content": {NDJSON: {}}}},
)
async def playback(
    node: Node,
    who: Asker,
    session_id: str,
    old: Annotated[Point, Query(alias="from")] = "0",
    new: Annotated[Point, Query(alias="to")] = "now",
    accept: Annotated[str | None, Header(description="`application/x-ndjson`: all steps, a line each.")] = None,
) -> Response:
    after, up_to, pages = await node.history.playback(who, session_id, old, new)
    if accept is not None and NDJSON in accept:

        async def lines() -> AsyncIterator[bytes]:
            async with aclosing(pages):
                async for page in pages:
                    yield b"".join(orjson.dumps(_step(step)) + b"\n" for step in page.steps)

        return StreamingResponse(lines(), 200, {"cache-control": "no-store"}, NDJSON)
    async with aclosing(pages):
        page = await anext(pages, Page([], up_to))
    following = page.reached if page.reached < up_to else None
    return Json({"from": after, "to": up_to, "steps": [_step(step) for step in page.steps], "next": following})


def _step(step: Step) -> dict[str, Any]:
    file = step.file
    return {
        "version": step.version,
        "at": timestamp(step.at_ms),
        "actorId": step.actor_id,
        "fileId": file.file_id,
        "name": file.name,
        "language": file.language,
        "deleted": file.deleted,
        "edits": [{"start": edit.start, "end": edit.end, "text": edit.text} for edit in file.edits],
    }


@router.get("/diff", response_model=DiffOut, summary="What differs between two versions, runs, or now")
async def diff(
    node: Node,
    who: Asker,
    session_id: str,
    old: Annotated[Point, Query(alias="from")],
    new: Annotated[Point, Query(alias="to")] = "now",
) -> Response:
    return Json(await node.history.diff(who, session_id, old, new))
