"""Branches of a session, proposed and merged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from collab_server.shapes.base import DESCRIPTION_CHARS_MAX, Name, Shape
from collab_server.shapes.files import FileOut
from collab_server.shapes.history import DifferenceOut

BranchStatus = Literal["open", "proposed", "merged", "rejected", "closed", "expired"]


class NewBranch(Shape):
    """A branch to try changes on; `message` says to whoever merges it what they are for."""

    title: Name | None = None
    message: Annotated[str, StringConstraints(max_length=DESCRIPTION_CHARS_MAX)] = ""


class BranchChange(Shape):
    """What is left out stays; `ready` tells the session's people that they may look at it."""

    title: Name | None = None
    message: Annotated[str, StringConstraints(max_length=DESCRIPTION_CHARS_MAX)] | None = None
    ready: StrictBool | None = None


class MergeWanted(Shape):
    """The branch's version that was looked at: what came since is not merged unseen, it is an error."""

    version: int | None = Field(None, ge=0)


class Rejection(Shape):
    reason: Annotated[str, StringConstraints(max_length=DESCRIPTION_CHARS_MAX)] = ""


class BranchOut(Shape):
    """A branch: a session by its `id`, to be merged into the session `sessionId`. `version` is there where it was looked at."""

    id: str
    session_id: str
    title: str
    message: str
    status: BranchStatus
    author_id: str
    author_kind: str
    base_version: int
    version: int | None = None
    created_at: str
    proposed_at: str | None
    decided_at: str | None
    decided_by: str | None
    reason: str | None
    merged_version: int | None
    merged_branch_version: int | None
    expires_at: str | None


class BranchList(Shape):
    items: list[BranchOut]


class BranchDiff(Shape):
    """What merging changes in the session (or changed, or would have). `both`: files that the session changed meanwhile too, whose
    changes stay; `lost`: files changed here that are deleted there, and stay so."""

    branch: BranchOut
    version: int
    session_version: int
    author_ids: list[str]
    files: list[DifferenceOut]
    both: list[str]
    lost: list[str]
    before: list[FileOut] | None = None
    after: list[FileOut] | None = None
