"""The MCP tools on runs: run code, look at a run, end it, run it again, and what all this costs.

Names and arguments are the contract's, letter by letter: the SDK takes them from the signatures. Each is a thin call of the same actions that
REST and the text lane use.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from pydantic import Field, TypeAdapter, ValidationError

from collab_server.errors import Forbidden, Invalid
from collab_server.mcp_call import DELETES, MAKES, READS, Ctx, Desk, Done, followed
from collab_server.mcp_output import PAGE_EVENTS_DEFAULT, PAGE_EVENTS_MAX, OutputPage, page_of, shortened
from collab_server.money import is_final, shown_tier, usage_of
from collab_server.principal import Principal
from collab_server.services import Services
from collab_server.shapes.base import Shape, Since, Until, epoch_ms
from collab_server.shapes.files import NewFile
from executor.events import ExecutionResult
from executor.request import MEMORY_LIMIT_DEFAULT_BYTES, TIMEOUT_DEFAULT_MS, ExecuteRequest, RequestFile

Day = Annotated[str | None, Field(description="A day, like 2026-01-31 (UTC, included), or a moment in RFC 3339")]
SINCE: TypeAdapter[datetime] = TypeAdapter(Since)
UNTIL: TypeAdapter[datetime] = TypeAdapter(Until)


class RunState(Shape):
    """A run: `status` is queued, running or a final one; `result` is there when it is over, `output` when it was asked for."""

    execution_id: str
    status: str
    result: ExecutionResult | None = None
    output: OutputPage | None = None


class RunTools(Desk):
    """What they answer is bounded, and says where the rest is."""

    def __init__(self, node: Callable[[], Services], server: MCPServer[Any]) -> None:
        super().__init__(node)
        tool = server.tool
        tool(annotations=MAKES, title="Run code")(self.executeCode)
        tool(annotations=READS, title="Look at a run")(self.getCodeExecution)
        tool(annotations=DELETES, title="End a run")(self.cancelCodeExecution)
        tool(annotations=MAKES, title="Run again")(self.rerunCodeExecution)
        tool(annotations=READS, title="Prices")(self.getCodeExecutionPricing)
        tool(annotations=READS, title="Usage and cost")(self.getCodeExecutionUsage)

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

    async def rerunCodeExecution(self, ctx: Ctx, executionId: str) -> ExecutionResult:
        """Run once more the very files that a run of a session ran, whatever was typed since, and wait for the result."""

        async def work(node: Services, who: Principal) -> ExecutionResult:
            rerun_id = await node.reruns.rerun(who, executionId, actor=who.actor("agent"))
            return await followed(ctx, node, who, rerun_id)

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
        self, ctx: Ctx, clientId: str | None = None, startDate: Day = None, endDate: Day = None
    ) -> dict[str, Any]:
        """What you used and what it cost, by day."""

        async def work(node: Services, who: Principal) -> dict[str, Any]:
            whose = _self_or_admin(who, clientId, "clientId")
            return await usage_of(
                node.executor.ledger,
                whose,
                _moment(startDate, "startDate", SINCE),
                _moment(endDate, "endDate", UNTIL),
                "day",
            )

        return await self._do(ctx, work)


def _self_or_admin(who: Principal, user_id: str | None, name: str) -> str:
    if user_id is None or user_id == who.user_id:
        return who.user_id
    try:
        who.require_admin()
    except Forbidden:
        raise Invalid("only an administrator sees what others used", name=name, code="forbidden") from None
    return user_id


def _moment(text: str | None, name: str, kind: TypeAdapter[datetime]) -> int | None:
    if text is None:
        return None
    try:
        return epoch_ms(kind.validate_python(text))
    except (ValidationError, ValueError) as error:
        raise Invalid("must be a day, like 2026-01-31, or RFC 3339 with a zone", name=name) from error
