"""The routes around the API: health, metrics, signing in by URL, share links, and the browser editor's files."""

from __future__ import annotations

import asyncio
import mimetypes
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fastapi import APIRouter, Request
from prometheus_client import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response

from collab_server.caller import ADDRESS
from collab_server.errors import ActionError, Forbidden, NotFound, TooMany
from collab_server.metrics import gauge
from collab_server.middleware import OWN_CONTENT_ONLY
from collab_server.proxies import inside, network_of
from collab_server.rest.common import Json, Node
from collab_server.rest.me import set_cookie
from collab_server.settings import Settings

router = APIRouter(include_in_schema=False)
BACKLOG_S = 2.0
HASHED_ASSETS_AGE_S = 31_536_000
DAY_S = 86_400
# Addresses below these are never a page, whoever asks.
FOR_PROGRAMS = ("/api/", "/assets/", "/ws/", "/mcp", "/.well-known/")
# What the build lays beside each asset, the smallest first.
SMALLER = (("br", ".br"), ("gzip", ".gz"))
# A program's HTML runs in a document of its own: an opaque origin by the header's `sandbox` (also when somebody opens the
# address by hand), no network, no cookies. It gets the HTML once, from the page around it, and everything it says is ignored.
# What it needs of the session's files comes inside it as data; a frame of data is under the same policy.
PREVIEW_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' data: blob:; style-src 'unsafe-inline' data:; "
    "img-src data: blob:; font-src data:; media-src data: blob:; frame-src data:; base-uri 'none'; form-action 'none'"
)
PREVIEW_PAGE = """<!doctype html>
<meta charset="utf-8">
<title>HTML output</title>
<script>
addEventListener('message', function receive(event) {
  if (event.source !== parent || parent === self || typeof event.data !== 'string') return;
  removeEventListener('message', receive);
  // No policy that browsers know covers WebRTC. This takes it away from pages that do not go round it; what such a page
  // could tell is only what the program wrote itself, and the address of who looks at it.
  for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel']) delete self[name];
  document.open();
  document.write(event.data);
  document.close();
});
</script>
"""
NOTHING: Mapping[str, str] = {}
NOT_BUILT = "The browser editor is not built yet: run `make run`, or `npm run build` in web/."


@router.get("/healthz")
async def alive(node: Node) -> Response:
    return Json({"status": "ok", **node.switches.told()})


@router.get("/readyz")
async def ready(node: Node) -> Response:
    checks: dict[str, str] = {}
    try:
        async with node.engine.connect() as connection:
            await connection.execute(text("select 1"))
        checks["database"] = "ok"
    except Exception as error:
        checks["database"] = type(error).__name__
    checks["bus"] = "ok" if node.bus.connected else "away"
    checks["worker"] = "ok" if await node.runner.healthy() else "away"
    well = all(state == "ok" for state in checks.values())
    # What was switched off on purpose is no reason to send nobody here: what is left can be had.
    shown = {"status": "ok" if well else "unready", "checks": checks, **node.switches.told()}
    return Json(shown, 200 if well else 503)


@router.get("/metrics")
async def metrics(request: Request, node: Node) -> Response:
    _require_scraper(request, node.settings)
    outbox: list[Metric] = []
    # Just when the database is away these figures are wanted: those that need it are left out then.
    with suppress(SQLAlchemyError, OSError, TimeoutError):
        async with asyncio.timeout(BACKLOG_S):
            waiting, overdue_s = await node.deliveries.backlog()
        outbox = [
            gauge("collab_webhook_deliveries_waiting", "Webhook deliveries that wait, of all nodes.", waiting),
            gauge("collab_webhook_lag_seconds", "How long the first of them is overdue.", overdue_s),
        ]
    return Response(await node.scrape.exposition(outbox), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _require_scraper(request: Request, settings: Settings) -> None:
    """By where it comes from, or by the token: figures of a whole server are not for everybody."""
    sent = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if settings.metrics_token and secrets.compare_digest(sent.encode(), settings.metrics_token.encode()):
        return
    if not inside(ADDRESS.get(), map(network_of, settings.metrics_allow)):
        raise Forbidden(
            "metrics are for the addresses in COLLAB_METRICS_ALLOW, or with COLLAB_METRICS_TOKEN as bearer token"
        )


@router.get("/login")
async def login(request: Request, node: Node, token: str = "", next: str = "/") -> Response:
    # Only a path of our own: `//host` and `/\host` would lead away.
    target = next if next.startswith("/") and not next.startswith(("//", "/\\")) else "/"
    if not token:
        return _page(node.settings.web_root)
    try:
        _, browser = await node.identity.exchange(token)
    except TooMany:
        raise
    except ActionError:
        return RedirectResponse("/?login=failed", 303)
    response = RedirectResponse(target, 303, {"cache-control": "no-store"})
    set_cookie(request, response, browser, node.settings.public_url)
    return response


@router.get("/join")
async def join(request: Request, node: Node, link: str = "", name: str = "") -> Response:
    try:
        session_id, browser = await node.links.redeem(link, name[:100])
    except TooMany:
        raise
    except ActionError:
        return RedirectResponse("/?login=failed", 303)
    response = RedirectResponse(f"/s/{session_id}", 303, {"cache-control": "no-store"})
    set_cookie(request, response, browser, node.settings.public_url)
    return response


@router.get("/s/{session_id}")
async def session_page(node: Node) -> Response:
    """The same page; its head names what a session needs, so that all of it is fetched at once."""
    return _page(node.settings.web_root, name="session.html")


@router.get("/")
@router.get("/admin")
@router.get("/admin/{path:path}")
@router.get("/billing")
@router.get("/analytics")
@router.get("/keys")
async def page(node: Node) -> Response:
    return _page(node.settings.web_root)


@router.get("/embed/{session_id}")
async def embed(node: Node) -> Response:
    """The page that other people's pages frame: it gets its right from the address's fragment, and neither has nor sets a cookie."""
    policy = f"{OWN_CONTENT_ONLY}; {_framed_by(node.settings)}"
    return _page(node.settings.web_root, {"content-security-policy": policy, "referrer-policy": "no-referrer"})


@router.get("/preview/embedded")
async def preview_embedded(node: Node) -> Response:
    """The same as /preview for the frame in an embedded page, whose ancestors are others."""
    return _preview(_framed_by(node.settings))


@router.get("/preview")
async def preview() -> Response:
    return _preview("frame-ancestors 'self'")


def _framed_by(settings: Settings) -> str:
    return f"frame-ancestors 'self' {' '.join(settings.embed_ancestors)}".strip()


def _preview(ancestors: str) -> Response:
    headers = {
        "content-security-policy": f"{PREVIEW_POLICY}; {ancestors}",
        "referrer-policy": "no-referrer",
        "x-dns-prefetch-control": "off",
        "permissions-policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
        "cache-control": "no-cache",
    }
    return HTMLResponse(PREVIEW_PAGE, headers=headers)


@router.get("/assets/{path:path}")
async def asset(request: Request, node: Node) -> Response:
    root = node.settings.web_root.resolve()
    file = (root / request.url.path.lstrip("/")).resolve()
    if not file.is_relative_to(root / "assets") or not file.is_file():
        raise NotFound("there is no such page")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    headers = {"cache-control": f"public, max-age={HASHED_ASSETS_AGE_S}, immutable", "vary": "Accept-Encoding"}
    accepted = {part.split(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    for encoding, ending in SMALLER:
        smaller = file.with_name(file.name + ending)
        if encoding in accepted and smaller.is_file():
            return FileResponse(smaller, media_type=kind, headers={**headers, "content-encoding": encoding})
    return FileResponse(file, media_type=kind, headers=headers)


@router.get("/favicon.svg")
async def icon(node: Node) -> Response:
    file = node.settings.web_root / "favicon.svg"
    if not file.is_file():
        raise NotFound("there is no such page")
    return FileResponse(file, headers={"cache-control": f"public, max-age={DAY_S}"})


def lost(request: Request) -> Response | None:
    """For a browser that was led to an address without a page: the editor, which says so in words and shows the way home."""
    settings: Settings = request.app.state.settings
    person = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if not person or request.url.path.startswith(FOR_PROGRAMS):
        return None
    return _page(settings.web_root, status=404)


def _page(root: Path, headers: Mapping[str, str] = NOTHING, name: str = "index.html", status: int = 200) -> Response:
    index = root / name
    if not index.is_file():
        return PlainTextResponse(NOT_BUILT, 503)
    return FileResponse(index, status, headers={"cache-control": "no-cache", **headers})
