"""What members change: each update is admitted as it comes; all of a turn of the loop are applied together.
Who may change anything, and whom a change is told, is the room's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from time import perf_counter
from typing import Protocol

from crdt.document import Admitted, ApplyFailed, Change, Document
from crdt.faults import NOTHING, Standing
from crdt.members import Member
from crdt.meter import Meter
from crdt.model import CLOSE_MALFORMED, SYSTEM, Actor, FrameError, Limits
from crdt.replica import merge
from crdt.watch import digest_of

logger = logging.getLogger(__name__)

Authored = Sequence[tuple[str, bytes]]


class Host(Protocol):
    """What a room does with what came in."""

    session_id: str

    def carry_out(self, change: Change, authors: Sequence[Actor], authored: Authored, author: Member | None) -> None:
        """`author` is the connection that has the change already, if all of it is from one."""
        ...

    def ask(self, member: Member) -> None:
        """For what is missing in between."""
        ...


class Intake:
    """Of one document; a room whose document is replaced gets a new one."""

    def __init__(
        self, document: Document, host: Host, limits: Limits, meter: Meter, standing: Standing = NOTHING
    ) -> None:
        self._document = document
        self._host = host
        self._limits = limits
        self._meter = meter
        self._began_s = 0.0
        self._standing = standing
        self._loop = asyncio.get_running_loop()
        self._pending: list[tuple[Member, Admitted]] = []
        self._asked: set[str] = set()
        # Whose the updates are that wait for what they build on.
        self._held_for: dict[bytes, Actor] = {}
        self._handle: asyncio.Handle | None = None

    def take(self, member: Member, update: bytes, *, is_reply: bool) -> None:
        if self._standing.refused and digest_of(update) in self._standing.refused:
            raise FrameError(CLOSE_MALFORMED, "this update has stopped the server before", "quarantined")
        item = self._document.known.admit(update)
        if item.known:
            return
        if item.gap:
            self._ask_again(member, item, is_reply=is_reply)
            return
        self._pending.append((member, item))
        if self._handle is None:
            self._began_s = perf_counter()
            self._handle = self._loop.call_soon(self.flush)

    def _ask_again(self, member: Member, item: Admitted, *, is_reply: bool) -> None:
        """Something is missing in between. A reply that still has gaps is kept until its base comes; asking once
        more would go round in circles."""
        if is_reply:
            if not self._document.known.hold(item):
                raise FrameError(CLOSE_MALFORMED, "too much that builds on what is missing", "pending_bytes_max")
            self._held_for[item.update] = member.actor
        elif member.id not in self._asked:
            self._asked.add(member.id)
            self._loop.call_soon(self._asked.discard, member.id)
            self._host.ask(member)

    def flush(self) -> None:
        """Applies what came in this turn of the loop as one change and passes it on."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if not self._pending:
            return
        batch, self._pending = self._pending, []
        if len(batch) == 1:
            self._apply(batch)
        else:
            self._apply_many(batch)
        self._meter.fan_out.observe(perf_counter() - self._began_s)
        if self._document.known.holds_any:
            self._retry_held()

    def _apply_many(self, batch: list[tuple[Member, Admitted]]) -> None:
        # In a session that has stopped a process each goes alone, so that it is known which one does it again.
        # What is said about lines is judged by who said it.
        alone = self._standing.suspect or any(item.torn for _, item in batch)
        if alone or (any(item.discusses for _, item in batch) and len({member.actor.id for member, _ in batch}) > 1):
            for entry in batch:
                self._apply([entry])
        else:
            self._apply(batch)

    def _apply(self, batch: list[tuple[Member, Admitted]]) -> None:
        try:
            change = self._document.apply([item for _, item in batch])
        except ApplyFailed as failure:
            if len(batch) == 1:
                self._refuse(batch[0][0], FrameError(CLOSE_MALFORMED, "an update cannot be applied", "bad_update"))
                logger.warning("an update in session %s cannot be applied: %s", self._host.session_id, failure)
            else:
                self._apply_singly(batch)
            return
        if change is None:
            return
        only = batch[0][0]
        if len(batch) == 1 or all(member is only for member, _ in batch):
            self._host.carry_out(change, [only.actor], [(only.actor.id, change.update)], only)
            self._put_right(change, only.actor)
        elif len({member.actor.id for member, _ in batch}) == 1:
            self._host.carry_out(change, [only.actor], [(only.actor.id, change.update)], None)
            self._put_right(change, only.actor)
        else:
            authors = list({member.actor.id: member.actor for member, _ in batch}.values())
            self._host.carry_out(change, authors, _by_author(batch, self._limits.merge_group_max), None)

    def _put_right(self, change: Change, actor: Actor) -> None:
        """Nobody speaks for somebody else: what was said so is mended at once, by a change of the server's own."""
        mend = self._document.put_right(change.comments, actor) if change.comments else None
        if mend is not None:
            self._host.carry_out(mend, [SYSTEM], [(SYSTEM.id, mend.update)], None)

    def _apply_singly(self, batch: list[tuple[Member, Admitted]]) -> None:
        """One of them is to blame; the others stay."""
        for member, old in batch:
            if member.fault is not None:
                continue
            try:
                item = self._document.known.admit(old.update)
            except FrameError as fault:
                self._refuse(member, fault)
                continue
            if item.gap:
                self._ask_again(member, item, is_reply=False)
            elif not item.known:
                self._apply([(member, item)])

    def _refuse(self, member: Member, fault: FrameError) -> None:
        """Closes a connection whose frame was taken and turned out to be unusable only when it was applied."""
        member.fault = fault
        member.peer.close(fault.close_code, str(fault))

    def _retry_held(self) -> None:
        held_for, self._held_for = self._held_for, {}
        for update in self._document.known.release_held():
            actor = held_for.get(update, SYSTEM)
            try:
                item = self._document.known.admit(update)
                if item.gap:
                    self._document.known.hold(item)
                    self._held_for[update] = actor
                elif not item.known:
                    change = self._document.apply([item])
                    if change is not None:
                        self._host.carry_out(change, [actor], [(actor.id, change.update)], None)
                        self._put_right(change, actor)
            except (FrameError, ApplyFailed):
                continue

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


def _by_author(batch: list[tuple[Member, Admitted]], group_max: int) -> list[tuple[str, bytes]]:
    """A row for each author, so that the history by author stays true when changes are applied together."""
    parts: dict[str, list[Admitted]] = {}
    for member, item in batch:
        parts.setdefault(member.actor.id, []).append(item)
    rows: list[tuple[str, bytes]] = []
    for actor_id, items in parts.items():
        if len(items) > 1:
            try:
                rows.append((actor_id, merge([item.update for item in items], group_max)))
                continue
            except ApplyFailed:
                pass
        rows.extend((actor_id, item.update) for item in items)
    return rows
