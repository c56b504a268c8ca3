"""What the bus over a Redis Cluster does beyond any bus: it follows slots from server to server, and outlives one that is away."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from collab_server import buses as chosen
from collab_server.settings import Settings
from crdt.bus_cluster import ClusterBus
from crdt.rooms import TOPIC_PREFIX, Rooms
from tests.contracts.test_bus import same, seconds_until, until
from tests.crdt.clients import person, store
from tests.support.patience import PATIENCE_S, SOON_S
from tests.support.redis_server import RedisCluster

PREFIX = f"{uuid.uuid4().hex}:"


@pytest.fixture
async def buses(redis_cluster: RedisCluster) -> AsyncIterator[list[ClusterBus]]:
    made = [ClusterBus(redis_cluster.url, prefix=PREFIX) for _ in range(2)]
    for bus in made:
        await bus.start()
    await until(lambda: all(bus.connected for bus in made))
    yield made
    for bus in made:
        await bus.close()


def owner_of(topic: str) -> tuple[int, int]:
    """The slot, and the number of the server that began with it."""
    slot = key_slot((PREFIX + topic).encode())
    return slot, next(number for number in range(3) if slot < 16_384 * (number + 1) // 3)


async def test_a_topic_goes_on_at_the_server_that_its_slot_moved_to(
    buses: list[ClusterBus], redis_cluster: RedisCluster
) -> None:
    one, two = buses
    heard: list[bytes] = []
    resets: list[int] = []
    others: list[bytes] = []
    topics = {owner_of(name)[1]: name for name in map(str, range(60))}
    await two.subscribe(topics[0], heard.append, lambda: resets.append(1))
    for number in (1, 2):
        await two.subscribe(topics[number], others.append, lambda: None)
    slot, before = owner_of(topics[0])
    assert before == 0 and len(topics) == 3
    one.publish(topics[0], b"before")
    await until(lambda: heard == [b"before"])
    redis_cluster.move(slot, at=0, to=1)
    try:
        # Sent to the server that has the slot no more: refused there, and sent to the other.
        one.publish(topics[0], b"after")
        await until(lambda: bool(resets))
        one.publish(topics[0], b"told")
        await until(lambda: b"told" in heard)
        assert one.dropped_messages == 0
        # What did not move goes on as well.
        for number in (1, 2):
            one.publish(topics[number], b"%d" % number)
        await until(lambda: len(others) == 2)
        assert set(others) == {b"1", b"2"}
        assert await one.peers(topics[0]) == 1
    finally:
        redis_cluster.move(slot, at=1, to=0)
    resets.clear()
    await until(lambda: bool(resets))
    one.publish(topics[0], b"back")
    await until(lambda: heard[-1] == b"back")


async def test_editing_goes_on_without_a_part_of_the_cluster_and_nodes_agree_soon_after_its_return(
    buses: list[ClusterBus], redis_cluster: RedisCluster, tmp_path: Path
) -> None:
    async with store(tmp_path) as make_log:
        made = [Rooms(make_log(), bus) for bus in buses]
        for rooms in made:
            await rooms.start()
        here, there = await made[0].open("s"), await made[1].open("s")
        here.create_file(person("ann"), "a.txt", "start", file_id="f")
        await until(lambda: same(here, there))
        server = redis_cluster.servers[owner_of(TOPIC_PREFIX + "s")[1]]
        server.stop()
        try:
            await until(lambda: not any(bus.connected for bus in buses))
            here.replace_text(person("ann"), "f", "start here")
            there.replace_text(person("bob"), "f", "there start")
            for room in (here, there):
                await room.saved(room.version, PATIENCE_S)
            late = await made[1].open("opened meanwhile")
        finally:
            server.start()
            redis_cluster.wait_until_whole()
        assert await seconds_until(lambda: same(here, there) and all(bus.connected for bus in buses)) < SOON_S
        assert here.file("f").content == "there start here"
        far = await made[0].open("opened meanwhile")
        far.create_file(person("ann"), "b.txt", "x", file_id="b")
        await until(lambda: bool(late.files()))
        for rooms in made:
            await rooms.close()


async def test_who_follows_slots_ends_when_told_though_one_has_just_moved(buses: list[ClusterBus]) -> None:
    bus = buses[0]
    assert bus._follower is not None
    await until(lambda: bool(bus._stale._waiters))
    bus._stale.set()
    bus._follower.cancel()
    ended, _ = await asyncio.wait({bus._follower}, timeout=SOON_S)
    assert ended


async def test_doctor_tells_a_cluster_from_a_server_alone(redis_cluster: RedisCluster, redis_url: str) -> None:
    one_of_them = redis_cluster.servers[0].url
    assert await chosen.fault_of(Settings(redis_url=redis_url)) is None
    assert await chosen.fault_of(Settings(redis_url=redis_cluster.url, redis_cluster=True)) is None
    assert "is a cluster" in (await chosen.fault_of(Settings(redis_url=one_of_them)) or ("",))[0]
    assert (await chosen.fault_of(Settings(redis_url=redis_url, redis_cluster=True)) or ("",))[0] == "is no cluster"
    assert isinstance(chosen.make_bus(Settings(redis_url=redis_cluster.url, redis_cluster=True)), ClusterBus)
