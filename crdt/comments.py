"""What is said about lines of files and of outputs: the entries of the document's root `comments`, and how they are read.
Who connects, what is stored and what is shown never appears here.

A comment is `{id}/{author's id}` → {thread, text, at, name, kind, edited?, gone?, on?}; the first of a thread has the thread's
id and says in `on` what it is about. `{thread}` → {resolved, by, name, at} says whether it is settled. The author stands in
the key, so that nobody changes another's words by accident; that nobody does it on purpose is `judged` where changes come in."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from crdt.model import Actor

TEXT_CHARS_MAX = 4_000
QUOTE_CHARS_MAX = 400
NAME_CHARS_MAX = 200
EXECUTION_ID_CHARS_MAX = 64
RETURNED_LINES_MAX = 30
RETURNED_CHARS_MIN = 8
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")

Entry: TypeAlias = dict[str, Any]
Entries: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """An entry that a change made, changed or took away; what was not there is None."""

    key: str
    before: object
    after: object


def key_fault(key: str | None) -> str | None:
    """Why nothing may be kept under `key`, or None."""
    if key is None or not _ID.match(key.partition("/")[0]):
        return "a comment needs an id of letters, digits, - and _"
    return None


def comment_key(comment_id: str, author_id: str) -> str:
    return f"{comment_id}/{author_id}"


def author_of(key: str) -> str | None:
    """Whose comment it is; None for the state of a thread, which is everybody's."""
    _, slash, author = key.partition("/")
    return author if slash else None


def judged(changes: Iterable[Told], actor: Actor, now_ms: int) -> dict[str, Entry | None]:
    """What has to be put right behind a change of `actor`: what nobody else may change is put back, what was said in
    somebody else's name stands under the actor's own, and names and times are what the server knows. None: to be deleted."""
    mends: dict[str, Entry | None] = {}
    for told in changes:
        author = author_of(told.key)
        if author is None:
            wanted = told.after if told.after is None else _state(told.after, actor, now_ms)
            fallback = _state(told.before)
        elif author == actor.id:
            wanted = told.after if told.after is None else _comment(told.after, told.before, actor, now_ms)
            fallback = _comment(told.before)
        else:
            wanted = fallback = _comment(told.before)
            moved = _comment(told.after, None, actor, now_ms) if wanted is None else None
            if moved is not None:
                mends[comment_key(told.key.partition("/")[0], actor.id)] = moved
        if wanted is None and told.after is not None:
            wanted = fallback
        if wanted != told.after:
            mends[told.key] = wanted
    return mends


def _comment(value: object, before: object = None, actor: Actor | None = None, now_ms: int = 0) -> Entry | None:
    """`value` as a comment, None where it is none; by `actor`, with what only the server can know."""
    if not isinstance(value, dict):
        return None
    thread, text, at = value.get("thread"), value.get("text"), _number(value.get("at"))
    if not isinstance(thread, str) or not _ID.match(thread) or not isinstance(text, str) or at is None:
        return None
    if len(text) > TEXT_CHARS_MAX:
        return None
    known = _comment(before) if before is not None else None
    entry: Entry = {"thread": thread, "text": text, "at": at if known is None else known["at"]}
    if actor is None:
        name, kind = value.get("name"), value.get("kind")
        entry["name"] = name[:NAME_CHARS_MAX] if isinstance(name, str) else ""
        entry["kind"] = kind if kind in ("human", "agent", "guest", "system") else "human"
    else:
        entry |= {"at": min(entry["at"], now_ms), "name": actor.name, "kind": actor.kind}
    if (edited := _number(value.get("edited"))) is not None:
        entry["edited"] = edited if actor is None else min(edited, now_ms)
    if value.get("gone") is True:
        entry |= {"gone": True, "text": ""}
    if (on := _subject(value.get("on"))) is not None:
        entry["on"] = on
    return entry


def _state(value: object, actor: Actor | None = None, now_ms: int = 0) -> Entry | None:
    if not isinstance(value, dict) or not isinstance(value.get("resolved"), bool):
        return None
    at = _number(value.get("at"))
    by, name = value.get("by"), value.get("name")
    entry = {
        "resolved": value["resolved"],
        "by": by if isinstance(by, str) else "",
        "name": name[:NAME_CHARS_MAX] if isinstance(name, str) else "",
        "at": 0 if at is None else at,
    }
    if actor is not None:
        entry |= {"by": actor.id, "name": actor.name, "at": now_ms if at is None else min(at, now_ms)}
    return entry


def _subject(value: object) -> Entry | None:
    """What a thread is about: a stretch of a file's text, or a line of a run's output; with the words that stood there."""
    if not isinstance(value, dict):
        return None
    quote = value.get("quote")
    subject: Entry = {"quote": quote[:QUOTE_CHARS_MAX] if isinstance(quote, str) else ""}
    file, execution = value.get("file"), value.get("execution")
    if isinstance(file, str):
        subject["file"] = file
        for end in ("start", "end"):
            if (place := _place(value.get(end))) is not None:
                subject[end] = place
        return subject
    line = _number(value.get("line"))
    if isinstance(execution, str) and len(execution) <= EXECUTION_ID_CHARS_MAX and line is not None:
        return subject | {"execution": execution, "line": line}
    return None


def _place(value: object) -> Entry | None:
    """The character that one end of the stretch is, as Yjs writes a relative position."""
    item = value.get("item") if isinstance(value, dict) else None
    if not isinstance(item, dict):
        return None
    client, clock = _number(item.get("client")), _number(item.get("clock"))
    if client is None or clock is None:
        return None
    return {"item": {"client": client, "clock": clock}, "assoc": 0}


def returned(content: str, at: int, quote: str) -> int | None:
    """Where a line whose characters are gone is back: an undo types it anew, just before the place of what was deleted, with
    what stood around it. Near by any line with its words is it, farther off only one that hardly stands there twice."""
    if not quote:
        return at if content[at : at + 1] == "\n" else None
    start = content.rfind("\n", 0, at) + 1
    for above in range(RETURNED_LINES_MAX + 1):
        end = content.find("\n", start)
        line = content[start:] if end < 0 else content[start:end]
        near = above <= 1 or len(quote.strip()) >= RETURNED_CHARS_MIN
        if near and line[:QUOTE_CHARS_MAX] == quote:
            return start
        if start == 0:
            return None
        start = content.rfind("\n", 0, start - 1) + 1
    return None


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 2**53:
        return None
    return int(value)


@dataclass(frozen=True, slots=True)
class Comment:
    id: str
    author_id: str
    name: str
    kind: str
    text: str
    at_ms: int
    edited_ms: int | None

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "author": {"id": self.author_id, "name": self.name, "kind": self.kind},
            "text": self.text,
            "createdAt": timestamp(self.at_ms),
            "editedAt": None if self.edited_ms is None else timestamp(self.edited_ms),
        }


@dataclass(frozen=True, slots=True)
class Thread:
    """What is said about one place. `line` counts from 1 and is None where the line is gone (`orphaned`) or never was."""

    id: str
    file_id: str | None
    execution_id: str | None
    line: int | None
    quote: str
    orphaned: bool
    resolved: bool
    resolved_by: str | None
    comments: tuple[Comment, ...]

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "fileId": self.file_id,
            "executionId": self.execution_id,
            "line": self.line,
            "quote": self.quote,
            "orphaned": self.orphaned,
            "resolved": self.resolved,
            "resolvedBy": self.resolved_by,
            "comments": [comment.shown() for comment in self.comments],
        }


def thread_of(told: Told) -> str:
    """The thread that an entry belongs to, or belonged to."""
    for value in (told.after, told.before):
        if author_of(told.key) is not None and isinstance(value, dict) and isinstance(value.get("thread"), str):
            return str(value["thread"])
    return told.key.partition("/")[0]


def timestamp(at_ms: int) -> str:
    """RFC 3339 in UTC; what no calendar has is the beginning of time."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return "1970-01-01T00:00:00.000Z"


def thread_with(entries: Entries, comment_id: str) -> str | None:
    """The thread that a comment is part of."""
    for key, value in entries.items():
        if key.partition("/")[0] == comment_id and author_of(key) is not None and isinstance(value, dict):
            thread = value.get("thread")
            return thread if isinstance(thread, str) else None
    return None


def threads(
    entries: Entries, line_of: Callable[[Entry], int | None], only: Collection[str] | None = None
) -> list[Thread]:
    """The threads (`only` some of them) by their beginnings, oldest first. `line_of` finds the line that an `on` is about."""
    by_thread: dict[str, list[tuple[Comment, Entry]]] = {}
    for key, value in entries.items():
        author = author_of(key)
        if author is None or key_fault(key) is not None:
            continue
        if only is not None and not (isinstance(value, dict) and value.get("thread") in only):
            continue
        entry = _comment(value)
        if entry is None:
            continue
        comment_id = key.partition("/")[0]
        told = Comment(
            comment_id, author, entry["name"], entry["kind"], entry["text"], entry["at"], entry.get("edited")
        )
        by_thread.setdefault(entry["thread"], []).append((told, entry))
    found = []
    for thread_id, told_here in by_thread.items():
        told_here.sort(key=lambda pair: (pair[0].id != thread_id, pair[0].at_ms, pair[0].id))
        on: Entry = next((entry["on"] for comment, entry in told_here if comment.id == thread_id and "on" in entry), {})
        comments = tuple(comment for comment, entry in told_here if not entry.get("gone"))
        if not comments:
            continue
        state = _state(entries.get(thread_id)) or {"resolved": False, "by": ""}
        file_id = on.get("file")
        line = on.get("line") if file_id is None else line_of(on)
        found.append(
            Thread(
                thread_id,
                file_id,
                on.get("execution"),
                line,
                on.get("quote", ""),
                line is None,
                state["resolved"],
                (state["by"] or None) if state["resolved"] else None,
                comments,
            )
        )
    return sorted(found, key=lambda thread: (thread.comments[0].at_ms, thread.id))
