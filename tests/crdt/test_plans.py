"""Random plans on two or three nodes with partitions and kills: all replicas end alike, and equal to what was typed."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest

from crdt import saving
from crdt.bus import OnMessage, OnReset, Subscription
from crdt.log import Log
from crdt.model import Limits
from crdt.protocol import parse_state_vector
from crdt.room import Room
from crdt.rooms import Rooms
from tests.crdt.clients import Client, person, settle, store
from tests.support.plans import Plan, Typed, chosen, kept_if_it_fails, seeds

STEPS = 120


class Net:
    """What lies between the nodes."""

    def __init__(self) -> None:
        self.buses: set[NetBus] = set()
        self.cut_off: set[int] = set()


class NetBus:
    """A bus as Redis is one: who is cut off hears nothing, and is told when it is back."""

    lag_s = 0.0
    queued_bytes = 0
    dropped_messages = 0

    def __init__(self, net: Net, number: int) -> None:
        self.net = net
        self.number = number
        self.topics: dict[str, list[NetSubscription]] = {}

    async def start(self) -> None:
        self.net.buses.add(self)

    async def close(self) -> None:
        self.net.buses.discard(self)

    @property
    def connected(self) -> bool:
        return self.number not in self.net.cut_off

    async def subscribe(self, topic: str, on_message: OnMessage, on_reset: OnReset) -> Subscription:
        subscription = NetSubscription(self, topic, on_message, on_reset)
        self.topics.setdefault(topic, []).append(subscription)
        return subscription

    def publish(self, topic: str, message: bytes, sender: Subscription | None = None) -> None:
        if not self.connected or self not in self.net.buses:
            return
        for bus in self.net.buses:
            if bus is not self and bus.connected:
                for subscription in bus.topics.get(topic, ()):
                    asyncio.get_running_loop().call_soon(subscription.on_message, message)

    def reaches(self, topic: str, sender: Subscription | None) -> bool:
        return True

    async def peers(self, topic: str) -> int:
        return sum(len(bus.topics.get(topic, ())) for bus in self.net.buses if bus.connected) if self.connected else 1

    def mend(self) -> None:
        for subscriptions in self.topics.values():
            for subscription in subscriptions:
                subscription.on_reset()


class NetSubscription:
    def __init__(self, bus: NetBus, topic: str, on_message: OnMessage, on_reset: OnReset) -> None:
        self.bus = bus
        self.topic = topic
        self.on_message = on_message
        self.on_reset = on_reset

    def close(self) -> None:
        if self in self.bus.topics.get(self.topic, ()):
            self.bus.topics[self.topic].remove(self)


class World:
    """Nodes over one store, and clients that connect to them."""

    def __init__(self, plan: Plan, path: Path) -> None:
        self.plan = plan
        self.path = path
        self.net = Net()
        self.nodes: list[tuple[Rooms, Room, Log]] = []
        self.clients = [Client(person(f"p{number}")) for number in range(plan.clients)]
        self.typed = Typed()

    async def start(self, make_log: object, number: int) -> tuple[Rooms, Room, Log]:
        log: Log = make_log()  # type: ignore[operator]
        rooms = Rooms(log, NetBus(self.net, number), limits=Limits(peer_wait_s=0.02))
        await rooms.start()
        return rooms, await rooms.open("s"), log

    async def kill(self, number: int) -> None:
        """As kill -9 does: what was not committed is gone, nobody is told, sockets break."""
        rooms, room, log = self.nodes[number]
        for client in self.clients:
            if client.room is room:
                client.online, client.room, client.member = False, None, None
        await rooms._bus.close()
        # A commit that is under way may still succeed, and nobody hears of it; what waits behind it is lost.
        log._queue.clear()
        await log.flush()
        for task in (rooms._ticker, log._task):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def reconnect(self, client: Client, number: int) -> None:
        if client.room is not None:
            client.disconnect()
        client.connect(self.nodes[number][1])

    async def turn(self) -> None:
        """Lets the loop deliver what is under way, answers to answers included."""
        for _ in range(8):
            await asyncio.sleep(0)

    def text(self, client: Client) -> str:
        return str(client.text("f")) if "f" in client.texts_now() else ""

    async def do(self, make_log: object, step: dict[str, object]) -> None:
        client, number = self.clients[int(str(step["who"]))], int(str(step["where"]))
        share, count = float(str(step["share"])), int(str(step["count"]))
        match step["do"]:
            case "type" if "f" in client.texts_now():
                at = int(share * (len(self.text(client)) + 1))
                client.text("f").insert(len(self.text(client)[:at].encode()), self.typed.fresh(count))
            case "delete" if self.text(client):
                text = self.text(client)
                at = int(share * len(text))
                gone = text[at : at + count]
                byte = len(text[:at].encode())
                del client.text("f")[byte : byte + len(gone.encode())]
                self.typed.deleted.update(gone)
            case "deliver":
                settle(*self.clients)
                await self.turn()
            case "save":
                room = self.nodes[number][1]
                await room.saved(room.version)
            case "leave" if client.room is not None:
                client.disconnect()
            case "join" if client.room is None or share < 0.3:
                self.reconnect(client, number)
            case "cut":
                self.net.cut_off.add(number)
            case "mend" if number in self.net.cut_off:
                self.mend(number)
            case "kill":
                await self.kill(number)
                self.nodes[number] = await self.start(make_log, number)
            case "ask":
                self.nodes[number][1].neighbours.ask()

    def mend(self, number: int) -> None:
        self.net.cut_off.discard(number)
        for bus in self.net.buses:
            if bus.number == number:
                bus.mend()


async def carry_out(plan: Plan, folder: Path) -> None:
    done: list[int] = []
    with tempfile.TemporaryDirectory(dir=folder) as path:
        await _carry_out(plan, Path(path), done)


async def _carry_out(plan: Plan, path: Path, done: list[int]) -> None:
    async with store(path) as make_log:
        world = World(plan, path)
        with kept_if_it_fails(plan, done):
            world.nodes = [await world.start(make_log, number) for number in range(plan.nodes)]
            first = world.nodes[0][1]
            first.create_file(person("host"), "f.txt", "", file_id="f")
            await first.saved(first.version)
            await world.turn()
            for number, client in enumerate(world.clients):
                world.reconnect(client, number % plan.nodes)
            settle(*world.clients)
            for number, step in enumerate(plan.steps):
                done.append(number)
                await world.do(make_log, step)
            for number in sorted(world.net.cut_off):
                world.mend(number)
            for number, client in enumerate(world.clients):
                world.reconnect(client, number % plan.nodes)
            # Whatever was lost on the way is asked for: once by each, and what the answers bring goes on.
            for _ in range(3):
                settle(*world.clients)
                await world.turn()
                for _, room, _ in world.nodes:
                    room.neighbours.ask()
                await world.turn()
            settle(*world.clients)
            world.typed.check(world.text(world.clients[0]))
            vectors = [parse_state_vector(client.doc.get_state(), 10**6) for client in world.clients]
            vectors += [parse_state_vector(room.state_vector(), 10**6) for _, room, _ in world.nodes]
            assert all(vector == vectors[0] for vector in vectors)
            texts = {world.text(client) for client in world.clients}
            texts |= {room.file("f").content for _, room, _ in world.nodes}
            assert len(texts) == 1
            for _, room, _ in world.nodes:
                await room.saved(room.version)
            for rooms, _, _ in world.nodes:
                await rooms.close()
            # And so does what is on disk.
            rooms, room, _ = await world.start(make_log, 9)
            assert room.quarantined is None and {room.file("f").content} == texts
            await rooms.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes take over from each other in no time, needed or not: what is saved twice must be harmless."""
    monkeypatch.setattr(saving, "TAKE_OVER_S", 0.02)


async def test_nodes_and_clients_end_with_what_was_typed_whatever_breaks(tmp_path: Path) -> None:
    for seed in seeds(10, "PLANS"):
        await carry_out(chosen(seed, STEPS), tmp_path)


@pytest.mark.soak
async def test_ten_thousand_plans_end_with_what_was_typed(tmp_path: Path) -> None:
    for seed in seeds(10_000, "SOAK_PLANS"):
        await carry_out(chosen(seed, STEPS), tmp_path)
