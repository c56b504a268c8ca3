"""Who is there and who is gone, by rows that beat and files that are locked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import database, nodes, places
from collab_server.nodes import Nodes, instance_of, node_of
from collab_server.tables import metadata
from tests.support.patience import PATIENCE_S


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = database.connect(f"sqlite+aiosqlite:///{tmp_path / 'nodes.sqlite3'}")
    async with made.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield made
    await made.dispose()


async def test_a_node_that_falls_silent_is_gone_once_and_one_with_a_wrong_clock_is_not(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "BEAT_S", 0.05)
    monkeypatch.setattr(nodes, "GONE_AFTER_S", 1.0)
    gone: list[str] = []

    async def on_gone(instance: str) -> None:
        gone.append(instance)

    def made(name: str, ahead_s: float) -> Nodes:
        return Nodes(
            engine, now=lambda: time.time() + ahead_s, node_id="same", instance=name, figures=dict, on_gone=on_gone
        )

    watching, ahead, behind, doomed = (
        made(name, by) for name, by in (("watching", 0), ("ahead", 3600), ("behind", -3600), ("doomed", -3600))
    )
    for node in (watching, ahead, behind, doomed):
        await node.start()
    assert await watching.known() == {"watching", "ahead", "behind", "doomed", "same"}
    assert doomed._task is not None
    doomed._task.cancel()
    async with asyncio.timeout(PATIENCE_S):
        while gone.count("doomed") < 3:  # all that are left have seen it; only the first one finds runs to end
            await asyncio.sleep(0.01)
    shown = {node["id"]: node["alive"] for node in await watching.listed()}
    assert shown == {"watching": True, "ahead": True, "behind": True, "doomed": False}
    # After an absence of the database nobody is gone for not having been heard.
    gone.clear()
    watching._changed = {name: (seen, since - 10) for name, (seen, since) in watching._changed.items()}
    watching._looked_at -= 10
    watching._gone = set()
    await watching._look()
    assert gone == []
    for node in (ahead, behind, watching):
        await node.close()
    assert "ahead" not in gone and "watching" not in gone
    assert await watching.known() == {"doomed", "same"}


def test_a_place_is_known_to_be_left_as_soon_as_its_holder_is_dead(tmp_path: Path) -> None:
    first, second = places.take(tmp_path, "first"), places.take(tmp_path, "second")
    assert first.gone == second.gone == []
    assert first._held is not None
    first._held.close()  # as the kernel does when a process dies
    third = places.take(tmp_path, "third")
    assert third.gone == ["first"]
    second.leave()
    assert places.take(tmp_path, "fourth").gone == []


def test_every_process_has_a_name_of_its_own_that_tells_its_node() -> None:
    assert instance_of("here") != instance_of("here")
    assert node_of(instance_of("here")) == "here" and len(instance_of("x" * 64)) <= 64
