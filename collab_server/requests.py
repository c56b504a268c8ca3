"""What REST and the WebSocket both read from an HTTP request: the token and the origin.

It checks form and origin; whether a token holds is identity.py's.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from collab_server.errors import Forbidden, Unauthorized
from collab_server.principal import Via
from collab_server.settings import Settings

COOKIE = "collab_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def credentials(connection: HTTPConnection, *, in_query: bool = False) -> tuple[str, Via]:
    """(token, how it came): a header first, then `?token=` where that is allowed (WebSockets), then the cookie."""
    header = connection.headers.get("authorization", "")
    if header:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized
        return token.strip(), "bearer"
    if in_query and (token := connection.query_params.get("token", "")):
        return token, "bearer"
    if cookie := connection.cookies.get(COOKIE, ""):
        return cookie, "cookie"
    raise Unauthorized


def own_origins(connection: HTTPConnection, settings: Settings) -> set[str]:
    """The origins whose pages may use our cookie."""
    host = connection.headers.get("host", "")
    own = {f"http://{host}", f"https://{host}"}
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        own.add(f"{parts.scheme}://{parts.netloc}")
    return own | set(settings.allowed_origins)


def check_origin(connection: HTTPConnection, settings: Settings) -> None:
    """Raise Forbidden unless the page behind a request with a cookie is ours (against cross-site requests and WebSockets)."""
    origin = connection.headers.get("origin")
    if origin is None or origin.rstrip("/") not in own_origins(connection, settings):
        raise Forbidden(
            "a request with the browser's cookie must come from this server's own pages (Origin); use a bearer token otherwise",
            code="bad_origin",
        )
