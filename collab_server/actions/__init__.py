"""Each verb once: what REST, the WebSocket's text lane and MCP all call, with the right checked first.

A transport parses, calls one of these and translates the answer; it decides nothing itself.
"""

from collab_server.actions.analytics import AnalyticsActions
from collab_server.actions.artifacts import ArtifactActions
from collab_server.actions.branches import BranchActions
from collab_server.actions.comments import CommentActions
from collab_server.actions.custody import Custody
from collab_server.actions.environments import EnvironmentActions
from collab_server.actions.executions import ExecutionActions
from collab_server.actions.files import FileActions
from collab_server.actions.history import HistoryActions
from collab_server.actions.oversight import OversightActions
from collab_server.actions.reruns import RerunActions
from collab_server.actions.scans import ScanActions
from collab_server.actions.sessions import SessionActions
from collab_server.actions.tiers import TierActions
from collab_server.actions.undo import UndoActions
from collab_server.actions.users import UserActions
from collab_server.actions.webhooks import WebhookActions

__all__ = [
    "AnalyticsActions",
    "ArtifactActions",
    "BranchActions",
    "CommentActions",
    "Custody",
    "EnvironmentActions",
    "ExecutionActions",
    "FileActions",
    "HistoryActions",
    "OversightActions",
    "RerunActions",
    "ScanActions",
    "SessionActions",
    "TierActions",
    "UndoActions",
    "UserActions",
    "WebhookActions",
]
