"""Routes under `/api/admin` on prices and invoices: tiers by version, months that are issued, and what is given back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from collab_server.caller import ADDRESS
from collab_server.errors import Conflict, Invalid, NotFound, PreconditionRequired
from collab_server.invoices import issued, shown_credit
from collab_server.money import micro
from collab_server.rest.admin_common import Admin, Before, Limit, paged
from collab_server.rest.common import IdempotencyKey, IfMatch, Json, Node, etag, once, version_of
from collab_server.shapes.admin import Issue, NewCredit
from collab_server.shapes.tiers import TierChange, TierOut
from executor.billing import CreditRefused, NotOver
from executor.months import Month
from executor.pricing import MICRO

InvoiceNumber = Annotated[str, Path(pattern=r"^(INV-)?\d{1,9}$")]
router = APIRouter()


@router.get("/tiers", summary="The tiers at their newest version")
async def tiers(node: Node) -> Response:
    return Json({"items": await node.tiers.listed(), "currency": "USD"})


@router.get("/tiers/{name}", summary="A tier with its versions")
async def tier(node: Node, name: str) -> Response:
    shown = await node.tiers.get(name)
    return Json(shown, 200, etag(shown["version"]))


@router.put(
    "/tiers/{name}",
    response_model=TierOut,
    summary="Set a tier's next version",
    responses={412: {"description": "Somebody was faster"}, 428: {"description": "If-Match is missing"}},
)
async def put_tier(node: Node, admin: Admin, name: str, wanted: TierChange, if_match: IfMatch = None) -> Response:
    if if_match is None:
        raise PreconditionRequired('send If-Match with the version you saw, like "1"')
    shown = await node.tiers.put(admin, name, wanted, version_of(if_match))
    return Json(shown, 200, etag(shown["version"]))


@router.post("/tiers/{name}/preview", summary="What a change of a tier would do; nothing is changed")
async def preview_tier(node: Node, name: str, wanted: TierChange) -> Response:
    return Json(await node.tiers.preview(name, wanted))


@router.get("/invoices", summary="Issued invoices of everybody, newest first")
async def invoices(node: Node, before: Before = None, limit: Limit = 100) -> Response:
    rows = await node.billing.listed(before=before, limit=limit)
    return paged([issued(row) for row in rows], limit, "number")


@router.post("/invoices/issue", summary="Freeze and number the invoices of a month that is over")
async def issue(node: Node, admin: Admin, wanted: Issue) -> Response:
    month = Month.parse(wanted.month)
    if month is None:
        raise Invalid("must be a month like 2026-01", name="month")
    try:
        done = await node.billing.issue(month, node.executor.now_ms(), by=admin.user_id, origin=ADDRESS.get())
    except NotOver as error:
        raise Conflict(str(error), code="month_open") from None
    return Json({"month": str(month), "issued": done.issued, "cost": done.cost_micro_dollars / MICRO})


@router.post("/invoices/{number}/credit", status_code=201, summary="Give back a part of an issued invoice, or all")
async def credit(
    request: Request, node: Node, admin: Admin, number: InvoiceNumber, wanted: NewCredit, key: IdempotencyKey = None
) -> Response:
    amount, now_ms = micro(wanted.amount), node.executor.now_ms()

    async def work() -> Response:
        try:
            made = await node.billing.credit(
                int(number.removeprefix("INV-")), amount, wanted.reason, now_ms, by=admin.user_id, origin=ADDRESS.get()
            )
        except LookupError:
            raise NotFound(f"there is no issued invoice {number}") from None
        except CreditRefused as error:
            raise Conflict(str(error), code="too_large") from None
        return Json(shown_credit(made), 201)

    return await once(request, admin, key, work, alone=True)
