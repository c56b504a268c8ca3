"""Routes on invoices: the months of an account, and one month as JSON, CSV, HTML or PDF by `Accept`."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from collab_server.errors import NotAcceptable, NotFound
from collab_server.invoices import KINDS, Addressee, brief
from collab_server.principal import Principal
from collab_server.rest.common import PROBLEMS, Asker, Json, Node
from collab_server.services import Services
from executor.months import Month

router = APIRouter(prefix="/invoices", tags=["money"], responses=PROBLEMS)

Accept = Annotated[str | None, Header(description=f"One of {', '.join(KINDS)}.")]
UserId = Annotated[str | None, Query(alias="userId", max_length=255, description="Somebody else's; for admins.")]


@router.get("", summary="The months in which you used anything, newest first")
async def listed(node: Node, who: Asker, user_id: UserId = None) -> Response:
    to = await _addressee(node, who, user_id)
    numbers = await node.billing.numbers(to.user_id)
    months = await node.invoices.of(to.user_id, _now_ms())
    return Json({"items": [brief(one, numbers.get(str(one.month))) for one in months]})


@router.get(
    "/{invoice_id}",
    summary="What one month cost, line by line",
    responses={200: {"content": {kind: {} for kind in KINDS}}},
)
async def get(node: Node, who: Asker, invoice_id: str, accept: Accept = None, user_id: UserId = None) -> Response:
    kind = chosen(accept or "*/*")
    if kind is None:
        raise NotAcceptable(f"an invoice comes as {', '.join(KINDS)}")
    to = await _addressee(node, who, user_id)
    month = Month.parse(invoice_id)
    invoice = None if month is None else await node.billing.get(to.user_id, month, _now_ms())
    if invoice is None:
        raise NotFound(f"there is no invoice {invoice_id[:64]!r}; their ids are months, like 2026-01")
    ending, render = KINDS[kind]
    # A PDF takes its time; other requests go on meanwhile.
    body = await asyncio.to_thread(render, invoice, to)
    headers = {"vary": "Accept"}
    if ending in ("csv", "pdf"):
        headers["content-disposition"] = f'attachment; filename="invoice-{invoice.month}.{ending}"'
    return Response(body, 200, headers, kind)


def chosen(accept: str) -> str | None:
    """The kind that the client likes best (RFC 9110 §12.5.1); None when it takes none of ours."""
    weights: dict[str, tuple[int, float]] = {}
    for part in accept.split(",")[:50]:
        pattern, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        for kind in KINDS:
            exactness = (pattern == kind) * 2 + (pattern == f"{kind.split('/')[0]}/*")
            if exactness or pattern == "*/*":
                # The most exact pattern decides, wherever it stands.
                weights[kind] = max(weights.get(kind, (-1, 0.0)), (exactness, weight))
    liked = {kind: weight for kind, (_, weight) in weights.items() if 0 < weight <= 1}
    return max(KINDS, key=lambda kind: liked.get(kind, 0.0)) if liked else None


async def _addressee(node: Services, who: Principal, user_id: str | None) -> Addressee:
    if user_id is None or user_id == who.user_id:
        return Addressee(who.user_id, who.name)
    who.require_admin()
    other = await node.users.get(user_id)
    return Addressee(other["id"], other["name"])


def _now_ms() -> int:
    return int(time.time() * 1000)
