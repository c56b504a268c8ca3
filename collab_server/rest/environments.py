"""Routes on the kept environments of a session: list, look at one, reset one or all."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from collab_server.rest.common import PROBLEMS, Asker, Json, Node

router = APIRouter(prefix="/sessions/{session_id}/environments", tags=["environments"], responses=PROBLEMS)


@router.get("", summary="What programs left for the next run, by language")
async def listed(node: Node, who: Asker, session_id: str) -> Response:
    return Json(await node.environments.listed(who, session_id))


@router.get("/{language}", summary="One environment with its variables and files")
async def get(node: Node, who: Asker, session_id: str, language: str) -> Response:
    return Json(await node.environments.get(who, session_id, language))


@router.delete("", status_code=204, summary="Reset all environments of a session")
async def reset_all(node: Node, who: Asker, session_id: str) -> Response:
    await node.environments.reset(who, session_id)
    return Response(status_code=204)


@router.delete("/{language}", status_code=204, summary="Reset one environment")
async def reset(node: Node, who: Asker, session_id: str, language: str) -> Response:
    await node.environments.reset(who, session_id, language)
    return Response(status_code=204)
