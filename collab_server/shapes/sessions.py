"""Sessions, who may do what in them, and what a run needs of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StrictBool, StringConstraints

from collab_server.shapes.base import DESCRIPTION_CHARS_MAX, FILES_MAX, Content, Moment, Money, Name, RoleName, Shape
from collab_server.shapes.files import FileOut, NewFile
from executor import events
from executor.request import RequestFile
from executor.scan.policy import ScanPolicy

ENVIRONMENT_KEYS_MAX = 100


class NewSession(Shape):
    """A session to create; its maker is the owner, `collaborators` become editors."""

    name: Name
    description: Annotated[str, StringConstraints(max_length=DESCRIPTION_CHARS_MAX)] = ""
    collaborators: list[str] = Field(default_factory=list, max_length=1000)
    is_public: bool = False
    files: list[NewFile] = Field(default_factory=list, max_length=FILES_MAX)
    environment: dict[str, JsonValue] = Field(default_factory=dict, max_length=ENVIRONMENT_KEYS_MAX)
    expires_at: Moment | None = None


class SessionChange(Shape):
    """What to change of a session; what is left out stays, `expiresAt: null` lifts the expiry."""

    name: Name | None = None
    description: Annotated[str, StringConstraints(max_length=DESCRIPTION_CHARS_MAX)] | None = None
    is_public: bool | None = None
    archived: StrictBool | None = Field(None, description="An archived session is left out of listings.")
    environment: Annotated[dict[str, JsonValue], Field(max_length=ENVIRONMENT_KEYS_MAX)] | None = None
    expires_at: Moment | None = None
    budget: Money | None = Field(None, description="What runs here may cost in a month, in dollars; null: no limit.")
    scan_policy: ScanPolicy | None = Field(None, description="What a scan blocks here; null: what the tier says.")
    agents_propose: StrictBool | None = Field(
        None, description="Whether programs (API keys, MCP, the text lane) edit in branches only, for people to merge."
    )


class Scan(Shape):
    """Code to look at: files by their names, or one text and its language."""

    files: list[RequestFile] | None = Field(None, max_length=FILES_MAX)
    code: Content | None = None
    language: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class Findings(Shape):
    findings: list[events.Finding]


class Fork(Shape):
    """The copy's name; left out: the original's with “(fork)” behind it."""

    name: Name | None = None


class RoleGiven(Shape):
    role: RoleName


class NewLink(Shape):
    """A share link for guests; `spendingCap` is in dollars."""

    role: Literal["editor", "runner", "viewer"]
    expires_at: Moment | None = None
    spending_cap: Money | None = None


class NewSecret(Shape):
    """The value of a secret."""

    value: Annotated[str, StringConstraints(max_length=16 * 1024)]


class Begun(Shape):
    """A run that goes on by itself."""

    execution_id: str


class Stdin(Shape):
    """Text for a program that waits for input; `eof` closes its input."""

    data: Annotated[str, StringConstraints(max_length=2**20)] = ""
    eof: bool = False


class SessionOut(Shape):
    """A session as everybody sees it."""

    id: str
    name: str
    description: str
    owner_id: str
    collaborators: list[str]
    roles: dict[str, RoleName]
    is_public: bool
    archived: bool
    environment: dict[str, Any]
    files: list[FileOut]
    created_at: str
    updated_at: str
    expires_at: str | None
    version: int
    quarantined: str | None = Field(None, description="Why the session can only be read; left out where it is well.")
    scan_policy: ScanPolicy | None
    agents_propose: bool
    branch_of: str | None = Field(None, description="The session that this one is a branch of.")


class SessionList(Shape):
    items: list[SessionOut]
    next_cursor: str | None
