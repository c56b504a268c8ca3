"""Threads about lines of files and outputs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from collab_server.shapes.base import LINE_MAX, Shape

# As crdt.comments has them, which the client may not know.
COMMENT_CHARS_MAX = 4_000
QUOTE_CHARS_MAX = 400
CommentText = Annotated[str, StringConstraints(min_length=1, max_length=COMMENT_CHARS_MAX)]
CommentId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class NewComment(Shape):
    """What to say: about a line (from 1) of a file, about a line of a run's output (`quote` is what stands there), or in
    answer to what was said in a thread."""

    text: CommentText
    thread_id: CommentId | None = None
    file_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    execution_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    line: int | None = Field(None, ge=1, le=LINE_MAX)
    quote: Annotated[str, StringConstraints(max_length=QUOTE_CHARS_MAX)] = ""


class CommentChange(Shape):
    """Other words for one's own comment."""

    text: CommentText


class ThreadChange(Shape):
    """Whether what a thread is about is settled."""

    resolved: StrictBool


class CommentAuthor(Shape):
    id: str
    name: str
    kind: Literal["human", "agent", "guest", "system"]


class CommentOut(Shape):
    id: str
    author: CommentAuthor
    text: str
    created_at: str
    edited_at: str | None


class ThreadOut(Shape):
    """What is said about one place; `line` is where it stands now, null when it is gone (`orphaned`)."""

    id: str
    file_id: str | None
    execution_id: str | None
    line: int | None
    quote: str
    orphaned: bool
    resolved: bool
    resolved_by: str | None
    comments: list[CommentOut]


class ThreadsOut(Shape):
    items: list[ThreadOut]
    version: int
