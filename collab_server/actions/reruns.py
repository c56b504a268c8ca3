"""The verbs on what a run ran: its files as they were, and running that version once more.

How a run goes is executions.py's; the files come from the document's log, never from the run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from collab_server.actions.executions import ExecutionActions
from collab_server.actions.sessions import SessionActions, shown_file
from collab_server.errors import Conflict
from collab_server.principal import Principal
from crdt.model import Actor, FileState
from executor import pricing
from executor.executions import Executor
from executor.ledger import ExecutionRecord
from executor.request import ExecuteRequest
from executor.snapshot import Invalid, Snapshot, SourceFile, take

NO_SESSION = "a run without a session kept no files; send its code again to `POST /api/executions`"
CODE_OF_ITS_OWN = (
    "this run had code or files of its own beside the session's, which are not kept; send them again to "
    "`POST /api/sessions/{id}/executions`"
)


class RerunActions:
    """A run's digest says whether the version it names is all that it ran."""

    def __init__(self, executor: Executor, executions: ExecutionActions, sessions: SessionActions) -> None:
        self._executor = executor
        self._executions = executions
        self._sessions = sessions

    async def files(self, principal: Principal, execution_id: str) -> dict[str, Any]:
        """{executionId, version, entry, language, files}: what a run ran."""
        record = await self._executions.get(principal, execution_id)
        _, files = await self._then(record)
        return {
            "executionId": record.id,
            "version": record.version,
            "entry": record.entry,
            "language": record.language,
            "files": [shown_file(file) for file in files],
        }

    async def version(self, principal: Principal, session_id: str, execution_id: str) -> int:
        """The version of this session that a run ran."""
        record = await self._executions.get(principal, execution_id)
        if record.session_id != session_id or record.version is None:
            raise Conflict(
                NO_SESSION if record.session_id is None else "that run is of another session", code="no_files"
            )
        return record.version

    async def rerun(
        self,
        principal: Principal,
        execution_id: str,
        *,
        new_id: str | None = None,
        actor: Actor | None = None,
    ) -> str:
        """A new run of the same files, entry, language and limits, as far as the account of who asks now allows them."""
        if new_id is not None and await self._executor.get(new_id) is not None:
            await self._executions.get(principal, new_id)
            return new_id
        record = await self._executions.get(principal, execution_id)
        snapshot, _ = await self._then(record)
        return await self._executions.execute(
            principal,
            self._request(record, principal.tier),
            session_id=record.session_id,
            execution_id=new_id,
            actor=actor,
            frozen=snapshot,
            rerun_of=record.id,
        )

    async def _then(self, record: ExecutionRecord) -> tuple[Snapshot, list[FileState]]:
        if record.session_id is None or record.version is None:
            raise Conflict(NO_SESSION, code="no_files")
        async with self._sessions.room(record.session_id) as room:
            files = await room.files_at(record.version)
        sources = [SourceFile.of_text(file.name, file.content) for file in files]
        try:
            snapshot = take(sources, record.entry, None, record.language, record.version)
        except Invalid:
            raise Conflict(CODE_OF_ITS_OWN, code="no_files") from None
        if snapshot.digest != record.digest:
            raise Conflict(CODE_OF_ITS_OWN, code="no_files")
        return snapshot, files

    def _request(self, record: ExecutionRecord, ceiling: str) -> ExecuteRequest:
        asked = orjson.loads(record.asked or b"{}")
        request = ExecuteRequest.model_validate(asked | {"entry": record.entry, "language": record.language})
        tiers = self._executor.tiers
        wanted = pricing.Wanted(
            request.tier, request.timeout, request.memory_limit, record.language, request.allowed_modules
        )
        top = tiers.get(ceiling)
        if top is None or not isinstance(pricing.choose_tier(wanted, ceiling, tiers), pricing.TierRefusal):
            return request
        # What the account does not have is left out; what remains is the same run with less.
        timeout, memory = min(wanted.timeout_ms, top.max_time_ms), min(wanted.memory_bytes, top.max_memory_bytes)
        lower = replace(wanted, tier=None, timeout_ms=timeout, memory_bytes=memory)
        refused = isinstance(pricing.choose_tier(lower, ceiling, tiers), pricing.TierRefusal)
        modules = None if refused else request.allowed_modules
        return request.model_copy(
            update={"tier": None, "timeout": timeout, "memory_limit": memory, "allowed_modules": modules}
        )
