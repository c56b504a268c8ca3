"""What a client may say on the text lane, message by message: shapes and their bounds.
What is done about it is lane.py's."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from collab_server.shapes.base import Content, FileName, Shape
from collab_server.shapes.comments import CommentChange, CommentId, NewComment, ThreadChange
from collab_server.shapes.files import Edit
from executor.request import ExecuteRequest

MESSAGE_ID_CHARS_MAX = 128
ExecutionId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
FileId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Execute(ExecuteRequest):
    """With an idempotency key a request that is repeated, on another socket too, starts one run."""

    idempotency_key: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None


class Rerun(Shape):
    execution_id: ExecutionId
    idempotency_key: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None


class Cancel(Shape):
    execution_id: ExecutionId


class Input(Shape):
    execution_id: ExecutionId
    data: Annotated[str, StringConstraints(max_length=2**20)] = ""
    eof: bool = False


class Replay(Shape):
    execution_id: ExecutionId
    after_seq: int = Field(0, ge=0)


class Nothing(Shape):
    pass


class Write(Shape):
    name: FileName | None = None
    file_id: FileId | None = None
    content: Content
    language: Annotated[str, StringConstraints(max_length=64)] | None = None
    base_version: int | None = Field(None, ge=0)


class EditFile(Shape):
    file_id: FileId
    base_version: int = Field(ge=0)
    edits: list[Edit] = Field(min_length=1, max_length=10_000)


class Rename(Shape):
    file_id: FileId
    name: FileName


class Delete(Shape):
    file_id: FileId


class ScanFiles(Shape):
    """All files, or one of them."""

    file_id: FileId | None = None


class Comment(NewComment):
    """With an id of one's own it is said once, however often it is sent."""

    comment_id: CommentId | None = None


class EditComment(CommentChange):
    comment_id: CommentId


class DeleteComment(Shape):
    comment_id: CommentId


class ResolveThread(ThreadChange):
    thread_id: CommentId


class Envelope(BaseModel):
    type: Annotated[str, StringConstraints(max_length=64)]
    id: Annotated[str, StringConstraints(max_length=MESSAGE_ID_CHARS_MAX)] | int | None = None
