"""What is said about lines in an open session: threads to read, to begin, to answer, and to settle.

A comment's id is made here, so that one that is sent again after a lost connection is said once.
"""

from __future__ import annotations

import secrets
from typing import Any

from collab_server.client.changes import File, Thread
from collab_server.client.files import Files
from collab_server.client.link import Link
from collab_server.shapes.comments import CommentOut, ThreadOut


class Comments:
    """`session.comments`; a thread or a comment is given as itself or by its id."""

    def __init__(self, link: Link, files: Files) -> None:
        self._link = link
        self._files = files

    async def list(self, *, open_only: bool = False) -> list[Thread]:
        """All threads, oldest first."""
        threads = [Thread.model_validate(each) for each in (await self._link.ask("comments"))["threads"]]
        return [thread for thread in threads if not (open_only and thread.resolved)]

    async def add(self, file: File | str, line: int, text: str) -> Thread:
        """Begin a thread about a line of a file, counted from 1."""
        known = await self._files.read(file)
        return await self._say({"fileId": known.id, "line": line, "text": text})

    async def add_to_output(self, execution_id: str, line: int, text: str, *, quote: str = "") -> Thread:
        """Begin a thread about a line of what a run printed; `quote` is what stands there."""
        return await self._say({"executionId": execution_id, "line": line, "text": text, "quote": quote})

    async def reply(self, thread: ThreadOut | str, text: str) -> Thread:
        """Answer in a thread."""
        return await self._say({"threadId": _id(thread), "text": text})

    async def edit(self, comment: CommentOut | str, text: str) -> Thread:
        """Give one's own comment other words."""
        return _thread(await self._link.ask("comment.edit", {"commentId": _id(comment), "text": text}))

    async def delete(self, comment: CommentOut | str) -> None:
        """Take one's own comment away, or as an owner anybody's."""
        await self._link.ask("comment.delete", {"commentId": _id(comment)}, repeat=False)

    async def resolve(self, thread: ThreadOut | str) -> Thread:
        """Say that it is settled."""
        return await self._settle(thread, True)

    async def reopen(self, thread: ThreadOut | str) -> Thread:
        """Say that it is not."""
        return await self._settle(thread, False)

    async def _say(self, fields: dict[str, Any]) -> Thread:
        return _thread(await self._link.ask("comment", {"commentId": secrets.token_hex(16)} | fields))

    async def _settle(self, thread: ThreadOut | str, resolved: bool) -> Thread:
        return _thread(await self._link.ask("comment.resolve", {"threadId": _id(thread), "resolved": resolved}))


def _thread(answer: dict[str, Any]) -> Thread:
    return Thread.model_validate(answer["thread"])


def _id(named: ThreadOut | CommentOut | str) -> str:
    return named if isinstance(named, str) else named.id
