"""The members of a room on this node, and how a frame reaches all of them but those who cannot keep up.
What is said, and what somebody who fell behind gets later, is the room's."""

from __future__ import annotations

from collections.abc import Iterator

from crdt.members import Broadcast, Member, Peer
from crdt.meter import Meter


class Audience:
    """Lists are replaced, never changed: a peer may fall behind while a frame is on its way through them."""

    def __init__(self, broadcast: Broadcast, meter: Meter) -> None:
        self._broadcast = broadcast
        self._meter = meter
        self._members: dict[str, Member] = {}
        # Who keeps up: all of them, and those of them who read text.
        self._peers: list[Peer] = []
        self._readers: list[Peer] = []

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def __contains__(self, member: Member) -> bool:
        return self._members.get(member.id) is member

    @property
    def reads(self) -> bool:
        """Whether anybody hears what is told in text."""
        return bool(self._readers)

    def add(self, member: Member) -> None:
        self._members[member.id] = member
        self._listen(member.peer)

    def remove(self, member: Member) -> None:
        if self._members.pop(member.id, None) is not None:
            self._ignore(member.peer)

    def stall(self, member: Member, state_vector: bytes) -> None:
        if member in self and member.stalled is None:
            member.stalled = state_vector
            self._ignore(member.peer)

    def resume(self, member: Member) -> None:
        if member in self and member.stalled is not None:
            member.stalled = None
            self._listen(member.peer)

    def _listen(self, peer: Peer) -> None:
        self._peers = [*self._peers, peer]
        if peer.wants_text:
            self._readers = [*self._readers, peer]

    def _ignore(self, peer: Peer) -> None:
        self._peers = [other for other in self._peers if other is not peer]
        if peer.wants_text:
            self._readers = [other for other in self._readers if other is not peer]

    def tell(self, frame: bytes, but: Member | None = None) -> None:
        peers = self._peers
        self._meter.frames_sent += len(peers)
        if but is None:
            self._broadcast(peers, frame, None)
        else:
            self._meter.frames_sent -= but.stalled is None
            self._broadcast(peers, frame, but.peer)

    def tell_text(self, frame: str) -> None:
        for peer in self._readers:
            peer.send_text(frame)

    def announce(self, frame: str) -> None:
        """Events have no difference to send later, so a slow reader gets them too; its transport bounds the queue."""
        for member in self._members.values():
            if member.wants_text:
                member.peer.send_text(frame)
