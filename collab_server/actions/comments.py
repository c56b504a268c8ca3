"""The verbs on what is said about lines: list, say, answer, rephrase, settle and delete.

Where a line is, and whose words are whose, is the document's; nothing here touches a CRDT.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from collab_server.actions.sessions import SessionActions
from collab_server.errors import Invalid
from collab_server.ids import new_id
from collab_server.principal import Principal
from collab_server.shapes.comments import CommentChange, NewComment, ThreadChange
from crdt.document import Change, Document
from crdt.model import Actor


class CommentActions:
    """Whoever may watch reads, whoever may edit or propose speaks; an owner may delete what others said."""

    def __init__(self, sessions: SessionActions) -> None:
        self._sessions = sessions

    async def listed(self, principal: Principal, session_id: str) -> dict[str, Any]:
        """{items, version}: all threads, oldest first."""
        await self._sessions.members.access(principal, session_id)
        async with self._sessions.room(session_id) as room:
            return {"items": [thread.shown() for thread in room.threads()], "version": room.version}

    async def add(
        self,
        principal: Principal,
        session_id: str,
        wanted: NewComment,
        *,
        comment_id: str | None = None,
        actor: Actor | None = None,
    ) -> dict[str, Any]:
        """Say something about a line, or answer in a thread; the thread as it is then."""
        places = [wanted.thread_id, wanted.file_id, wanted.execution_id]
        if sum(place is not None for place in places) != 1:
            raise Invalid("give one of `threadId`, `fileId` and `executionId`", name="threadId")
        if wanted.thread_id is None and wanted.line is None:
            raise Invalid("a new thread is about a line, counted from 1", name="line")
        said = comment_id or new_id()
        thread_id = wanted.thread_id or said
        author = actor or principal.actor()

        def speak(document: Document) -> Change | None:
            if document.has_comment(said):
                return None  # a repeated request
            if wanted.thread_id is not None:
                return document.reply(author, said, wanted.thread_id, wanted.text)
            if wanted.file_id is not None:
                on = document.on_line(wanted.file_id, wanted.line or 1)
            else:
                on = {"execution": wanted.execution_id, "line": wanted.line, "quote": wanted.quote}
            return document.start_thread(author, said, wanted.text, on)

        return await self._discuss(principal, session_id, author, speak, thread_id)

    async def change(
        self,
        principal: Principal,
        session_id: str,
        comment_id: str,
        wanted: CommentChange,
        *,
        actor: Actor | None = None,
    ) -> dict[str, Any]:
        """Give one's own comment other words."""
        author = actor or principal.actor()
        return await self._discuss(
            principal,
            session_id,
            author,
            lambda document: document.rephrase(author, comment_id, wanted.text),
            comment_id,
        )

    async def settle(
        self, principal: Principal, session_id: str, thread_id: str, wanted: ThreadChange, *, actor: Actor | None = None
    ) -> dict[str, Any]:
        """Resolve a thread, or open it again."""
        author = actor or principal.actor()
        return await self._discuss(
            principal,
            session_id,
            author,
            lambda document: document.settle(author, thread_id, wanted.resolved),
            thread_id,
        )

    async def delete(
        self, principal: Principal, session_id: str, comment_id: str, *, actor: Actor | None = None
    ) -> None:
        """Take a comment away: one's own, or as an owner anybody's."""
        access = await self._sessions.members.access(principal, session_id, "propose")
        author = actor or principal.actor()
        any_author = access.role == "owner"
        async with self._sessions.room(session_id) as room:
            room.discuss(author, lambda document: document.withdraw(author, comment_id, any_author=any_author))
            await room.saved(room.version)

    async def _discuss(
        self,
        principal: Principal,
        session_id: str,
        author: Actor,
        speak: Callable[[Document], Change | None],
        about: str,
    ) -> dict[str, Any]:
        """`about` is the id of the thread, or of a comment in it, that is shown then."""
        await self._sessions.members.access(principal, session_id, "propose")
        async with self._sessions.room(session_id) as room:
            room.discuss(author, speak)
            shown = room.thread(about).shown()
            await room.saved(room.version)
        return shown
