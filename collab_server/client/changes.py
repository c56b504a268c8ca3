"""What a session tells its listeners, as values: files that change or go, presence, and what is on disk.

How a missed change is found again is mirror.py's part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ConfigDict

from collab_server.client.branches import Branch
from collab_server.shapes.comments import ThreadOut


class Edit(NamedTuple):
    """Replace the code points `start` to `end` (as a Python string counts them) by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class File:
    """A file as it was at a version of the session; `version` is what an edit of this text is based on."""

    id: str
    name: str
    language: str
    content: str
    version: int


@dataclass(frozen=True)
class Actor:
    """Who did something."""

    id: str
    name: str
    kind: str = "human"
    # The account that an agent acts for.
    on_behalf_of: str | None = None


@dataclass(frozen=True)
class FileChanged:
    """A file was made (`before` is None), changed or renamed. `edits` lead from `before.content` to `file.content`.

    `actor` is None in what is found out after a lost connection: the server tells the difference, not its authors.
    """

    file: File
    before: File | None
    edits: tuple[Edit, ...]
    version: int
    actor: Actor | None = None


@dataclass(frozen=True)
class FileDeleted:
    """A file went; `file` is how it was."""

    file: File
    version: int
    actor: Actor | None = None


@dataclass(frozen=True)
class Presence:
    """Who is here now: awareness states, each with `user` and perhaps `cursor`."""

    members: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Saved:
    """Everything up to this version is on disk."""

    version: int


@dataclass(frozen=True)
class SaveFailed:
    """Not on disk yet; the server tries again and `Saved` follows."""

    version: int
    message: str


@dataclass(frozen=True)
class SessionChanged:
    """The session was renamed, made public or private, or changed otherwise."""

    name: str
    is_public: bool


@dataclass(frozen=True)
class BranchChanged:
    """A branch was made, is ready to be looked at, or was decided about."""

    branch: Branch


class Thread(ThreadOut):
    """What is said about one place: `line`, `quote`, `comments`, `resolved` and so on."""

    model_config = ConfigDict(extra="ignore")


@dataclass(frozen=True)
class CommentChanged:
    """Something was said, rephrased, settled or taken away; `thread` is None when nothing is left of it."""

    thread_id: str
    thread: Thread | None
    version: int


@dataclass(frozen=True)
class RoleChanged:
    """One may do something else in the session than before: the role is another one, or an operator switched something."""

    role: str
    may_edit: bool
    may_run: bool


@dataclass(frozen=True)
class Denied:
    """A change of the replica was refused; the replica holds what nobody else has."""

    reason: str


Change = (
    FileChanged
    | FileDeleted
    | CommentChanged
    | Presence
    | Saved
    | SaveFailed
    | SessionChanged
    | BranchChanged
    | RoleChanged
    | Denied
)


def actor_of(message: Mapping[str, Any]) -> Actor | None:
    """Who a message names as its actor."""
    who = message.get("actor")
    if not isinstance(who, dict):
        return None
    return Actor(who["id"], who["name"], who.get("kind", "human"), who.get("onBehalfOf"))


def applied(text: str, edits: tuple[Edit, ...]) -> str:
    """`text` after edits that were all made on it; ValueError when they do not fit."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if not at <= edit.start <= edit.end <= len(text):
            raise ValueError(f"the edit {edit.start} to {edit.end} does not fit a text of {len(text)} characters")
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])
