"""The verbs on the versions of a session: list with authors, look back, name, restore as a forward change.

Nothing is ever rewritten; the log that this reads is crdt's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from collab_server.actions.reruns import RerunActions
from collab_server.actions.sessions import SessionActions, shown_file
from collab_server.errors import Invalid, NotFound
from collab_server.principal import Principal
from collab_server.shapes.base import number, timestamp
from crdt.differences import FileDifference, differences
from crdt.log import Log
from crdt.model import FileState
from crdt.playback import Page
from crdt.room import Room

RUN = "run:"


class HistoryActions:
    """Reads the document's log, and changes the document only through its room."""

    def __init__(self, sessions: SessionActions, reruns: RerunActions, log: Log) -> None:
        self._sessions = sessions
        self._reruns = reruns
        self._log = log

    async def listed(self, principal: Principal, session_id: str, *, limit: int, before: int | None) -> dict[str, Any]:
        """{items: [{version, createdAt, actorIds, name?}], nextBefore}, newest first."""
        await self._sessions.members.access(principal, session_id)
        entries = await self._log.history(session_id, limit=limit + 1, before=before)
        page = entries[:limit]
        return {
            "items": [
                {
                    "version": entry.version,
                    "createdAt": timestamp(entry.created_at_ms),
                    "actorIds": list(entry.actor_ids),
                    "name": entry.name,
                }
                for entry in page
            ],
            "nextBefore": page[-1].version if len(entries) > limit else None,
        }

    async def get(self, principal: Principal, session_id: str, version: int) -> dict[str, Any]:
        """{version, files}: the files as they were."""
        await self._sessions.members.access(principal, session_id)
        async with self._sessions.room(session_id) as room:
            files = await _files_at(room, version)
        return {"version": version, "files": [shown_file(file) for file in files]}

    async def diff(self, principal: Principal, session_id: str, old: str, new: str) -> dict[str, Any]:
        """{from, to, files}: what differs between two points, each a version, `now` or `run:{executionId}`."""
        await self._sessions.members.access(principal, session_id)
        async with self._sessions.room(session_id) as room:
            then = await self._point(principal, room, old, "from")
            after = await self._point(principal, room, new, "to")
            before_files, after_files = await _files_at(room, then), await _files_at(room, after)
        # In a thread: matching long texts takes a while.
        found = await asyncio.to_thread(differences, before_files, after_files)
        return {
            "from": then,
            "to": after,
            "files": [shown_difference(one) for one in found],
        }

    async def playback(
        self, principal: Principal, session_id: str, old: str, new: str
    ) -> tuple[int, int, AsyncGenerator[Page, None]]:
        """(from, to, pages): what was done between two points, step by step."""
        await self._sessions.members.access(principal, session_id)
        async with self._sessions.room(session_id) as room:
            after = await self._point(principal, room, old, "from")
            up_to = await self._point(principal, room, new, "to")
            if up_to > room.version or after > up_to:
                raise Invalid(f"`from` comes before `to`, and the newest version is {room.version}", name="to")
            await room.saved(up_to)
            return after, up_to, room.playback(after, up_to)

    async def _point(self, principal: Principal, room: Room, point: str, name: str) -> int:
        if point == "now":
            return room.version
        if point.startswith(RUN):
            return await self._reruns.version(principal, room.session_id, point.removeprefix(RUN))
        if (version := number(point)) is None:
            raise Invalid("is a version like 12, `now`, or `run:` and the id of a run", name=name)
        return version

    async def name(self, principal: Principal, session_id: str, name: str) -> dict[str, Any]:
        """Give the present version a name; it is kept for good from then on."""
        await self._sessions.members.access(principal, session_id, "edit")
        async with self._sessions.room(session_id) as room:
            version = room.version
            await room.saved(version)
            await self._log.name_version(session_id, version, name, principal.user_id)
        return {"version": version, "name": name}

    async def restore(self, principal: Principal, session_id: str, version: int) -> dict[str, Any]:
        """Bring the files of a version back: changed ones get their old text, missing ones return, later ones go."""
        await self._sessions.members.access(principal, session_id, "edit")
        then = (await self.get(principal, session_id, version))["files"]
        actor = principal.actor()
        async with self._sessions.room(session_id) as room:
            wanted = {file["id"]: file for file in then}
            for file in room.files():
                if file.id not in wanted:
                    room.delete_file(actor, file.id)
            present = {file.id: file for file in room.files()}
            for file_id, old in wanted.items():
                if file_id not in present:
                    room.create_file(actor, old["name"], old["content"], old["language"], file_id)
                    continue
                if present[file_id].name != old["name"]:
                    room.rename_file(actor, file_id, old["name"])
                if present[file_id].content != old["content"]:
                    room.replace_text(actor, file_id, old["content"])
            await room.saved(room.version)
        return await self._sessions.get(principal, session_id)


def shown_difference(one: FileDifference) -> dict[str, Any]:
    """How a file differs, as `DifferenceOut` has it."""
    return {
        "fileId": one.file_id,
        "status": one.status,
        "name": one.name,
        "oldName": one.old_name,
        "language": one.language,
        "unified": one.unified,
        "hunks": [
            {
                "oldStart": hunk.old_start,
                "oldLines": hunk.old_lines,
                "newStart": hunk.new_start,
                "newLines": hunk.new_lines,
                "lines": list(hunk.lines),
            }
            for hunk in one.hunks
        ],
        "truncated": one.truncated,
    }


async def _files_at(room: Room, version: int) -> list[FileState]:
    if not 0 <= version <= room.version:
        raise NotFound(f"there is no version {version}; the newest is {room.version}")
    return room.files() if version == room.version else await room.files_at(version)
