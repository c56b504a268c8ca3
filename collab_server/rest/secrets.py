"""Routes on the secrets that a session lends to its runs; their values go in and never come out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from collab_server.rest.common import PROBLEMS, Asker, Json, Node
from collab_server.shapes.sessions import NewSecret

router = APIRouter(prefix="/sessions/{session_id}/secrets", tags=["secrets"], responses=PROBLEMS)

Name = Annotated[str, Path(max_length=64)]


@router.get("", summary="The names of the session's secrets")
async def listed(node: Node, who: Asker, session_id: str) -> Response:
    return Json({"items": await node.secrets.listed(who, session_id)})


@router.put("/{name}", status_code=204, summary="Set a secret; runs read it as an environment variable")
async def put(node: Node, who: Asker, session_id: str, name: Name, wanted: NewSecret) -> Response:
    await node.secrets.put(who, session_id, name, wanted.value)
    return Response(status_code=204)


@router.delete("/{name}", status_code=204, summary="Take a secret away")
async def remove(node: Node, who: Asker, session_id: str, name: Name) -> Response:
    await node.secrets.remove(who, session_id, name)
    return Response(status_code=204)
