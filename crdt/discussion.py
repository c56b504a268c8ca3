"""What is said about the files of a document: read as threads, written by the server for those who speak no Yjs, and put
right where a client spoke for somebody else. What an entry may look like is comments.py's."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence

from pycrdt import Assoc, StickyIndex, Text

from crdt.comments import (
    QUOTE_CHARS_MAX,
    Comment,
    Entry,
    Thread,
    Told,
    author_of,
    comment_key,
    judged,
    returned,
    thread_with,
    threads,
)
from crdt.content import Change, Content
from crdt.files import TrackedFile
from crdt.model import Actor, EditRefused


class Discussion(Content):
    """Places in a text are those of characters, which stay theirs whatever is typed around them."""

    def threads(self, only: Collection[str] | None = None) -> list[Thread]:
        """All of them, or those with the ids in `only`: to look a place up takes time."""
        lines = _Lines(self)
        return threads(self._comments, lines.line_of, only)

    def thread(self, thread_id: str) -> Thread:
        for thread in self.threads((thread_id,)):
            return thread
        raise EditRefused("not_found", f"there is no thread {thread_id}", "thread")

    def comment(self, comment_id: str) -> tuple[Thread, Comment]:
        """A comment by its id, with the thread that it is part of."""
        thread_id = thread_with(self._comments, comment_id)
        for thread in () if thread_id is None else self.threads((thread_id,)):
            for comment in thread.comments:
                if comment.id == comment_id:
                    return thread, comment
        raise EditRefused("not_found", f"there is no comment {comment_id}", "commentId")

    def has_comment(self, comment_id: str) -> bool:
        return thread_with(self._comments, comment_id) is not None

    def start_thread(self, actor: Actor, comment_id: str, text: str, on: Entry) -> Change:
        return self._say(actor, comment_id, {"thread": comment_id, "text": text, "on": on})

    def reply(self, actor: Actor, comment_id: str, thread_id: str, text: str) -> Change:
        self.thread(thread_id)
        return self._say(actor, comment_id, {"thread": thread_id, "text": text})

    def _say(self, actor: Actor, comment_id: str, said: Entry) -> Change:
        if len(self._comments) >= self._limits.comments_max:
            message = f"a session has at most {self._limits.comments_max} comments; delete some that are settled"
            raise EditRefused("too_large", message, "comments")
        at = {"at": self._now_ms(), "name": actor.name, "kind": actor.kind}
        return self._write_entries({comment_key(comment_id, actor.id): said | at})

    def rephrase(self, actor: Actor, comment_id: str, text: str) -> Change | None:
        """Gives one's own comment other words."""
        comment = self.comment(comment_id)[1]
        if comment.author_id != actor.id:
            raise EditRefused("forbidden", "only who wrote a comment may change it", "commentId")
        key = comment_key(comment_id, actor.id)
        entry = self._comments[key]
        if comment.text == text or not isinstance(entry, dict):
            return None
        return self._write_entries({key: entry | {"text": text, "edited": self._now_ms()}})

    def settle(self, actor: Actor, thread_id: str, resolved: bool) -> Change | None:
        if self.thread(thread_id).resolved == resolved:
            return None
        state = {"resolved": resolved, "by": actor.id, "name": actor.name, "at": self._now_ms()}
        return self._write_entries({thread_id: state})

    def withdraw(self, actor: Actor, comment_id: str, *, any_author: bool = False) -> Change:
        """Takes a comment away. The place of a thread stays as long as somebody answers in it."""
        thread, comment = self.comment(comment_id)
        if comment.author_id != actor.id and not any_author:
            raise EditRefused(
                "forbidden", "only who wrote a comment, or an owner of the session, may delete it", "commentId"
            )
        key = comment_key(comment_id, comment.author_id)
        entry = self._comments[key]
        if comment_id == thread.id and len(thread.comments) > 1 and isinstance(entry, dict):
            return self._write_entries({key: entry | {"text": "", "gone": True}})
        gone: dict[str, Entry | None] = {key: None}
        if len(thread.comments) == 1:
            # With the last words of a thread goes all that is kept of it.
            for other, value in self._comments.items():
                of = value.get("thread") if isinstance(value, dict) and author_of(other) is not None else other
                if of == thread.id:
                    gone[other] = None
        return self._write_entries(gone)

    def put_right(self, changes: Sequence[Told], actor: Actor) -> Change | None:
        """What has to follow a change of `actor`, if anything."""
        mends = judged(changes, actor, self._now_ms())
        return self._write_entries(mends) if mends else None

    def on_line(self, file_id: str, line: int) -> Entry:
        """What a thread about a line of a file (from 1) is about: its characters as they stand now."""
        file = self._tracked(file_id)
        lines = file.content().split("\n")
        if not 1 <= line <= len(lines):
            raise EditRefused("invalid", f"the file has {len(lines)} lines", "line")
        start = sum(len(before) + 1 for before in lines[: line - 1])
        words = lines[line - 1]
        on: Entry = {"file": file_id, "quote": words[:QUOTE_CHARS_MAX]}
        # An empty line is its line break; the last one, if empty, has no character that could be remembered.
        end = start + max(len(words), 1) - 1
        if file.text is not None and end < file.length:
            on |= {"start": _place_at(file, file.text, start), "end": _place_at(file, file.text, end)}
        return on

    def _index(self, text: Text, place: Entry) -> int | None:
        """Where a character stands in the text, or stood; in bytes."""
        client, clock = place["item"]["client"], place["item"]["clock"]
        # The library panics when it is asked for what it does not know.
        if clock >= self.known.vector.get(client, 0) or (client, clock) in self.known.places:
            return None
        try:
            return StickyIndex.from_json(place, text).get_index()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            return None

    def _write_entries(self, entries: Mapping[str, Entry | None]) -> Change:
        with self._replica.editing() as effects:
            for key, entry in entries.items():
                if entry is not None:
                    self._replica.comments[key] = entry
                elif key in self._replica.comments:
                    del self._replica.comments[key]
        return self._own(effects)

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


class _Lines:
    """Finds the lines of many threads; what is the same for all those of one file is worked out once."""

    def __init__(self, discussion: Discussion) -> None:
        self._discussion = discussion
        # The text in bytes, as the library counts, and where its line breaks are.
        self._texts: dict[str, tuple[bytes, list[int]]] = {}

    def line_of(self, on: Entry) -> int | None:
        """The line where what a thread is about stands now (from 1); None where nothing is left of it."""
        file = self._discussion._files.get(on["file"])
        if file is None or file.text is None:
            return None
        content = file.content()
        if file.id not in self._texts:
            encoded = content.encode()
            self._texts[file.id] = (encoded, [found.start() for found in re.finditer(b"\n", encoded)])
        encoded, breaks = self._texts[file.id]
        if "start" not in on or "end" not in on:
            return len(breaks) + 1
        start, end = self._discussion._index(file.text, on["start"]), self._discussion._index(file.text, on["end"])
        if start is None or end is None or start > len(encoded):
            return None
        if start < end:
            return bisect_left(breaks, start) + 1
        found = returned(content, len(encoded[:start].decode(errors="ignore")), on["quote"])
        return None if found is None else content.count("\n", 0, found) + 1


def _place_at(file: TrackedFile, text: Text, index: int) -> Entry:
    place: Entry = text.sticky_index(file.byte_offset(index), Assoc.AFTER).to_json()
    return place
