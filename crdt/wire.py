"""What the rooms of one session on several nodes say to each other, as bytes.
Who says it, when, and over which bus, is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from crdt.model import Actor
from crdt.protocol import read_bytes, read_varint, write_bytes, write_varint

UPDATE, AWARENESS, HELLO, DIFF, EVENT, BYE, SAVED, SEAL, SEALED, UNSEAL = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
TO_ALL = b""


@dataclass(frozen=True, slots=True)
class BusMessage:
    """`payload` is an update, an awareness payload, a state vector, JSON or the name of a seal, by `kind`."""

    kind: int
    node: bytes
    to: bytes
    version: int
    actor: bytes
    payload: bytes
    # Of an update that is an undo: what it took back, as its row in the log says.
    undoes: bytes | None = None


def encode(
    kind: int,
    node: bytes,
    payload: bytes,
    *,
    to: bytes = TO_ALL,
    version: int = 0,
    actor: bytes = b"",
    undoes: bytes | None = None,
) -> bytes:
    return b"".join(
        (
            write_varint(kind),
            write_bytes(node),
            write_bytes(to),
            write_varint(version),
            write_bytes(actor),
            write_bytes(payload),
            # What most have not is left out: nodes of the version before read what stands before it.
            b"" if undoes is None else write_bytes(undoes),
        )
    )


def decode(message: bytes) -> BusMessage | None:
    """None for what this version does not understand: nodes of two versions may run side by side."""
    try:
        kind, at = read_varint(message, 0)
        node, at = read_bytes(message, at)
        to, at = read_bytes(message, at)
        version, at = read_varint(message, at)
        actor, at = read_bytes(message, at)
        payload, at = read_bytes(message, at)
        undoes = read_bytes(message, at)[0] if at < len(message) else None
    except Exception:
        return None
    return BusMessage(kind, node, to, version, actor, payload, undoes)


def encode_actor(actor: Actor) -> bytes:
    # What most have not is left out: nodes of the version before read five fields.
    behalf = [] if actor.on_behalf_of is None else [actor.on_behalf_of]
    return orjson.dumps([actor.id, actor.name, actor.kind, actor.color, actor.color_light, *behalf])


def decode_actor(raw: bytes) -> Actor:
    actor_id, name, kind, color, color_light, *behalf = orjson.loads(raw)
    return Actor(actor_id, name, kind, color, color_light, *behalf[:1])
