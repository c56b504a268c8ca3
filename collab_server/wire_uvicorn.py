"""The fast wire: uvicorn answers the handshake, the application decides, then the transport itself is taken over.

A message is framed once for all its readers and goes to each transport without a task or a queue in between.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable
from typing import Any, cast

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from collab_server.errors import CLOSE_OVERLOADED
from collab_server.frames import Fault, FrameReader, Opcode, encode, encode_close, parse_close
from collab_server.wire import CLOSE_S, HIGH_BYTES, LOW_BYTES, AsgiWire, Listener, Wire

logger = logging.getLogger(__name__)

EXTENSION = "collab.wire"
# So many frames of one socket are read in one turn of the loop, so that a flood does not hold up the others.
FRAMES_PER_TURN_MAX = 256
# Pings and pongs of one socket within CONTROL_WINDOW_S; whoever sends more is told to come again later.
CONTROL_FRAMES_MAX = 2000
CONTROL_WINDOW_S = 10.0
RESTARTING = 1012

_TEXT, _BINARY, _CLOSE, _PING, _PONG = (int(code) for code in Opcode if code)


def wire_of(websocket: WebSocket) -> Wire:
    """The wire of a WebSocket that was just accepted: taken over where the server allows it, else plain ASGI."""
    protocol = websocket.scope.get("extensions", {}).get(EXTENSION)
    return AsgiWire(websocket) if protocol is None else cast(HandOver, protocol).take_over()


def binary_frame(message: bytes) -> list[bytes]:
    """A binary message as it goes over a wire; in more than one piece where it is large."""
    return encode(_BINARY, message)


class HandOver(WebSocketsSansIOProtocol):
    """uvicorn's own protocol, which lets go of its transport when the application asks; give it to uvicorn as `ws`."""

    wire: UvicornWire | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated and not self.handshake_complete:
            # A client waits for the answer before it sends anything (RFC 6455 §4.1); these bytes would be read in two places.
            self.transport.close()
            return
        super().data_received(data)
        if not self.handshake_initiated:
            # The whole head is here, and its reader took it for none (a body, a line too long, too many of them): uvicorn would
            # wait for ever, and nobody else knows of this connection any more.
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.transport.close()

    def take_over(self) -> UvicornWire:
        """The transport's new owner; call it in the turn in which the handshake was answered."""
        self.stop_keepalive()
        self.wire = UvicornWire(self, self.app_state.setdefault(EXTENSION, Outgoing(self.loop)))
        self.transport.pause_reading()
        self.transport.set_protocol(self.wire)
        return self.wire

    def shutdown(self) -> None:
        if self.wire is None:
            super().shutdown()
        else:
            self.wire.shutdown()


class Outgoing:
    """What the sockets of one server have to write at the end of this turn of the loop, and the frame they share."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: list[UvicornWire] = []
        self._message: bytes | str = b""
        self._frame = encode(_BINARY, b"")

    def framed(self, message: bytes | str) -> list[bytes]:
        """The frame of a message; made once where a room hands the same object to all its members."""
        if message is self._message:
            return self._frame
        frame = encode(_BINARY, message) if isinstance(message, bytes) else encode(_TEXT, message.encode())
        if len(frame) == 1:
            self._message, self._frame = message, frame
        return frame

    def add(self, wire: UvicornWire) -> None:
        """Let a socket write all that it has got by then at once."""
        if not self._due:
            self._loop.call_soon(self._write)
        self._due.append(wire)

    def _write(self) -> None:
        due, self._due = self._due, []
        for wire in due:
            wire.flush()


class UvicornWire(asyncio.Protocol):
    """A Wire and the transport's protocol in one."""

    def __init__(self, before: HandOver, outgoing: Outgoing) -> None:
        self.congested = False
        self.direct = -1
        self._outgoing = outgoing
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._before = before
        self._transport = before.transport
        self._loop = before.loop
        self._reader = FrameReader(before.config.ws_max_size)
        self._listener: Listener | None = None
        self._paused = True
        self._again: asyncio.Handle | None = None
        self._close_sent = False
        self._close_received = False
        self._pong: bytes | None = None
        # Control frames since the window began.
        self._controls = 0
        self._controls_since_s = 0.0
        self._gone = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._heard = True
        self._waiting_bytes = 0
        self._ping_interval_s = before.config.ws_ping_interval or 0.0
        self._ping_timeout_s = before.config.ws_ping_timeout or self._ping_interval_s
        self._transport.set_write_buffer_limits(high=HIGH_BYTES, low=LOW_BYTES)
        self._fd = _socket_of(self._transport)
        self._later(self._ping_interval_s, self._ping)

    # -- the Wire ------------------------------------------------------------------------------------------------

    def start(self, listener: Listener) -> None:
        self._listener = listener
        if self.congested:
            listener.unwritable()
        if self._close_sent or self._gone.done():
            listener.lost()
        self.resume()

    def send(self, message: bytes | str) -> None:
        if self._close_sent:
            return
        if not self._unsent:
            self.direct = -1
            self._outgoing.add(self)
        self._unsent += self._outgoing.framed(message)
        self._unsent_bytes += len(message)
        if self._unsent_bytes > HIGH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what was sent in this turn to the transport, which says if it is too much."""
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0
        if self._transport.is_closing():
            return
        if len(unsent) > 1:
            self._hand_over(unsent)
        elif unsent:
            self._write(unsent[0])

    def _write(self, frame: bytes) -> None:
        """Past the transport where nothing is in front: it takes several times as long for it."""
        if self._fd < 0 or self._transport.get_write_buffer_size():
            self._hand_over((frame,))
            return
        self.direct = self._fd
        try:
            written = os.write(self._fd, frame)
        except OSError:
            written = 0
        if written < len(frame):
            self.send_rest(frame[written:])

    def send_rest(self, rest: bytes) -> None:
        if not self._transport.is_closing():
            self._hand_over((rest,))

    def _hand_over(self, pieces: Iterable[bytes]) -> None:
        """To the transport; until its buffer is seen empty nothing goes past it."""
        self.direct = -1
        self._transport.writelines(pieces)

    def pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._heard = True
            self._read()
            if not self._paused and not self._transport.is_closing():
                self._transport.resume_reading()

    def close(self, code: int, reason: str) -> None:
        if self._close_sent:
            return
        self.flush()
        if not self._transport.is_closing():
            self._hand_over(encode_close(code, reason))
        self._close_sent = True
        self._fd = self.direct = -1
        # What the other side still sends is read, and dropped, until its close comes.
        self.resume()
        self._later(CLOSE_S, self._transport.abort)

    async def finish(self) -> None:
        self.close(1000, "")
        await asyncio.wait({self._gone}, timeout=CLOSE_S)
        self._transport.abort()

    # -- the transport's protocol --------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._close_received:
            return
        self._heard = True
        self._reader.feed(data)
        if not self._paused:
            self._read()

    def eof_received(self) -> bool:
        """The other side went without a close: the transport closes itself when its buffer is empty."""
        self._end()
        return False

    def pause_writing(self) -> None:
        self.congested = True
        if self._listener is not None:
            self._listener.unwritable()

    def resume_writing(self) -> None:
        self.congested = False
        if self._close_sent:
            return
        if self._pong is not None:
            pong, self._pong = self._pong, None
            self._hand_over(encode(_PONG, pong))
        if self._listener is not None:
            self._listener.writable()

    def connection_lost(self, exc: Exception | None) -> None:
        self._close_sent = True
        self._fd = self.direct = -1
        self._unsent = []
        if self._timer is not None:
            self._timer.cancel()
        if self._again is not None:
            self._again.cancel()
        if not self._gone.done():
            self._gone.set_result(None)
        self._tell_lost()
        self._before.connection_lost(exc)

    # -- reading -------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Hands over what is there, until somebody pauses or the turn was long enough."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        listener, reader = self._listener, self._reader
        if self._close_received or (listener is None and not self._close_sent):
            return
        try:
            for _ in range(FRAMES_PER_TURN_MAX):
                frame = reader.next()
                if frame is None:
                    return
                opcode, payload = frame
                if opcode < _CLOSE:
                    # What comes after our own close is read for the other side's close alone.
                    if listener is not None and not self._close_sent:
                        listener.received(payload)
                        if self._paused:
                            return
                else:
                    self._control(opcode, cast(bytes, payload))
                    if self._close_received:
                        return
        except Fault as fault:
            self._fail(fault.code, str(fault))
            return
        self.pause()
        self._again = self._loop.call_soon(self.resume)

    def _control(self, opcode: int, payload: bytes) -> None:
        now_s = self._loop.time()
        if now_s - self._controls_since_s > CONTROL_WINDOW_S:
            self._controls, self._controls_since_s = 0, now_s
        self._controls += 1
        if self._controls > CONTROL_FRAMES_MAX:
            raise Fault(CLOSE_OVERLOADED, f"more than {CONTROL_FRAMES_MAX} pings in {CONTROL_WINDOW_S:g} s")
        if opcode == _PING:
            if self.congested:
                # Only the newest ping needs an answer (RFC 6455 §5.5.3), or a peer that never reads could fill the memory.
                self._pong = payload
            elif not self._close_sent:
                self._hand_over(encode(_PONG, payload))
        elif opcode != _PONG:
            code = parse_close(payload)
            self._close_received = True
            self.close(code, "")
            self._end()
            self._transport.close()

    def _fail(self, code: int, reason: str) -> None:
        """RFC 6455 §7.1.7: says why, sends no more and hears no more; what still comes is thrown away, for a transport
        that is closed over unread bytes is reset, and the reason with it."""
        self.close(code, reason)
        self._close_received = True
        self._tell_lost()
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
        else:
            self._transport.close()

    def _end(self) -> None:
        """The other side wants or can no more; what is in the buffer has CLOSE_S to go."""
        self._close_sent = True
        self._fd = self.direct = -1
        self._unsent = []
        self._later(CLOSE_S, self._transport.abort)
        self._tell_lost()

    def _tell_lost(self) -> None:
        if self._listener is not None:
            self._listener.lost()

    # -- time ----------------------------------------------------------------------------------------------------

    def _later(self, delay_s: float, then: Any) -> None:
        """The one timer: pings while the wire is open, the end of patience when it is closing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if delay_s > 0:
            self._timer = self._loop.call_later(delay_s, then)

    def _ping(self) -> None:
        self._heard = False
        self._waiting_bytes = self._transport.get_write_buffer_size()
        self._hand_over(encode(_PING, b""))
        self._later(self._ping_timeout_s, self._check_heard)

    def _check_heard(self) -> None:
        # A pong cannot overtake what a slow reader has still to read, and cannot be seen while reading is paused.
        moving = self._transport.get_write_buffer_size() < self._waiting_bytes
        if not (self._heard or self._paused or moving):
            self._transport.abort()
            return
        self._later(max(self._ping_interval_s - self._ping_timeout_s, 0.001), self._ping)

    def shutdown(self) -> None:
        """The server ends."""
        self.close(RESTARTING, "the server is restarting")
        self._tell_lost()


def _socket_of(transport: asyncio.Transport) -> int:
    """Its number, where bytes may be written to it as they are; -1 otherwise."""
    if os.name != "posix" or transport.get_extra_info("sslcontext") is not None:
        return -1
    return cast(int, transport.get_extra_info("socket").fileno())
