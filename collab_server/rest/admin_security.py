"""Routes under `/api/admin` on what went wrong and who did what: security events, alerts and their rules, the audit."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from collab_server.rest.admin_common import Admin, Before, From, Limit, paged
from collab_server.rest.common import IdempotencyKey, Json, Node, once
from collab_server.security import Kind
from collab_server.shapes.admin import AuditVerdict, NewAlertRule
from collab_server.shapes.base import Until, epoch_ms, timestamp
from executor.audit import Act

router = APIRouter()


@router.get("/security-events", summary="Failed logins, refused access and findings, newest first")
async def security_events(
    node: Node,
    kind: str | None = None,
    rule: Annotated[str | None, Query(max_length=64, description="A scan's rule, as its findings name it.")] = None,
    severity: Literal["info", "warning", "error"] | None = None,
    user_id: Annotated[str | None, Query(alias="userId")] = None,
    from_: From = None,
    to: Until | None = None,
    before: Before = None,
    limit: Limit = 100,
) -> Response:
    items = await node.security.page(
        kind=kind,
        rule=rule,
        severity=severity,
        actor_id=user_id,
        from_ms=epoch_ms(from_),
        to_ms=epoch_ms(to),
        before=before,
        limit=limit,
    )
    return paged(items, limit)


@router.get("/alerts", summary="Too many security events of a kind, newest first")
async def alerts(
    node: Node,
    open_only: Annotated[bool, Query(alias="open", description="Only what nobody has acknowledged.")] = False,
    to: Until | None = None,
    limit: Limit = 100,
) -> Response:
    return Json({"items": await node.alerts.listed(before_ms=epoch_ms(to), limit=limit, open_only=open_only)})


@router.post("/alerts/{alert_id}/acknowledge", summary="Say that you have seen an alert")
async def acknowledge(node: Node, admin: Admin, alert_id: str) -> Response:
    return Json(await node.alerts.acknowledge(admin, alert_id))


@router.get("/alert-rules", summary="When security events are an alert")
async def alert_rules(node: Node) -> Response:
    return Json({"items": await node.alerts.rules(), "kinds": get_args(Kind)})


@router.post("/alert-rules", status_code=201, summary="One more rule")
async def add_alert_rule(
    request: Request, node: Node, admin: Admin, wanted: NewAlertRule, key: IdempotencyKey = None
) -> Response:
    async def work() -> Response:
        return Json(await node.alerts.add_rule(admin, wanted), 201)

    return await once(request, admin, key, work, alone=True)


@router.put("/alert-rules/{rule_id}", summary="A rule, whole")
async def change_alert_rule(node: Node, admin: Admin, rule_id: str, wanted: NewAlertRule) -> Response:
    return Json(await node.alerts.change_rule(admin, rule_id, wanted))


@router.delete("/alert-rules/{rule_id}", status_code=204, summary="One rule less")
async def remove_alert_rule(node: Node, admin: Admin, rule_id: str) -> Response:
    await node.alerts.remove_rule(admin, rule_id)
    return Response(status_code=204)


@router.get("/audit", summary="Who did what, newest first")
async def audit(
    node: Node,
    user_id: Annotated[str | None, Query(alias="userId", description="Who did it.")] = None,
    action: str | None = None,
    subject: str | None = None,
    from_: From = None,
    to: Until | None = None,
    before: Before = None,
    limit: Limit = 100,
) -> Response:
    acts = await node.audit.page(
        actor_id=user_id,
        action=action,
        subject=subject,
        from_ms=epoch_ms(from_),
        to_ms=epoch_ms(to),
        before=before,
        limit=limit,
    )
    return paged([_act(act) for act in acts], limit)


@router.get("/audit/verify", response_model=AuditVerdict, summary="Whether the chain of the audit is whole")
async def verify(node: Node) -> Response:
    found = await node.audit.verify()
    shown: dict[str, Any] = {"ok": found.broken_id is None, "rows": found.rows, "head": found.head}
    if found.broken_id is not None:
        shown |= {"brokenId": found.broken_id, "reason": found.reason}
    return Json(shown)


def _act(act: Act) -> dict[str, Any]:
    return {
        "id": act.id,
        "at": timestamp(act.at),
        "actorId": act.actor_id,
        "agentId": act.detail.get("agent"),
        "action": act.action,
        "subject": act.subject,
        "origin": act.origin,
        "detail": act.detail,
        "hash": act.hash,
    }
