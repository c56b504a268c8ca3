"""What every store must do for kept environments: one suite over SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from executor import environments
from executor.environments import EnvironmentLimits, Environments, Lease, NotKept, pack
from executor.tables import metadata
from tests.support.stores import filled_with

CONTENTS = {"variables": [{"name": "x", "type": "int", "repr": "1"}], "files": [{"name": "a.txt", "size": 3}]}


@pytest.fixture
async def engine(either_database: str) -> AsyncIterator[AsyncEngine]:
    async with filled_with(metadata, either_database) as made:
        yield made


class Clock:
    now = 1_000_000.0


@pytest.fixture
def store(engine: AsyncEngine) -> Environments:
    return Environments(engine, EnvironmentLimits(per_session_max=2, stored_bytes_max=4096), now=lambda: Clock.now)


async def leased(store: Environments, holder: str, language: str = "python", session_id: str = "s") -> Lease:
    lease = await store.lease(session_id, language, holder, 1)
    assert lease is not None
    return lease


async def keep(store: Environments, lease: Lease, state: bytes) -> int:
    return await store.keep(lease, state, pack(state), CONTENTS, "ada", "Ada")


async def test_what_a_run_keeps_is_what_the_next_one_gets(store: Environments) -> None:
    first = await leased(store, "x1")
    assert first.state is None and await store.listed("s") == []
    assert await keep(store, first, b"\0\xff state") == 1
    second = await leased(store, "x2")
    assert (second.state, second.generation) == (b"\0\xff state", 1)
    (shown,) = await store.listed("s")
    assert (shown.generation, shown.raw_bytes, shown.execution_id, shown.actor_id) == (1, 8, "x1", "ada")
    assert (await store.get("s", "python")) == shown and shown.contents == CONTENTS
    assert await store.get("s", "ruby") is None and await store.listed("other") == []


async def test_one_run_at_a_time_has_it_and_a_run_that_keeps_nothing_leaves_what_was(store: Environments) -> None:
    await keep(store, await leased(store, "x1"), b"one")
    await leased(store, "x2")
    assert await store.lease("s", "python", "x3", 1) is None
    assert (await leased(store, "x4", "ruby")).state is None  # another language is another environment
    await store.release("x2")
    assert (await leased(store, "x3")).state == b"one"
    await store.release("x4")
    assert [found.language for found in await store.listed("s")] == ["python"]


async def test_many_runs_at_once_each_add_theirs_and_none_is_lost(store: Environments) -> None:
    async def add(name: str) -> None:
        while (lease := await store.lease("s", "python", name, 10)) is None:
            await asyncio.sleep(0.005)
        await keep(store, lease, (lease.state or b"") + name.encode())

    await asyncio.gather(*(add(f"x{number}") for number in range(8)))
    found = await leased(store, "last")
    assert found.generation == 8 and found.state is not None
    assert sorted(found.state.decode().split("x")) == ["", *(str(number) for number in range(8))]


async def test_a_holder_that_died_is_overtaken_and_can_store_nothing_any_more(store: Environments) -> None:
    dead = await leased(store, "x1")
    Clock.now += 1 + EnvironmentLimits.lease_slack_s + 1
    await keep(store, await leased(store, "x2"), b"two")
    with pytest.raises(NotKept):
        await keep(store, dead, b"one")
    await store.release("x1")
    assert (await leased(store, "x3")).state == b"two"


async def test_a_reset_forgets_it_also_for_the_run_that_goes_on(store: Environments, engine: AsyncEngine) -> None:
    await keep(store, await leased(store, "x1"), b"one")
    await keep(store, await leased(store, "x1", "sql"), b"one")
    running = await leased(store, "x2")
    async with engine.begin() as connection:
        assert await environments.reset(connection, "s", "python") == ["python"]
    with pytest.raises(NotKept):
        await keep(store, running, b"two")
    assert [found.language for found in await store.listed("s")] == ["sql"]
    async with engine.begin() as connection:
        assert await environments.reset(connection, "s") == ["sql"]
    assert await store.listed("s") == []


async def test_a_copy_goes_its_own_way(store: Environments, engine: AsyncEngine) -> None:
    await keep(store, await leased(store, "x1"), b"one")
    await leased(store, "x2")
    async with engine.begin() as connection:
        assert await environments.copy(connection, "s", "fork") == 1
    lease = await leased(store, "x3", session_id="fork")  # the lease on the original is not copied
    assert lease.state == b"one"
    await keep(store, lease, b"changed")
    assert (await leased(store, "x4", "sql")).state is None
    await store.release("x2")
    assert (await leased(store, "x5")).state == b"one"


async def test_limits_are_told_and_leave_what_was(store: Environments) -> None:
    await keep(store, await leased(store, "x1"), b"one")
    second = await leased(store, "x2")
    with pytest.raises(NotKept, match="4096"):
        await store.keep(second, b"", bytes(4097), CONTENTS, "ada", "Ada")
    await store.release("x2")
    assert (await leased(store, "x3")).state == b"one"
    await leased(store, "x4", "sql")
    with pytest.raises(NotKept, match="at most 2"):
        await store.lease("s", "ruby", "x5", 1)
