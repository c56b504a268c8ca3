"""Random plans of edits, partitions and reorderings: everyone ends with the same text, and so does a reload."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from crdt.bus import LocalBus
from crdt.model import DocumentError, Limits, TextEdit
from crdt.protocol import parse_state_vector
from crdt.rooms import Rooms
from tests.crdt.clients import Client, node, person, settle, store

PLANS = int(os.environ.get("CRDT_PLANS", "25"))
STEPS = 60
ALPHABET = ("a", "bc", "\n", "é", "😀", "\0", "👩‍💻", "e\u0301", "x" * 40)


def edit(client: Client, rng: random.Random) -> None:
    ids = list(client.texts_now())
    if not ids or rng.random() < 0.08:
        client.make_file(f"{client.actor.name}{rng.randrange(4)}", f"{rng.randrange(3)}.txt", rng.choice(ALPHABET))
        return
    file_id = rng.choice(ids)
    if rng.random() < 0.03:
        del client.files[file_id]
        return
    if rng.random() < 0.05:
        entry = client.files[file_id]
        entry["name"] = f"{rng.randrange(5)}.py"
        return
    text = client.text(file_id)
    now = str(text)
    at = rng.randrange(len(now) + 1)
    byte = len(now[:at].encode())
    if now[at:] and rng.random() < 0.4:
        until = rng.randrange(at, len(now)) + 1
        del text[byte : byte + len(now[at:until].encode())]
    else:
        text.insert(byte, rng.choice(ALPHABET))


@pytest.mark.parametrize("plan", range(PLANS))
async def test_random_plans_converge_and_survive_a_reload(tmp_path: Path, plan: int) -> None:
    seed = int(os.environ.get("CRDT_SEED", random.randrange(2**32)))
    print("seed", seed)  # noqa: T201
    rng = random.Random(seed)
    async with node(tmp_path, limits=Limits(history_changes_max=rng.choice((3, 2_000)))) as rooms:
        room = await rooms.open("s")
        clients = [Client(person(f"p{number}")) for number in range(rng.randrange(2, 6))]
        for client in clients:
            client.connect(room)
        for _ in range(STEPS):
            client = rng.choice(clients)
            action = rng.random()
            if action < 0.55:
                edit(client, rng)
            elif action < 0.65 and client.room is not None:
                client.disconnect()
            elif action < 0.72 and client.room is None:
                client.connect(room)
            elif action < 0.80 and client.room is not None:
                client.send_all()
            elif action < 0.88:
                client.take_all()
            elif action < 0.92 and client.member is not None:
                if client.member.stalled is None:
                    room.stall(client.member)
                else:
                    room.resume(client.member)
            elif action < 0.97 and room.files():
                file = rng.choice(room.files())
                at = rng.randrange(len(file.content) + 1)
                room.edit_text(person("bot"), file.id, room.version, [TextEdit(at, at, "BOT")])
            else:
                room.flush()
        for client in clients:
            if client.room is not None:
                client.disconnect()
            client.connect(room)
        settle(*clients)
        shown = {file.id: file.content for file in room.files()}
        for client in clients:
            assert client.texts_now() == shown
            assert parse_state_vector(client.doc.get_state(), 10**6) == room._document.known.vector
        vector = parse_state_vector(room._document.state_vector(), 10**6)
        names = {file.id: file.name for file in room.files()}
        await room.saved(room.version)
        last = await rooms._log.last_update_id("s")
        version = room.version
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        assert room.quarantined is None and room.version == version
        assert {file.id: file.content for file in room.files()} == shown
        assert {file.id: file.name for file in room.files()} == names
        assert parse_state_vector(room._document.state_vector(), 10**6) == vector
        await rooms.compact("s", last)
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        assert {file.id: file.content for file in room.files()} == shown and room.version == version


@pytest.mark.parametrize("plan", range(5))
async def test_two_nodes_converge_though_the_bus_loses_messages(tmp_path: Path, plan: int) -> None:
    seed = int(os.environ.get("CRDT_SEED", random.randrange(2**32)))
    print("seed", seed)  # noqa: T201
    rng = random.Random(seed)

    class LossyBus(LocalBus):
        lossy = True

        def publish(self, topic: str, message: bytes, sender: object = None) -> None:
            if not self.lossy or rng.random() < 0.5:
                super().publish(topic, message, sender)  # type: ignore[arg-type]

    bus = LossyBus()
    async with store(tmp_path) as make_log:
        nodes = [Rooms(make_log(), bus, limits=Limits(peer_wait_s=0.01)) for _ in range(2)]
        opened = []
        for rooms in nodes:
            await rooms.start()
            opened.append(await rooms.open("s"))
        clients = [Client(person(f"p{number}")) for number in range(4)]
        for number, client in enumerate(clients):
            client.connect(opened[number % 2])
        for _ in range(80):
            edit(rng.choice(clients), rng)
            settle(*clients)
            await rooms_turn()
        bus.lossy = False
        for _ in range(6):
            for room in opened:
                room.neighbours.ask()
            await rooms_turn()
            settle(*clients)
        texts = clients[0].texts_now()
        assert all(client.texts_now() == texts for client in clients)
        for rooms in nodes:
            await rooms.close()
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        assert {file.id: file.content for file in room.files()} == texts


async def rooms_turn() -> None:
    """Lets the loop deliver what the bus holds, answers to answers included."""
    import asyncio

    for _ in range(6):
        await asyncio.sleep(0)


@pytest.mark.parametrize("plan", range(20))
async def test_edits_at_old_versions_never_destroy_what_others_wrote(tmp_path: Path, plan: int) -> None:
    """Three agents edit on whatever version they saw last; followers of file.changed rebuild the same text."""
    rng = random.Random(plan)
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        room.create_file(person("a"), "a.txt", "0123456789😀", file_id="f")
        texts = {room.version: room.file("f").content}
        for number in range(60):
            base = rng.choice(list(texts))
            text = texts[base]
            start = rng.randrange(len(text) + 1)
            end = min(len(text), start + rng.choice((0, 0, 1, 3)))
            mark = f"<{number}é>"
            try:
                room.edit_text(person("a"), "f", base, [TextEdit(start, end, mark)])
            except DocumentError as error:
                raise AssertionError(f"seed {plan}: {error}") from error
            assert mark in room.file("f").content
            texts[room.version] = room.file("f").content
