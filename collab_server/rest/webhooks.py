"""Routes on webhooks: where events go to, what was sent, and sending it again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from collab_server.rest.common import PROBLEMS, Asker, IdempotencyKey, Json, Node, once
from collab_server.shapes.base import Number, epoch_ms
from collab_server.shapes.webhooks import NewWebhook, Replayed, WebhookChange

router = APIRouter(prefix="/webhooks", tags=["webhooks"], responses=PROBLEMS)


@router.get("", summary="Your webhooks")
async def listed(node: Node, who: Asker) -> Response:
    return Json({"items": await node.webhooks.listed(who)})


@router.post("", status_code=201, summary="Make a webhook; its signing secret is shown this once")
async def create(request: Request, node: Node, who: Asker, wanted: NewWebhook, key: IdempotencyKey = None) -> Response:
    async def work() -> Response:
        made = await node.webhooks.create(who, wanted)
        return Json(made, 201, {"location": f"/api/webhooks/{made['id']}"})

    return await once(request, who, key, work, alone=True)


@router.get("/{webhook_id}", summary="One webhook")
async def get(node: Node, who: Asker, webhook_id: str) -> Response:
    return Json(await node.webhooks.get(who, webhook_id))


@router.patch("/{webhook_id}", summary="Change a webhook, or switch it on or off")
async def change(node: Node, who: Asker, webhook_id: str, wanted: WebhookChange) -> Response:
    return Json(await node.webhooks.change(who, webhook_id, wanted))


@router.delete("/{webhook_id}", status_code=204, summary="Take a webhook away")
async def remove(node: Node, who: Asker, webhook_id: str) -> Response:
    await node.webhooks.remove(who, webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/rotate", summary="A new signing secret, shown this once")
async def rotate(request: Request, node: Node, who: Asker, webhook_id: str, key: IdempotencyKey = None) -> Response:
    async def work() -> Response:
        return Json(await node.webhooks.rotate(who, webhook_id))

    return await once(request, who, key, work, alone=True)


@router.post("/{webhook_id}/test", status_code=202, summary="Send an event that says nothing but hello")
async def test(request: Request, node: Node, who: Asker, webhook_id: str, key: IdempotencyKey = None) -> Response:
    async def work() -> Response:
        return Json(await node.webhooks.test(who, webhook_id), 202)

    return await once(request, who, key, work, alone=True)


@router.get("/{webhook_id}/deliveries", summary="What was sent and what came of it, newest first")
async def deliveries(
    node: Node,
    who: Asker,
    webhook_id: str,
    before: Number | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Response:
    return Json(await node.webhooks.deliveries(who, webhook_id, before, limit))


@router.post("/{webhook_id}/deliveries/{delivery_id}/retry", status_code=202, summary="Send one again")
async def retry(
    request: Request, node: Node, who: Asker, webhook_id: str, delivery_id: Number, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        return Json(await node.webhooks.retry(who, webhook_id, delivery_id), 202)

    return await once(request, who, key, work, alone=True)


@router.post("/{webhook_id}/replay", status_code=202, summary="Send again what was sent since a time")
async def replay(
    request: Request, node: Node, who: Asker, webhook_id: str, wanted: Replayed, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        return Json(await node.webhooks.replay(who, webhook_id, epoch_ms(wanted.since) or 0), 202)

    return await once(request, who, key, work, alone=True)
