"""y-protocols bytes to message values and back, with a limit on everything a stranger may send.
What a message does to a document is never decided here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from crdt.model import CLOSE_MALFORMED, CLOSE_TOO_BIG, FrameError, Limits

MESSAGE_SYNC = 0
MESSAGE_AWARENESS = 1
MESSAGE_AUTH = 2
MESSAGE_QUERY_AWARENESS = 3

SYNC_STEP_1 = 0
SYNC_STEP_2 = 1
SYNC_UPDATE = 2

VARINT_BYTES_MAX = 10
# JavaScript numbers are exact up to here, so no honest client counts further.
INTEGER_MAX = 2**53 - 1
EMPTY_UPDATE = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class SyncStep1:
    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    update: bytes


@dataclass(frozen=True, slots=True)
class SyncUpdate:
    update: bytes


@dataclass(frozen=True, slots=True)
class AwarenessEntry:
    client_id: int
    clock: int
    state: bytes  # JSON


@dataclass(frozen=True, slots=True)
class AwarenessUpdate:
    entries: tuple[AwarenessEntry, ...]


@dataclass(frozen=True, slots=True)
class AuthMessage:
    reason: bytes


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    pass


Message: TypeAlias = SyncStep1 | SyncStep2 | SyncUpdate | AwarenessUpdate | AuthMessage | QueryAwareness


def malformed(message: str) -> FrameError:
    return FrameError(CLOSE_MALFORMED, message)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The unsigned integer at `at` and the offset behind it; IndexError where the bytes end."""
    byte = data[at]
    if byte < 0x80:
        return byte, at + 1
    # Most clocks have two bytes: for them there is no loop.
    value = byte & 0x7F
    byte = data[at + 1]
    if byte < 0x80:
        return value | byte << 7, at + 2
    value |= (byte & 0x7F) << 7
    shift = 14
    stop = at + VARINT_BYTES_MAX
    at += 2
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        if at >= stop:
            raise malformed("an integer is longer than 10 bytes")
        shift += 7
    if value > INTEGER_MAX:
        raise malformed("an integer is larger than 2^53 - 1")
    return value, at


def write_varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """A length and so many bytes; IndexError where the bytes end."""
    length, at = read_varint(data, at)
    end = at + length
    if end > len(data):
        raise IndexError
    return data[at:end], end


def write_bytes(data: bytes) -> bytes:
    return write_varint(len(data)) + data


def parse(frame: bytes, limits: Limits) -> list[Message]:
    """All messages of a frame; FrameError when any of it is not understood."""
    if len(frame) > limits.frame_bytes_max:
        raise FrameError(
            CLOSE_TOO_BIG, f"a frame of {len(frame)} bytes is over {limits.frame_bytes_max}", "frame_bytes_max"
        )
    messages: list[Message] = []
    at = 0
    end = len(frame)
    try:
        while at < end:
            message, at = _read_message(frame, at, limits)
            messages.append(message)
            if len(messages) > limits.messages_per_frame_max:
                raise FrameError(
                    CLOSE_MALFORMED,
                    f"a frame has more than {limits.messages_per_frame_max} messages",
                    "messages_per_frame_max",
                )
    except IndexError:
        raise malformed("a frame ends in the middle of a message") from None
    if not messages:
        raise malformed("an empty frame")
    return messages


def _read_message(frame: bytes, at: int, limits: Limits) -> tuple[Message, int]:
    kind, at = read_varint(frame, at)
    if kind == MESSAGE_SYNC:
        subtype, at = read_varint(frame, at)
        payload, at = read_bytes(frame, at)
        if subtype == SYNC_UPDATE:
            return SyncUpdate(payload), at
        if subtype == SYNC_STEP_2:
            return SyncStep2(payload), at
        if subtype == SYNC_STEP_1:
            return SyncStep1(payload), at
        raise malformed(f"unknown sync message {subtype}")
    if kind == MESSAGE_AWARENESS:
        payload, at = read_bytes(frame, at)
        return AwarenessUpdate(parse_awareness(payload, limits)), at
    if kind == MESSAGE_QUERY_AWARENESS:
        return QueryAwareness(), at
    if kind == MESSAGE_AUTH:
        _, at = read_varint(frame, at)
        reason, at = read_bytes(frame, at)
        return AuthMessage(reason), at
    raise malformed(f"unknown message {kind}")


def parse_awareness(payload: bytes, limits: Limits) -> tuple[AwarenessEntry, ...]:
    count, at = read_varint(payload, 0)
    if count > limits.awareness_entries_per_frame_max:
        raise FrameError(CLOSE_MALFORMED, f"{count} awareness entries in a frame", "awareness_entries_per_frame_max")
    entries = []
    for _ in range(count):
        client_id, at = read_varint(payload, at)
        clock, at = read_varint(payload, at)
        state, at = read_bytes(payload, at)
        if len(state) > limits.awareness_state_bytes_max:
            raise FrameError(CLOSE_MALFORMED, f"an awareness state of {len(state)} bytes", "awareness_state_bytes_max")
        entries.append(AwarenessEntry(client_id, clock, state))
    if at != len(payload):
        raise malformed("bytes are left behind an awareness message")
    return tuple(entries)


def parse_state_vector(payload: bytes, clients_max: int) -> dict[int, int]:
    """Client id → the clock up to which all is known."""
    try:
        count, at = read_varint(payload, 0)
        if count > clients_max:
            raise FrameError(CLOSE_MALFORMED, f"a state vector of {count} clients", "document_clients_max")
        vector: dict[int, int] = {}
        for _ in range(count):
            client, at = read_varint(payload, at)
            vector[client], at = read_varint(payload, at)
    except IndexError:
        raise malformed("a state vector ends too early") from None
    if at != len(payload):
        raise malformed("bytes are left behind a state vector")
    return vector


def encode_state_vector(vector: dict[int, int]) -> bytes:
    known = [(client, clock) for client, clock in vector.items() if clock > 0]
    out = bytearray(write_varint(len(known)))
    # Highest client id first, as Yjs writes it.
    for client, clock in sorted(known, reverse=True):
        out += write_varint(client)
        out += write_varint(clock)
    return bytes(out)


def step1_frame(state_vector: bytes) -> bytes:
    return b"\x00\x00" + write_bytes(state_vector)


def step2_frame(update: bytes) -> bytes:
    return b"\x00\x01" + write_bytes(update)


def update_frame(update: bytes) -> bytes:
    return b"\x00\x02" + write_bytes(update)


def awareness_payload(entries: Iterable[AwarenessEntry]) -> bytes:
    out = bytearray()
    count = 0
    for entry in entries:
        out += write_varint(entry.client_id)
        out += write_varint(entry.clock)
        out += write_bytes(entry.state)
        count += 1
    return write_varint(count) + bytes(out)


def awareness_frame(entries: Iterable[AwarenessEntry]) -> bytes:
    return b"\x01" + write_bytes(awareness_payload(entries))


def denied_frame(reason: str) -> bytes:
    return b"\x02\x00" + write_bytes(reason.encode())


def query_awareness_frame() -> bytes:
    return b"\x03"
