"""The wire under a connection: the port, and its adapter over any ASGI server's WebSocket.

It moves whole messages and says when its reader is slow; what they mean, and how much may wait, is connection.py's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

# With more than HIGH waiting for its reader a wire is congested, until no more than LOW is left.
HIGH_BYTES = 256 * 1024
LOW_BYTES = 32 * 1024
# What a closing wire may still take to send what is queued and to hear the other side's close.
CLOSE_S = 5.0


class Listener(Protocol):
    """Whom a wire tells what happens. None of these blocks or raises."""

    def received(self, message: bytes | str) -> None: ...

    def unwritable(self) -> None:
        """Congested from now on."""
        ...

    def writable(self) -> None:
        """No longer congested."""
        ...

    def lost(self) -> None:
        """Nothing more comes or goes: closed by the other side, by a fault or by the end of the server."""
        ...


class Wire(Protocol):
    """One accepted WebSocket. Nothing here blocks or raises; what is sent after the end is dropped."""

    congested: bool
    # The number of a socket to which a whole frame may be written as it is, -1 while there is none or something is in front.
    direct: int

    def start(self, listener: Listener) -> None:
        """From now on the listener hears; `send` and `close` work before."""
        ...

    def send(self, message: bytes | str) -> None: ...

    def send_rest(self, rest: bytes) -> None:
        """What `direct` did not take of a frame."""
        ...

    def pause(self) -> None:
        """No further message is handed over until `resume`."""
        ...

    def resume(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        """Close after what was sent; the first reason stays."""
        ...

    async def finish(self) -> None:
        """Close if nobody did, and return when the socket is gone, in CLOSE_S at the most."""
        ...


class AsgiWire:
    """Over Starlette's WebSocket: one task writes, one reads."""

    def __init__(self, websocket: WebSocket) -> None:
        self.congested = False
        self.direct = -1
        self._websocket = websocket
        self._listener: Listener | None = None
        self._queue: deque[bytes | str] = deque()
        self._queue_bytes = 0
        self._wake = asyncio.Event()
        self._readable = asyncio.Event()
        self._readable.set()
        self._closing: tuple[int, str] | None = None
        self._writer = asyncio.create_task(self._write())
        self._reader: asyncio.Task[None] | None = None

    def start(self, listener: Listener) -> None:
        self._listener = listener
        if self.congested:
            listener.unwritable()
        self._reader = asyncio.create_task(self._read(listener))

    def send(self, message: bytes | str) -> None:
        if self._closing is not None:
            return
        self._queue.append(message)
        self._queue_bytes += len(message)
        self._wake.set()
        if self._queue_bytes > HIGH_BYTES and not self.congested:
            self.congested = True
            if self._listener is not None:
                self._listener.unwritable()

    def send_rest(self, rest: bytes) -> None:
        raise AssertionError("this wire is never written to directly")

    def pause(self) -> None:
        self._readable.clear()

    def resume(self) -> None:
        self._readable.set()

    def close(self, code: int, reason: str) -> None:
        if self._closing is None:
            self._closing = (code, reason)
            self._wake.set()

    async def finish(self) -> None:
        self.close(1000, "")
        await asyncio.wait({self._writer}, timeout=CLOSE_S)
        tasks = [task for task in (self._writer, self._reader) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    message = self._queue.popleft()
                    if isinstance(message, bytes):
                        await self._websocket.send_bytes(message)
                    else:
                        await self._websocket.send_text(message)
                    self._queue_bytes -= len(message)
                    if self.congested and self._queue_bytes <= LOW_BYTES:
                        self.congested = False
                        if self._listener is not None:
                            self._listener.writable()
                if self._closing is not None:
                    if self._websocket.application_state is not WebSocketState.DISCONNECTED:
                        await self._websocket.close(*self._closing)
                    return
        except (WebSocketDisconnect, RuntimeError):
            # The server says so in either way when the other side is gone.
            if self._listener is not None:
                self._listener.lost()

    async def _read(self, listener: Listener) -> None:
        while True:
            await self._readable.wait()
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                self._closing = self._closing or (1005, "")
                self._writer.cancel()
                listener.lost()
                return
            binary = message.get("bytes")
            listener.received(message["text"] if binary is None else binary)
