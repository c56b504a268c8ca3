"""What the stories share: one running server, and accounts on it that no other test uses."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from collab_server.client import connect
from tests.support.browser import chromium
from tests.support.processes import Server, serving


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server that the stories of a run share; none of them may stop it."""
    async with serving(tmp_path_factory.mktemp("data"), COLLAB_POOL_SIZE="2") as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for the stories of a run; each opens windows with cookies of its own and closes them."""
    async with chromium() as started:
        yield started


@dataclass
class Account:
    """A user of the shared server with a key and an HTTP client."""

    user_id: str
    token: str
    http: httpx.AsyncClient

    async def session(self, **files: str) -> dict[str, Any]:
        """A new session of this user; `main_js="…"` becomes `main.js`."""
        named = {name.replace("_", "."): content for name, content in files.items()}
        async with connect(str(self.http.base_url), self.token) as client:
            made = await client.sessions.create(f"session of {self.user_id}", files=named)
        return made.model_dump(mode="json", by_alias=True, exclude_unset=True)


async def account(server: Server, **limits: Any) -> Account:
    """A user whom nobody has met before."""
    user_id = f"user-{secrets.token_hex(4)}"
    token = await server.token(user_id, **{"tier": "enterprise"} | limits)
    http = httpx.AsyncClient(
        base_url=server.url, headers={"authorization": f"Bearer {token}"}, timeout=60, trust_env=False
    )
    return Account(user_id, token, http)


@pytest_asyncio.fixture(loop_scope="session")
async def ada(server: Server) -> AsyncIterator[Account]:
    made = await account(server)
    yield made
    await made.http.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def bob(server: Server) -> AsyncIterator[Account]:
    made = await account(server)
    yield made
    await made.http.aclose()
