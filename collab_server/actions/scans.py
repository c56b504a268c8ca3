"""The verbs on scans: look at the files of a session, at code without one, and read what was found before a run.

What a finding is and how it is found is executor's; this decides who may ask, and how often.
"""

from __future__ import annotations

import time
from typing import Any

from collab_server.actions.executions import ExecutionActions
from collab_server.actions.sessions import SessionActions
from collab_server.errors import Forbidden, NotFound
from collab_server.members import Members
from collab_server.pace import Pace
from collab_server.principal import Principal
from collab_server.shapes.sessions import Scan
from executor.executions import Executor
from executor.snapshot import SourceFile, take

SCANS_PER_MINUTE_MAX = 120

Findings = list[dict[str, Any]]


class ScanActions:
    """Scans on demand run in the same few processes as those before a run, so their number is bounded by account."""

    def __init__(
        self,
        executor: Executor,
        executions: ExecutionActions,
        sessions: SessionActions,
        members: Members,
    ) -> None:
        self._executor = executor
        self._executions = executions
        self._sessions = sessions
        self._members = members
        self._pace = Pace("scans", SCANS_PER_MINUTE_MAX, now=time.monotonic)

    async def session(self, principal: Principal, session_id: str, file_id: str | None = None) -> Findings:
        """What is to be said of a session's files as they are now, or of one of them."""
        await self._members.access(principal, session_id)
        self._pace.take(principal.user_id)
        async with self._sessions.room(session_id) as room:
            room.flush()
            files = [file for file in room.files() if file_id in (None, file.id)]
        if file_id is not None and not files:
            raise NotFound(f"there is no file {file_id[:64]!r} in this session")
        return await self._look([SourceFile.of_text(file.name, file.content) for file in files])

    async def code(self, principal: Principal, wanted: Scan) -> Findings:
        """The same for code that is in no session."""
        if principal.guest:
            raise Forbidden("a guest works in the session its link opened, not on its own")
        self._pace.take(principal.user_id)
        files = [SourceFile.of_text(file.name, file.content) for file in wanted.files or ()]
        if wanted.code is None and len({file.name for file in files}) == len(files):
            return await self._look(files)
        seen = await self._executor.scanner.scan(take(files, None, wanted.code, wanted.language))
        return [finding.to_json() for finding in seen.findings]

    async def execution(self, principal: Principal, execution_id: str) -> Findings:
        """What was found in the files of a run before it began, or before it was refused."""
        await self._executions.get(principal, execution_id)
        return await self._executor.kept.findings(execution_id)

    async def _look(self, files: list[SourceFile]) -> Findings:
        return [finding.to_json() for finding in (await self._executor.scanner.files(files)).findings]
