"""Routes on sessions, their collaborators and their share links."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from collab_server.errors import Invalid
from collab_server.money import micro
from collab_server.rest.common import PROBLEMS, Asker, IdempotencyKey, Json, Node, derived_id, etag, once
from collab_server.shapes.base import epoch_ms, timestamp, timestamp_or_none
from collab_server.shapes.sessions import (
    Fork,
    NewLink,
    NewSession,
    RoleGiven,
    SessionChange,
    SessionList,
    SessionOut,
)
from executor.pricing import MICRO

router = APIRouter(tags=["sessions"], responses=PROBLEMS)


def _session(session: dict[str, Any], status: int = 200) -> Response:
    headers = etag(session["version"]) | ({"location": f"/api/sessions/{session['id']}"} if status == 201 else {})
    return Json(session, status, headers)


@router.post("/sessions", status_code=201, response_model=SessionOut, summary="Make a session")
async def create(request: Request, node: Node, who: Asker, wanted: NewSession, key: IdempotencyKey = None) -> Response:
    async def work() -> Response:
        return _session(await node.sessions.create(who, wanted, derived_id(who, key)), 201)

    return await once(request, who, key, work)


@router.get("/sessions", response_model=SessionList, summary="List sessions, newest first")
async def listed(
    node: Node,
    who: Asker,
    scope: Literal["mine", "shared", "public"] = "mine",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
    q: Annotated[
        str | None,
        Query(max_length=200, description="Only sessions whose name, description, owner or files have its words."),
    ] = None,
    archived: Annotated[bool, Query(description="Those that were archived, instead of the others.")] = False,
    content: Annotated[bool, Query(description="`false` leaves out the texts of the files.")] = True,
) -> Response:
    found = await node.sessions.listed(
        who, scope, limit=limit, cursor=cursor, q=q or None, archived=archived, texts=content
    )
    return Json(found)


@router.post(
    "/sessions/import",
    status_code=201,
    response_model=SessionOut,
    summary="Make a session from a zip",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def import_zip(
    request: Request,
    node: Node,
    who: Asker,
    name: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    key: IdempotencyKey = None,
) -> Response:
    packed = await request.body()
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = await request.form()
        upload = form.get("file")
        if upload is None or isinstance(upload, str):
            raise Invalid("the form has no file named `file`", name="file")
        packed = await upload.read()

    async def work() -> Response:
        return _session(await node.sessions.import_zip(who, packed, name, derived_id(who, key)), 201)

    return await once(request, who, key, work)


@router.get("/sessions/{session_id}", response_model=SessionOut, summary="Read a session with its files")
async def get(node: Node, who: Asker, session_id: str) -> Response:
    return _session(await node.sessions.get(who, session_id))


@router.patch("/sessions/{session_id}", response_model=SessionOut, summary="Change what is given of a session")
async def change(node: Node, who: Asker, session_id: str, wanted: SessionChange) -> Response:
    return _session(await node.sessions.change(who, session_id, wanted))


@router.delete("/sessions/{session_id}", status_code=204, summary="Delete a session")
async def delete(node: Node, who: Asker, session_id: str) -> Response:
    await node.sessions.delete(who, session_id)
    return Response(status_code=204)


@router.post("/sessions/{session_id}/fork", status_code=201, response_model=SessionOut, summary="Copy a session")
async def fork(
    request: Request, node: Node, who: Asker, session_id: str, wanted: Fork | None = None, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        return _session(
            await node.sessions.fork(who, session_id, wanted.name if wanted else None, derived_id(who, key)), 201
        )

    return await once(request, who, key, work)


@router.get(
    "/sessions/{session_id}/export",
    summary="Download a session as a zip",
    responses={200: {"content": {"application/zip": {}}}},
)
async def export(node: Node, who: Asker, session_id: str) -> Response:
    name, packed = await node.sessions.export(who, session_id)
    return Response(packed, 200, {"content-disposition": f'attachment; filename="{name}"'}, "application/zip")


@router.get("/sessions/{session_id}/collaborators", summary="Who takes part, with which role", tags=["collaborators"])
async def collaborators(node: Node, who: Asker, session_id: str) -> Response:
    await node.members.access(who, session_id)
    given = (await node.members.of([session_id]))[session_id]
    return Json({"items": [{"userId": user_id, "role": role} for user_id, role in given.items()]})


@router.put("/sessions/{session_id}/collaborators/{user_id}", summary="Give somebody a role", tags=["collaborators"])
async def put_collaborator(node: Node, who: Asker, session_id: str, user_id: str, wanted: RoleGiven) -> Response:
    await node.members.put(await node.members.access(who, session_id), user_id, wanted.role)
    return Json({"userId": user_id, "role": wanted.role})


@router.delete(
    "/sessions/{session_id}/collaborators/{user_id}",
    status_code=204,
    summary="Take somebody out",
    tags=["collaborators"],
)
async def remove_collaborator(node: Node, who: Asker, session_id: str, user_id: str) -> Response:
    await node.members.remove(await node.members.access(who, session_id), user_id)
    return Response(status_code=204)


@router.post(
    "/sessions/{session_id}/links", status_code=201, summary="Make a share link for guests", tags=["collaborators"]
)
async def create_link(
    request: Request, node: Node, who: Asker, session_id: str, wanted: NewLink, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        link_id, secret = await node.links.create(
            await node.members.access(who, session_id),
            wanted.role,
            expires_at=epoch_ms(wanted.expires_at),
            cap_micro_dollars=micro(wanted.spending_cap),
        )
        base = node.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        return Json(
            {
                "id": link_id,
                "url": f"{base}/join?link={secret}",
                "role": wanted.role,
                "expiresAt": timestamp_or_none(epoch_ms(wanted.expires_at)),
                "spendingCap": None if wanted.spending_cap is None else float(wanted.spending_cap),
            },
            201,
        )

    return await once(request, who, key, work, alone=True)


@router.get("/sessions/{session_id}/links", summary="The share links that hold", tags=["collaborators"])
async def links(node: Node, who: Asker, session_id: str) -> Response:
    held = await node.links.listed(await node.members.access(who, session_id))
    return Json(
        {
            "items": [
                {
                    "id": link["id"],
                    "role": link["role"],
                    "createdBy": link["created_by"],
                    "createdAt": timestamp(link["created_at"]),
                    "expiresAt": timestamp_or_none(link["expires_at"]),
                    "spendingCap": None if link["cap_micro_dollars"] is None else link["cap_micro_dollars"] / MICRO,
                }
                for link in held
            ]
        }
    )


@router.delete(
    "/sessions/{session_id}/links/{link_id}",
    status_code=204,
    summary="Revoke a share link and its guests",
    tags=["collaborators"],
)
async def revoke_link(node: Node, who: Asker, session_id: str, link_id: str) -> Response:
    await node.links.revoke(await node.members.access(who, session_id), link_id)
    return Response(status_code=204)
