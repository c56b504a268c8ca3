"""The sessions of a server over REST: list, make, read, change, delete, copy, pack and unpack.

What goes on inside an open one is session.py's.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict

from collab_server.client.http import Http
from collab_server.shapes.sessions import SessionOut

PAGE = 100
Scope = Literal["mine", "shared", "public"]


class SessionInfo(SessionOut):
    """A session as REST shows it: `id`, `name`, `roles`, `files`, `version` and so on."""

    model_config = ConfigDict(extra="ignore")


class Sessions:
    """`client.sessions`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def list(self, scope: Scope = "mine") -> AsyncIterator[SessionInfo]:
        """All sessions of a kind, newest first; pages are fetched as they are needed."""
        params = {"scope": scope, "limit": str(PAGE)}
        while True:
            page = (await self._http.request("GET", "/api/sessions", params=params)).json()
            for item in page["items"]:
                yield SessionInfo.model_validate(item)
            if page["nextCursor"] is None:
                return
            params["cursor"] = page["nextCursor"]

    async def create(
        self,
        name: str,
        *,
        files: Mapping[str, str] | None = None,
        description: str = "",
        collaborators: Sequence[str] = (),
        is_public: bool = False,
        environment: Mapping[str, Any] | None = None,
        expires_at: datetime | None = None,
    ) -> SessionInfo:
        """Make a session of files by name; `collaborators` become editors."""
        body: dict[str, Any] = {
            "name": name,
            "description": description,
            "collaborators": list(collaborators),
            "isPublic": is_public,
            "environment": dict(environment or {}),
            "files": [{"name": file, "content": content} for file, content in (files or {}).items()],
        }
        if expires_at is not None:
            body["expiresAt"] = expires_at.isoformat()
        return _info(await self._http.request("POST", "/api/sessions", json=body, headers=_once()))

    async def get(self, session_id: str) -> SessionInfo:
        """Read a session with its files."""
        return _info(await self._http.request("GET", f"/api/sessions/{session_id}"))

    async def update(self, session_id: str, **changes: Any) -> SessionInfo:
        """Change `name`, `description`, `is_public`, `environment` or `expires_at` (None lifts it); the rest stays."""
        body = {
            _camel(key): value.isoformat() if isinstance(value, datetime) else value for key, value in changes.items()
        }
        return _info(await self._http.request("PATCH", f"/api/sessions/{session_id}", json=body, repeatable=True))

    async def delete(self, session_id: str) -> None:
        """Delete a session."""
        await self._http.request("DELETE", f"/api/sessions/{session_id}")

    async def fork(self, session_id: str, name: str | None = None) -> SessionInfo:
        """Copy a session; the copy is the caller's."""
        body = {"name": name} if name else {}
        return _info(await self._http.request("POST", f"/api/sessions/{session_id}/fork", json=body, headers=_once()))

    async def export(self, session_id: str) -> bytes:
        """A session as a zip."""
        return (await self._http.request("GET", f"/api/sessions/{session_id}/export")).content

    async def import_(self, packed: bytes, name: str | None = None) -> SessionInfo:
        """Make a session of a zip."""
        params = {"name": name} if name else {}
        headers = {"content-type": "application/zip", **_once()}
        return _info(
            await self._http.request("POST", "/api/sessions/import", content=packed, params=params, headers=headers)
        )


def _info(response: Any) -> SessionInfo:
    return SessionInfo.model_validate(response.json())


def _once() -> dict[str, str]:
    """Whatever the connection does, it is made once."""
    return {"idempotency-key": secrets.token_hex(16)}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
