"""Routes on the branches of a session: make, list, look at, merge, turn down, close."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from collab_server.rest.common import PROBLEMS, Asker, IdempotencyKey, Json, Node, derived_id, once
from collab_server.shapes.branches import (
    BranchChange,
    BranchDiff,
    BranchList,
    BranchOut,
    MergeWanted,
    NewBranch,
    Rejection,
)

router = APIRouter(prefix="/sessions/{session_id}/branches", tags=["branches"], responses=PROBLEMS)


@router.post("", status_code=201, response_model=BranchOut, summary="Split a branch off the session")
async def create(
    request: Request,
    node: Node,
    who: Asker,
    session_id: str,
    wanted: NewBranch | None = None,
    key: IdempotencyKey = None,
) -> Response:
    async def work() -> Response:
        made = await node.branches.create(who, session_id, wanted or NewBranch(), branch_id=derived_id(who, key))
        return Json(made, 201, {"location": f"/api/sessions/{session_id}/branches/{made['id']}"})

    return await once(request, who, key, work)


@router.get("", response_model=BranchList, summary="The branches, newest first")
async def listed(
    node: Node,
    who: Asker,
    session_id: str,
    open_only: Annotated[bool, Query(alias="open", description="Those that wait for a decision alone.")] = False,
) -> Response:
    return Json(await node.branches.listed(who, session_id, open_only=open_only))


@router.get("/{branch_id}", response_model=BranchOut, summary="Look at one")
async def get(node: Node, who: Asker, session_id: str, branch_id: str) -> Response:
    return Json(await node.branches.get(who, session_id, branch_id))


@router.patch("/{branch_id}", response_model=BranchOut, summary="Name it, explain it, and say that it is ready")
async def change(node: Node, who: Asker, session_id: str, branch_id: str, wanted: BranchChange) -> Response:
    return Json(await node.branches.change(who, session_id, branch_id, wanted))


@router.get("/{branch_id}/diff", response_model=BranchDiff, summary="What merging it changes in the session")
async def diff(
    node: Node,
    who: Asker,
    session_id: str,
    branch_id: str,
    texts: Annotated[bool, Query(description="With the whole texts of the files that differ.")] = False,
) -> Response:
    return Json(await node.branches.diff(who, session_id, branch_id, texts=texts))


@router.post("/{branch_id}/merge", response_model=BranchOut, summary="Take its changes into the session")
async def merge(node: Node, who: Asker, session_id: str, branch_id: str, wanted: MergeWanted | None = None) -> Response:
    return Json(await node.branches.merge(who, session_id, branch_id, wanted.version if wanted else None))


@router.post("/{branch_id}/reject", response_model=BranchOut, summary="Turn it down")
async def reject(node: Node, who: Asker, session_id: str, branch_id: str, wanted: Rejection | None = None) -> Response:
    return Json(await node.branches.reject(who, session_id, branch_id, wanted.reason if wanted else ""))


@router.post("/{branch_id}/refresh", response_model=BranchOut, summary="Take into it what the session got since")
async def refresh(node: Node, who: Asker, session_id: str, branch_id: str) -> Response:
    return Json(await node.branches.refresh(who, session_id, branch_id))


@router.delete("/{branch_id}", response_model=BranchOut, summary="Give it up")
async def close(node: Node, who: Asker, session_id: str, branch_id: str) -> Response:
    return Json(await node.branches.close(who, session_id, branch_id))
