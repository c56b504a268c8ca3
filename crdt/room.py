"""What the server itself reads and writes in a session: its files, its comments, its past and its branches.
Who is in it, and how they hear of a change, is gathering.py's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import closing, suppress

from crdt.comments import Thread
from crdt.document import Admitted, ApplyFailed, Change, Document
from crdt.gathering import QUARANTINED, UNSAVED, Gathering, OnEdited
from crdt.kept import Base, LogRow
from crdt.loading import build
from crdt.members import Member, Peer
from crdt.merging import MERGE_ROWS_MAX, Merge, merge_of
from crdt.model import (
    Actor,
    EditRefused,
    FileState,
    FrameError,
    TextEdit,
    Wanted,
)
from crdt.playback import Page, play
from crdt.undoing import UNDO_ROWS_MAX, Undone, wanted_of
from crdt.watch import Phase

__all__ = ["Member", "OnEdited", "Peer", "Room"]


class Room(Gathering):
    """Use `Rooms.open` to get one."""

    # -- files ---------------------------------------------------------------------------------------------------

    def files(self) -> list[FileState]:
        self.flush()
        return self._document.files()

    def file(self, file_id: str) -> FileState:
        self.flush()
        return self._document.file(file_id)

    def find(self, name: str) -> FileState | None:
        self.flush()
        return self._document.find(name)

    def create_file(
        self, actor: Actor, name: str, content: str, language: str | None = None, file_id: str | None = None
    ) -> FileState:
        file_id = file_id or self._new_id()
        self._edit(actor, lambda: self._document.create_file(file_id, name, content, language))
        return self._document.file(file_id)

    def replace_text(self, actor: Actor, file_id: str, content: str, base_version: int | None = None) -> int:
        return self._edit(actor, lambda: self._document.replace_text(file_id, content, base_version))

    def edit_text(self, actor: Actor, file_id: str, base_version: int, edits: Sequence[TextEdit]) -> int:
        return self._edit(actor, lambda: self._document.edit_text(file_id, base_version, edits))

    def rename_file(self, actor: Actor, file_id: str, name: str) -> int:
        return self._edit(actor, lambda: self._document.rename_file(file_id, name))

    def set_language(self, actor: Actor, file_id: str, language: str) -> int:
        return self._edit(actor, lambda: self._document.set_language(file_id, language))

    def delete_file(self, actor: Actor, file_id: str) -> int:
        return self._edit(actor, lambda: self._document.delete_file(file_id))

    def threads(self) -> list[Thread]:
        """What is said about lines, oldest first."""
        self.flush()
        return self._document.threads()

    def thread(self, about: str) -> Thread:
        """The thread with this id, or with this comment in it."""
        self.flush()
        return next(iter(self._document.threads((about,))), None) or self._document.comment(about)[0]

    def discuss(self, actor: Actor, speak: Callable[[Document], Change | None]) -> int:
        """Does one of the verbs of a document's discussion."""
        return self._edit(actor, lambda: speak(self._document))

    async def undo(self, actor: Actor, actor_id: str, since: int) -> list[Wanted]:
        """Takes back what `actor_id` did behind version `since`, as one change of `actor`; returns what became of files."""
        self.flush()
        up_to = self.version
        await self.saved(up_to)
        base = await self._log.load_at(self.session_id, since)
        rows = await self._log.rows_between(self.session_id, since, up_to, limit=UNDO_ROWS_MAX + 1)
        if len(rows) > UNDO_ROWS_MAX:
            raise EditRefused("too_large", f"an undo looks at {UNDO_ROWS_MAX} changes at most; restore a version")
        # In a thread: a long log takes a while, and people are typing.
        wanted = await asyncio.to_thread(wanted_of, base, rows, actor_id, since, self._limits, now=self._now)
        undone = Undone(actor_id, since, up_to).encode()
        self._edit(actor, lambda: self._document.reshape(wanted), undone)
        return wanted

    def image(self) -> Base:
        """All there is now, as another document may begin with it or be compared to it."""
        self.flush()
        return Base(self.version, 0, self._document.encode(), {"modified": self._document.modified()})

    async def merge_from(self, branch: Room, since: int, author_id: str) -> Merge:
        """What this session lacks of a branch that left it at version `since`, and what its files would be with it.

        Where its history is not kept any more, all of it counts as `author_id`'s."""
        branch.flush()
        up_to = branch.version
        await branch.saved(up_to)
        whole = LogRow(0, up_to, author_id, 0, branch.image().state)
        try:
            rows = await self._log.rows_between(branch.session_id, since, up_to, limit=MERGE_ROWS_MAX + 1)
        except EditRefused:
            rows = [whole]  # the history of the branch was let go, its text was not
        if len(rows) > MERGE_ROWS_MAX:
            rows = [whole]
        # In a thread: a long log takes a while, and people are typing.
        return await asyncio.to_thread(merge_of, self.image(), rows, self._limits, now=self._now)

    def take_in(self, pieces: Sequence[tuple[Actor, bytes]]) -> int:
        """What was written on a branch, as one change in which each author's part stays theirs."""
        self._require_writable()
        self.flush()
        items: list[Admitted] = []
        authored: list[tuple[str, bytes]] = []
        authors: dict[str, Actor] = {}
        try:
            for actor, update in pieces:
                item = self._document.known.admit(update)
                if item.gap:
                    raise EditRefused("stale", "the branch builds on something that is missing here; try again")
                if not item.known:
                    items.append(item)
                    authored.append((actor.id, update))
                    authors[actor.id] = actor
        except (EditRefused, FrameError) as error:
            self._document.known.drop(items)
            raise error if isinstance(error, EditRefused) else EditRefused("too_large", str(error)) from None
        try:
            change = self._document.apply(items) if items else None
        except ApplyFailed as failure:
            raise EditRefused("invalid", "the branch cannot be applied") from failure
        if change is not None:
            self.carry_out(change, list(authors.values()), authored, None)
        return self.version

    def _require_writable(self) -> None:
        if self.quarantined is not None:
            raise EditRefused("quarantined", QUARANTINED)
        if self._read_only is not None:
            raise EditRefused("read_only", self._read_only)
        if (sealed := self._seals.refusal) is not None:
            raise EditRefused(sealed.code, str(sealed))
        if self._log.full:
            raise EditRefused("overloaded", UNSAVED)

    def _edit(self, actor: Actor, edit: Callable[[], Change | None], undoes: bytes | None = None) -> int:
        self._require_writable()
        self.flush()
        try:
            with self._document.watched(Phase.EDIT, self.version):
                change = edit()
        except ApplyFailed as failure:
            raise EditRefused("invalid", "the edit cannot be applied") from failure
        if change is not None:
            self.carry_out(change, [actor], [(actor.id, change.update)], None, undoes)
        return self.version

    async def recall(self, file_id: str, base_version: int) -> None:
        """Reads from the log what an older `base_version` needs; after it edits on that version can be rebased."""
        self.flush()
        if self._document.reaches_back(file_id, base_version):
            return
        await self.saved(self.version)
        with suppress(EditRefused):
            then = await self._then(base_version)
            with closing(then):
                self._document.recall(file_id, base_version, then.file(file_id).content)

    async def files_at(self, version: int) -> list[FileState]:
        """The files as they were at `version`, from the log."""
        self.flush()
        await self.saved(min(version, self.version))
        then = await self._then(version)
        try:
            return then.files()
        finally:
            then.close()

    def playback(self, after: int, up_to: int) -> AsyncGenerator[Page, None]:
        """What was done between two versions, from the log."""
        return play(self._log, self.session_id, after, up_to, self._limits, now=self._now)

    async def _then(self, version: int) -> Document:
        loaded = await self._log.load_at(self.session_id, version)
        return build(loaded, self._limits, now=self._now, session_id=self.session_id, watch=self._watch)[0]
