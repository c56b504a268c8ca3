"""Routes under `/api/admin`, for admins only: to everybody else all of them answer the same, whether they exist or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal, get_args

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from collab_server.actions.oversight import SessionState, stats_sheet
from collab_server.caller import ADDRESS
from collab_server.errors import Conflict, Invalid, NotFound, PreconditionRequired
from collab_server.invoices import issued, shown_credit
from collab_server.money import micro
from collab_server.principal import Principal
from collab_server.rest.common import (
    PROBLEMS,
    Asker,
    IdempotencyKey,
    IfMatch,
    Json,
    Node,
    etag,
    once,
    version_of,
)
from collab_server.rest.me import shown_key
from collab_server.rest.stream import EVENT_STREAM, HEADERS
from collab_server.security import Kind
from collab_server.shapes.admin import (
    AuditVerdict,
    Issue,
    NewAlertRule,
    NewCredit,
    SessionCustody,
    Stop,
    Stopping,
    SwitchChange,
    SwitchesOut,
    SwitchOut,
    UserChange,
    UserOut,
)
from collab_server.shapes.base import Moment, Number, epoch_ms, timestamp
from collab_server.shapes.sessions import Findings
from collab_server.shapes.tiers import TierChange, TierOut
from executor.audit import Act
from executor.billing import CreditRefused, NotOver
from executor.months import Month
from executor.pricing import MICRO


async def admin_of(who: Asker) -> Principal:
    """The admin who asks; everybody else gets the one uniform refusal."""
    return who.require_admin()


Admin = Annotated[Principal, Depends(admin_of)]
Search = Annotated[str | None, Query(alias="q", max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]
From = Annotated[Moment | None, Query(alias="from")]
InvoiceNumber = Annotated[str, Path(pattern=r"^(INV-)?\d{1,9}$")]
Before = Annotated[Number | None, Query(description="Only what is older than this id.")]

router = APIRouter(prefix="/admin", tags=["admin"], responses=PROBLEMS, dependencies=[Depends(admin_of)])


@router.get(
    "/stats",
    summary="Usage, users, revenue and latency over a time",
    responses={200: {"content": {"text/csv": {}}}},
)
async def stats(
    node: Node,
    from_: From = None,
    to: Moment | None = None,
    step: Literal["hour", "day"] | None = None,
    accept: Annotated[str | None, Header(description="`text/csv`: all figures as one table.")] = None,
) -> Response:
    figures = await node.oversight.stats(epoch_ms(from_), epoch_ms(to), step)
    if accept is not None and "text/csv" in accept:
        name = f"statistics-{figures['from'][:10]}-{figures['to'][:10]}.csv"
        return Response(
            stats_sheet(figures),
            200,
            {"content-disposition": f'attachment; filename="{name}"', "vary": "Accept"},
            "text/csv",
        )
    return Json(figures, 200, {"vary": "Accept"})


@router.get("/sessions", summary="Everybody's sessions, newest first")
async def sessions(
    node: Node, q: Search = None, state: SessionState | None = None, limit: Limit = 50, cursor: str | None = None
) -> Response:
    open_here = Counter(connection.session_id for connection in node.sockets.connections)
    return Json(
        await node.oversight.listed_sessions(search=q, state=state, limit=limit, cursor=cursor, open_here=open_here)
    )


@router.get("/sessions/{session_id}", summary="One session: its members, what is stored of it and what it cost")
async def session(node: Node, session_id: str) -> Response:
    return Json(await node.custody.get(session_id))


@router.patch(
    "/sessions/{session_id}", summary="Keep a session read-only, close or archive it, open it again, hand it over"
)
async def change_session(node: Node, admin: Admin, session_id: str, wanted: SessionCustody) -> Response:
    return Json(await node.custody.change(admin, session_id, wanted))


@router.post("/sessions/{session_id}/disconnect", status_code=204, summary="Send everybody out and end what runs there")
async def disconnect_session(node: Node, admin: Admin, session_id: str) -> Response:
    await node.custody.disconnect(admin, session_id)
    return Response(status_code=204)


@router.post("/sessions/{session_id}/restore", summary="Bring a deleted session back")
async def restore_session(node: Node, admin: Admin, session_id: str) -> Response:
    return Json(await node.custody.restore(admin, session_id))


@router.delete("/sessions/{session_id}", status_code=204, summary="Delete anybody's session")
async def delete_session(node: Node, admin: Admin, session_id: str) -> Response:
    await node.oversight.delete_session(admin, session_id)
    return Response(status_code=204)


@router.post("/sessions/{session_id}/repair", summary="Let a quarantined session be edited again")
async def repair_session(node: Node, admin: Admin, session_id: str) -> Response:
    return Json(await node.damage.repair(admin, session_id))


@router.get("/users", summary="The accounts, by id")
async def users(
    node: Node, q: Search = None, guests: bool = False, limit: Limit = 50, cursor: str | None = None
) -> Response:
    return Json(await node.users.listed(search=q, guests=guests, limit=limit, cursor=cursor))


@router.get("/users/{user_id}", response_model=UserOut, summary="One account")
async def user(node: Node, user_id: str) -> Response:
    return Json(await node.users.get(user_id))


@router.patch("/users/{user_id}", response_model=UserOut, summary="Change an account's tier, admin right or suspension")
async def change_user(node: Node, admin: Admin, user_id: str, wanted: UserChange) -> Response:
    return Json(await node.users.change(admin, user_id, wanted, set(node.executor.tiers)))


@router.get("/users/{user_id}/tokens", summary="An account's API keys")
async def tokens(node: Node, user_id: str) -> Response:
    return Json({"items": [shown_key(token) for token in await node.identity.listed(user_id)]})


@router.delete("/users/{user_id}/tokens/{token_id}", status_code=204, summary="Revoke an account's API key")
async def revoke_token(node: Node, admin: Admin, user_id: str, token_id: str) -> Response:
    await node.identity.revoke(token_id, user_id=user_id, by=admin.user_id)
    return Response(status_code=204)


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


@router.get("/executions", summary="Everybody's runs, newest first")
async def executions(
    node: Node,
    state: Literal["running", "queued", "recent"] = "recent",
    user_id: Annotated[str | None, Query(alias="userId")] = None,
    session_id: Annotated[str | None, Query(alias="sessionId")] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    return Json(
        await node.oversight.listed_executions(
            state, user_id=user_id, session_id=session_id, limit=limit, cursor=cursor
        )
    )


@router.get(
    "/executions/{execution_id}/findings", response_model=Findings, summary="What was found before anybody's run"
)
async def findings(node: Node, execution_id: str) -> Response:
    return Json({"findings": await node.executor.kept.findings(execution_id)})


@router.post("/executions/{execution_id}/cancel", summary="End anybody's run, on whichever node")
async def cancel(node: Node, admin: Admin, execution_id: str) -> Response:
    return Json({"executionId": execution_id, "cancelled": await node.oversight.cancel(admin, execution_id)})


@router.post("/executions/stop", response_model=Stopping, summary="End everything that runs or waits, on all nodes")
async def stop(node: Node, admin: Admin, wanted: Stop) -> Response:
    return Json({"stopping": await node.switches.stop_executions(admin, wanted.reason)})


@router.get("/switches", response_model=SwitchesOut, summary="What holds the whole server up")
async def switches(node: Node) -> Response:
    return Json({"items": await node.switches.listed()})


@router.put("/switches/{name}", response_model=SwitchOut, summary="Refuse executions, or make the server read-only")
async def put_switch(node: Node, admin: Admin, name: str, wanted: SwitchChange) -> Response:
    return Json(await node.switches.turn(admin, name, wanted.on, wanted.reason))


@router.get("/security-events", summary="Failed logins, refused access and findings, newest first")
async def security_events(
    node: Node,
    kind: str | None = None,
    rule: Annotated[str | None, Query(max_length=64, description="A scan's rule, as its findings name it.")] = None,
    severity: Literal["info", "warning", "error"] | None = None,
    user_id: Annotated[str | None, Query(alias="userId")] = None,
    from_: From = None,
    to: Moment | None = None,
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
    return Json({"items": items, "nextBefore": items[-1]["id"] if len(items) == limit else None})


@router.get("/alerts", summary="Too many security events of a kind, newest first")
async def alerts(
    node: Node,
    open_only: Annotated[bool, Query(alias="open", description="Only what nobody has acknowledged.")] = False,
    to: Moment | None = None,
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
async def add_alert_rule(node: Node, admin: Admin, wanted: NewAlertRule) -> Response:
    return Json(await node.alerts.add_rule(admin, wanted), 201)


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
    to: Moment | None = None,
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
    return Json({"items": [_act(act) for act in acts], "nextBefore": acts[-1].id if len(acts) == limit else None})


@router.get("/audit/verify", response_model=AuditVerdict, summary="Whether the chain of the audit is whole")
async def verify(node: Node) -> Response:
    found = await node.audit.verify()
    shown: dict[str, Any] = {"ok": found.broken_id is None, "rows": found.rows, "head": found.head}
    if found.broken_id is not None:
        shown |= {"brokenId": found.broken_id, "reason": found.reason}
    return Json(shown)


@router.get("/invoices", summary="Issued invoices of everybody, newest first")
async def invoices(node: Node, before: Before = None, limit: Limit = 100) -> Response:
    rows = await node.billing.listed(before=before, limit=limit)
    return Json(
        {"items": [issued(row) for row in rows], "nextBefore": rows[-1]["number"] if len(rows) == limit else None}
    )


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

    return await once(request, admin, key, work)


@router.get(
    "/events",
    summary="Of what kind something is new, as Server-Sent Events",
    responses={200: {"content": {EVENT_STREAM: {}}}},
)
async def events(node: Node, admin: Admin) -> Response:
    watcher = await node.news.watcher(admin)

    async def lines() -> AsyncIterator[bytes]:
        yield b": from now on\n\n"
        async for topics in node.news.follow(watcher):
            told = orjson.dumps({"topics": sorted(topics)})
            yield b"event: changed\ndata: %s\n\n" % told if topics else b": still here\n\n"

    return StreamingResponse(lines(), 200, HEADERS, EVENT_STREAM)


@router.get("/nodes", summary="The processes that serve, with their figures")
async def nodes(node: Node) -> Response:
    return Json({"items": await node.nodes.listed()})


@router.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def nothing(request: Request) -> Response:
    raise NotFound("there is no such page")


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
