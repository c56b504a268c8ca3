"""Routes on what is said about the lines of a session's files and outputs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from collab_server.rest.common import PROBLEMS, Asker, IdempotencyKey, Json, Node, derived_id, once
from collab_server.shapes.comments import (
    CommentChange,
    NewComment,
    ThreadChange,
    ThreadOut,
    ThreadsOut,
)

router = APIRouter(prefix="/sessions/{session_id}", tags=["comments"], responses=PROBLEMS)


@router.get("/comments", response_model=ThreadsOut, summary="What is said about lines, by thread, oldest first")
async def listed(node: Node, who: Asker, session_id: str) -> Response:
    return Json(await node.comments.listed(who, session_id))


@router.post("/comments", status_code=201, response_model=ThreadOut, summary="Say something about a line, or answer")
async def add(
    request: Request, node: Node, who: Asker, session_id: str, wanted: NewComment, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        return Json(await node.comments.add(who, session_id, wanted, comment_id=derived_id(who, key)), 201)

    return await once(request, who, key, work)


@router.patch("/comments/{comment_id}", response_model=ThreadOut, summary="Give one's own comment other words")
async def change(node: Node, who: Asker, session_id: str, comment_id: str, wanted: CommentChange) -> Response:
    return Json(await node.comments.change(who, session_id, comment_id, wanted))


@router.delete("/comments/{comment_id}", status_code=204, summary="Delete a comment")
async def delete(node: Node, who: Asker, session_id: str, comment_id: str) -> Response:
    await node.comments.delete(who, session_id, comment_id)
    return Response(status_code=204)


@router.patch("/threads/{thread_id}", response_model=ThreadOut, summary="Resolve a thread, or open it again")
async def settle(node: Node, who: Asker, session_id: str, thread_id: str, wanted: ThreadChange) -> Response:
    return Json(await node.comments.settle(who, session_id, thread_id, wanted))
