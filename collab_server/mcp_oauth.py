"""Where an MCP client gets a token when an outside provider owns the accounts: OAuth protected-resource metadata (RFC 9728).

Whether a token holds is identity.py's.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.requests import HTTPConnection
from starlette.responses import Response

from collab_server.errors import NotFound
from collab_server.rest.common import Json
from collab_server.settings import Settings

PATH = "/.well-known/oauth-protected-resource"
router = APIRouter(include_in_schema=False)


@router.get(PATH)
@router.get(f"{PATH}/mcp")
async def metadata(request: Request) -> Response:
    settings: Settings = request.app.state.settings
    if not known(settings):
        raise NotFound(
            "no outside provider gives tokens for this server; API keys are made by `collab-server token create`"
        )
    return Json(
        {
            "resource": f"{_base(request, settings)}/mcp",
            "authorization_servers": [settings.jwt_issuer],
            "bearer_methods_supported": ["header"],
        }
    )


def known(settings: Settings) -> bool:
    """Whether there is a provider to name."""
    return bool(settings.jwks_url and settings.jwt_issuer)


def challenge(connection: HTTPConnection, settings: Settings) -> str:
    """What `WWW-Authenticate` of a refusal at /mcp says (RFC 9728 §5.1)."""
    return f'Bearer resource_metadata="{_base(connection, settings)}{PATH}/mcp"'


def _base(connection: HTTPConnection, settings: Settings) -> str:
    return (settings.public_url or str(connection.base_url)).rstrip("/")
