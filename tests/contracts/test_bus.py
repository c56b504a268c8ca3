"""What every bus must do: one suite over the in-process one and Redis, and two nodes converging over each."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pycrdt import Map

from crdt.bus import Bus, LocalBus
from crdt.bus_redis import RedisBus
from crdt.log import Log
from crdt.model import Limits
from crdt.room import Room
from crdt.rooms import Rooms
from tests.crdt.clients import Client, Connection, person, settle, store
from tests.support.redis_server import RedisServer

WAIT_SECONDS = 20
MakeBus = Callable[[], Awaitable[Bus]]


@pytest.fixture(params=["local", "redis"])
async def make_bus(request: pytest.FixtureRequest) -> AsyncIterator[MakeBus]:
    """Each call is another node's bus."""
    made: list[Bus] = []
    shared = LocalBus()
    prefix = uuid.uuid4().hex + ":"

    async def make() -> Bus:
        bus: Bus = shared if request.param == "local" else RedisBus(request.getfixturevalue("redis_url"), prefix=prefix)
        await bus.start()
        made.append(bus)
        return bus

    yield make
    for bus in made:
        await bus.close()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what another node does; fails after a while."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


async def test_every_subscriber_hears_every_message_in_order(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    heard: list[bytes] = []
    other: list[bytes] = []
    await two.subscribe("t", heard.append, lambda: None)
    await two.subscribe("u", other.append, lambda: None)
    for number in range(1_000):
        one.publish("t", b"%d" % number)
    await until(lambda: len(heard) >= 1_000)
    assert heard == [b"%d" % number for number in range(1_000)] and other == []


async def test_messages_are_bytes_of_any_kind_and_size(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    heard: list[bytes] = []
    await two.subscribe("t", heard.append, lambda: None)
    messages = [b"", bytes(range(256)), b"\r\n$5\r\n", b"x" * 3_000_000]
    for message in messages:
        one.publish("t", message)
    await until(lambda: len(heard) >= len(messages))
    assert heard == messages


async def test_a_closed_subscription_hears_nothing_more(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    gone: list[bytes] = []
    here: list[bytes] = []
    subscription = await two.subscribe("t", gone.append, lambda: None)
    await two.subscribe("t", here.append, lambda: None)
    subscription.close()
    one.publish("t", b"m")
    await until(lambda: here == [b"m"])
    assert gone == []


async def test_the_subscriptions_of_a_topic_are_counted(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    assert await one.peers("t") <= 1
    await one.subscribe("t", lambda _: None, lambda: None)
    await two.subscribe("t", lambda _: None, lambda: None)
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


async def test_two_nodes_converge_after_redis_was_away(redis_server: RedisServer, tmp_path: Path) -> None:
    async with store(tmp_path) as make_log:
        buses = [RedisBus(redis_server.url) for _ in range(2)]
        made = [Rooms(make_log(), bus) for bus in buses]
        for rooms in made:
            await rooms.start()
        here, there = await made[0].open("s"), await made[1].open("s")
        here.create_file(person("ann"), "a.txt", "start", file_id="f")
        await until(lambda: same(here, there))
        redis_server.stop()
        await until(lambda: not any(bus.connected for bus in buses))
        # Local editing goes on, and so does saving.
        here.replace_text(person("ann"), "f", "start here")
        there.replace_text(person("bob"), "f", "there start")
        await here.saved(here.version)
        # What was queued is lost as well: only the exchange of state vectors can help.
        for bus in buses:
            bus._outbox.clear()
            bus._outbox_bytes = 0
        late = await asyncio.wait_for(made[0].open("opened while away"), WAIT_SECONDS)
        redis_server.start()
        await until(lambda: same(here, there))
        assert here.file("f").content == "there start here"
        watcher = Connection(person("eve"), wants_text=True)
        (await made[1].open("opened while away")).join(watcher)
        late.announce({"type": "hello"})
        await until(lambda: bool(watcher.events("hello")))
        for rooms in made:
            await rooms.close()


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
