"""Who is in a room: the port to a connection, and the room's own notes about it.
What is sent to a member, and when, is decided by the room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from crdt.model import Actor, FrameError


class Peer(Protocol):
    """What the transport gives the room: one per connection. None of these blocks or raises.

    A peer that can take no more for now has the room told by `Room.stall`, and by `Room.resume` when it can again."""

    @property
    def actor(self) -> Actor: ...
    @property
    def may_edit(self) -> bool: ...
    @property
    def wants_text(self) -> bool: ...
    def send_binary(self, frame: bytes) -> None: ...
    def send_text(self, frame: str) -> None: ...
    def close(self, code: int, reason: str) -> None: ...
    def refused(self) -> None:
        """It sent a change that it may not make, which was not taken."""


# How one frame reaches many peers but one; a transport may know a quicker way than one after the other.
Broadcast: TypeAlias = Callable[[Sequence[Peer], bytes, Peer | None], None]


def one_by_one(peers: Sequence[Peer], frame: bytes, but: Peer | None) -> None:
    """What a transport without a way of its own does."""
    for peer in peers:
        if peer is not but:
            peer.send_binary(frame)


class Member:
    """A connection's place in a room."""

    __slots__ = ("client_id", "fault", "id", "peer", "stalled", "wants_text")

    def __init__(self, member_id: str, peer: Peer) -> None:
        self.id = member_id
        self.peer = peer
        self.wants_text = peer.wants_text
        self.client_id: int | None = None
        # The state vector it had when it could take no more; None while it keeps up.
        self.stalled: bytes | None = None
        self.fault: FrameError | None = None

    @property
    def actor(self) -> Actor:
        return self.peer.actor
