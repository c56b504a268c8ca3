"""What a change is in the words of the text lane: which files and threads it touched, and how.
Pure functions from values to JSON; who hears of it, and when, is gathering.py's."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import orjson

from crdt.comments import Thread, timestamp
from crdt.document import Change
from crdt.model import Actor, FileState
from crdt.presence import named


def files_told(files: Sequence[FileState], version: int) -> dict[str, Any]:
    """All files as they are."""
    shown = [
        {
            "id": file.id,
            "name": file.name,
            "language": file.language,
            "content": file.content,
            "lastModified": timestamp(file.last_modified),
        }
        for file in files
    ]
    return {"type": "files", "version": version, "files": shown}


def files_changed(change: Change, authors: Sequence[Actor]) -> Iterator[dict[str, Any]]:
    """One event for each file; `actor` is the last of the authors, `actors` all of them where there are several."""
    who = named(authors[-1])
    for file in change.files:
        event: dict[str, Any] = {
            "type": "file.deleted" if file.deleted else "file.changed",
            "fileId": file.file_id,
            "name": file.name,
            "version": change.version,
            "actor": who,
        }
        if len(authors) > 1:
            event["actors"] = [named(one) for one in authors]
        if not file.deleted:
            event["language"] = file.language
            event["edits"] = [{"start": edit.start, "end": edit.end, "text": edit.text} for edit in file.edits]
        yield event


def comments_changed(version: int, about: Collection[str], threads: Sequence[Thread]) -> Iterator[dict[str, Any]]:
    """One event for each thread that is `about` something new; a thread that is gone is None."""
    found = {thread.id: thread for thread in threads}
    for thread_id in sorted(about):
        event: dict[str, Any] = {"type": "comment.changed", "version": version, "threadId": thread_id}
        thread = found.get(thread_id)
        yield event | {"thread": None if thread is None else thread.shown()}


def spelled(event: dict[str, Any]) -> str:
    """An event as JSON."""
    try:
        return orjson.dumps(event).decode()
    except TypeError:
        # Lone surrogates, which programs do print, are JSON in ASCII only.
        return json.dumps(event)
