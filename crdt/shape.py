"""The shape of a session document: a map of files, each a map of a name, a language and a text; and a map of comments.
Whether an update fits it is decided here; reading its bytes and applying it happens elsewhere."""

from __future__ import annotations

from crdt.comments import key_fault
from crdt.model import CLOSE_MALFORMED, FrameError, Limits
from crdt.names import id_fault
from crdt.update import (
    ANY,
    COMMENTS_ROOT,
    DELETED,
    ELSEWHERE,
    FILES_ROOT,
    GONE,
    IN_COMMENTS,
    IN_FILE,
    IN_FILES,
    IN_TEXT,
    NOWHERE,
    STRING,
    TYPE,
    TYPE_MAP,
    TYPE_TEXT,
    Id,
    Item,
    Place,
    Places,
    Scan,
    over_limit,
)

GONE_CLOCKS_TRACKED_MAX = 1_000


def place(found: Scan, known: Places, state_vector: dict[int, int], limits: Limits, *, trusted: bool = False) -> None:
    """Checks every type and map entry of the update against the shape of a session; fills `found.places`.

    Raises FrameError "wrong_type" for what does not belong where it wants to hang. What is `trusted` was checked when
    it came in and is only looked at."""
    if not found.linked:
        if not trusted and found.hung_on:
            _check_texts(found, known)
        return
    # An item that is known already is not taken again, whatever this update says it is.
    news = [item for item in found.linked if item.clock + item.length > state_vector.get(item.client, 0)]
    waiting: dict[Id, Item] = {}
    for item in news:
        waiting[(item.client, item.clock + item.length - 1)] = item
    new = found.places
    for item in news:
        # An item may hang on one that comes later in the bytes: walk to the end of the chain, then back.
        stack = [item]
        on_stack = {(item.client, item.clock)}
        while stack:
            top = stack[-1]
            if (top.client, top.clock) in new:
                stack.pop()
                continue
            anchor = _anchor(top)
            if anchor is not None and anchor not in new and anchor not in known:
                target = waiting.get(anchor)
                if target is not None and (target.client, target.clock) not in on_stack:
                    on_stack.add((target.client, target.clock))
                    stack.append(target)
                    continue
            stack.pop()
            try:
                where = _where(top, (known.get(anchor) or new.get(anchor)) if anchor is not None else None)
                if where is not None:
                    _check(top, where, limits)
            except FrameError:
                if not trusted:
                    raise
                where = Place(NOWHERE, 1, top.key, None)
            if where is not None:
                _put(top, where, new)
    if not trusted:
        _check_texts(found, known)
        _check_texts(found, new)


def _check_texts(found: Scan, known: Places) -> None:
    """Typed text hangs on typed text: on an entry of a map it would be a file, or a file's name, that is neither."""
    for neighbour in found.hung_on:
        where = known.get(neighbour)
        if where is not None and where.level in (IN_FILES, IN_FILE, IN_COMMENTS):
            raise FrameError(CLOSE_MALFORMED, f"text does not belong in a {where.level}", "wrong_type")


def _anchor(item: Item) -> Id | None:
    if item.left is not None:
        return item.left
    if item.right is not None:
        return item.right
    return item.parent if isinstance(item.parent, tuple) else None


def _where(item: Item, anchor: Place | None) -> Place | None:
    """Level, depth and key of the item itself; None for a plain value in a sequence."""
    if isinstance(item.parent, str):
        if item.parent == FILES_ROOT:
            return Place(IN_FILES, 1, item.key, None)
        if item.parent == COMMENTS_ROOT:
            return Place(IN_COMMENTS, 1, item.key, None)
        return Place(ELSEWHERE, 1, item.key, None)
    if item.parent is not None:
        if anchor is None:
            # The parent is not news and not a type we know of: deleted long ago, so the item goes with it.
            return Place(NOWHERE, 1, item.key, None)
        if anchor.level == NOWHERE or anchor.holds == GONE:
            return Place(NOWHERE, 1, item.key, None)
        if anchor.holds is None:
            raise FrameError(CLOSE_MALFORMED, "an item hangs in a plain value", "wrong_type")
        if anchor.level == IN_FILES:
            return Place(IN_FILE, 2, item.key, None)
        if anchor.level == IN_FILE:
            return Place(IN_TEXT, 3, item.key, None)
        return Place(ELSEWHERE, anchor.depth + 1, item.key, None)
    if anchor is not None and anchor.level != IN_TEXT:
        return Place(anchor.level, anchor.depth, anchor.key, None)
    if item.kind == TYPE:
        raise FrameError(CLOSE_MALFORMED, "a nested type hangs on something unknown", "wrong_type")
    return None


def _check(item: Item, where: Place, limits: Limits) -> None:
    kind = item.kind
    if kind == DELETED or where.level == NOWHERE:
        return
    if where.level == IN_FILES:
        if where.key is None or id_fault(where.key) is not None:
            raise FrameError(CLOSE_MALFORMED, "a file needs a proper id", "wrong_type")
        fits = kind == TYPE and item.type_ref == TYPE_MAP
    elif where.level == IN_FILE:
        if where.key is None:
            fits = False
        elif where.key == "content":
            fits = kind == TYPE and item.type_ref == TYPE_TEXT
        elif where.key in ("name", "language"):
            fits = kind == ANY and item.is_string
        else:
            fits = kind == ANY
    elif where.level == IN_COMMENTS:
        if key_fault(where.key) is not None:
            raise FrameError(CLOSE_MALFORMED, key_fault(where.key) or "", "wrong_type")
        if item.size_bytes > limits.comment_bytes_max * item.length:
            raise over_limit("comment_bytes_max", f"a comment has at most {limits.comment_bytes_max} bytes")
        fits = kind == ANY
    elif where.level == IN_TEXT:
        fits = kind == STRING and where.key is None
    else:
        if where.depth > limits.type_depth_max:
            raise over_limit("type_depth_max", "types are nested too deeply")
        fits = True
    if not fits:
        raise FrameError(CLOSE_MALFORMED, f"this does not belong in a {where.level}", "wrong_type")


def _put(item: Item, where: Place, new: Places) -> None:
    if item.kind == TYPE:
        holds: int | None = item.type_ref
    elif item.kind == DELETED:
        holds = GONE
    else:
        holds = None
    if holds is None and where.key is None:
        return
    found = Place(where.level, where.depth, where.key, holds)
    new[(item.client, item.clock)] = found
    if item.length > 1:
        for clock in range(item.clock + 1, item.clock + min(item.length, GONE_CLOCKS_TRACKED_MAX)):
            new[(item.client, clock)] = found
        new[(item.client, item.clock + item.length - 1)] = found
