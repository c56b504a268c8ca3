"""Routes on the files of a session."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from collab_server.rest.common import (
    PROBLEMS,
    Asker,
    IdempotencyKey,
    IfMatch,
    Json,
    Node,
    derived_id,
    etag,
    once,
    version_of,
)
from collab_server.shapes.files import FileAtVersion, FileEdits, FileReplacement, NewFile

router = APIRouter(prefix="/sessions/{session_id}/files", tags=["files"], responses=PROBLEMS)


def _file(file: dict[str, Any], status: int = 200, **headers: str) -> Response:
    return Json(file, status, etag(file["version"]) | headers)


@router.get("", summary="All files of a session")
async def listed(node: Node, who: Asker, session_id: str) -> Response:
    shown = await node.files.listed(who, session_id)
    return Json({"items": shown["files"], "version": shown["version"]}, 200, etag(shown["version"]))


@router.post("", status_code=201, response_model=FileAtVersion, summary="Make a file")
async def create(
    request: Request, node: Node, who: Asker, session_id: str, wanted: NewFile, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        file = await node.files.create(who, session_id, wanted, file_id=derived_id(who, key))
        return _file(file, 201, location=f"/api/sessions/{session_id}/files/{file['id']}")

    return await once(request, who, key, work)


@router.get("/{file_id}", response_model=FileAtVersion, summary="Read a file")
async def get(node: Node, who: Asker, session_id: str, file_id: str) -> Response:
    return _file(await node.files.get(who, session_id, file_id))


@router.put("/{file_id}", response_model=FileAtVersion, summary="Give a file its whole text, a name or a language")
async def replace(
    node: Node, who: Asker, session_id: str, file_id: str, wanted: FileReplacement, if_match: IfMatch = None
) -> Response:
    return _file(await node.files.replace(who, session_id, file_id, wanted, if_match=version_of(if_match)))


@router.patch(
    "/{file_id}", response_model=FileAtVersion, summary="Edit a file at a base version; what came since is merged"
)
async def edit(
    node: Node, who: Asker, session_id: str, file_id: str, wanted: FileEdits, if_match: IfMatch = None
) -> Response:
    return _file(await node.files.edit(who, session_id, file_id, wanted, if_match=version_of(if_match)))


@router.delete("/{file_id}", status_code=204, summary="Delete a file")
async def delete(node: Node, who: Asker, session_id: str, file_id: str, if_match: IfMatch = None) -> Response:
    await node.files.delete(who, session_id, file_id, if_match=version_of(if_match))
    return Response(status_code=204)
