"""Routes on oneself (account, keys) and on what runs cost: pricing and usage."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from collab_server.actions.analytics import analytics_sheet
from collab_server.errors import Forbidden, Invalid
from collab_server.money import micro, shown_tier, usage_by_author, usage_of, with_session_names
from collab_server.requests import COOKIE
from collab_server.rest.common import PROBLEMS, Asker, IdempotencyKey, Json, Node, once
from collab_server.shapes.accounts import Join, KeyLimits, Login, NewToken, OwnLimits
from collab_server.shapes.analytics import AnalyticsOut
from collab_server.shapes.base import Since, Until, epoch_ms, timestamp, timestamp_or_none
from crdt.presence import user_of

router = APIRouter(tags=["me"], responses=PROBLEMS)


@router.get("/me", summary="Who you are here, and your limits")
async def me(node: Node, who: Asker) -> Response:
    return Json(
        {
            "user": user_of(who.actor()),
            "tier": who.tier,
            "admin": who.admin,
            "scopes": sorted(who.scopes),
            "expiresAt": timestamp_or_none(who.expires_at),
            "limits": await node.budgets.left(who),
            **node.switches.told(),
        }
    )


@router.patch("/me", summary="Set what you let yourself spend in a month")
async def set_budget(node: Node, who: Asker, wanted: OwnLimits) -> Response:
    if who.guest:
        raise Forbidden("a guest has no account; what its link may spend is set by who made it")
    who.require_own("set its own budget")
    await node.users.set_budget(who.user_id, micro(wanted.budget))
    return Json({"limits": await node.budgets.left(who)})


@router.get("/me/tokens", summary="Your API keys")
async def tokens(node: Node, who: Asker) -> Response:
    return Json({"items": [shown_key(token) for token in await node.identity.listed(who.user_id)]})


@router.post("/me/tokens", status_code=201, summary="Make an API key; it is shown this once")
async def create_token(
    request: Request, node: Node, who: Asker, wanted: NewToken, key: IdempotencyKey = None
) -> Response:
    if who.guest:
        raise Forbidden("a guest cannot make keys")
    until = await node.identity.require_unbound(who)
    scopes: set[str] = set(wanted.scopes) or set(who.scopes)
    if beyond := scopes - who.scopes:
        raise Forbidden(f"this token lacks the scope {sorted(beyond)[0]!r}, so it cannot give it on")
    expires_at = epoch_ms(wanted.expires_at)
    if expires_at is not None and expires_at <= time.time() * 1000:
        raise Invalid("must lie in the future", name="expiresAt")
    if until is not None:
        expires_at = min(expires_at or until, until)

    async def work() -> Response:
        token_id, token = await node.identity.issue(
            who.user_id,
            kind="api",
            label=wanted.name,
            scopes=scopes,
            expires_at=expires_at,
            budget_micro_dollars=micro(wanted.budget),
            runs_per_minute=wanted.runs_per_minute,
            concurrent_runs=wanted.concurrent_runs,
            agent=wanted.agent,
        )
        return Json(
            {
                "id": token_id,
                "token": token,
                "name": wanted.name,
                "scopes": sorted(scopes),
                "expiresAt": timestamp_or_none(expires_at),
                "budget": None if wanted.budget is None else float(wanted.budget),
                "runsPerMinute": wanted.runs_per_minute,
                "concurrentRuns": wanted.concurrent_runs,
                "agent": wanted.agent,
            },
            201,
        )

    return await once(request, who, key, work, alone=True)


@router.patch("/me/tokens/{token_id}", summary="Change what bounds one of your API keys")
async def change_token(node: Node, who: Asker, token_id: str, wanted: KeyLimits) -> Response:
    await node.identity.require_unbound(who)
    changes: dict[str, int | None] = {}
    if "budget" in wanted.model_fields_set:
        changes["budget_micro_dollars"] = micro(wanted.budget)
    for limit in ("runs_per_minute", "concurrent_runs"):
        if limit in wanted.model_fields_set:
            changes[limit] = getattr(wanted, limit)
    return Json(shown_key(await node.identity.bound(token_id, changes, user_id=who.user_id)))


@router.delete("/me/tokens/{token_id}", status_code=204, summary="Revoke one of your API keys")
async def revoke_token(node: Node, who: Asker, token_id: str) -> Response:
    if token_id not in (who.token_id, who.key_id):
        who.require_own("revoke keys other than its own")
    await node.identity.revoke(token_id, user_id=who.user_id)
    return Response(status_code=204)


@router.post("/login", summary="Exchange a login token or an API key for a browser cookie", responses=PROBLEMS)
async def login(request: Request, node: Node, wanted: Login) -> Response:
    principal, token = await node.identity.exchange(wanted.token.strip())
    response = Json({"user": {"id": principal.user_id, "name": principal.name}})
    set_cookie(request, response, token, node.settings.public_url)
    return response


@router.post(
    "/join", summary="Exchange a share link for a guest's token, as an embedded session does", responses=PROBLEMS
)
async def join(node: Node, wanted: Join) -> Response:
    session_id, token, expires_at = await node.links.embed(wanted.link.strip())
    return Json({"sessionId": session_id, "token": token, "expiresAt": timestamp(expires_at)})


@router.post("/logout", status_code=204, summary="Drop the browser cookie")
async def logout(node: Node, who: Asker) -> Response:
    if who.via == "cookie" and who.token_id is not None:
        await node.identity.revoke(who.token_id, user_id=who.user_id)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.get("/pricing", summary="The tiers and their prices", tags=["money"])
async def pricing(node: Node, who: Asker, tier: str | None = None) -> Response:
    tiers = node.executor.tiers
    if tier is not None and tier not in tiers:
        raise Invalid(f"unknown tier {tier!r}; there are {', '.join(tiers)}", name="tier")
    return Json(
        {
            "tiers": [shown_tier(shown) for name, shown in tiers.items() if tier in (None, name)],
            "currency": "USD",
            "formula": {
                "cost": "seconds × pricePerSecond + MB × pricePerMb",
                "computeUnits": "seconds + 0.1 × MB",
                "mb": 2**20,
            },
        }
    )


@router.get("/usage", summary="What you used and what it cost", tags=["money"])
async def usage(
    node: Node,
    who: Asker,
    from_: Annotated[Since | None, Query(alias="from")] = None,
    to: Until | None = None,
    group_by: Annotated[Literal["day", "language", "session", "actor", "author"], Query(alias="groupBy")] = "day",
    session_id: Annotated[
        str | None,
        Query(alias="sessionId", max_length=64, description="Everybody's runs in a session; for its owners."),
    ] = None,
) -> Response:
    start, end = epoch_ms(from_), epoch_ms(to)
    if session_id is not None:
        await node.members.access(who, session_id, "manage")
    actor_id = who.user_id if session_id is None else None
    if group_by == "author":
        of = {"actor_id": actor_id, "session_id": session_id}
        return Json(await usage_by_author(node.engine, **of, start=start, end=end))
    shown = await usage_of(node.executor.ledger, actor_id, start, end, group_by, session_id)
    return Json(await with_session_names(node.engine, shown, who.user_id) if group_by == "session" else shown)


@router.get(
    "/analytics",
    response_model=AnalyticsOut,
    response_model_by_alias=True,
    summary="Your runs in figures: times, failures, costs, files in much use (JSON or, by `Accept`, CSV)",
    responses={200: {"content": {"text/csv": {}}}},
)
async def analytics(
    node: Node,
    who: Asker,
    from_: Annotated[Since | None, Query(alias="from", description="30 days ago when left out.")] = None,
    to: Until | None = None,
    session_id: Annotated[
        str | None,
        Query(alias="sessionId", max_length=64, description="Everybody's runs in a session; for its owners."),
    ] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    figures = await node.analytics.figures(who, epoch_ms(from_), epoch_ms(to), session_id)
    if accept is not None and "text/csv" in accept:
        name = f"analytics-{figures['from'][:10]}-{figures['to'][:10]}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"', "vary": "Accept"}
        return Response(analytics_sheet(figures), 200, headers, "text/csv")
    return Json(figures, 200, {"vary": "Accept"})


def shown_key(token: dict[str, Any]) -> dict[str, Any]:
    """An API key as its list shows it."""
    return token | {"createdAt": timestamp(token["createdAt"]), "expiresAt": timestamp_or_none(token["expiresAt"])}


def set_cookie(request: Request, response: Response, token: str, public_url: str) -> None:
    """The browser's cookie: out of reach of scripts, not sent from other sites."""
    secure = request.url.scheme == "https" or public_url.startswith("https://")
    response.set_cookie(COOKIE, token, max_age=30 * 86_400, path="/", httponly=True, secure=secure, samesite="lax")
