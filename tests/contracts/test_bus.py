"""What every bus must do: one suite over the in-process one, Redis and a cluster of it, and two nodes converging over each."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pycrdt import Map
from redis.asyncio import Redis

from crdt.bus import Bus, LocalBus, Subscription
from crdt.bus_cluster import ClusterBus
from crdt.bus_redis import RedisBus
from crdt.log import Log
from crdt.model import Limits, TextEdit
from crdt.room import Room
from crdt.rooms import Rooms
from tests.crdt.clients import Client, person, settle, store
from tests.support.patience import PATIENCE_S, SOON_S
from tests.support.redis_server import RedisServer
from tests.support.tcp_proxy import TcpProxy, proxied

MakeBus = Callable[[], Awaitable[Bus]]


@pytest.fixture(params=["local", "redis", "cluster"])
async def make_bus(request: pytest.FixtureRequest) -> AsyncIterator[MakeBus]:
    """Each call is another node's bus."""
    made: list[Bus] = []
    shared = LocalBus()
    prefix = uuid.uuid4().hex + ":"

    async def make() -> Bus:
        bus: Bus = shared
        if request.param == "redis":
            bus = RedisBus(request.getfixturevalue("redis_url"), prefix=prefix)
        elif request.param == "cluster":
            bus = ClusterBus(request.getfixturevalue("redis_cluster").url, prefix=prefix)
        await bus.start()
        made.append(bus)
        # Who subscribes before gets an answer too, but perhaps before messages flow.
        await until(lambda: bus.connected)
        return bus

    yield make
    for bus in made:
        await bus.close()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what another node does; fails after a while."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def subscribed(bus: Bus, topic: str, heard: list[bytes]) -> Subscription:
    """A subscription that Redis knows of: what was published before it does is heard by nobody."""
    subscription = await bus.subscribe(topic, heard.append, lambda: None)
    if isinstance(bus, RedisBus):
        await until(bus._confirmed[bus._prefix + topic].is_set)
    return subscription


async def test_a_bus_is_closed_at_any_moment_of_its_connecting(redis_url: str) -> None:
    for moment in range(20):
        bus = RedisBus(redis_url)
        await bus.start()
        for _ in range(moment):
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_S):
            await bus.close()


async def test_every_subscriber_hears_every_message_in_order(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    heard: list[bytes] = []
    other: list[bytes] = []
    await subscribed(two, "t", heard)
    await subscribed(two, "u", other)
    for number in range(1_000):
        one.publish("t", b"%d" % number)
    await until(lambda: len(heard) >= 1_000)
    assert heard == [b"%d" % number for number in range(1_000)] and other == []


async def test_messages_are_bytes_of_any_kind_and_size(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    heard: list[bytes] = []
    await subscribed(two, "t", heard)
    messages = [b"", bytes(range(256)), b"\r\n$5\r\n", b"x" * 3_000_000]
    for message in messages:
        one.publish("t", message)
    await until(lambda: len(heard) >= len(messages))
    assert heard == messages


async def test_a_closed_subscription_hears_nothing_more(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    gone: list[bytes] = []
    here: list[bytes] = []
    subscription = await subscribed(two, "t", gone)
    await subscribed(two, "t", here)
    subscription.close()
    one.publish("t", b"m")
    await until(lambda: here == [b"m"])
    assert gone == []


async def test_the_subscriptions_of_a_topic_are_counted(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    assert await one.peers("t") <= 1
    await subscribed(one, "t", [])
    await subscribed(two, "t", [])
    assert await one.peers("t") == 2


class Nodes:
    """Two nodes over one store."""

    def __init__(self, first: Rooms, second: Rooms) -> None:
        self.first = first
        self.second = second


@pytest.fixture
async def nodes(make_bus: MakeBus, tmp_path: Path) -> AsyncIterator[Nodes]:
    async with store(tmp_path) as make_log:
        made = [Rooms(make_log(), await make_bus(), limits=Limits(presence_text_window_s=0.01)) for _ in range(2)]
        for rooms in made:
            await rooms.start()
        yield Nodes(*made)
        for rooms in made:
            await rooms.close()


def same(*rooms: Room) -> bool:
    texts = []
    for room in rooms:
        room.flush()
        texts.append({file.id: file.content for file in room.files()})
    return all(text == texts[0] for text in texts)


async def test_two_nodes_show_the_same_text_people_and_events(nodes: Nodes) -> None:
    here, there = await nodes.first.open("s"), await nodes.second.open("s")
    ann, bob = Client(person("ann"), wants_text=True), Client(person("bob"), wants_text=True)
    ann.connect(here)
    bob.connect(there)
    settle(ann, bob)
    ann.make_file("f", "a.txt", "one 😀")
    settle(ann, bob)
    await until(lambda: settle(ann, bob) and "f" in bob.files)
    for number in range(50):
        ann.text("f").insert(0, f"a{number}")
        bob.text("f").insert(0, f"b{number}")
        settle(ann, bob)
    await until(lambda: settle(ann, bob) and ann.texts_now() == bob.texts_now() and same(here, there))
    ann.show({"cursor": 1})
    await until(lambda: settle(ann, bob) and ann.doc.client_id in bob.states)
    shown = bob.states[ann.doc.client_id]
    assert shown is not None and shown["user"]["name"] == "ann"
    assert {actor.name for actor in there.members()} == {"ann", "bob"}
    here.announce({"type": "execution.output", "text": "hi \ud800"})
    await until(lambda: bool(bob.events("execution.output")) and bool(ann.events("execution.output")))
    assert bob.events("file.changed")[0]["actor"]["name"] == "ann"
    ann.disconnect()
    await until(lambda: settle(bob) and bob.states[bob_seen(ann)] is None)


def bob_seen(ann: Client) -> int:
    return int(ann.doc.client_id)


async def test_a_node_that_opens_a_room_late_sees_what_is_not_saved_yet(nodes: Nodes) -> None:
    here = await nodes.first.open("s")
    here.create_file(person("ann"), "a.txt", "fresh", file_id="f")
    there = await nodes.second.open("s")
    assert there.file("f").content == "fresh"


async def test_only_the_node_of_a_change_saves_it(nodes: Nodes) -> None:
    here, there = await nodes.first.open("s"), await nodes.second.open("s")
    here.create_file(person("ann"), "a.txt", "x", file_id="f")
    await until(lambda: same(here, there) and bool(there.files()))
    await here.saved(here.version)
    log: Log = nodes.first._log
    assert len((await log.load("s")).rows) == 1
    assert there.version == here.version == 1


@asynccontextmanager
async def two_nodes_behind_a_proxy(
    redis_port: int, path: Path, *, first_only: bool = False
) -> AsyncIterator[tuple[TcpProxy, list[Rooms]]]:
    """Each on a bus of its own, both over one connection that can be cut; or the second one straight to Redis."""
    async with store(path) as make_log, proxied(redis_port) as proxy:
        ports = (proxy.port, redis_port if first_only else proxy.port)
        made = [Rooms(make_log(), RedisBus(f"redis://127.0.0.1:{port}/0")) for port in ports]
        for rooms in made:
            await rooms.start()
        yield proxy, made
        for rooms in made:
            await rooms.close()


async def seconds_until(condition: Callable[[], bool]) -> float:
    began = asyncio.get_running_loop().time()
    await until(condition)
    return asyncio.get_running_loop().time() - began


@pytest.mark.parametrize(
    ("fault", "away_s"),
    [
        ("cut", 1.0),
        ("partitioned", 4.0),
        pytest.param("cut", 60.0, marks=pytest.mark.soak),
        pytest.param("stalled", 60.0, marks=pytest.mark.soak),
    ],
)
async def test_editing_goes_on_without_redis_and_nodes_agree_within_five_seconds_of_its_return(
    redis_server: RedisServer, tmp_path: Path, fault: str, away_s: float
) -> None:
    partitioned = fault == "partitioned"
    async with two_nodes_behind_a_proxy(redis_server.port, tmp_path, first_only=partitioned) as (proxy, made):
        here, there = await made[0].open("s"), await made[1].open("s")
        ann, bob, cy = (Client(person(name), wants_text=True) for name in ("ann", "bob", "cy"))
        for client, room in ((ann, here), (bob, here), (cy, there)):
            client.connect(room)
        settle(ann, bob, cy)
        ann.make_file("f", "a.txt", "")
        await until(lambda: settle(ann, bob, cy) and same(here, there))
        # The sockets may close at once or say nothing for ever; either way typing goes on, is seen and is saved.
        await (proxy.cut() if fault == "cut" else asyncio.to_thread(proxy.stall))
        ends = asyncio.get_running_loop().time() + away_s
        while asyncio.get_running_loop().time() < ends:
            ann.text("f").insert(0, "a")
            settle(ann, bob)
            cy.text("f").insert(0, "c")
            settle(cy)
            assert bob.texts_now() == ann.texts_now()
            await here.saved(here.version, PATIENCE_S)
            await asyncio.sleep(0.02)
        async with asyncio.timeout(PATIENCE_S):
            late = await made[1].open("opened meanwhile")
        await proxy.mend()
        assert await seconds_until(lambda: settle(ann, bob, cy) and same(here, there)) < SOON_S
        assert len(here.file("f").content) == len(str(ann.text("f")))
        assert set(here.file("f").content) == {"a", "c"}
        cy.show({"cursor": 1})
        await until(lambda: {actor.name for actor in here.members()} == {"ann", "bob", "cy"})
        # What was opened meanwhile hears of the others as well.
        far = await made[0].open("opened meanwhile")
        far.create_file(person("ann"), "b.txt", "x", file_id="b")
        await until(lambda: bool(late.files()))


async def test_nodes_agree_after_redis_forgot_everything_and_lost_what_was_queued(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    async with two_nodes_behind_a_proxy(redis_server.port, tmp_path) as (_, made):
        here, there = await made[0].open("s"), await made[1].open("s")
        here.create_file(person("ann"), "a.txt", "start", file_id="f")
        await until(lambda: same(here, there))
        redis_server.stop()
        await until(lambda: not any(rooms._bus.connected for rooms in made))
        here.replace_text(person("ann"), "f", "start here")
        there.replace_text(person("bob"), "f", "there start")
        # Only the exchange of state vectors can help.
        for rooms in made:
            assert isinstance(rooms._bus, RedisBus)
            rooms._bus._outbox.clear()
            rooms._bus._outbox_bytes = 0
        redis_server.start()
        assert await seconds_until(lambda: same(here, there)) < SOON_S
        assert here.file("f").content == "there start here"


async def test_a_slow_redis_that_evicts_and_throws_clients_out_delays_and_loses_nothing(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    async with two_nodes_behind_a_proxy(redis_server.port, tmp_path) as (proxy, made):
        here, there = await made[0].open("s"), await made[1].open("s")
        here.create_file(person("ann"), "a.txt", "", file_id="f")
        await until(lambda: same(here, there))
        proxy.delay_s = 0.3
        async with Redis.from_url(redis_server.url) as operator:
            await operator.config_set("maxmemory", "2mb")
            await operator.config_set("maxmemory-policy", "allkeys-lru")
            for number in range(40):
                for side, room in (("h", here), ("t", there)):
                    room.edit_text(person("ann"), "f", room.version, [TextEdit(0, 0, f"<{side}{number}>")])
                # Others fill it to the brim.
                await operator.set(f"k{number}", bytes(100_000))
                await asyncio.sleep(0.02)
                if number % 10 == 5:
                    # As a server does whose output buffers are full.
                    await operator.client_kill_filter(_type="pubsub")
            assert int((await operator.info("stats"))["evicted_keys"]) > 0
        assert await seconds_until(lambda: same(here, there)) < SOON_S
        text = here.file("f").content
        assert all(text.count(f"<{side}{number}>") == 1 for number in range(40) for side in "ht"), text


async def test_files_made_on_both_sides_of_a_partition_are_all_kept(nodes: Nodes) -> None:
    here, there = await nodes.first.open("s"), await nodes.second.open("s")
    one, two = Client(person("ann")), Client(person("bob"))
    one.connect(here)
    two.connect(there)
    settle(one, two)
    one.make_file("f1", "main.py", "1")
    two.make_file("f2", "main.py", "2")
    settle(one, two)
    await until(lambda: same(here, there) and len(here.files()) == 2)
    assert [file.name for file in here.files()] == [file.name for file in there.files()]
    assert isinstance(one.files["f1"], Map)
