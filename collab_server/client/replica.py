"""A `pycrdt.Doc` of a session, kept in step over the binary lane: local changes go out, others' come in.

A change is a CRDT update, so sending it again after a lost connection does it once. Needs pycrdt; nothing else here does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pycrdt import (
    Decoder,
    Doc,
    Map,
    TransactionEvent,
    create_sync_message,
    create_update_message,
    handle_sync_message,
    write_message,
)

SYNC, AWARENESS, AUTH = 0, 1, 2
STEP_2 = 1


class Replica:
    """The session connects it (`restore`), hands it frames, and sends what it gives to `send`."""

    def __init__(self, send: Callable[[bytes], None], denied: Callable[[str], None]) -> None:
        self.doc: Doc[Any] = Doc()
        self.doc.get("files", type=Map)
        self.synced = asyncio.Event()
        self._send = send
        self._denied = denied
        self._receiving = False
        self._subscription = self.doc.observe(self._changed)

    def restore(self) -> None:
        """Ask for what is missing here; what is missing there the server asks for by itself."""
        self._send(create_sync_message(self.doc))

    def receive(self, frame: bytes) -> None:
        """Take the messages of a frame."""
        decoder = Decoder(frame)
        while decoder.length > 0:
            kind = decoder.read_var_uint()
            if kind == SYNC:
                step = decoder.read_var_uint()
                self._sync(step, decoder.read_message() or b"")
            elif kind == AWARENESS:
                decoder.read_message()
            elif kind == AUTH:
                decoder.read_var_uint()
                self._denied(decoder.read_var_string())
            else:
                return

    def close(self) -> None:
        """The document stays, on its own."""
        self.doc.unobserve(self._subscription)

    def _sync(self, step: int, body: bytes) -> None:
        self._receiving = True
        try:
            answer = handle_sync_message(bytes((step,)) + write_message(body), self.doc)
        finally:
            self._receiving = False
        if answer is not None:
            self._send(answer)
        if step == STEP_2:
            self.synced.set()

    def _changed(self, event: TransactionEvent) -> None:
        if not self._receiving:
            self._send(create_update_message(event.update))
