"""The verbs on the files of a session: list, read, create, replace, edit at a base version, rename, delete; and its versions.

The text itself is the room's; nothing here touches a CRDT.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from collab_server.actions.sessions import SessionActions, shown_file
from collab_server.errors import ActionError, NotFound
from collab_server.pace import Pace
from collab_server.principal import Principal
from collab_server.shapes.files import FileEdits, FileReplacement, NewFile
from crdt.model import Actor, DocumentError, TextEdit
from crdt.room import Room


class FileActions:
    """Edits come back only when they are on disk, so an answered request is never lost.

    `pace` holds back programs that flood; people are never asked for it."""

    def __init__(self, sessions: SessionActions, pace: Pace) -> None:
        self._sessions = sessions
        self._pace = pace

    @asynccontextmanager
    async def _editing(
        self, principal: Principal, session_id: str, actor: Actor | None
    ) -> AsyncIterator[tuple[Room, Actor]]:
        await self._sessions.members.access(principal, session_id, "edit")
        if principal.program:
            self._pace.take(principal.agent_id or principal.user_id)
        async with self._sessions.room(session_id) as room:
            yield room, actor or principal.actor()
            await room.saved(room.version)

    async def listed(self, principal: Principal, session_id: str) -> dict[str, Any]:
        """{files, version}: all files as they are now."""
        await self._sessions.members.access(principal, session_id)
        async with self._sessions.room(session_id) as room:
            return {"files": [shown_file(file) for file in room.files()], "version": room.version}

    async def get(self, principal: Principal, session_id: str, file_id: str) -> dict[str, Any]:
        """One file, with the version to base an edit on."""
        await self._sessions.members.access(principal, session_id)
        async with self._sessions.room(session_id) as room:
            return shown_file(room.file(file_id)) | {"version": room.version}

    async def named(self, principal: Principal, session_id: str, name: str) -> dict[str, Any]:
        """One file by its name, with the version to base an edit on."""
        await self._sessions.members.access(principal, session_id)
        async with self._sessions.room(session_id) as room:
            if (file := room.find(name)) is None:
                raise NotFound(f"there is no file {name[:200]!r} in the session")
            return shown_file(file) | {"version": room.version}

    async def create(
        self,
        principal: Principal,
        session_id: str,
        wanted: NewFile,
        *,
        actor: Actor | None = None,
        file_id: str | None = None,
    ) -> dict[str, Any]:
        """Create a file; with a `file_id` that is there already, that file is answered (a repeated request)."""
        async with self._editing(principal, session_id, actor) as (room, author):
            try:
                file = room.create_file(author, wanted.name, wanted.content, wanted.language, file_id)
            except DocumentError as error:
                known = room.find(wanted.name)
                if error.code != "exists" or file_id is None or known is None or known.id != file_id:
                    raise
                file = known
            shown = shown_file(file) | {"version": room.version}
        return shown

    async def replace(
        self,
        principal: Principal,
        session_id: str,
        file_id: str,
        wanted: FileReplacement,
        *,
        if_match: int | None = None,
        actor: Actor | None = None,
    ) -> dict[str, Any]:
        """Give a file a new text, name or language. With `if_match`, only if the session is still at that version."""
        async with self._editing(principal, session_id, actor) as (room, author):
            _match(room, if_match)
            room.file(file_id)
            if wanted.name is not None:
                room.rename_file(author, file_id, wanted.name)
            if wanted.language is not None:
                room.set_language(author, file_id, wanted.language)
            if wanted.content is not None:
                if wanted.base_version is not None:
                    await room.recall(file_id, wanted.base_version)
                room.replace_text(author, file_id, wanted.content, wanted.base_version)
            shown = shown_file(room.file(file_id)) | {"version": room.version}
        return shown

    async def edit(
        self,
        principal: Principal,
        session_id: str,
        file_id: str,
        wanted: FileEdits,
        *,
        if_match: int | None = None,
        actor: Actor | None = None,
    ) -> dict[str, Any]:
        """Apply edits that were made on the text at `baseVersion`, merged with what came since."""
        async with self._editing(principal, session_id, actor) as (room, author):
            _match(room, if_match)
            await room.recall(file_id, wanted.base_version)
            room.edit_text(
                author,
                file_id,
                wanted.base_version,
                [TextEdit(edit.start, edit.end, edit.text) for edit in wanted.edits],
            )
            shown = shown_file(room.file(file_id)) | {"version": room.version}
        return shown

    async def write(
        self,
        principal: Principal,
        session_id: str,
        *,
        name: str | None,
        file_id: str | None,
        content: str,
        language: str | None = None,
        base_version: int | None = None,
        actor: Actor | None = None,
    ) -> dict[str, Any]:
        """Give a file its whole text by id or by name; by name it is made when it is missing."""
        async with self._editing(principal, session_id, actor) as (room, author):
            known = room.file(file_id) if file_id is not None else room.find(name or "")
            if known is None:
                known = room.create_file(author, name or "", content, language)
            else:
                if base_version is not None:
                    await room.recall(known.id, base_version)
                room.replace_text(author, known.id, content, base_version)
                if language is not None and language != known.language:
                    room.set_language(author, known.id, language)
            shown = shown_file(room.file(known.id)) | {"version": room.version}
        return shown

    async def rename(
        self, principal: Principal, session_id: str, file_id: str, name: str, *, actor: Actor | None = None
    ) -> dict[str, Any]:
        """Give a file another name or place."""
        return await self.replace(
            principal, session_id, file_id, FileReplacement(name=name, base_version=None), actor=actor
        )

    async def delete(
        self,
        principal: Principal,
        session_id: str,
        file_id: str,
        *,
        if_match: int | None = None,
        actor: Actor | None = None,
    ) -> dict[str, Any]:
        """Delete a file; its text stays in the history."""
        async with self._editing(principal, session_id, actor) as (room, author):
            _match(room, if_match)
            version = room.delete_file(author, file_id)
        return {"fileId": file_id, "version": version}


def _match(room: Room, if_match: int | None) -> None:
    if if_match is not None and if_match != room.version:
        error = ActionError(
            f"the session is at version {room.version}, not {if_match}; read the file again and repeat the change",
            code="precondition_failed",
            version=room.version,
        )
        error.status = 412
        raise error
