"""One run's turn at the environment of its session and language: it waits for it, sends its state along, and keeps the next.

Nothing of a state is understood here, and only a run that completed changes one.
"""

import asyncio
import base64
import binascii
import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from executor.connection import PlatformFault
from executor.environments import Environments, Lease, NotKept, pack
from executor.events import EnvironmentNote, Status, Who
from executor.runner import Job
from executor.wire import Environment, Kept, StateFrame

logger = logging.getLogger(__name__)

POLL_S = 0.1
# What an isolate says of a state is for people's eyes: no more of it than they can look at.
VARIABLES_MAX = 500
TEXT_CHARS_MAX = 200


@dataclass(eq=False)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Turns:
    """Runs of this node stand in line by themselves; those of other nodes are seen by the lease alone."""

    def __init__(self, store: Environments) -> None:
        self.store = store
        self._queues: dict[tuple[str, str], _Queue] = {}

    def full(self, session_id: str, language: str) -> bool:
        queue = self._queues.get((session_id, language))
        return queue is not None and queue.waiting >= self.store.limits.waiting_max

    def take(self, session_id: str, language: str, execution_id: str, actor: Who) -> "Turn":
        key = session_id, language
        queue = self._queues.setdefault(key, _Queue())
        queue.waiting += 1

        def leave() -> None:
            queue.waiting -= 1
            if queue.waiting == 0:
                self._queues.pop(key, None)

        return Turn(self.store, queue.lock, session_id, language, execution_id, actor, leave)


class Turn:
    """What one run has of its environment, from its wait to its end; leave it, always."""

    def __init__(
        self,
        store: Environments,
        lock: asyncio.Lock,
        session_id: str,
        language: str,
        execution_id: str,
        actor: Who,
        leave: Callable[[], None],
    ) -> None:
        self._store = store
        self._lock = lock
        self._session_id = session_id
        self._language = language
        self._execution_id = execution_id
        self._actor = actor
        self._leave = leave
        self._lease: Lease | None = None
        self._kept = False
        self._left = False
        self._pieces: list[str] = []
        self._chars = 0

    @property
    def begun(self) -> bool:
        return self._lease is not None

    async def begin(self, job: Job) -> PlatformFault | None:
        """Waits for the environment and puts its state into the job. A fault when it did not come in time."""
        limits = self._store.limits
        waiting = asyncio.create_task(self._wait(job.request.timeout_ms / 1000))
        cancelled = asyncio.create_task(job.cancelled.wait())
        try:
            await asyncio.wait({waiting, cancelled}, timeout=limits.wait_s, return_when="FIRST_COMPLETED")
            if not waiting.done():
                why = f"another run had this session's {self._language} environment for {limits.wait_s:g} s"
                return None if cancelled.done() else PlatformFault("busy", why)
            self._lease = waiting.result()
        except NotKept as refused:
            return PlatformFault("refused", f"persistEnvironment: {refused}", "invalid")
        except (SQLAlchemyError, OSError, zlib.error) as error:
            logger.warning("the environment of run %s cannot be read: %r", self._execution_id, error)
            return PlatformFault("refused", "the environment cannot be read just now; try again")
        finally:
            waiting.cancel()
            cancelled.cancel()
            await asyncio.wait({waiting, cancelled})
        state = self._lease.state
        encoded = None if state is None else await asyncio.to_thread(lambda: base64.b64encode(state).decode())
        environment = Environment(state=encoded, bytes_max=limits.raw_bytes_max, files_max=limits.files_max)
        job.request = job.request.model_copy(update={"environment": environment})
        return None

    async def _wait(self, run_s: float) -> Lease:
        await self._lock.acquire()
        try:
            while True:
                lease = await self._store.lease(self._session_id, self._language, self._execution_id, run_s)
                if lease is not None:
                    return lease
                await asyncio.sleep(POLL_S)
        except BaseException:
            self._lock.release()
            raise

    def take(self, frame: StateFrame) -> None:
        """A piece of the next state; what is beyond the limit makes the whole too large and is not held."""
        self._chars += len(frame.base64)
        if self._chars <= self._chars_max:
            self._pieces.append(frame.base64)

    @property
    def _chars_max(self) -> int:
        return 4 * -(-self._store.limits.raw_bytes_max // 3)

    async def end(self, status: Status, kept: Kept | None) -> EnvironmentNote:
        """Stores what a completed run left. Whatever is the matter, the state before it stands and the note says why."""
        try:
            lease, state = self._lease, await self._state(status, kept)
            assert lease is not None and kept is not None
            packed = await asyncio.to_thread(pack, state)
            generation = await self._store.keep(lease, state, packed, _contents(kept), self._actor.id, self._actor.name)
        except (SQLAlchemyError, OSError) as error:
            logger.warning("the environment of run %s is not stored: %r", self._execution_id, error)
            why = "it could not be stored; the one before stands"
            return EnvironmentNote(language=self._language, kept=False, reason=why)
        except NotKept as why:
            return EnvironmentNote(language=self._language, kept=False, reason=str(why))
        self._kept = True
        return EnvironmentNote(language=self._language, kept=True, generation=generation, bytes=len(packed))

    async def _state(self, status: Status, kept: Kept | None) -> bytes:
        if self._lease is None or status != "completed":
            raise NotKept("only a run that completes changes the environment")
        if self._chars > self._chars_max:
            raise NotKept(f"it takes more than {self._store.limits.raw_bytes_max} bytes")
        if kept is None or not self._pieces:
            raise NotKept("the program left nothing that can be kept; what it printed says why")
        try:
            return await asyncio.to_thread(lambda: b"".join(base64.b64decode(piece) for piece in self._pieces))
        except binascii.Error as error:
            raise NotKept("the Worker sent a state that cannot be read") from error

    async def leave(self) -> None:
        """Gives the environment to the next run; once is enough."""
        if self._left:
            return
        self._left = True
        try:
            # Also when the wait was given up: the lease may have come in that moment.
            if not self._kept:
                await self._store.release(self._execution_id)
        except (SQLAlchemyError, OSError):
            logger.warning("the lease of run %s is left to expire", self._execution_id)
        finally:
            if self._lease is not None:
                self._lock.release()
            self._leave()


def _contents(kept: Kept) -> dict[str, object]:
    def short(text: str) -> str:
        # PostgreSQL and people's terminals both do without it.
        return text[:TEXT_CHARS_MAX].replace("\0", "\ufffd")

    return {
        "variables": [
            {"name": short(item.name), "type": short(item.type), "repr": short(item.repr)}
            for item in kept.variables[:VARIABLES_MAX]
        ],
        "files": [{"name": item.name[:1000], "size": item.size} for item in kept.files],
    }
