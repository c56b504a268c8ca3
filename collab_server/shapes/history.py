"""Versions, differences, playback, and what was taken back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from collab_server.shapes.base import Name, Shape
from collab_server.shapes.files import Edit, FileOut


class Undo(Shape):
    """Whose changes to take back: those behind `sinceVersion`, or the last `count`; without either all of them."""

    actor_id: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    since_version: int | None = Field(None, ge=0)
    count: int | None = Field(None, ge=1, le=10_000)


class UndoneFile(Shape):
    file_id: str
    name: str
    status: Literal["changed", "restored", "deleted"]


class UndoneOut(Shape):
    """`version` is the new one; it is the one before where there was nothing to take back."""

    actor_id: str
    since_version: int
    version: int
    files: list[UndoneFile]


class NewVersion(Shape):
    """The name that the present version is to be known by."""

    name: Name


class HunkOut(Shape):
    """Each line begins with a blank, `-`, `+` or (about the line before) a backslash."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: list[str]


class DifferenceOut(Shape):
    """How a file differs; `unified` is what `patch` reads. `truncated`: there is more than is shown."""

    file_id: str
    status: Literal["added", "removed", "renamed", "changed"]
    name: str
    old_name: str
    language: str
    unified: str
    hunks: list[HunkOut]
    truncated: bool


class StepOut(Shape):
    """What one actor did to one file in one version; the edits are on the text before it."""

    version: int
    at: str
    actor_id: str
    file_id: str
    name: str
    language: str
    deleted: bool
    edits: list[Edit]


class PlaybackOut(Shape):
    """The files at `from`, changed step by step, are the files at the version of the last step. `next`: where to go on."""

    from_: int = Field(alias="from")
    to: int
    steps: list[StepOut]
    next: int | None


class DiffOut(Shape):
    from_: int = Field(alias="from")
    to: int
    files: list[DifferenceOut]


class RunFiles(Shape):
    """What a run ran."""

    execution_id: str
    version: int
    entry: str
    language: str
    files: list[FileOut]
