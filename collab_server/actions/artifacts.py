"""The verbs on files that a run left behind: download one, and take a text into the session's document.

A download needs the right to see the run; a text enters the document as any edit does, by whoever asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from collab_server.actions.executions import ExecutionActions
from collab_server.actions.files import FileActions
from collab_server.errors import Invalid, NotFound
from collab_server.principal import Principal
from executor.executions import Executor


@dataclass(frozen=True)
class Download:
    """A file with the digest that the run reported for it."""

    content: bytes
    digest: str


class ArtifactActions:
    """What a program wrote is data of a stranger: it is handed out, or becomes text, and is never opened here."""

    def __init__(self, executor: Executor, executions: ExecutionActions, files: FileActions) -> None:
        self._executor = executor
        self._executions = executions
        self._files = files

    async def read(self, principal: Principal, execution_id: str, name: str) -> Download:
        """NotFound also for a file that was too large to be kept, or was dropped since."""
        await self._executions.get(principal, execution_id)
        found = await self._executor.kept.artifact(execution_id, name)
        if found is None:
            raise NotFound(f"the run left no file {name[:200]!r} that is still kept; run it again to make it anew")
        return Download(*found)

    async def keep(self, principal: Principal, execution_id: str, name: str) -> dict[str, Any]:
        """The file as a text of the session in which it was made: made there, or its text replaced by a forward change."""
        record = await self._executions.get(principal, execution_id)
        if record.session_id is None:
            raise Invalid("the run had no session whose document could take its files", name="executionId")
        content = (await self.read(principal, execution_id, name)).content
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise Invalid("is no UTF-8 text; only texts can be taken into the document", name="name") from error
        return await self._files.write(principal, record.session_id, name=name, file_id=None, content=text)
