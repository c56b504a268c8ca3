"""One session on this node: its document, its members, and how a change reaches them, the log and the other nodes.
All of it is synchronous; sockets, SQL and Redis are behind the ports that are handed in."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import orjson

from crdt.bus import Bus
from crdt.document import Admitted, ApplyFailed, Change, Document
from crdt.loading import build
from crdt.log import Log
from crdt.members import Member, Peer
from crdt.model import CLOSE_MALFORMED, SYSTEM, Actor, EditRefused, FileState, FrameError, Limits, TextEdit
from crdt.neighbours import Neighbours
from crdt.presence import Presence
from crdt.protocol import (
    EMPTY_UPDATE,
    AwarenessUpdate,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
    awareness_frame,
    denied_frame,
    encode_state_vector,
    parse,
    parse_state_vector,
    step1_frame,
    step2_frame,
    update_frame,
)
from crdt.replica import merge
from crdt.saving import Saving
from crdt.update import scan

__all__ = ["Member", "Peer", "Room"]

logger = logging.getLogger(__name__)

DENIED = "permission denied: you may watch this session but not change it"
QUARANTINED = "this session is damaged and can only be read until it is repaired"


class Room:
    """Use `Rooms.open` to get one."""

    def __init__(
        self,
        session_id: str,
        document: Document,
        *,
        log: Log,
        bus: Bus,
        topic: str,
        node: bytes,
        limits: Limits,
        now: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self.session_id = session_id
        self.quarantined: str | None = None
        self.on_announced: Callable[[dict[str, Any]], None] | None = None
        self.changes_since_snapshot = 0
        self.bytes_since_snapshot = 0
        self._document = document
        self._log = log
        self._limits = limits
        self._now = now
        self._new_id = new_id
        self._loop = asyncio.get_running_loop()
        self._members: dict[str, Member] = {}
        self._text_members = 0
        self._presence = Presence(limits, now=now)
        self.neighbours = Neighbours(self, bus, topic, node, self._presence, limits)
        self._pending: list[tuple[Member, Admitted]] = []
        self._pending_bytes = 0
        self._asked: set[str] = set()
        self._flush_handle: asyncio.Handle | None = None
        self._step2: dict[bytes, bytes] = {}
        self._state_vector: bytes | None = None
        self._dirty: set[int] = set()
        self._presence_handle: asyncio.TimerHandle | None = None
        self._presence_text_handle: asyncio.TimerHandle | None = None
        self._saving = Saving(
            session_id, log, current=lambda: self._document.version, tell=lambda event: self._send_text(_json(event))
        )
        self._closed = False

    # -- state ---------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        return self._document.version

    @property
    def saved_version(self) -> int:
        return self._saving.version

    @property
    def unsaved_changes(self) -> int:
        return len(self._saving)

    @property
    def empty(self) -> bool:
        return not self._members

    @property
    def member_count(self) -> int:
        return len(self._members)

    def members(self) -> list[Actor]:
        """Everyone here, and everyone whom the other nodes tell of; each once."""
        actors = {member.actor.id: member.actor for member in self._members.values()}
        for state in self._presence.members():
            user = state.get("user")
            if isinstance(user, dict) and isinstance(user.get("id"), str) and user["id"] not in actors:
                actors[user["id"]] = Actor(
                    user["id"],
                    str(user.get("name", "")),
                    user.get("kind", "human"),
                    str(user.get("color", "")),
                    str(user.get("colorLight", "")),
                )
        return list(actors.values())

    # -- connections ---------------------------------------------------------------------------------------------

    def join(self, peer: Peer) -> Member:
        member = Member(self._new_id(), peer)
        self._members[member.id] = member
        self._text_members += member.wants_text
        peer.send_binary(step1_frame(self._vector()))
        if len(self._presence):
            peer.send_binary(awareness_frame(self._presence.entries()))
        if member.wants_text:
            peer.send_text(self._presence_text())
        return member

    def leave(self, member: Member) -> None:
        if self._members.pop(member.id, None) is None:
            return
        self._text_members -= member.wants_text
        self.touch(self._presence.leave(member.id))

    def resume(self, member: Member) -> None:
        """The connection takes frames again: it gets one difference instead of all that it missed."""
        if member.stalled is None or member.id not in self._members:
            return
        self.flush()
        missing = self._document.diff(member.stalled)
        member.stalled = None
        member.peer.send_binary(update_frame(missing))
        member.peer.send_binary(awareness_frame(self._presence.entries()))
        if member.wants_text:
            files = [
                {
                    "id": file.id,
                    "name": file.name,
                    "language": file.language,
                    "content": file.content,
                    "lastModified": file.last_modified,
                }
                for file in self.files()
            ]
            member.peer.send_text(_json({"type": "files", "version": self.version, "files": files}))
            member.peer.send_text(self._presence_text())

    def receive(self, member: Member, frame: bytes) -> None:
        """Takes a frame of a connection; FrameError means that the connection is to be closed with its code."""
        if member.fault is not None:
            raise member.fault
        for message in parse(frame, self._limits):
            if type(message) is SyncUpdate:
                self._receive_update(member, message.update, is_reply=False)
            elif type(message) is AwarenessUpdate:
                self.touch(self._presence.receive(member.id, member.actor, message.entries))
            elif type(message) is SyncStep1:
                self._answer(member, message.state_vector)
            elif type(message) is SyncStep2:
                self._receive_update(member, message.update, is_reply=True)
            elif type(message) is QueryAwareness:
                member.peer.send_binary(awareness_frame(self._presence.entries()))

    def _receive_update(self, member: Member, update: bytes, *, is_reply: bool) -> None:
        if update == EMPTY_UPDATE:
            return
        if not member.peer.may_edit or self.quarantined is not None:
            # A stock client answers with all deletions it knows of; only what is new needs a word.
            if not is_reply or self._document.brings_items(update):
                reason = DENIED if self.quarantined is None else QUARANTINED
                member.peer.send_binary(denied_frame(reason))
            return
        item = self._document.admit(update)
        if item.known:
            return
        if item.gap:
            self._ask_again(member, item, is_reply=is_reply)
            return
        self._pending.append((member, item))
        self._pending_bytes += len(update)
        if self._flush_handle is None:
            self._flush_handle = self._loop.call_soon(self.flush)

    def _ask_again(self, member: Member, item: Admitted, *, is_reply: bool) -> None:
        """Something is missing in between. A reply that still has gaps is kept until its base comes; asking once
        more would go round in circles."""
        if is_reply:
            if not self._document.hold(item):
                raise FrameError(CLOSE_MALFORMED, "too much that builds on what is missing", "pending_bytes_max")
        elif member.id not in self._asked:
            self._asked.add(member.id)
            self._loop.call_soon(self._asked.discard, member.id)
            member.peer.send_binary(step1_frame(self._vector()))

    def _answer(self, member: Member, state_vector: bytes) -> None:
        self.flush()
        frame = self._step2.get(state_vector)
        if frame is None:
            frame = step2_frame(self._document.diff(state_vector))
            if len(self._step2) >= self._limits.step2_cache_max:
                self._step2.clear()
            self._step2[state_vector] = frame
        member.peer.send_binary(frame)

    def _vector(self) -> bytes:
        if self._state_vector is None:
            self._state_vector = self._document.state_vector()
        return self._state_vector

    # -- changes -------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Applies what came in this turn of the loop as one change and passes it on."""
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        if not self._pending:
            return
        batch, self._pending = self._pending, []
        self._pending_bytes = 0
        self._state_vector = None
        if any(item.torn for _, item in batch):
            for entry in batch:
                self._apply([entry])
        else:
            self._apply(batch)
        if self._document.holds_any:
            self._retry_held()

    def _apply(self, batch: list[tuple[Member, Admitted]]) -> None:
        try:
            change = self._document.apply([item for _, item in batch])
        except ApplyFailed as failure:
            if len(batch) == 1:
                self._refuse(batch[0][0], FrameError(CLOSE_MALFORMED, "an update cannot be applied", "bad_update"))
                logger.warning("an update in session %s cannot be applied: %s", self.session_id, failure)
            else:
                self._apply_singly(batch)
            return
        if change is None:
            return
        authors = list({member.actor.id: member.actor for member, _ in batch}.values())
        only = batch[0][0]
        if any(member is not only for member, _ in batch):
            self._carry_out(change, authors, _by_author(batch, self._limits.merge_group_max), None)
        elif len(batch) == 1:
            self._carry_out(change, authors, [(only.actor.id, change.update)], only)
        else:
            self._carry_out(change, authors, [(only.actor.id, change.update)], only)

    def _apply_singly(self, batch: list[tuple[Member, Admitted]]) -> None:
        """One of them is to blame; the others stay."""
        for member, old in batch:
            if member.fault is not None:
                continue
            try:
                item = self._document.admit(old.update)
            except FrameError as fault:
                self._refuse(member, fault)
                continue
            if item.gap:
                self._ask_again(member, item, is_reply=False)
            elif not item.known:
                self._apply([(member, item)])

    def _refuse(self, member: Member, fault: FrameError) -> None:
        """Closes a connection whose frame was taken and turned out to be unusable only when it was applied: at once
        where its transport can be told, else at its next frame."""
        member.fault = fault
        close = getattr(member.peer, "close", None)
        if callable(close):
            close(fault.close_code, str(fault))

    def _retry_held(self) -> None:
        held = self._document.release_held()
        for update in held:
            try:
                item = self._document.admit(update)
                if item.gap:
                    self._document.hold(item)
                elif not item.known:
                    change = self._document.apply([item])
                    if change is not None:
                        self._carry_out(change, [SYSTEM], [(SYSTEM.id, change.update)], None)
            except (FrameError, ApplyFailed):
                continue

    def _carry_out(
        self,
        change: Change,
        authors: Sequence[Actor],
        authored: Sequence[tuple[str, bytes]],
        author: Member | None,
    ) -> None:
        """A change of this node: to the log, to the members here, to the other nodes."""
        version = change.version
        self._saving.take(version, authored)
        self.changes_since_snapshot += 1
        self.bytes_since_snapshot += len(change.update)
        self._tell_members(change, authors, author)
        self.neighbours.tell_change(change.update, version, authors[-1])

    def _tell_members(self, change: Change, authors: Sequence[Actor], author: Member | None) -> None:
        self._state_vector = None
        self._step2.clear()
        frame = update_frame(change.update)
        stalled: bytes | None = None
        for member in self._members.values():
            if member is author or member.stalled is not None:
                continue
            peer = member.peer
            if peer.overloaded():
                if stalled is None:
                    stalled = self._vector_before(change)
                member.stalled = stalled
                continue
            peer.send_binary(frame)
        if self._text_members and change.files:
            self._tell_texts(change, authors)

    def _vector_before(self, change: Change) -> bytes:
        vector = parse_state_vector(self._document.state_vector(), 2**40)
        for client, start in scan(change.update, _UNLIMITED).starts.items():
            vector[client] = min(start, vector.get(client, start))
        return encode_state_vector(vector)

    def _tell_texts(self, change: Change, authors: Sequence[Actor]) -> None:
        actor = authors[-1]
        who: dict[str, Any] = {"id": actor.id, "name": actor.name, "kind": actor.kind}
        for file in change.files:
            event: dict[str, Any] = {
                "type": "file.deleted" if file.deleted else "file.changed",
                "fileId": file.file_id,
                "name": file.name,
                "version": change.version,
                "actor": who,
            }
            if len(authors) > 1:
                event["actors"] = [{"id": one.id, "name": one.name, "kind": one.kind} for one in authors]
            if not file.deleted:
                event["language"] = file.language
                event["edits"] = [{"start": edit.start, "end": edit.end, "text": edit.text} for edit in file.edits]
            self._send_text(_json(event))

    def _send_text(self, frame: str) -> None:
        if self._text_members:
            for member in self._members.values():
                if member.wants_text and member.stalled is None:
                    member.peer.send_text(frame)

    # -- saving --------------------------------------------------------------------------------------------------

    async def saved(self, version: int) -> None:
        """Returns when everything up to `version` is committed."""
        self.flush()
        await self._saving.wait(version)

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

    def _edit(self, actor: Actor, edit: Callable[[], Change | None]) -> int:
        if self.quarantined is not None:
            raise EditRefused("quarantined", QUARANTINED)
        self.flush()
        try:
            change = edit()
        except ApplyFailed as failure:
            raise EditRefused("invalid", "the edit cannot be applied") from failure
        if change is not None:
            self._carry_out(change, [actor], [(actor.id, change.update)], None)
        return self.version

    async def recall(self, file_id: str, base_version: int) -> None:
        """Reads from the log what an older `base_version` needs; after it edits on that version can be rebased."""
        self.flush()
        if self._document.reaches_back(file_id, base_version):
            return
        await self.saved(self.version)
        then, _ = build(await self._log.load_at(self.session_id, base_version), self._limits, now=self._now)
        with suppress(EditRefused):
            self._document.recall(file_id, base_version, then.file(file_id).content)
        then.close()

    async def files_at(self, version: int) -> list[FileState]:
        """The files as they were at `version`, from the log."""
        self.flush()
        await self.saved(min(version, self.version))
        then, _ = build(await self._log.load_at(self.session_id, version), self._limits, now=self._now)
        try:
            return then.files()
        finally:
            then.close()

    # -- presence ------------------------------------------------------------------------------------------------

    def set_presence(self, member: Member, state: dict[str, Any]) -> None:
        if member.client_id is None:
            member.client_id = random.getrandbits(32)  # a name, not a secret
        try:
            taken = self._presence.set(member.id, member.actor, member.client_id, state)
        except TypeError:
            taken = False
        if not taken:
            raise EditRefused("too_large", "a presence state is a small JSON object", "state")
        self.touch([member.client_id])

    def touch(self, client_ids: Iterable[int]) -> None:
        self._dirty.update(client_ids)
        if self._dirty and self._presence_handle is None:
            self._presence_handle = self._loop.call_later(self._limits.presence_window_s, self._tell_presence)

    def _tell_presence(self) -> None:
        self._presence_handle = None
        dirty, self._dirty = self._dirty, set()
        if self._closed or not dirty:
            return
        frame = awareness_frame(self._presence.entries(dirty))
        for member in self._members.values():
            if member.stalled is not None:
                continue
            if member.peer.overloaded():
                # It gets everybody's presence with the difference, once it reads again.
                member.stalled = self._vector()
            else:
                member.peer.send_binary(frame)
        self.neighbours.tell_presence(list(dirty))
        if self._text_members and self._presence_text_handle is None:
            self._presence_text_handle = self._loop.call_later(
                self._limits.presence_text_window_s, self._tell_presence_text
            )

    def _tell_presence_text(self) -> None:
        self._presence_text_handle = None
        if not self._closed:
            self._send_text(self._presence_text())

    def _presence_text(self) -> str:
        return _json({"type": "presence", "members": self._presence.members()})

    def tick(self) -> None:
        """Called every few seconds: who fell silent goes, who is spoken for stays."""
        self.touch(self._presence.expire())

    def refresh_presence(self) -> None:
        self.touch(self._presence.refresh())
        self.neighbours.tell_presence(None)

    # -- events --------------------------------------------------------------------------------------------------

    def announce(self, event: dict[str, Any]) -> None:
        """To everyone on the text lane, here and on the other nodes."""
        frame = _json(event)
        self._send_announced(frame)
        self.neighbours.tell_event(frame)

    def _send_announced(self, frame: str) -> None:
        # Events have no difference to send later, so a slow reader gets them too; its transport bounds the queue.
        for member in self._members.values():
            if member.wants_text:
                member.peer.send_text(frame)

    # -- what neighbours bring ------------------------------------------------------------------------------------

    def take_event(self, frame: str, event: dict[str, Any]) -> None:
        self._send_announced(frame)
        if self.on_announced is not None:
            self.on_announced(event)

    def state_vector(self) -> bytes:
        self.flush()
        return self._vector()

    def missing(self, state_vector: bytes) -> bytes:
        self.flush()
        return self._document.diff(state_vector)

    def lacks(self, state_vector: bytes) -> bool:
        return self._document.lacks(state_vector)

    def take_remote(self, update: bytes, version: int, actor: Actor) -> bool:
        """A change of another node: that one saves it, here it is applied and shown. False: something is missing."""
        self.flush()
        item = self._document.admit(update, trusted=True)
        if item.gap:
            return False
        if not item.known:
            # Versions are a clock that only rises: this node's count is never behind what another tells.
            self._document.reach(version - 1)
            change = self._document.apply([item])
            if change is not None:
                self._tell_members(change, [actor], None)
        return True

    # -- loading and leaving -------------------------------------------------------------------------------------

    def adopt(self, document: Document, fault: str | None, changes: int, size_bytes: int) -> None:
        """Takes the document that was loaded; with a `fault` it can only be read."""
        self._document.close()
        self._document = document
        self.quarantined = fault
        self.changes_since_snapshot = changes
        self.bytes_since_snapshot = size_bytes

    def close(self) -> None:
        """Everything is saved and nobody is here: leaves the bus."""
        self._closed = True
        for handle in (self._flush_handle, self._presence_handle, self._presence_text_handle):
            if handle is not None:
                handle.cancel()
        self.neighbours.close()
        self._document.close()
        self._saving.close()


_UNLIMITED = Limits(
    structs_per_update_max=2**40, clients_per_update_max=2**40, deletes_per_update_max=2**40, any_depth_max=10_000
)


def _json(event: dict[str, Any]) -> str:
    try:
        return orjson.dumps(event).decode()
    except TypeError:
        # Lone surrogates, which programs do print, are JSON in ASCII only.
        return json.dumps(event)


def _by_author(batch: list[tuple[Member, Admitted]], group_max: int) -> list[tuple[str, bytes]]:
    """A row for each author, so that the history by author stays true when changes are applied together."""
    updates: dict[str, list[bytes]] = {}
    for member, item in batch:
        updates.setdefault(member.actor.id, []).append(item.update)
    rows: list[tuple[str, bytes]] = []
    for actor_id, parts in updates.items():
        try:
            rows.append((actor_id, merge(parts, group_max)))
        except ApplyFailed:
            rows.extend((actor_id, part) for part in parts)
    return rows
