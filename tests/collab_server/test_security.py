"""Promises about what guards the door: guesses are bounded by address, and a flood of refusals stays small on record."""

from __future__ import annotations

import time
from pathlib import Path

import jwt
import pytest
from sqlalchemy import func, select, update

from collab_server import database
from collab_server.caller import ADDRESS, network
from collab_server.errors import TooMany, Unauthorized
from collab_server.guesses import ADDRESSES_MAX, KNOWN_MAX, Guesses
from collab_server.identity import Identity
from collab_server.security import ROWS_PER_FLUSH_MAX, ROWS_PER_SOURCE_MAX, SecurityLog
from collab_server.settings import Settings
from collab_server.tables import security_events, users
from executor.tables import audit


class Clock:
    """A time that the test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def refused(guesses: Guesses, address: str, token: str = "?") -> float | None:
    """Seconds to wait, None when it may try."""
    try:
        guesses.check(address, token)
    except TooMany as error:
        return float(error.extra["retryAfter"])
    return None


def test_an_address_may_fail_so_often_and_then_as_often_as_the_rate_allows() -> None:
    clock = Clock()
    guesses = Guesses(6, now=clock)
    for _ in range(6):
        assert refused(guesses, "10.0.0.1") is None
        guesses.failed("10.0.0.1")
    assert refused(guesses, "10.0.0.1") == pytest.approx(10)
    assert refused(guesses, "10.0.0.2") is None
    clock.now += 10
    assert refused(guesses, "10.0.0.1") is None
    guesses.failed("10.0.0.1")
    assert refused(guesses, "10.0.0.1") is not None
    clock.now -= 3600
    assert refused(guesses, "10.0.0.1") == pytest.approx(10)
    clock.now += 7200
    assert refused(guesses, "10.0.0.1") is None


def test_a_token_that_held_is_not_held_up_until_it_holds_no_more() -> None:
    guesses = Guesses(1, now=Clock())
    guesses.held("mine")
    guesses.failed("10.0.0.1")
    assert refused(guesses, "10.0.0.1", "mine") is None
    guesses.forget("mine")
    assert refused(guesses, "10.0.0.1", "mine") is not None


def test_memory_stays_bounded_whatever_addresses_and_tokens_come() -> None:
    guesses = Guesses(1, now=Clock())
    for number in range(ADDRESSES_MAX + 500):
        guesses.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    for number in range(KNOWN_MAX + 500):
        guesses.held(str(number))
    assert (len(guesses._left), len(guesses._known)) == (ADDRESSES_MAX, KNOWN_MAX)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_an_address_counts_as_its_network(address: str, counted: str) -> None:
    assert network(address) == counted


async def test_a_flood_of_refusals_is_counted_in_few_rows(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite+aiosqlite:///{tmp_path / 'events.sqlite3'}")
    async with engine.begin() as connection:
        for tables in database.METADATA:
            await connection.run_sync(tables.create_all)
    log = SecurityLog(engine, now=Clock(), node_id="n1")
    ADDRESS.set("10.0.0.1")
    for _ in range(10_000):
        log.note("login_failed", "warning")
    for number in range(10_000):
        log.note("access_refused", "info", actor_id="mallory", subject=f"session-{number}", why="x" * 5000)
    await log.close()
    async with engine.connect() as connection:
        query = select(func.count(), func.sum(security_events.c.count), func.max(func.length(security_events.c.detail)))
        rows, counted, longest = (await connection.execute(query)).one()
        refusals = (await connection.execute(select(audit).where(audit.c.action == "access.refused"))).mappings().all()
    # A row for the failed logins, and the most of one source for mallory: the last of them counts all the rest.
    assert rows == 1 + ROWS_PER_SOURCE_MAX + 1 and counted == 20_000 and longest < 1000
    # What somebody may not do is in the audit's chain too, and no more of it.
    assert len(refusals) == ROWS_PER_SOURCE_MAX + 1
    assert (refusals[0]["actor_id"], refusals[0]["origin"]) == ("mallory", "10.0.0.1")
    newest, *_ = await log.page(limit=1)
    assert (newest["kind"], newest["actorId"], newest["subject"]) == ("access_refused", "mallory", "")
    assert (newest["count"], newest["detail"]) == (10_000 - ROWS_PER_SOURCE_MAX, {"more": True})
    (failed,) = await log.page(kind="login_failed")
    assert (failed["count"], failed["origin"], failed["nodeId"]) == (10_000, "10.0.0.1", "n1")
    await engine.dispose()


async def test_a_flood_of_one_hides_nothing_that_another_did_and_a_failed_write_is_tried_again(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite+aiosqlite:///{tmp_path / 'events.sqlite3'}")
    log = SecurityLog(engine, now=Clock(), node_id="n1")
    ADDRESS.set("10.0.0.1")
    for number in range(1000):
        log.note("access_refused", "info", actor_id="mallory", subject=f"session-{number}")
    log.note("token_revoked", "warning", actor_id="ada", subject="token-1", why="revoked")
    # No table is there yet.
    assert await log._write() == ROWS_PER_SOURCE_MAX + 2
    for number in range(ROWS_PER_FLUSH_MAX):
        log.note("access_refused", "info", actor_id=f"crowd-{number}", subject="session-1")
    async with engine.begin() as connection:
        for tables in database.METADATA:
            await connection.run_sync(tables.create_all)
    await log.close()
    (used,) = await log.page(kind="token_revoked")
    assert (used["actorId"], used["subject"], used["count"]) == ("ada", "token-1", 1)
    assert sum(event["count"] for event in await log.page(actor_id="mallory")) == 1000
    # The crowd alone is bounded: those who found no place are counted.
    (overflow,) = await log.page(kind="overflow")
    assert overflow["count"] == ROWS_PER_SOURCE_MAX + 2
    assert len(await log.page(limit=500)) == ROWS_PER_FLUSH_MAX + 1
    await engine.dispose()


async def test_a_suspension_holds_for_whoever_comes_with_a_jwt(tmp_path: Path) -> None:
    clock = Clock()
    clock.now = time.time()
    settings = Settings(data_dir=tmp_path, jwt_secret="s" * 32, jwt_audience="us")
    engine = database.connect(settings.database)
    for tables in database.METADATA:
        async with engine.begin() as connection:
            await connection.run_sync(tables.create_all)
    identity = Identity(engine, settings, now=clock)
    claims = {"sub": "ada", "aud": "us", "exp": clock.now + 60, "admin": True}
    token = jwt.encode(claims, settings.jwt_secret, algorithm="HS256")
    ada = await identity.authenticate(token, "bearer")
    assert await identity.still_valid(ada) and ada.require_admin() is ada
    async with engine.begin() as connection:
        await connection.execute(update(users).where(users.c.id == "ada").values(suspended=True))
    assert await identity.suspended("ada") and not await identity.still_valid(ada)
    with pytest.raises(Unauthorized):
        await identity.authenticate(token, "bearer")
    await engine.dispose()
