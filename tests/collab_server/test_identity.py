"""Promises about tokens: what is stored, what is accepted, and the one answer to all that is not."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import database, migrations
from collab_server.errors import Forbidden, Invalid, NotFound, Unauthorized
from collab_server.identity import Identity
from collab_server.settings import load
from collab_server.tables import tokens

SECRET = "a secret of more than thirty-two bytes"
NOW = 1_800_000_000.0


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = database.connect(f"sqlite+aiosqlite:///{tmp_path / 'identity.sqlite3'}")
    await migrations.upgrade(made)
    yield made
    await made.dispose()


def identity(engine: AsyncEngine, now: float | None = None, **settings: Any) -> Identity:
    return Identity(engine, load(**settings), now=(lambda: now) if now is not None else time.time)


async def test_only_a_hash_of_a_key_is_stored(engine: AsyncEngine) -> None:
    _, token = await identity(engine).issue("ada", kind="api")
    async with engine.connect() as connection:
        row = (await connection.execute(select(tokens))).mappings().one()
    assert token not in str(dict(row)) and token.startswith(row["prefix"])


async def test_a_key_holds_until_it_expires_and_not_a_moment_longer(engine: AsyncEngine) -> None:
    _, token = await identity(engine, NOW).issue("ada", kind="api", expires_at=int(NOW * 1000) + 1000)
    assert (await identity(engine, NOW + 0.9).authenticate(token, "bearer")).user_id == "ada"
    with pytest.raises(Unauthorized):
        await identity(engine, NOW + 1.0).authenticate(token, "bearer")


async def test_a_login_token_opens_a_browser_and_nothing_else(engine: AsyncEngine) -> None:
    known = identity(engine, login_hours=1)
    token = await known.login_token("local")
    with pytest.raises(Unauthorized):
        await known.authenticate(token, "bearer")
    principal, cookie = await known.exchange(token)
    assert (principal.user_id, principal.tier) == ("local", "enterprise")
    with pytest.raises(Unauthorized):
        await known.exchange(cookie)


async def test_revoking_a_key_revokes_the_browsers_that_it_let_in(engine: AsyncEngine) -> None:
    known = identity(engine)
    token_id, token = await known.issue("ada", kind="api")
    principal, cookie = await known.exchange(token)
    with pytest.raises(NotFound):
        await known.revoke(token_id, user_id="bob")
    await known.revoke(token_id, user_id="ada")
    assert not await known.still_valid(principal)
    for dead in (token, cookie):
        with pytest.raises(Unauthorized):
            await known.authenticate(dead, "cookie")


async def test_unknown_scopes_and_tiers_are_refused_by_name(engine: AsyncEngine) -> None:
    with pytest.raises(Invalid, match="fly"):
        await identity(engine).issue("ada", kind="api", scopes=["fly"])
    with pytest.raises(Invalid, match="gold"):
        await identity(engine).issue("ada", kind="api", tier="gold")


def claims(**changed: Any) -> dict[str, Any]:
    return {
        "sub": "ada",
        "name": "Ada",
        "aud": "collab",
        "iss": "us",
        "exp": int(time.time()) + 60,
        "tier": "premium",
    } | changed


def accepts_jwt(engine: AsyncEngine) -> Identity:
    return identity(engine, jwt_secret=SECRET, jwt_audience="collab", jwt_issuer="us")


async def test_a_jwt_carries_who_and_which_tier(engine: AsyncEngine) -> None:
    principal = await accepts_jwt(engine).authenticate(jwt.encode(claims(), SECRET, "HS256"), "bearer")
    assert (principal.user_id, principal.name, principal.tier, principal.admin) == ("ada", "Ada", "premium", False)


async def test_a_jwt_with_an_actor_is_an_agents_that_acts_for_its_subject(engine: AsyncEngine) -> None:
    token = jwt.encode(claims(act={"sub": "fixer", "name": "Fixer"}), SECRET, "HS256")
    principal = await accepts_jwt(engine).authenticate(token, "bearer")
    actor = principal.actor()
    assert (principal.user_id, principal.program, actor.kind) == ("ada", True, "agent")
    assert (actor.id, actor.name, actor.on_behalf_of) == ("agent:fixer@ada", "Fixer", "ada")
    with pytest.raises(Forbidden):
        await identity(engine).require_unbound(principal)
    with pytest.raises(Invalid):
        await identity(engine).issue("agent:fixer@ada", kind="api")


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(claims(exp=int(time.time()) - 60), SECRET, "HS256"),
        jwt.encode(claims(nbf=int(time.time()) + 600), SECRET, "HS256"),
        jwt.encode(claims(aud="another"), SECRET, "HS256"),
        jwt.encode(claims(iss="another"), SECRET, "HS256"),
        jwt.encode(claims(sub=""), SECRET, "HS256"),
        jwt.encode(claims(tier="gold"), SECRET, "HS256"),
        jwt.encode({key: value for key, value in claims().items() if key != "exp"}, SECRET, "HS256"),
        jwt.encode(claims(), "another secret of more than thirty-two bytes", "HS256"),
        jwt.encode(claims(), SECRET * 2, "HS512"),
        jwt.encode(claims(sub="agent:Fixer@bob"), SECRET, "HS256"),
        jwt.encode(claims(act="fixer"), SECRET, "HS256"),
        jwt.encode(claims(act={"sub": ""}), SECRET, "HS256"),
        jwt.encode(claims(), "", "none"),
        "a.b.c",
        "..",
    ],
)
async def test_every_other_jwt_gets_the_one_answer(engine: AsyncEngine, token: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        await accepts_jwt(engine).authenticate(token, "bearer")
    assert str(refused.value) == str(Unauthorized())


async def test_no_jwt_is_accepted_unless_a_secret_is_set(engine: AsyncEngine) -> None:
    with pytest.raises(Unauthorized):
        await identity(engine).authenticate(jwt.encode(claims(), SECRET, "HS256"), "bearer")
