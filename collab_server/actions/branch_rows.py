"""What a branch's row says: the statements on it, how it is shown, what stands beside each other in a difference.
Nobody's right is checked here, and no document is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.engine import RowMapping

from collab_server.accounts import agent_of
from collab_server.actions.sessions import shown_file
from collab_server.errors import Conflict
from collab_server.members import OPEN
from collab_server.shapes.base import timestamp, timestamp_or_none
from collab_server.tables import branches, sessions
from crdt.differences import FileDifference
from crdt.model import Actor, FileState


def shown_branch(row: RowMapping, now_ms: int) -> dict[str, Any]:
    ran_out = row["status"] in OPEN and row["expires_at"] <= now_ms
    return {
        "id": row["id"],
        "sessionId": row["session_id"],
        "title": row["name"],
        "message": row["message"],
        "status": "expired" if ran_out else row["status"],
        "authorId": row["author_id"],
        "authorKind": row["author_kind"],
        "baseVersion": row["base_version"],
        "createdAt": timestamp(row["created_at"]),
        "proposedAt": timestamp_or_none(row["proposed_at"]),
        "decidedAt": timestamp_or_none(row["decided_at"]),
        "decidedBy": row["decided_by"],
        "reason": row["reason"],
        "mergedVersion": row["merged_version"],
        "mergedBranchVersion": row["merged_branch_version"],
        "expiresAt": timestamp_or_none(row["expires_at"]),
    }


def actor_in(actor_id: str, name: str, row: RowMapping) -> Actor:
    if (agent := agent_of(actor_id)) is not None:
        return Actor(actor_id, agent[0], "agent", on_behalf_of=agent[1])
    return Actor(actor_id, name, "agent" if (actor_id, "agent") == (row["author_id"], row["author_kind"]) else "human")


def joined() -> Any:
    return branches.join(sessions, sessions.c.id == branches.c.id)


def still_open(branch_id: str) -> Any:
    return update(branches).where(branches.c.id == branch_id, branches.c.status.in_(OPEN))


def already_decided(status: str = "decided already") -> Conflict:
    return Conflict(f"this branch was {status}; make another one", code="decided")


def texts_of(files: Sequence[FileState], found: Sequence[FileDifference]) -> list[dict[str, Any]]:
    ids = {one.file_id for one in found}
    return [shown_file(file) for file in files if file.id in ids]


def beside(
    base: Sequence[FileState], now: Sequence[FileState], theirs: Sequence[FileState], found: Sequence[FileDifference]
) -> tuple[list[str], list[str]]:
    """(files that both sides changed, files that the branch changed and the session deleted), by name."""
    was = {file.id: file for file in base}
    stands = {file.id: file for file in now}
    both = [
        one.name
        for one in found
        if one.file_id in was and one.file_id in stands and stands[one.file_id].content != was[one.file_id].content
    ]
    lost = [
        file.name
        for file in theirs
        if file.id in was and file.id not in stands and file.content != was[file.id].content
    ]
    return both, lost
