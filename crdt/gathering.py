"""Those who are in one session on this node: what comes in from them, and how a change reaches them, the log and the
other nodes. What the server itself reads and writes in the document is room.py's."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from crdt.attendance import Attendance
from crdt.audience import Audience
from crdt.bus import Bus
from crdt.comments import thread_of
from crdt.cursors import placed
from crdt.document import Change, Document, FileChange
from crdt.faults import NOTHING, Standing
from crdt.intake import Authored, Intake
from crdt.log import Log
from crdt.members import Broadcast, Member, Peer, one_by_one
from crdt.meter import Meter
from crdt.model import (
    CLOSE_OVERLOADED,
    CLOSE_TRY_AGAIN,
    Actor,
    DocumentError,
    EditRefused,
    FrameError,
    Limits,
)
from crdt.neighbours import Neighbours
from crdt.presence import Presence
from crdt.protocol import (
    EMPTY_UPDATE,
    AwarenessUpdate,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
    denied_frame,
    parse,
    step1_frame,
    step2_frame,
    update_frame,
)
from crdt.saving import ANSWER_S, Saving
from crdt.seals import Seals
from crdt.tidings import comments_changed, files_changed, files_told, spelled
from crdt.watch import NOBODY, Watch

OnEdited = Callable[[str, Sequence[FileChange], Sequence[str]], None]

DENIED = "permission denied: you may watch this session but not change it"
UNSAVED = "too much waits to be saved; try again when the database is back"
QUARANTINED = "this session is damaged and can only be read until it is repaired"


class Gathering:
    """All of it is synchronous; sockets, SQL and Redis are behind the ports that are handed in."""

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
        ticks: Callable[[], float],
        new_id: Callable[[], str],
        broadcast: Broadcast = one_by_one,
        watch: Watch = NOBODY,
        on_edited: OnEdited = lambda session_id, files, actor_ids: None,
        meter: Meter,
    ) -> None:
        self._watch = watch
        self._on_edited = on_edited
        self.session_id = session_id
        self.quarantined: str | None = None
        self._read_only: str | None = None
        self._seals = Seals(self._ask_all)
        self.on_announced: Callable[[dict[str, Any]], None] | None = None
        self.changes_since_snapshot = 0
        self.bytes_since_snapshot = 0
        self._document = document
        self._meter = meter
        self._intake = Intake(document, self, limits, meter)
        self._log = log
        self._limits = limits
        self._now = now
        self._new_id = new_id
        self._audience = Audience(broadcast, meter)
        self._presence = Presence(limits, ticks=ticks)
        self.neighbours = Neighbours(self, bus, topic, node, self._presence, limits)
        self.attendance = Attendance(
            self._presence, self._audience, limits, tell_neighbours=self.neighbours.tell_presence
        )
        # Frames that many newcomers ask for, until the next change.
        self._step2: dict[bytes, bytes] = {}
        self._state_vector: bytes | None = None
        self._undos: list[tuple[bytes, int, Actor, bytes]] = []
        self._saving = Saving(
            session_id,
            log,
            current=lambda: self._document.version,
            heard=lambda: self._audience.reads or self.neighbours.within_reach,
            tell=self._tell,
            tell_nodes=self.neighbours.tell_saved,
        )

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
        return not self._audience

    @property
    def member_count(self) -> int:
        return len(self._audience)

    def members(self) -> list[Actor]:
        """Everyone here, and everyone whom the other nodes tell of; each once."""
        actors = {member.actor.id: member.actor for member in self._audience}
        for state in self._presence.members():
            user = state.get("user")
            if isinstance(user, dict) and isinstance(user.get("id"), str) and user["id"] not in actors:
                actors[user["id"]] = Actor(
                    user["id"],
                    str(user.get("name", "")),
                    user.get("kind", "human"),
                    str(user.get("color", "")),
                    str(user.get("colorLight", "")),
                    str(user["onBehalfOf"]) if "onBehalfOf" in user else None,
                )
        return list(actors.values())

    # -- connections ---------------------------------------------------------------------------------------------

    def join(self, peer: Peer) -> Member:
        member = Member(self._new_id(), peer)
        self._audience.add(member)
        peer.send_binary(step1_frame(self._vector()))
        if len(self._presence):
            peer.send_binary(self.attendance.frame())
        if member.wants_text:
            peer.send_text(self.attendance.text())
        return member

    def leave(self, member: Member) -> None:
        if member in self._audience:
            self._audience.remove(member)
            self.touch(self._presence.leave(member.id))

    def stall(self, member: Member) -> None:
        """The connection can take no more for now: from here on it is left out."""
        if member.stalled is None:
            self._audience.stall(member, self._document.applied_vector())

    def resume(self, member: Member) -> None:
        """The connection takes frames again: it gets one difference instead of all that it missed."""
        if member.stalled is None or member not in self._audience:
            return
        self.flush()
        missing = self._document.diff(member.stalled)
        self._audience.resume(member)
        member.peer.send_binary(update_frame(missing))
        member.peer.send_binary(self.attendance.frame())
        if member.wants_text:
            member.peer.send_text(spelled(files_told(self._document.files(), self.version)))
            member.peer.send_text(self.attendance.text())

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
                member.peer.send_binary(self.attendance.frame())

    def _receive_update(self, member: Member, update: bytes, *, is_reply: bool) -> None:
        if update == EMPTY_UPDATE:
            return
        self._meter.updates_received += 1
        sealed = self._seals.refusal
        if member.peer.may_edit and self.quarantined is None and self._read_only is None and sealed is None:
            if self._log.full:
                raise FrameError(CLOSE_OVERLOADED, UNSAVED, "overloaded")
            self._intake.take(member, update, is_reply=is_reply)
        # A stock client answers with all deletions it knows of; only what is new needs a word.
        elif not is_reply or self._document.known.brings_items(update):
            self._meter.updates_refused += 1
            why = QUARANTINED if self.quarantined is not None else DENIED
            member.peer.send_binary(denied_frame(self._read_only or (str(sealed) if sealed else why)))
            if not member.peer.may_edit:
                member.peer.refused()

    def ask(self, member: Member) -> None:
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
        self._intake.flush()

    def carry_out(
        self,
        change: Change,
        authors: Sequence[Actor],
        authored: Authored,
        author: Member | None,
        undoes: bytes | None = None,
    ) -> None:
        """A change of this node: to the log, to the members here, to the other nodes."""
        version = change.version
        self._meter.changes += 1
        self._saving.take(version, authored, undoes)
        self.changes_since_snapshot += 1
        self.bytes_since_snapshot += len(change.update)
        if change.files:
            self._on_edited(self.session_id, change.files, list({actor_id for actor_id, _ in authored}))
        self._tell_members(change, authors, author)
        if undoes is not None:
            self._undos = [*self.unsaved_undos(), (change.update, version, authors[-1], undoes)]
        self.neighbours.tell_change(change.update, version, authors[-1], undoes)

    def _tell_members(self, change: Change, authors: Sequence[Actor], author: Member | None) -> None:
        self._state_vector = None
        self._step2.clear()
        self._audience.tell(update_frame(change.update), author)
        if self._audience.reads:
            for event in files_changed(change, authors):
                self._tell(event)
            if change.comments:
                self._tell_comments(change)

    def _tell(self, event: dict[str, Any]) -> None:
        if self._audience.reads:
            self._audience.tell_text(spelled(event))

    def _tell_comments(self, change: Change) -> None:
        about = {thread_of(told) for told in change.comments}
        for event in comments_changed(change.version, about, self._document.threads(about)):
            self._tell(event)

    # -- saving --------------------------------------------------------------------------------------------------

    async def saved(self, version: int, within_s: float | None = ANSWER_S) -> None:
        """Returns when everything up to `version` is committed; raises DocumentError when that takes longer."""
        self.flush()
        await self._saving.wait(version, within_s)

    # -- presence ------------------------------------------------------------------------------------------------

    def set_presence(self, member: Member, state: dict[str, Any]) -> None:
        if member.client_id is None:
            member.client_id = random.getrandbits(32)  # a name, not a secret
        if "cursor" in state:
            self.flush()
            state = {**state, "cursor": placed(self._document, state["cursor"])}
        try:
            taken = self._presence.set(member.id, member.actor, member.client_id, state)
        except TypeError:
            taken = False
        if not taken:
            raise EditRefused("too_large", "a presence state is a small JSON object", "state")
        self.touch([member.client_id])

    def touch(self, client_ids: Iterable[int]) -> None:
        self.attendance.touch(client_ids)

    def tick(self) -> None:
        """Called every few seconds: who fell silent goes, who is spoken for stays."""
        self.touch(self._presence.expire())

    def refresh_presence(self) -> None:
        self.touch(self._presence.refresh())
        self.neighbours.tell_presence(None)

    # -- events --------------------------------------------------------------------------------------------------

    def announce(self, event: dict[str, Any]) -> None:
        """To everyone on the text lane, here and on the other nodes."""
        frame = spelled(event)
        self._audience.announce(frame)
        self.neighbours.tell_event(frame)

    # -- what neighbours bring ------------------------------------------------------------------------------------

    def seals_told(self) -> list[bytes]:
        return self._seals.told()

    def take_seal(self, raw: bytes) -> str:
        self.flush()
        return self._seals.hear(raw)

    def take_event(self, frame: str, event: dict[str, Any]) -> None:
        self._audience.announce(frame)
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

    def unsaved_undos(self) -> list[tuple[bytes, int, Actor, bytes]]:
        saved = self._saving.version
        self._undos = [undo for undo in self._undos if undo[1] > saved]
        return self._undos

    def take_remote(
        self,
        update: bytes,
        version: int,
        actor: Actor,
        node: bytes,
        undoes: bytes | None = None,
        marks: Sequence[tuple[str, bytes]] = (),
    ) -> bool:
        """A change of another node: that one saves it, here it is applied and shown. False: something is missing."""
        self.flush()
        if self.quarantined is not None:
            return True  # what stands here is the last good version, whatever the others have
        item = self._document.known.admit(update, trusted=True)
        if item.gap:
            return False
        if not item.known:
            # Versions are a clock that only rises: this node's count is never behind what another tells.
            self._document.reach(version - 1)
            change = self._document.apply([item])
            if change is not None:
                self._meter.changes_of_nodes += 1
                rows = [(by, EMPTY_UPDATE, undone) for by, undone in marks]
                self._saving.heard(node, version, change.version, [*rows, (actor.id, change.update, undoes)])
                self._tell_members(change, [actor], None)
        return True

    def take_saved(self, node: bytes, version: int) -> None:
        self._saving.confirmed(node, version)

    def owe(self, version: int) -> None:
        self._saving.owe(version)

    def save_all(self) -> None:
        """Also what other nodes are to save and have not confirmed: this one is about to leave."""
        self.flush()
        self._saving.take_over()

    # -- loading and leaving -------------------------------------------------------------------------------------

    def adopt(
        self, document: Document, fault: str | None, changes: int, size_bytes: int, standing: Standing = NOTHING
    ) -> None:
        """Takes the document that was loaded; with a `fault` it can only be read."""
        self._intake.close()
        self._document.close()
        self._document = document
        self._intake = Intake(document, self, self._limits, self._meter, standing)
        self.quarantined = fault
        self.changes_since_snapshot = changes
        self.bytes_since_snapshot = size_bytes

    def hold(self, reason: str | None) -> None:
        """With a reason nothing is taken from members until it is lifted; then they are asked for what they wrote meanwhile."""
        self.flush()
        lifted = reason is None and self._read_only is not None
        self._read_only = reason
        if lifted:
            self._ask_all()

    async def seal(self, name: str, refusal: EditRefused) -> None:
        """Nothing is added on any node until the seal is broken, and all that was taken before is here.

        DocumentError `unavailable` where a node does not answer; then nothing is sealed."""
        self.flush()
        self._seals.put(name, refusal)
        sealed = False
        try:
            sealed = await self.neighbours.seal(name, json.dumps([name, refusal.code, str(refusal)]).encode())
        finally:
            if not sealed:
                self.unseal(name)
        if not sealed:
            raise DocumentError("unavailable", "a node that has this open does not answer; try again in a moment")

    def unseal(self, name: str) -> None:
        """Everybody may add again; who wrote meanwhile is asked for it."""
        self.break_seal(name)
        self.neighbours.tell_unsealed(name)

    def break_seal(self, name: str) -> None:
        self._seals.broken(name)

    def _ask_all(self) -> None:
        for member in self._audience:
            self.ask(member)

    def dismiss(self, reason: str) -> None:
        """Asks everybody to connect again."""
        for member in list(self._audience):
            member.peer.close(CLOSE_TRY_AGAIN, reason)

    def close(self) -> None:
        """Everything is saved and nobody is here: leaves the bus."""
        self._intake.close()
        self.attendance.close()
        self._seals.close()
        self.neighbours.close()
        self._document.close()
        self._saving.close()
