"""The structure of a Yjs update (format v1), read before any of it reaches the CRDT library.
What passes here is bounded, complete and UTF-8; whether it fits a session, and applying it, is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from crdt.model import CLOSE_MALFORMED, FrameError, Limits
from crdt.protocol import malformed, read_bytes, read_varint, write_bytes

FILES_ROOT = "files"
COMMENTS_ROOT = "comments"
# The library counts clocks in 32 bits.
CLOCK_MAX = 2**31 - 1

GC, DELETED, STRING, TYPE, ANY, BINARY, SKIP = 0, 1, 4, 7, 8, 3, 10
HAS_ORIGIN, HAS_RIGHT_ORIGIN, HAS_PARENT_SUB = 0x80, 0x40, 0x20

TYPE_ARRAY, TYPE_MAP, TYPE_TEXT = 0, 1, 2
ANY_STRING = 119

_UNBOUNDED = Limits(structs_per_update_max=2**40, clients_per_update_max=2**40, deletes_per_update_max=2**40)
_LOOP = "an item builds on itself"

# Where an item hangs.
IN_FILES, IN_FILE, IN_TEXT, IN_COMMENTS = "files", "file", "text", "comments"
ELSEWHERE, NOWHERE = "elsewhere", "nowhere"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item of the document hangs and what hangs in it; kept for types and map entries only."""

    level: str
    depth: int
    key: str | None
    holds: int | None  # the type reference, None for a plain value, GONE for deleted content


GONE = -1
Id = tuple[int, int]
Places = dict[Id, Place]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of typed text in the bytes of an update: `[begin, end)` is its length prefix and the text."""

    client: int
    clock: int
    begin: int
    end: int
    raw: bytes


@dataclass(slots=True)
class Item:
    """A type, a plain value or a deleted stretch, with what it hangs on."""

    client: int
    clock: int
    length: int
    kind: int
    type_ref: int | None
    is_string: bool
    left: Id | None
    right: Id | None
    parent: str | Id | None
    key: str | None
    size_bytes: int = 0


class Scan:
    """What an update brings and what it needs; one is made for every keystroke, hence no dataclass."""

    __slots__ = (
        "delete_ends",
        "deletes",
        "ends",
        "hung_on",
        "linked",
        "needs",
        "pairs",
        "places",
        "size_bytes",
        "skips",
        "starts",
        "structs",
    )

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.starts: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.needs: dict[int, int] = {}
        self.delete_ends: dict[int, int] = {}
        self.structs = 0
        self.deletes = 0
        # Up to where an update leaves something out, by client.
        self.skips: dict[int, int] = {}
        self.linked: list[Item] = []
        # What typed text hangs on.
        self.hung_on: list[Id] = []
        # Clocks of the first halves of surrogate pairs, by client: Yjs counts in UTF-16 and may be asked to cut one.
        self.pairs: dict[int, set[int]] = {}
        self.places: Places = {}


def over_limit(name: str, message: str) -> FrameError:
    return FrameError(CLOSE_MALFORMED, message, name)


def scan(update: bytes, limits: Limits, cuts: list[Id] | None = None, strings: list[Stretch] | None = None) -> Scan:
    """The structure of `update`; FrameError for what no honest client sends.

    `cuts` collects where items are split, `strings` where typed text lies in the bytes."""
    try:
        found, at = _scan_structs(update, limits, cuts, strings)
        if update[at]:
            at = _scan_deletes(update, at, found, limits, cuts)
        else:
            at += 1
    except IndexError:
        raise malformed("an update ends too early") from None
    except UnicodeDecodeError:
        raise malformed("text in an update is not UTF-8") from None
    if at != len(update):
        raise malformed("bytes are left behind an update")
    return found


def parts(update: bytes) -> tuple[bytes, list[tuple[int, int, int]], list[tuple[int, int, int]], bool]:
    """A checked update taken apart: the bytes of its items, its deletions, and its typed text as (client, start, end);
    and whether there is more than text in it."""
    strings: list[Stretch] = []
    found, items_end = _scan_structs(update, _UNBOUNDED, None, strings)
    deletes: list[tuple[int, int, int]] = []
    blocks, at = read_varint(update, items_end)
    for _ in range(blocks):
        client, at = read_varint(update, at)
        count, at = read_varint(update, at)
        for _ in range(count):
            clock, at = read_varint(update, at)
            length, at = read_varint(update, at)
            deletes.append((client, clock, clock + length))
    typed = [(one.client, one.clock, one.clock + _units(one.raw)) for one in strings]
    return update[:items_end], deletes, typed, bool(found.linked)


def _units(raw: bytes) -> int:
    """In UTF-16, as Yjs counts."""
    return len(raw) if raw.isascii() else len(raw.decode().encode("utf-16-le")) // 2


def _scan_structs(
    data: bytes, limits: Limits, cuts: list[Id] | None, strings: list[Stretch] | None
) -> tuple[Scan, int]:
    found = Scan(len(data))
    needs = found.needs
    blocks, at = read_varint(data, 0)
    if blocks > limits.clients_per_update_max:
        raise over_limit("clients_per_update_max", f"an update of {blocks} clients")
    for _ in range(blocks):
        count, at = read_varint(data, at)
        found.structs += count
        if found.structs > limits.structs_per_update_max:
            raise over_limit("structs_per_update_max", f"an update has more than {limits.structs_per_update_max} items")
        begin = at
        client, at = read_varint(data, at)
        # The same number later on is known by its bytes, which takes less than to read it.
        written = data[begin:at]
        width = at - begin
        clock, at = read_varint(data, at)
        if client in found.starts:
            raise malformed("an update names a client twice")
        found.starts[client] = clock
        for _ in range(count):
            info = data[at]
            at += 1
            kind = info & 0x1F
            if kind == STRING and info & 0xC0:
                # The hot path: typed text that hangs on a neighbour.
                if info & HAS_ORIGIN:
                    if data.startswith(written, at):
                        other, at = client, at + width
                    else:
                        other, at = read_varint(data, at)
                    left, at = read_varint(data, at)
                    if left > needs.get(other, -1):
                        if left >= clock and other == client:
                            raise malformed(_LOOP)
                        needs[other] = left
                    found.hung_on.append((other, left))
                    if cuts is not None:
                        cuts.append((other, left + 1))
                if info & HAS_RIGHT_ORIGIN:
                    other, at = read_varint(data, at)
                    right, at = read_varint(data, at)
                    if right > needs.get(other, -1):
                        if right >= clock and other == client:
                            raise malformed(_LOOP)
                        needs[other] = right
                    found.hung_on.append((other, right))
                    if cuts is not None:
                        cuts.append((other, right))
                begin = at
                text, at = read_bytes(data, at)
                length = len(text) if text.isascii() else _utf16_length(text, client, clock, found)
                if strings is not None:
                    strings.append(Stretch(client, clock, begin, at, text))
            elif kind == GC:
                length, at = read_varint(data, at)
            elif kind == SKIP:
                length, at = read_varint(data, at)
                found.skips[client] = clock + length
            else:
                length, at = _scan_item(data, at, info, client, clock, found, limits, cuts, strings)
            if length <= 0:
                raise malformed("an item of an update is empty")
            clock += length
            if clock > CLOCK_MAX:
                raise malformed("a clock is out of range")
        found.ends[client] = clock
    return found, at


def _scan_item(
    data: bytes,
    at: int,
    info: int,
    client: int,
    clock: int,
    found: Scan,
    limits: Limits,
    cuts: list[Id] | None,
    strings: list[Stretch] | None,
) -> tuple[int, int]:
    left: Id | None = None
    right: Id | None = None
    parent: str | Id | None = None
    key: str | None = None
    if info & HAS_ORIGIN:
        other, at = read_varint(data, at)
        other_clock, at = read_varint(data, at)
        left = (other, other_clock)
        _need(found, left, client, clock)
        if cuts is not None:
            cuts.append((other, other_clock + 1))
    if info & HAS_RIGHT_ORIGIN:
        other, at = read_varint(data, at)
        other_clock, at = read_varint(data, at)
        right = (other, other_clock)
        _need(found, right, client, clock)
        if cuts is not None:
            cuts.append(right)
    if not info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN):
        is_root, at = read_varint(data, at)
        if is_root == 1:
            name, at = _read_key(data, at, limits)
            parent = name
        elif is_root == 0:
            other, at = read_varint(data, at)
            other_clock, at = read_varint(data, at)
            parent = (other, other_clock)
            _need(found, parent, client, clock)
        else:
            raise malformed("an item has no parent")
        if info & HAS_PARENT_SUB:
            key, at = _read_key(data, at, limits)
    kind = info & 0x1F
    content_at = at
    type_ref: int | None = None
    is_string = False
    if kind == DELETED:
        length, at = read_varint(data, at)
    elif kind == STRING:
        begin = at
        text, at = read_bytes(data, at)
        length = len(text) if text.isascii() else _utf16_length(text, client, clock, found)
        if strings is not None:
            strings.append(Stretch(client, clock, begin, at, text))
    elif kind == ANY:
        length, at = read_varint(data, at)
        if length > limits.structs_per_update_max:
            raise over_limit("structs_per_update_max", f"{length} values in one item")
        # Values that followed each other under one key are one item once all of them are overwritten and kept for undo.
        is_string = True
        for _ in range(length):
            is_string = is_string and data[at] == ANY_STRING
            at = _skip_any(data, at, limits.any_depth_max)
    elif kind == TYPE:
        type_ref, at = read_varint(data, at)
        if type_ref not in (TYPE_ARRAY, TYPE_MAP, TYPE_TEXT):
            raise FrameError(CLOSE_MALFORMED, "a session holds maps, arrays and plain text only", "wrong_type")
        length = 1
    elif kind == BINARY:
        _, at = read_bytes(data, at)
        length = 1
    else:
        raise FrameError(CLOSE_MALFORMED, f"content of kind {kind} has no place in a session", "wrong_type")
    if kind != STRING or parent is not None:
        item = Item(client, clock, length, kind, type_ref, is_string, left, right, parent, key, at - content_at)
        found.linked.append(item)
    return length, at


def _need(found: Scan, needed: Id, client: int, clock: int) -> None:
    if needed[0] == client and needed[1] >= clock:
        raise malformed(_LOOP)
    if needed[1] > found.needs.get(needed[0], -1):
        found.needs[needed[0]] = needed[1]


def _read_key(data: bytes, at: int, limits: Limits) -> tuple[str, int]:
    raw, at = read_bytes(data, at)
    if len(raw) > limits.key_bytes_max:
        raise over_limit("key_bytes_max", f"a key of {len(raw)} bytes")
    return raw.decode(), at


def _utf16_length(raw: bytes, client: int, clock: int, found: Scan) -> int:
    text = raw.decode()
    length = len(text.encode("utf-16-le")) // 2
    if length != len(text):
        pairs = found.pairs.setdefault(client, set())
        for char in text:
            if char > "\uffff":
                pairs.add(clock)
                clock += 2
            else:
                clock += 1
    return length


def _skip_any(data: bytes, at: int, depth: int) -> int:
    if depth <= 0:
        raise over_limit("any_depth_max", "a value is nested too deeply")
    kind = data[at]
    at += 1
    if kind in (127, 126, 121, 120):
        return at
    if kind == ANY_STRING:
        raw, at = read_bytes(data, at)
        if not raw.isascii():
            raw.decode()
        return at
    if kind == 125:
        stop = at + 10
        while data[at] >= 0x80:
            at += 1
            if at >= stop:
                raise malformed("an integer is longer than 10 bytes")
        return at + 1
    if kind in (124, 123, 122):
        at += 4 if kind == 124 else 8
        if at > len(data):
            raise IndexError
        return at
    if kind == 118:
        count, at = read_varint(data, at)
        for _ in range(count):
            raw, at = read_bytes(data, at)
            raw.decode()
            at = _skip_any(data, at, depth - 1)
        return at
    if kind == 117:
        count, at = read_varint(data, at)
        for _ in range(count):
            at = _skip_any(data, at, depth - 1)
        return at
    if kind == 116:
        _, at = read_bytes(data, at)
        return at
    raise malformed(f"unknown kind of value {kind}")


def _scan_deletes(data: bytes, at: int, found: Scan, limits: Limits, cuts: list[Id] | None) -> int:
    blocks, at = read_varint(data, at)
    if blocks > limits.clients_per_update_max:
        raise over_limit("clients_per_update_max", f"deletions of {blocks} clients")
    for _ in range(blocks):
        client, at = read_varint(data, at)
        count, at = read_varint(data, at)
        found.deletes += count
        if found.deletes > limits.deletes_per_update_max:
            raise over_limit("deletes_per_update_max", f"more than {limits.deletes_per_update_max} deletions")
        last = found.delete_ends.get(client, 0)
        for _ in range(count):
            clock, at = read_varint(data, at)
            length, at = read_varint(data, at)
            end = clock + length
            if end > CLOCK_MAX:
                raise malformed("a deletion is out of range")
            last = max(last, end)
            if cuts is not None:
                cuts.append((client, clock))
                cuts.append((client, end))
        found.delete_ends[client] = last
    return at


def broken_pairs(cuts: list[Id], pairs: dict[int, set[int]]) -> set[Id]:
    """The surrogate pairs, named by their first half, that a split at one of `cuts` would tear."""
    return {(client, clock - 1) for client, clock in cuts if clock - 1 in pairs.get(client, ())}


def replace_pairs(update: bytes, broken: set[Id], limits: Limits) -> bytes:
    """`update` with each of the broken pairs as two U+FFFD, which is what Yjs makes of a pair that it splits."""
    strings: list[Stretch] = []
    scan(update, limits, None, strings)
    out = bytearray()
    done = 0
    for stretch in strings:
        if stretch.raw.isascii():
            continue
        clock = stretch.clock
        chars: list[str] = []
        torn = False
        for char in stretch.raw.decode():
            if char > "\uffff":
                if (stretch.client, clock) in broken:
                    char = "\ufffd\ufffd"
                    torn = True
                clock += 2
            else:
                clock += 1
            chars.append(char)
        if torn:
            out += update[done : stretch.begin]
            out += write_bytes("".join(chars).encode())
            done = stretch.end
    out += update[done:]
    return bytes(out)
