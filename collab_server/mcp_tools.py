"""The MCP tools: names and arguments as the contract has them, each a thin call of the same actions that REST and the text lane use.

What they answer is bounded, and says where the rest is; no rule of its own stands here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from pydantic import Field, TypeAdapter, ValidationError

from collab_server.errors import ActionError, Forbidden, Invalid
from collab_server.mcp_call import CHANGES, DELETES, MAKES, READS, Ctx, Desk, followed, sessions_page
from collab_server.mcp_output import (
    PAGE_EVENTS_DEFAULT,
    PAGE_EVENTS_MAX,
    OutputPage,
    file_within,
    page_of,
    shortened,
    within,
)
from collab_server.mcp_resources import file_uri
from collab_server.money import is_final, shown_tier, usage_of
from collab_server.principal import Principal
from collab_server.services import Services
from collab_server.shapes.base import Moment, RoleName, Shape, epoch_ms
from collab_server.shapes.files import Edit, FileEdits, FileReplacement, NewFile
from collab_server.shapes.sessions import NewSession, SessionChange, SessionOut
from executor.events import ExecutionResult
from executor.request import MEMORY_LIMIT_DEFAULT_BYTES, TIMEOUT_DEFAULT_MS, ExecuteRequest, RequestFile

SESSIONS_PER_PAGE = 100
MomentText = Annotated[str | None, Field(description="RFC 3339, like 2026-01-31T00:00:00Z")]


class Sessions(Shape):
    """`nextCursor`: getMoreCodeExecutionSessions {cursor} has those that follow; null where there are no more."""

    sessions: list[SessionOut]
    next_cursor: str | None = None


class FileState(Shape):
    id: str
    name: str
    content: str
    language: str
    last_modified: str
    version: int
    truncated: bool = False


class Done(Shape):
    """What was done, for tools that have nothing else to tell."""

    done: bool
    detail: str


class RunState(Shape):
    """A run: `status` is queued, running or a final one; `result` is there when it is over, `output` when it was asked for."""

    execution_id: str
    status: str
    result: ExecutionResult | None = None
    output: OutputPage | None = None


class Tools(Desk):
    """The tools over one node's services."""

    def __init__(self, node: Callable[[], Services], server: MCPServer[Any]) -> None:
        super().__init__(node)
        tool = server.tool
        tool(annotations=MAKES, title="Run code")(self.executeCode)
        tool(annotations=READS, title="Look at a run")(self.getCodeExecution)
        tool(annotations=DELETES, title="End a run")(self.cancelCodeExecution)
        tool(annotations=READS, title="Prices")(self.getCodeExecutionPricing)
        tool(annotations=READS, title="Usage and cost")(self.getCodeExecutionUsage)
        tool(annotations=MAKES, title="Make a session")(self.createCodeExecutionSession)
        tool(annotations=READS, title="Read a session")(self.getCodeExecutionSession)
        tool(annotations=CHANGES, title="Change a session")(self.updateCodeExecutionSession)
        tool(annotations=DELETES, title="Delete a session")(self.deleteCodeExecutionSession)
        tool(annotations=READS, title="A user's sessions")(self.getUserCodeExecutionSessions)
        tool(annotations=READS, title="Public sessions")(self.getPublicCodeExecutionSessions)
        tool(annotations=READS, title="Sessions that follow")(self.getMoreCodeExecutionSessions)
        tool(annotations=MAKES, title="Add a file")(self.addFileToCodeExecutionSession)
        tool(annotations=CHANGES, title="Change a file")(self.updateFileInCodeExecutionSession)
        tool(annotations=DELETES, title="Delete a file")(self.deleteFileFromCodeExecutionSession)
        tool(annotations=CHANGES, title="Add a collaborator")(self.addCollaboratorToCodeExecutionSession)
        tool(annotations=DELETES, title="Remove a collaborator")(self.removeCollaboratorFromCodeExecutionSession)

    # The names and arguments below are the contract's, letter by letter; the SDK takes them from the signatures.

    async def executeCode(
        self,
        ctx: Ctx,
        code: str = "",
        language: str | None = None,
        timeout: Annotated[int, Field(description="milliseconds")] = TIMEOUT_DEFAULT_MS,
        memoryLimit: Annotated[int, Field(description="bytes")] = MEMORY_LIMIT_DEFAULT_BYTES,
        allowedModules: list[str] | None = None,
        context: dict[str, Any] | None = None,
        sessionId: str | None = None,
        persistEnvironment: bool = False,
        files: list[NewFile] | None = None,
        entry: str | None = None,
        stdin: str | None = None,
        argv: list[str] | None = None,
    ) -> ExecutionResult:
        """Run code and wait for its result. With `sessionId`, the session's files are there and everyone in it sees the run;
        leave `code` empty and name an `entry` to run a file as it is. Output comes as progress while it runs."""

        async def work(node: Services, who: Principal) -> ExecutionResult:
            request = ExecuteRequest(
                code=code or None,
                language=language,
                entry=entry,
                stdin=stdin,
                argv=argv,
                timeout=timeout,
                memory_limit=memoryLimit,
                allowed_modules=allowedModules,
                context=context,
                persist_environment=persistEnvironment,
                files=None if files is None else [RequestFile(name=file.name, content=file.content) for file in files],
            )
            execution_id = await node.executions.execute(who, request, session_id=sessionId, actor=who.actor("agent"))
            return await followed(ctx, node, who, execution_id)

        return await self._do(ctx, work)

    async def getCodeExecution(
        self,
        ctx: Ctx,
        executionId: str,
        afterSeq: Annotated[int | None, Field(ge=0, description="0 for the output from its beginning")] = None,
        limit: Annotated[int, Field(ge=1, le=PAGE_EVENTS_MAX, description="parts of output")] = PAGE_EVENTS_DEFAULT,
    ) -> RunState:
        """The state of a run, and its result once it is over. Long output is cut in the result; with `afterSeq` you get all of it in
        `output`, page by page, also while the run goes on: pass `nextSeq` as the next `afterSeq`."""

        async def work(node: Services, who: Principal) -> RunState:
            record = await node.executions.get(who, executionId)
            if afterSeq is not None:
                output = page_of(await node.executions.replay(who, executionId, afterSeq), afterSeq, limit)
                return RunState(execution_id=executionId, status=record.status, output=output)
            result = shortened(await node.executions.result(who, executionId)) if is_final(record) else None
            return RunState(execution_id=executionId, status=record.status, result=result)

        return await self._do(ctx, work)

    async def cancelCodeExecution(self, ctx: Ctx, executionId: str) -> Done:
        """End a run."""

        async def work(node: Services, who: Principal) -> Done:
            cancelled = await node.executions.cancel(who, executionId)
            return Done(done=cancelled, detail="cancelled" if cancelled else "it was over already")

        return await self._do(ctx, work)

    async def getCodeExecutionPricing(self, ctx: Ctx, tier: str | None = None) -> dict[str, Any]:
        """The tiers: price per second and per MB, limits and modules."""

        async def work(node: Services, _: Principal) -> dict[str, Any]:
            tiers = node.executor.tiers
            if tier is not None and tier not in tiers:
                raise Invalid(f"unknown tier {tier!r}; there are {', '.join(tiers)}", name="tier")
            return {
                "tiers": [shown_tier(shown) for name, shown in tiers.items() if tier in (None, name)],
                "currency": "USD",
            }

        return await self._do(ctx, work)

    async def getCodeExecutionUsage(
        self, ctx: Ctx, clientId: str | None = None, startDate: MomentText = None, endDate: MomentText = None
    ) -> dict[str, Any]:
        """What you used and what it cost, by day."""

        async def work(node: Services, who: Principal) -> dict[str, Any]:
            whose = _self_or_admin(who, clientId, "clientId")
            return await usage_of(
                node.executor.ledger, whose, _moment(startDate, "startDate"), _moment(endDate, "endDate"), "day"
            )

        return await self._do(ctx, work)

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

    async def addFileToCodeExecutionSession(
        self, ctx: Ctx, sessionId: str, name: str, content: str, language: str | None = None
    ) -> FileState:
        """Add a file; people in the session see it at once."""

        async def work(node: Services, who: Principal) -> FileState:
            return _file(
                await node.files.create(
                    who, sessionId, NewFile(name=name, content=content, language=language), actor=who.actor("agent")
                ),
                sessionId,
            )

        return await self._do(ctx, work)

    async def updateFileInCodeExecutionSession(
        self,
        ctx: Ctx,
        sessionId: str,
        fileId: str,
        content: str | None = None,
        edits: list[Edit] | None = None,
        baseVersion: int | None = None,
    ) -> FileState:
        """Change a file: give its whole new `content`, or `edits` (offsets in code points) made on the text at `baseVersion`.
        What others typed meanwhile is merged, never overwritten."""

        async def work(node: Services, who: Principal) -> FileState:
            actor = who.actor("agent")
            if (content is None) == (edits is None):
                raise Invalid("give either `content` or `edits` with `baseVersion`", name="content")
            if edits is not None:
                if baseVersion is None:
                    raise Invalid("edits need the version of the text they were made on", name="baseVersion")
                return _file(
                    await node.files.edit(
                        who, sessionId, fileId, FileEdits(base_version=baseVersion, edits=edits), actor=actor
                    ),
                    sessionId,
                )
            return _file(
                await node.files.replace(
                    who, sessionId, fileId, FileReplacement(content=content, base_version=baseVersion), actor=actor
                ),
                sessionId,
            )

        return await self._do(ctx, work)

    async def deleteFileFromCodeExecutionSession(self, ctx: Ctx, sessionId: str, fileId: str) -> Done:
        """Delete a file; its text stays in the history."""

        async def work(node: Services, who: Principal) -> Done:
            deleted = await node.files.delete(who, sessionId, fileId, actor=who.actor("agent"))
            return Done(done=True, detail=f"deleted at version {deleted['version']}")

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


def _session(shown: dict[str, Any]) -> SessionOut:
    return _sessions([shown]).sessions[0]


def _sessions(shown: list[dict[str, Any]], next_cursor: str | None = None) -> Sessions:
    found = [SessionOut.model_validate(each) for each in within(shown, file_uri)]
    return Sessions(sessions=found, next_cursor=next_cursor)


async def _shown(coming: Awaitable[dict[str, Any]]) -> SessionOut:
    return _session(await coming)


def _file(shown: dict[str, Any], session_id: str) -> FileState:
    return FileState.model_validate(file_within(shown, session_id))


def _self_only(who: Principal, user_id: str | None) -> None:
    if user_id not in (None, who.user_id):
        raise ActionError("you see your own sessions and the public ones, not those of others", code="forbidden")


def _self_or_admin(who: Principal, user_id: str | None, name: str) -> str:
    if user_id is None or user_id == who.user_id:
        return who.user_id
    try:
        who.require_admin()
    except Forbidden:
        raise Invalid("only an administrator sees what others used", name=name, code="forbidden") from None
    return user_id


def _moment(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    try:
        moment: datetime = TypeAdapter(Moment).validate_python(text)
    except ValidationError as error:
        raise Invalid("must be RFC 3339 with a zone, like 2026-01-31T00:00:00Z", name=name) from error
    return epoch_ms(moment)
