"""Routes on scans: of a session, of code without one, and what was found before a run; as JSON or as SARIF 2.1.0."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from collab_server.rest.common import PROBLEMS, Asker, Json, Node
from collab_server.shapes.sessions import Findings, Scan
from executor.scan.sarif import MEDIA_TYPE, sarif

router = APIRouter(tags=["scans"], responses=PROBLEMS)

Accept = Annotated[str | None, Header(description=f"`{MEDIA_TYPE}`: SARIF 2.1.0.")]
FileId = Annotated[str | None, Query(alias="fileId", max_length=128, description="Only this file.")]
BOTH: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPE: {}}}}


def _shown(findings: list[dict[str, Any]], accept: str | None) -> Response:
    if accept is None or MEDIA_TYPE not in accept:
        return Json({"findings": findings})
    return Response(Json(sarif(findings, version("collab-server"))).body, 200, media_type=MEDIA_TYPE)


@router.get(
    "/sessions/{session_id}/scan",
    response_model=Findings,
    responses=BOTH,
    summary="Scan a session's files as they are now",
)
@router.post(
    "/sessions/{session_id}/scan",
    response_model=Findings,
    responses=BOTH,
    summary="Scan a session's files as they are now",
)
async def scan_session(
    node: Node, who: Asker, session_id: str, file_id: FileId = None, accept: Accept = None
) -> Response:
    return _shown(await node.scans.session(who, session_id, file_id), accept)


@router.post("/scan", response_model=Findings, responses=BOTH, summary="Scan code without a session")
async def scan_code(node: Node, who: Asker, wanted: Scan, accept: Accept = None) -> Response:
    return _shown(await node.scans.code(who, wanted), accept)


@router.get(
    "/executions/{execution_id}/findings",
    response_model=Findings,
    responses=BOTH,
    summary="What was found before a run",
)
async def findings(node: Node, who: Asker, execution_id: str, accept: Accept = None) -> Response:
    return _shown(await node.scans.execution(who, execution_id), accept)
