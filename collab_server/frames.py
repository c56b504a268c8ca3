"""RFC 6455 frames as a server reads and writes them: bytes in, messages and control frames out, and the other way round.

No socket, no timer and no await is ever here; wire_uvicorn.py moves the bytes.
"""

from __future__ import annotations

import codecs
import struct
from enum import IntEnum

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which websockets has no compiled part
    from websockets.utils import apply_mask

FIN = 0x80
RESERVED = 0x70
OPCODE = 0x0F
MASKED = 0x80
CONTROL = 0x08
CONTROL_BYTES_MAX = 125
# Above this a frame's payload is not copied to stand behind its header: both are written one after the other.
JOINED_BYTES_MAX = 64 * 1024

PROTOCOL_ERROR = 1002
NO_CODE = 1005
INVALID_TEXT = 1007
TOO_BIG = 1009


class Opcode(IntEnum):
    """RFC 6455 §5.2."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


_CONTINUATION, _TEXT, _BINARY = 0x0, 0x1, 0x2
_KNOWN = frozenset(Opcode)
_FINAL_BINARY = FIN | _BINARY
_Utf8Decoder = codecs.getincrementaldecoder("utf-8")


class Fault(Exception):
    """The peer broke the protocol: the connection fails with this code (RFC 6455 §7.1.7)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class FrameReader:
    """What a client sends, taken apart; fragments come out as one message, control frames in between as they come."""

    __slots__ = ("_at", "_data", "_decoder", "_message", "_message_bytes_max", "_opcode")

    def __init__(self, message_bytes_max: int) -> None:
        self._message_bytes_max = message_bytes_max
        self._data: bytes | bytearray = b""
        self._at = 0
        # The message whose fragments are coming: its opcode (0 while there is none) and its bytes so far.
        self._opcode = 0
        self._message = bytearray()
        self._decoder = _Utf8Decoder()

    def feed(self, data: bytes) -> None:
        """More bytes from the socket."""
        if self._at >= len(self._data):
            self._data = data
        else:
            # A frame that comes in many pieces must not be copied for each of them: only a bytearray grows in place.
            if isinstance(self._data, bytearray):
                del self._data[: self._at]
            else:
                self._data = bytearray(memoryview(self._data)[self._at :])
            self._data += data
        self._at = 0

    def next(self) -> tuple[int, bytes | str] | None:
        """(opcode, payload) of the next message or control frame; None when more bytes are needed; or raises Fault."""
        while True:
            data, at = self._data, self._at
            available = len(data) - at
            if available < 2:
                return None
            first, second = data[at], data[at + 1]
            length = second & 0x7F
            mask_at = at + 2
            if length == 126:
                if available < 4:
                    return None
                length = data[at + 2] << 8 | data[at + 3]
                mask_at = at + 4
                if length < 126:
                    raise Fault(PROTOCOL_ERROR, "a length is not in its shortest form")
            elif length == 127:
                if available < 10:
                    return None
                length = int.from_bytes(data[at + 2 : at + 10], "big")
                mask_at = at + 10
                if length < 65536:
                    raise Fault(PROTOCOL_ERROR, "a length is not in its shortest form")
            # Everything that can be refused is refused by the header, before its payload is waited for.
            if first != _FINAL_BINARY or second < MASKED or self._opcode or length > self._message_bytes_max:
                self._check(first, second, length)
            begin = mask_at + 4
            end = begin + length
            if len(data) < end:
                return None
            self._at = end
            payload = apply_mask(data[begin:end], data[mask_at:begin])
            if first == _FINAL_BINARY or first & CONTROL:
                return first & OPCODE, payload
            message = self._assemble(first, payload)
            if message is not None:
                return message

    def _check(self, first: int, second: int, length: int) -> None:
        if second < MASKED:
            raise Fault(PROTOCOL_ERROR, "a client's frames must be masked")
        opcode = first & OPCODE
        if first & RESERVED or opcode not in _KNOWN:
            raise Fault(PROTOCOL_ERROR, "reserved bits or opcodes are used")
        if opcode & CONTROL:
            if length > CONTROL_BYTES_MAX or not first & FIN:
                raise Fault(PROTOCOL_ERROR, "a control frame is too long or fragmented")
            return
        if (opcode == _CONTINUATION) != (self._opcode != 0):
            raise Fault(PROTOCOL_ERROR, "fragments are out of order")
        if length + len(self._message) > self._message_bytes_max:
            raise Fault(TOO_BIG, f"a message has more than {self._message_bytes_max} bytes")

    def _assemble(self, first: int, payload: bytes) -> tuple[int, bytes | str] | None:
        final = bool(first & FIN)
        opcode = self._opcode or first & OPCODE
        try:
            if final and not self._opcode:
                return opcode, payload.decode() if opcode == _TEXT else payload
            # A bad character is found in the fragment that it is in (the message is decoded as a whole at its end).
            if opcode == _TEXT:
                self._decoder.decode(payload, final)
        except UnicodeDecodeError:
            raise Fault(INVALID_TEXT, "text is not UTF-8") from None
        self._message += payload
        self._opcode = opcode
        if not final:
            return None
        message, self._message, self._opcode = bytes(self._message), bytearray(), 0
        return opcode, message.decode() if opcode == _TEXT else message


def encode(opcode: int, payload: bytes) -> list[bytes]:
    """A frame of a server, in one piece where that is cheap."""
    size = len(payload)
    if size < 126:
        header = bytes((FIN | opcode, size))
    elif size < 65536:
        header = struct.pack("!BBH", FIN | opcode, 126, size)
    else:
        header = struct.pack("!BBQ", FIN | opcode, 127, size)
    return [header + payload] if size <= JOINED_BYTES_MAX else [header, payload]


def encode_close(code: int, reason: str) -> list[bytes]:
    """A close frame; its reason is cut to what fits."""
    if code == NO_CODE:
        return encode(Opcode.CLOSE, b"")
    text = reason.encode()[: CONTROL_BYTES_MAX - 2].decode(errors="ignore")
    return encode(Opcode.CLOSE, struct.pack("!H", code) + text.encode())


def parse_close(payload: bytes) -> int:
    """The code of a close frame; raises Fault where it may not be sent (RFC 6455 §7.4)."""
    if not payload:
        return NO_CODE
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise Fault(PROTOCOL_ERROR, "a close code may not be used")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise Fault(INVALID_TEXT, "a close reason is not UTF-8") from None
    return code
