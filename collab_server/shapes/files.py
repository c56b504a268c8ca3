"""A session's files as they are sent and shown."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from collab_server.shapes.base import Content, FileName, Shape


class NewFile(Shape):
    """A file to create; `language` is taken from the name's ending when it is left out."""

    name: FileName
    content: Content = ""
    language: Annotated[str, StringConstraints(max_length=64)] | None = None


class FileReplacement(Shape):
    """The whole new text of a file, its name or its language; the text is merged as the smallest change."""

    content: Content | None = None
    name: FileName | None = None
    language: Annotated[str, StringConstraints(max_length=64)] | None = None
    base_version: int | None = Field(None, ge=0)


class Edit(Shape):
    """Replace the code points `start` to `end` by `text`."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: Content


class FileEdits(Shape):
    """Edits relative to the text at `baseVersion`; what came since is merged, never overwritten."""

    base_version: int = Field(ge=0)
    edits: list[Edit] = Field(min_length=1, max_length=10_000)


class FileOut(Shape):
    id: str
    name: str
    content: str
    language: str
    last_modified: str


class FileAtVersion(FileOut):
    """A file by itself, with the version of the session that it was read at."""

    version: int
