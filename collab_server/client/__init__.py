"""The Python client: `async with connect(url, token) as client`; sessions, files, edits and runs, kept up over lost connections.

It talks to a server only by its public interfaces (REST and the WebSocket) and imports nothing of the server's own parts.
See docs/client.md.
"""

from collab_server.client.branches import Branch, Proposal
from collab_server.client.changes import (
    Actor,
    BranchChanged,
    Change,
    CommentChanged,
    Denied,
    Edit,
    File,
    FileChanged,
    FileDeleted,
    Presence,
    RoleChanged,
    Saved,
    SaveFailed,
    SessionChanged,
    Thread,
)
from collab_server.client.client import Client, connect
from collab_server.client.errors import (
    Blocked,
    ClientError,
    Closed,
    Conflict,
    Forbidden,
    Interrupted,
    Invalid,
    NotFound,
    Problem,
    ServerFault,
    TimedOut,
    TooMany,
    Unauthorized,
    Unreachable,
)
from collab_server.client.limits import Limits
from collab_server.client.run import Run
from collab_server.client.session import Session, Undone
from collab_server.client.sessions import SessionInfo

__all__ = [
    "Actor",
    "Blocked",
    "Branch",
    "BranchChanged",
    "Change",
    "Client",
    "ClientError",
    "Closed",
    "CommentChanged",
    "Conflict",
    "Denied",
    "Edit",
    "File",
    "FileChanged",
    "FileDeleted",
    "Forbidden",
    "Interrupted",
    "Invalid",
    "Limits",
    "NotFound",
    "Presence",
    "Problem",
    "Proposal",
    "RoleChanged",
    "Run",
    "SaveFailed",
    "Saved",
    "ServerFault",
    "Session",
    "SessionChanged",
    "SessionInfo",
    "Thread",
    "TimedOut",
    "TooMany",
    "Unauthorized",
    "Undone",
    "Unreachable",
    "connect",
]
