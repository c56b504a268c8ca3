"""Opens and closes the rooms of a node: one per session, loaded once, kept while somebody needs it, and compacted.
What goes on inside a room never lives here."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from crdt.bus import Bus
from crdt.document import Document
from crdt.faults import NOTHING, Faults, Standing
from crdt.kept import Loaded
from crdt.loading import Damage, build
from crdt.log import Log
from crdt.members import Broadcast, one_by_one
from crdt.meter import Meter
from crdt.model import Limits
from crdt.room import OnEdited, Room
from crdt.watch import NOBODY, Watch

logger = logging.getLogger(__name__)

TICK_S = 5.0
TOPIC_PREFIX = "session:"
# Longer than any insert takes: a row with a lower id than one that is visible may still be on its way.
SETTLE_S = 60.0
# A snapshot is made once the changes since are this fraction of it, or this many times what is enough for a small one.
COMPACT_SHARE = 8
CLOSE_WAIT_S = 20.0
REPAIRS_MAX = 1_000


@dataclass
class _Place:
    room: Room
    users: int
    idle_since: float
    # The newest row id that was seen, and when: a snapshot may rely on it once it has settled.
    floor: tuple[int, float] | None = None
    snapshot_bytes: int = 0


@dataclass(frozen=True)
class RoomStats:
    rooms: int
    members: int
    unsaved_changes: int
    queued_commits: int
    commit_failures: int
    quarantined: int


class Rooms:
    """All rooms in memory on this node."""

    def __init__(
        self,
        log: Log,
        bus: Bus,
        *,
        limits: Limits | None = None,
        now: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        broadcast: Broadcast = one_by_one,
        faults: Faults | None = None,
        watch: Watch = NOBODY,
        on_edited: OnEdited = lambda session_id, files, actor_ids: None,
    ) -> None:
        self.meter = Meter()
        self._log = log
        self._faults = faults
        self._watch = watch
        self._on_edited = on_edited
        self._broadcast = broadcast
        self._bus = bus
        self._limits = limits or Limits()
        # The time of day is for what is kept; how long something lasts is not to be seen from it, for it is set.
        self._now = now
        self._ticks = ticks
        self._new_id = new_id
        self.node = uuid.uuid4().bytes
        self._places: dict[str, _Place] = {}
        self._opening: dict[str, asyncio.Task[_Place]] = {}
        self._ticker: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._busy: set[str] = set()
        self._read_only: str | None = None

    async def start(self) -> None:
        await self._log.start()
        await self._bus.start()
        if self._ticker is None:
            self._ticker = asyncio.create_task(self._tick(), name="rooms-ticker")

    async def close(self) -> None:
        """Everything that was received is saved before this returns."""
        if self._ticker is not None:
            self._ticker.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticker
            self._ticker = None
        if self._opening:
            await asyncio.gather(*self._opening.values(), return_exceptions=True)
        for place in self._places.values():
            place.room.save_all()
        await self._log.close()
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for place in self._places.values():
            place.room.close()
        self._places.clear()
        await self._bus.close()

    # -- opening and closing -------------------------------------------------------------------------------------

    async def open(self, session_id: str) -> Room:
        """The room of a session; every `open` is answered by one `release`."""
        while True:
            place = self._places.get(session_id)
            if place is None:
                task = self._opening.get(session_id)
                if task is None:
                    task = asyncio.create_task(self._open(session_id), name="room-open")
                    self._opening[session_id] = task
                    task.add_done_callback(lambda _: self._opening.pop(session_id, None))
                # Shielded: others wait for the same load.
                place = await asyncio.shield(task)
            if self._places.get(session_id) is place:
                place.users += 1
                return place.room

    async def release(self, room: Room) -> None:
        place = self._places.get(room.session_id)
        if place is not None and place.room is room:
            place.users = max(0, place.users - 1)
            place.idle_since = self._ticks()

    def get(self, session_id: str) -> Room | None:
        place = self._places.get(session_id)
        return None if place is None else place.room

    async def alone(self, session_id: str) -> bool:
        """Whether it is known that no other node has the session's room open, which is open here."""
        return self._bus.connected and await self._bus.peers(TOPIC_PREFIX + session_id) <= 1

    def hold(self, reason: str | None) -> None:
        """No document is changed by members of this node, nor by the server for them; other nodes' changes still come in."""
        self._read_only = reason
        for place in self._places.values():
            place.room.hold(reason)

    async def _open(self, session_id: str) -> _Place:
        # Listen, then load, then ask the others: nothing falls between the stored state and the stream.
        room = Room(
            session_id,
            Document(self._limits, now=self._now),
            log=self._log,
            bus=self._bus,
            topic=TOPIC_PREFIX + session_id,
            node=self.node,
            limits=self._limits,
            now=self._now,
            ticks=self._ticks,
            new_id=self._new_id,
            broadcast=self._broadcast,
            watch=self._watch,
            on_edited=self._on_edited,
            meter=self.meter,
        )
        await room.neighbours.listen()
        try:
            standing = NOTHING if self._faults is None else await self._faults.standing(session_id)
            loaded, document, damage = await self._load(session_id, standing)
        except BaseException:
            room.close()
            raise
        reason = standing.reason or (None if damage is None else str(damage))
        if reason is not None:
            logger.error("session %s is quarantined at version %d: %s", session_id, document.version, reason)
        newest = loaded.snapshots[0] if loaded.snapshots else None
        rows = loaded.rows_after(newest)
        room.adopt(document, reason, len(rows), sum(len(row.update) for row in rows), standing)
        room.neighbours.begin()
        if await self._bus.peers(TOPIC_PREFIX + session_id) > 1:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.peer_wait_s):
                    await room.neighbours.answered.wait()
        room.hold(self._read_only)
        place = _Place(room, 0, self._ticks(), snapshot_bytes=len(newest.state) if newest else 0)
        self._places[session_id] = place
        return place

    async def _load(self, session_id: str, standing: Standing) -> tuple[Loaded, Document, Damage | None]:
        """As far as it is good: short of what stopped a process while it was loaded."""
        if standing.without is not None:
            loaded = await self._log.load_at(session_id, standing.without - 1)
        else:
            loaded = await self._log.load(session_id)
        document, damage = self._build(session_id, loaded, singly=standing.suspect)
        if damage is not None and loaded.snapshots and not document.files():
            document.close()
            loaded = await self._log.load(session_id, from_first=True)
            document, damage = self._build(session_id, loaded, singly=standing.suspect)
        return loaded, document, damage

    def _build(self, session_id: str, loaded: Loaded, *, singly: bool) -> tuple[Document, Damage | None]:
        return build(loaded, self._limits, now=self._now, session_id=session_id, watch=self._watch, singly=singly)

    # -- damage --------------------------------------------------------------------------------------------------

    async def look_again(self, session_id: str) -> None:
        """What stands against a session may have changed: the room is loaded anew, its members connect again."""
        place = self._places.get(session_id)
        if place is None:
            return
        place.room.save_all()
        await place.room.saved(place.room.version, None)
        if self._places.get(session_id) is place:
            del self._places[session_id]
            place.room.dismiss("the session is loaded anew; connect again")
            place.room.close()

    async def repair(self, session_id: str) -> list[int]:
        """Takes what cannot be applied out of the log, keeps it aside, and lets the session be edited again.

        Returns the versions that were taken out. Every node has to look again after it."""
        taken: list[int] = []
        if self._faults is not None:
            unloadable = (await self._faults.standing(session_id)).unloadable
            taken = [version for version in unloadable if await self._log.set_aside(session_id, version)]
        for _ in range(REPAIRS_MAX):
            loaded = await self._log.load(session_id)
            document, damage = self._build(session_id, loaded, singly=True)
            document.close()
            if damage is None:
                break
            # Of a snapshot no row is at fault: it goes, and those that are were made after it.
            if await self._log.set_aside(session_id, damage.version, rows=damage.of_rows):
                taken.append(damage.version)
        if self._faults is not None:
            await self._faults.lift(session_id)
        return taken

    # -- housekeeping --------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        last_refresh = last_resync = self._ticks()
        while True:
            await asyncio.sleep(TICK_S)
            now = self._ticks()
            refresh = now - last_refresh >= self._limits.presence_refresh_s
            resync = now - last_resync >= self._limits.resync_s
            last_refresh = now if refresh else last_refresh
            last_resync = now if resync else last_resync
            for place in list(self._places.values()):
                place.room.tick()
                if refresh:
                    place.room.refresh_presence()
                if resync:
                    place.room.neighbours.ask()
                self.look_after(place.room)

    def look_after(self, room: Room) -> None:
        """Starts what is due for a room: a snapshot, or its end."""
        place = self._places.get(room.session_id)
        if place is None or place.room is not room or room.session_id in self._busy:
            return
        idle = place.users == 0 and room.empty and self._ticks() - place.idle_since >= self._limits.room_idle_s
        if idle or self._due(place):
            self._busy.add(room.session_id)
            task = asyncio.create_task(self._evict(place) if idle else self._compact(place))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
            task.add_done_callback(lambda _: self._busy.discard(room.session_id))

    def _due(self, place: _Place) -> bool:
        """A snapshot costs as much as the document is large, so a large one waits for a larger share of news."""
        changes, size_bytes = place.room.changes_since_snapshot, place.room.bytes_since_snapshot
        few = changes < self._limits.compact_changes or size_bytes * COMPACT_SHARE < place.snapshot_bytes
        many = changes >= self._limits.compact_changes * COMPACT_SHARE or size_bytes >= self._limits.compact_bytes
        return many or not few

    async def _evict(self, place: _Place) -> None:
        room = place.room
        room.save_all()
        await room.saved(room.version, None)
        if place.users or not room.empty or room.unsaved_changes:
            return
        if self._places.get(room.session_id) is place:
            del self._places[room.session_id]
            room.close()

    async def _compact(self, place: _Place) -> None:
        room = place.room
        if room.quarantined is not None:
            return
        if self._log.commits_in_id_order:
            floor = await self._log.last_update_id(room.session_id)
        elif place.floor is None:
            place.floor = (await self._log.last_update_id(room.session_id), self._ticks())
            return
        elif self._ticks() - place.floor[1] < SETTLE_S:
            return
        else:
            floor = place.floor[0]
            place.floor = None
        try:
            place.snapshot_bytes = await self.compact(room.session_id, floor) or place.snapshot_bytes
        except Exception:
            logger.exception("a snapshot of session %s was not made; the log has everything", room.session_id)
            return
        room.changes_since_snapshot = room.bytes_since_snapshot = 0

    async def compact(self, session_id: str, last_update_id: int) -> int:
        """A snapshot made of the log itself: it never claims more than is there. Its size, 0 where none was made."""
        loaded = await self._log.load(session_id)
        within = Loaded(loaded.snapshots, tuple(row for row in loaded.rows if row.id <= last_update_id))
        # In a thread: a long log takes a while, and people are typing.
        made = await asyncio.to_thread(_snapshot_of, within, self._limits, self._now)
        if made is None:
            return 0
        version, state, modified = made
        await self._log.compact(session_id, version, state, {"modified": modified}, last_update_id)
        return len(state)

    def stats(self) -> RoomStats:
        rooms = [place.room for place in self._places.values()]
        return RoomStats(
            rooms=len(rooms),
            members=sum(room.member_count for room in rooms),
            unsaved_changes=sum(room.unsaved_changes for room in rooms),
            queued_commits=self._log.queued,
            commit_failures=self._log.failures,
            quarantined=sum(room.quarantined is not None for room in rooms),
        )


def _snapshot_of(loaded: Loaded, limits: Limits, now: Callable[[], float]) -> tuple[int, bytes, dict[str, int]] | None:
    """Version, state and times of change; None where the log has a fault or a gap, or nothing is new.

    The document lives and dies in the thread that calls: the library's objects do not travel."""
    if not loaded.rows_after(loaded.snapshots[0] if loaded.snapshots else None):
        return None
    document, fault = build(loaded, limits, now=now)
    try:
        if fault is not None or document.known.holds_any:
            return None
        return document.version, document.encode(), document.modified()
    finally:
        document.close()
