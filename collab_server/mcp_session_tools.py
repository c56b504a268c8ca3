"""The MCP tools on sessions: make, list, read, change and delete them, who takes part, and taking back what somebody did.

Names and arguments are the contract's, letter by letter: the SDK takes them from the signatures. Each is a thin call of the same actions that
REST and the text lane use.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from pydantic import Field

from collab_server.errors import ActionError
from collab_server.mcp_call import CHANGES, DELETES, MAKES, READS, Ctx, Desk, Done, MomentText, sessions_page
from collab_server.mcp_output import within
from collab_server.mcp_resources import file_uri
from collab_server.principal import Principal
from collab_server.services import Services
from collab_server.shapes.base import RoleName, Shape
from collab_server.shapes.files import NewFile
from collab_server.shapes.history import Undo, UndoneOut
from collab_server.shapes.sessions import NewSession, SessionChange, SessionOut

SESSIONS_PER_PAGE = 100


class Sessions(Shape):
    """`nextCursor`: getMoreCodeExecutionSessions {cursor} has those that follow; null where there are no more."""

    sessions: list[SessionOut]
    next_cursor: str | None = None


class SessionTools(Desk):
    """Lists come in pages."""

    def __init__(self, node: Callable[[], Services], server: MCPServer[Any]) -> None:
        super().__init__(node)
        tool = server.tool
        tool(annotations=MAKES, title="Make a session")(self.createCodeExecutionSession)
        tool(annotations=READS, title="Read a session")(self.getCodeExecutionSession)
        tool(annotations=CHANGES, title="Change a session")(self.updateCodeExecutionSession)
        tool(annotations=DELETES, title="Delete a session")(self.deleteCodeExecutionSession)
        tool(annotations=READS, title="A user's sessions")(self.getUserCodeExecutionSessions)
        tool(annotations=READS, title="Public sessions")(self.getPublicCodeExecutionSessions)
        tool(annotations=READS, title="Sessions that follow")(self.getMoreCodeExecutionSessions)
        tool(annotations=CHANGES, title="Add a collaborator")(self.addCollaboratorToCodeExecutionSession)
        tool(annotations=DELETES, title="Remove a collaborator")(self.removeCollaboratorFromCodeExecutionSession)
        tool(annotations=DELETES, title="Take changes back")(self.undoInCodeExecutionSession)

    async def createCodeExecutionSession(
        self,
        ctx: Ctx,
        name: str,
        description: str = "",
        collaborators: list[str] | None = None,
        isPublic: bool = False,
        files: list[NewFile] | None = None,
        environment: dict[str, Any] | None = None,
        expiresAt: MomentText = None,
    ) -> SessionOut:
        """Make a session with files; you own it, `collaborators` may edit and run."""

        async def work(node: Services, who: Principal) -> SessionOut:
            wanted = NewSession.model_validate(
                {
                    "name": name,
                    "description": description,
                    "collaborators": collaborators or [],
                    "isPublic": isPublic,
                    "files": files or [],
                    "environment": environment or {},
                    "expiresAt": expiresAt,
                }
            )
            return _session(await node.sessions.create(who, wanted))

        return await self._do(ctx, work)

    async def getCodeExecutionSession(self, ctx: Ctx, sessionId: str) -> SessionOut:
        """A session with its files as they are now."""
        return await self._do(ctx, lambda node, who: _shown(node.sessions.get(who, sessionId)))

    async def updateCodeExecutionSession(
        self,
        ctx: Ctx,
        sessionId: str,
        name: str | None = None,
        description: str | None = None,
        isPublic: bool | None = None,
        environment: dict[str, Any] | None = None,
        expiresAt: MomentText = None,
    ) -> SessionOut:
        """Change what is given of a session's name, description, visibility, environment and expiry."""
        given = {
            key: value
            for key, value in (
                ("name", name),
                ("description", description),
                ("isPublic", isPublic),
                ("environment", environment),
                ("expiresAt", expiresAt),
            )
            if value is not None
        }
        return await self._do(
            ctx, lambda node, who: _shown(node.sessions.change(who, sessionId, SessionChange.model_validate(given)))
        )

    async def deleteCodeExecutionSession(self, ctx: Ctx, sessionId: str) -> Done:
        """Delete a session for everybody."""

        async def work(node: Services, who: Principal) -> Done:
            await node.sessions.delete(who, sessionId)
            return Done(done=True, detail="deleted")

        return await self._do(ctx, work)

    async def getUserCodeExecutionSessions(self, ctx: Ctx, userId: str | None = None) -> Sessions:
        """Your sessions: those you own and those that are shared with you."""

        async def work(node: Services, who: Principal) -> Sessions:
            _self_only(who, userId)
            return _sessions(*await sessions_page(node, who, "mine", SESSIONS_PER_PAGE))

        return await self._do(ctx, work)

    async def getPublicCodeExecutionSessions(self, ctx: Ctx) -> Sessions:
        """The public sessions, newest first."""

        async def work(node: Services, who: Principal) -> Sessions:
            return _sessions(*await sessions_page(node, who, "public", SESSIONS_PER_PAGE))

        return await self._do(ctx, work)

    async def getMoreCodeExecutionSessions(
        self, ctx: Ctx, cursor: Annotated[str, Field(description="the `nextCursor` of the list before")]
    ) -> Sessions:
        """The sessions that follow those of a list."""

        async def work(node: Services, who: Principal) -> Sessions:
            return _sessions(*await sessions_page(node, who, cursor, SESSIONS_PER_PAGE))

        return await self._do(ctx, work)

    async def addCollaboratorToCodeExecutionSession(
        self, ctx: Ctx, sessionId: str, userId: str, role: RoleName = "editor"
    ) -> Done:
        """Give somebody a role: owner, editor (edit and run), runner (run) or viewer (watch)."""

        async def work(node: Services, who: Principal) -> Done:
            await node.members.put(await node.members.access(who, sessionId), userId, role)
            return Done(done=True, detail=f"{userId} is {role}")

        return await self._do(ctx, work)

    async def removeCollaboratorFromCodeExecutionSession(self, ctx: Ctx, sessionId: str, userId: str) -> Done:
        """Take somebody out of a session, at once."""

        async def work(node: Services, who: Principal) -> Done:
            await node.members.remove(await node.members.access(who, sessionId), userId)
            return Done(done=True, detail=f"{userId} is out")

        return await self._do(ctx, work)

    async def undoInCodeExecutionSession(
        self,
        ctx: Ctx,
        sessionId: str,
        actorId: Annotated[str | None, Field(description="whose; left out: your own changes")] = None,
        sinceVersion: int | None = None,
        count: Annotated[int | None, Field(description="the last so many changes; left out: all")] = None,
    ) -> UndoneOut:
        """Take back what one actor changed in a session (yours, when `actorId` is left out) and nothing of anybody else's."""

        async def work(node: Services, who: Principal) -> UndoneOut:
            wanted = Undo(actor_id=actorId or who.agent_id or who.user_id, since_version=sinceVersion, count=count)
            return UndoneOut.model_validate(await node.undo.undo(who, sessionId, wanted, actor=who.actor("agent")))

        return await self._do(ctx, work)


def _session(shown: dict[str, Any]) -> SessionOut:
    return _sessions([shown]).sessions[0]


def _sessions(shown: list[dict[str, Any]], next_cursor: str | None = None) -> Sessions:
    found = [SessionOut.model_validate(each) for each in within(shown, file_uri)]
    return Sessions(sessions=found, next_cursor=next_cursor)


async def _shown(coming: Awaitable[dict[str, Any]]) -> SessionOut:
    return _session(await coming)


def _self_only(who: Principal, user_id: str | None) -> None:
    if user_id not in (None, who.user_id):
        raise ActionError("you see your own sessions and the public ones, not those of others", code="forbidden")
