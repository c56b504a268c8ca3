"""Who is here and what they show: awareness states, bound to the connection that speaks and expiring by `ticks`, which only ever go on.
Sockets, timers and the encoding of frames for other nodes never live here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from crdt.model import Actor, Limits
from crdt.protocol import AwarenessEntry

# A departed client id is remembered so long: stock clients repeat the states of others, even of those who just left.
DEPARTED_S = 60.0
DEPARTED_MAX = 10_000
NULL = b"null"
CLOCK_MAX = 2**31


def named(actor: Actor) -> dict[str, str]:
    """Who did something, in what is told of it."""
    behalf = {} if actor.on_behalf_of is None else {"onBehalfOf": actor.on_behalf_of}
    return {"id": actor.id, "name": actor.name, "kind": actor.kind, **behalf}


def user_of(actor: Actor) -> dict[str, str]:
    """Who is here, as awareness shows them."""
    return named(actor) | {"color": actor.color, "colorLight": actor.color_light}


@dataclass(slots=True)
class _Entry:
    owner: str
    user_id: str
    raw_clock: int  # the client's own count
    clock: int  # what others are told; never falls, even when a client comes back
    state: bytes
    seen_at: float
    lasting: bool  # allocated by the server: lives as long as its connection


class Presence:
    """The awareness states of one session on this node."""

    def __init__(self, limits: Limits, *, ticks: Callable[[], float]) -> None:
        self._limits = limits
        self._ticks = ticks
        self._entries: dict[int, _Entry] = {}
        self._ids: dict[str, set[int]] = {}
        self._departed: dict[int, tuple[int, str, float]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def receive(self, owner: str, actor: Actor, entries: Iterable[AwarenessEntry]) -> list[int]:
        """Takes what a connection says of itself; entries that speak for others are dropped. Returns what changed."""
        changed = []
        own = self._ids.get(owner)
        for entry in entries:
            held = self._entries.get(entry.client_id)
            if held is None:
                if entry.state == NULL or own or not self._may_claim(entry, actor):
                    continue
            elif held.owner != owner:
                # The same user on a newer connection is a reconnect: the old one may be half-open for a while yet.
                if own or held.user_id != actor.id or entry.state == NULL or entry.clock < held.raw_clock:
                    continue
                self._ids[held.owner].discard(entry.client_id)
                held.owner = owner
                held.raw_clock = entry.clock - 1
            elif entry.clock < held.raw_clock or (entry.clock == held.raw_clock and entry.state != NULL):
                continue
            if self._put(owner, actor, entry):
                changed.append(entry.client_id)
                own = self._ids.get(owner)
        return changed

    def _may_claim(self, entry: AwarenessEntry, actor: Actor) -> bool:
        if entry.clock >= CLOCK_MAX or len(self._entries) >= self._limits.presence_entries_max:
            return False
        departed = self._departed.get(entry.client_id)
        return departed is None or departed[1] == actor.id or self._ticks() - departed[2] > DEPARTED_S

    def _put(self, owner: str, actor: Actor, entry: AwarenessEntry) -> bool:
        state = entry.state
        if state == NULL:
            self._remove(entry.client_id)
            return True
        dressed = _dressed(state, actor)
        if dressed is None:
            return False
        held = self._entries.get(entry.client_id)
        if held is None:
            departed = self._departed.pop(entry.client_id, None)
            clock = entry.clock if departed is None else max(entry.clock, departed[0] + 1)
            held = _Entry(owner, actor.id, entry.clock, clock, dressed, self._ticks(), False)
            self._entries[entry.client_id] = held
        else:
            held.clock = max(held.clock + 1, entry.clock)
            held.raw_clock = entry.clock
            held.state = dressed
            held.seen_at = self._ticks()
        self._ids.setdefault(owner, set()).add(entry.client_id)
        return True

    def set(self, owner: str, actor: Actor, client_id: int, state: dict[str, Any]) -> bool:
        """The state of a connection without a client id of its own; `client_id` was allocated by the server."""
        dressed = orjson.dumps({**state, "user": user_of(actor)})
        if len(dressed) > self._limits.awareness_state_bytes_max:
            return False
        held = self._entries.get(client_id)
        if held is None:
            self._entries[client_id] = _Entry(owner, actor.id, 0, 1, dressed, self._ticks(), True)
            self._ids.setdefault(owner, set()).add(client_id)
        else:
            held.clock += 1
            held.state = dressed
            held.seen_at = self._ticks()
        return True

    def merge(self, node: str, entries: Iterable[AwarenessEntry]) -> list[int]:
        """Takes what another node says of its own connections."""
        changed = []
        for entry in entries:
            held = self._entries.get(entry.client_id)
            departed = self._departed.get(entry.client_id)
            if entry.state == NULL:
                if held is not None and held.owner == node:
                    self._remove(entry.client_id)
                    changed.append(entry.client_id)
                continue
            if held is None:
                if departed is not None and entry.clock <= departed[0]:
                    continue
                self._departed.pop(entry.client_id, None)
                self._entries[entry.client_id] = _Entry(
                    node, _user_id(entry.state), entry.clock, entry.clock, entry.state, self._ticks(), False
                )
                self._ids.setdefault(node, set()).add(entry.client_id)
                changed.append(entry.client_id)
                continue
            if entry.clock < held.clock or (held.owner != node and entry.clock == held.clock):
                continue
            if held.owner != node:
                self._ids[held.owner].discard(entry.client_id)
                self._ids.setdefault(node, set()).add(entry.client_id)
                held.owner = node
                held.lasting = False
            held.seen_at = self._ticks()
            if entry.clock > held.clock or entry.state != held.state:
                held.clock = held.raw_clock = entry.clock
                held.state = entry.state
                changed.append(entry.client_id)
        return changed

    def leave(self, owner: str) -> list[int]:
        """The connection (or node) is gone, and all it said with it."""
        gone = [client_id for client_id in self._ids.pop(owner, ()) if client_id in self._entries]
        for client_id in gone:
            self._remove(client_id)
        return gone

    def expire(self) -> list[int]:
        """Drops who was silent for too long; returns their ids."""
        limit = self._ticks() - self._limits.presence_expiry_s
        gone = [key for key, entry in self._entries.items() if not entry.lasting and entry.seen_at < limit]
        for client_id in gone:
            self._remove(client_id)
        return gone

    def refresh(self) -> list[int]:
        """Renews the entries the server speaks for, before others take them for dead."""
        renewed = []
        for client_id, entry in self._entries.items():
            if entry.lasting:
                entry.clock += 1
                renewed.append(client_id)
        return renewed

    def _remove(self, client_id: int) -> None:
        entry = self._entries.pop(client_id)
        ids = self._ids.get(entry.owner)
        if ids is not None:
            ids.discard(client_id)
        self._departed[client_id] = (entry.clock, entry.user_id, self._ticks())
        if len(self._departed) > DEPARTED_MAX:
            del self._departed[next(iter(self._departed))]

    def entries(self, client_ids: Iterable[int] | None = None) -> list[AwarenessEntry]:
        """What to tell others; who is gone is told as null at the clock that was known last."""
        if client_ids is None:
            return [AwarenessEntry(key, entry.clock, entry.state) for key, entry in self._entries.items()]
        told = []
        for client_id in client_ids:
            entry = self._entries.get(client_id)
            if entry is not None:
                told.append(AwarenessEntry(client_id, entry.clock, entry.state))
            elif client_id in self._departed:
                told.append(AwarenessEntry(client_id, self._departed[client_id][0], NULL))
        return told

    def local_ids(self, client_ids: Iterable[int] | None = None, *, node_prefix: str) -> list[int]:
        """The ids that this node itself speaks for; connections of other nodes begin with `node_prefix`."""
        wanted = self._entries if client_ids is None else client_ids
        return [
            key for key in wanted if (held := self._entries.get(key)) is None or not held.owner.startswith(node_prefix)
        ]

    def members(self) -> list[dict[str, Any]]:
        """The states as values."""
        return [orjson.loads(entry.state) for entry in self._entries.values()]

    def members_json(self) -> str:
        """The states with their client ids, for readers of JSON."""
        # Each state is a JSON object of the server's own making, with `user` in it: no need to take it apart.
        states = [b'%b,"clientId":%d}' % (entry.state[:-1], key) for key, entry in self._entries.items()]
        return "[" + b",".join(states).decode() + "]"

    def owners(self, prefix: str) -> list[str]:
        return [owner for owner, ids in self._ids.items() if owner.startswith(prefix) and ids]


def _dressed(state: bytes, actor: Actor) -> bytes | None:
    """The state under the identity of its connection; None for what is no JSON object."""
    try:
        value = orjson.loads(state)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    value["user"] = user_of(actor)
    return orjson.dumps(value)


def _user_id(state: bytes) -> str:
    try:
        return str(orjson.loads(state)["user"]["id"])
    except (ValueError, KeyError, TypeError):
        return ""
