"""Promises about share links that only show when two things happen at once, or many people come."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import database, migrations
from collab_server.errors import Conflict, Unauthorized
from collab_server.identity import Identity
from collab_server.links import Links
from collab_server.members import COLLABORATORS_MAX, Access, Members
from collab_server.principal import SCOPES, Principal
from collab_server.security import SecurityLog
from collab_server.settings import load
from collab_server.tables import roles, sessions

ADA = Principal("ada", "Ada", "standard", False, SCOPES, None, None, "bearer")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = database.connect(f"sqlite+aiosqlite:///{tmp_path / 'links.sqlite3'}")
    await migrations.upgrade(made)
    session = {"id": "s1", "name": "S", "description": "", "owner_id": "ada", "is_public": False, "environment": b"{}"}
    async with made.begin() as connection:
        await connection.execute(insert(sessions).values(**session, created_at=1, updated_at=1))
        await connection.execute(insert(roles).values(session_id="s1", user_id="ada", role="owner", created_at=1))
    yield made
    await made.dispose()


@pytest.fixture
def members(engine: AsyncEngine) -> Members:
    return Members(engine, now=time.time, security=SecurityLog(engine, now=time.time, node_id="n1"))


@pytest.fixture
async def manager(members: Members) -> Access:
    return await members.access(ADA, "s1", "manage")


async def test_a_link_that_is_revoked_while_somebody_comes_by_it_lets_nobody_in(
    engine: AsyncEngine, manager: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = Identity(engine, load(), now=time.time)
    links = Links(engine, identity, now=time.time)
    link_id, secret = await links.create(manager, "editor", expires_at=None, cap_micro_dollars=None)
    issue = identity.issue

    async def slow(*told: Any, **more: Any) -> Any:
        made = await issue(*told, **more)
        await links.revoke(manager, link_id)
        return made

    monkeypatch.setattr(identity, "issue", slow)
    with pytest.raises(Unauthorized):
        await links.redeem(secret, "Eve")
    async with engine.connect() as connection:
        assert list((await connection.execute(select(roles.c.user_id))).scalars()) == ["ada"]


async def test_guests_take_no_collaborators_place(engine: AsyncEngine, members: Members, manager: Access) -> None:
    row = {"session_id": "s1", "role": "viewer", "created_at": 2}
    async with engine.begin() as connection:
        guests = [row | {"user_id": f"guest-abc-{number}"} for number in range(COLLABORATORS_MAX)]
        await connection.execute(insert(roles), guests)
    await members.put(manager, "bob", "editor")
    async with engine.begin() as connection:
        people = [row | {"user_id": f"user-{number}"} for number in range(COLLABORATORS_MAX - 2)]
        await connection.execute(insert(roles), people)
    with pytest.raises(Conflict):
        await members.put(manager, "carol", "editor")
