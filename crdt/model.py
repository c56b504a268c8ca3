"""The values that the session document is spoken of in: actors, files, edits, limits and the one tree of errors.
No behaviour, no input or output and no CRDT library ever lives here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["human", "agent", "guest", "system"]

CLOSE_MALFORMED = 4400
CLOSE_TRY_AGAIN = 4500
CLOSE_TOO_BIG = 1009
CLOSE_OVERLOADED = 1013


@dataclass(frozen=True)
class Actor:
    """Who makes a change; the identity is the server's own knowledge, never what a frame says."""

    id: str
    name: str
    kind: ActorKind = "human"
    color: str = "#30bced"
    color_light: str = "#30bced33"
    # The account that an agent acts for.
    on_behalf_of: str | None = None


SYSTEM = Actor(id="system", name="system", kind="system", color="#888888", color_light="#88888833")


@dataclass(frozen=True)
class FileState:
    """A file as it is shown: `name` is always safe to print and to use as a relative path."""

    id: str
    name: str
    language: str
    content: str
    last_modified: int


@dataclass(frozen=True)
class TextEdit:
    """Replaces `[start, end)` by `text`; offsets count Unicode code points of the text before the change."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Wanted:
    """What becomes of one file. `before` is its text that `edits` are made on, None where there is no such file."""

    file_id: str
    before: str | None
    edits: tuple[TextEdit, ...] = ()
    name: str | None = None
    language: str | None = None
    delete: bool = False


@dataclass(frozen=True)
class Limits:
    """Every bound on what strangers may send or keep here."""

    frame_bytes_max: int = 8 * 1024 * 1024
    messages_per_frame_max: int = 1_000
    structs_per_update_max: int = 100_000
    clients_per_update_max: int = 4_096
    deletes_per_update_max: int = 100_000
    any_depth_max: int = 16
    type_depth_max: int = 8
    key_bytes_max: int = 512
    file_bytes_max: int = 8 * 1024 * 1024
    document_bytes_max: int = 64 * 1024 * 1024
    files_max: int = 1_000
    comments_max: int = 1_000
    comment_bytes_max: int = 32 * 1024
    document_clients_max: int = 50_000
    pending_bytes_max: int = 1024 * 1024
    awareness_state_bytes_max: int = 16 * 1024
    awareness_entries_per_frame_max: int = 5_000
    presence_entries_max: int = 20_000
    history_changes_max: int = 2_000
    history_bytes_max: int = 4 * 1024 * 1024
    merge_group_max: int = 64
    step2_cache_max: int = 64
    presence_window_s: float = 0.03
    presence_text_window_s: float = 0.25
    presence_text_per_member_s: float = 0.005
    presence_expiry_s: float = 30.0
    presence_refresh_s: float = 10.0
    room_idle_s: float = 60.0
    compact_changes: int = 1_000
    compact_bytes: int = 4 * 1024 * 1024
    resync_s: float = 15.0
    peer_wait_s: float = 0.5


class DocumentError(Exception):
    """Root of what can go wrong with a document.

    DocumentError(code)
      ├─ FrameError(close_code)   the bytes of one connection are unusable: close that socket only
      └─ EditRefused              a well-formed wish that is not granted
           └─ StaleEdit           the base version is out of reach; carries what stands now
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class FrameError(DocumentError):
    def __init__(self, close_code: int, message: str, code: str = "bad_frame") -> None:
        super().__init__(code, message)
        self.close_code = close_code


class EditRefused(DocumentError):
    """`code` is one of forbidden, not_found, stale, invalid, exists, too_large, quarantined, read_only,
    overloaded, or that of a seal."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(code, message)
        self.field = field


class StaleEdit(EditRefused):
    def __init__(self, message: str, current_text: str, version: int) -> None:
        super().__init__("stale", message, "baseVersion")
        self.current_text = current_text
        self.version = version
