"""A room's frame to its many connections: framed once, and written at once to each socket that has nothing else to write.

Who gets what is the room's; what cannot be written at once is the connection's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from collab_server.connection import Connection
from collab_server.volley import Volley
from collab_server.wire import Wire
from collab_server.wire_uvicorn import binary_frame
from crdt.room import Peer

logger = logging.getLogger(__name__)

# For fewer a call each is as quick.
VOLLEY_SOCKETS_MIN = 8


class Fanout:
    """A `crdt.members.Broadcast`, of one event loop."""

    def __init__(self) -> None:
        self._volley: Volley | None = None
        self._possible = True

    def __call__(self, peers: Sequence[Peer], message: bytes, but: Peer | None) -> None:
        """Past the transports, which take several times as long for it. What a socket does not take is its transport's,
        and so is an error, which that meets at its own next step."""
        pieces = binary_frame(message)
        frame = pieces[0] if len(pieces) == 1 else None
        wires: list[Wire] = []
        for peer in peers:
            if peer is but:
                continue
            if frame is not None and type(peer) is Connection and peer.wire.direct >= 0:
                wires.append(peer.wire)
            else:
                peer.send_binary(message)
        if frame is None or not wires:
            return
        took = self._write([wire.direct for wire in wires], frame)
        size = len(frame)
        if took.count(size) != len(took):
            for wire, written in zip(wires, took, strict=True):
                if written < size:
                    wire.send_rest(frame[max(0, written) :])

    def _write(self, sockets: list[int], frame: bytes) -> list[int]:
        if len(sockets) >= VOLLEY_SOCKETS_MIN and self._possible:
            if self._volley is None:
                try:
                    self._volley = Volley()
                except OSError as error:
                    logger.info("sockets are written to one by one: %s", error)
            self._possible = self._volley is not None and not self._volley.broken
            if self._volley is not None and self._possible:
                return self._volley.send(sockets, frame)
        return [_written(number, frame) for number in sockets]


def _written(number: int, frame: bytes) -> int:
    try:
        return os.write(number, frame)
    except OSError:
        return 0
