"""What programs leave for the next run of their session: one state per session and language, stored unread.

A state is bytes that only an isolate ever looks into. Who may see or reset one, and how a run makes one, is decided elsewhere.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, and_, delete, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from executor.events import timestamp
from executor.tables import environments

# Those whose programs leave something behind; a page has no state of its own.
LANGUAGES = frozenset({"javascript", "typescript", "python", "ruby", "lua", "sql", "shell"})
COMPRESSION_LEVEL = 1


@dataclass(frozen=True)
class EnvironmentLimits:
    # As the interpreter left it; it travels with each run, so it costs that run time and memory too.
    raw_bytes_max: int = 32 * 2**20
    # As it is stored.
    stored_bytes_max: int = 16 * 2**20
    files_max: int = 200
    per_session_max: int = 8
    # Runs on this node that want the same environment, the one that has it included.
    waiting_max: int = 8
    wait_s: float = 60.0
    # Beyond the run's own time: a process is waited for, and the state is stored.
    lease_slack_s: float = 60.0


class NotKept(Exception):
    """Why a state was not stored; the one before it stands."""


@dataclass(frozen=True)
class Lease:
    """The right to store the next state. `state` is what the last run left, or None."""

    session_id: str
    language: str
    holder: str
    generation: int
    state: bytes | None


@dataclass(frozen=True)
class Environment:
    """What is known of a state without looking into it."""

    session_id: str
    language: str
    generation: int
    raw_bytes: int
    stored_bytes: int
    contents: Mapping[str, Any]
    execution_id: str
    actor_id: str
    actor_name: str
    kept_at: int

    def to_json(self, *, whole: bool = False) -> dict[str, Any]:
        variables, files = self.contents["variables"], self.contents["files"]
        shown: dict[str, Any] = {
            "language": self.language, "generation": self.generation, "bytes": self.stored_bytes,
            "rawBytes": self.raw_bytes, "variableCount": len(variables), "fileCount": len(files),
            "lastRun": {
                "executionId": self.execution_id, "actor": {"id": self.actor_id, "name": self.actor_name},
                "at": timestamp(self.kept_at / 1000),
            },
        }  # fmt: skip
        return {**shown, "variables": variables, "files": files} if whole else shown


class Environments:
    def __init__(self, engine: AsyncEngine, limits: EnvironmentLimits, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self.limits = limits
        self._now = now

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def lease(self, session_id: str, language: str, holder: str, lease_s: float) -> Lease | None:
        """None while another run, here or on another node, has it. Raises NotKept when the session has too many."""
        now_ms = self._now_ms()
        until = now_ms + int(1000 * (lease_s + self.limits.lease_slack_s))
        free = or_(environments.c.lease_id.is_(None), environments.c.lease_until < now_ms)
        taking = update(environments).where(_row(session_id, language), free)
        try:
            async with self._engine.begin() as connection:
                if (await connection.execute(taking.values(lease_id=holder, lease_until=until))).rowcount == 1:
                    row = (await connection.execute(select(environments).where(_row(session_id, language)))).one()
                    state = None if row.state is None else zlib.decompress(row.state)
                    return Lease(session_id, language, holder, row.generation, state)
                held = select(environments.c.language).where(environments.c.session_id == session_id)
                languages = (await connection.execute(held)).scalars().all()
                if language in languages:
                    return None
                if len(languages) >= self.limits.per_session_max:
                    raise NotKept(f"a session has at most {self.limits.per_session_max} environments; reset one first")
                values = {"session_id": session_id, "language": language, "generation": 0}
                await connection.execute(insert(environments).values(**values, lease_id=holder, lease_until=until))
        except IntegrityError:
            return None  # another run was the first by a moment
        return Lease(session_id, language, holder, 0, None)

    async def keep(
        self, lease: Lease, state: bytes, packed: bytes, contents: Mapping[str, Any], actor_id: str, actor_name: str
    ) -> int:
        """Stores the next state and gives the lease back; returns its generation. Raises NotKept."""
        if len(packed) > self.limits.stored_bytes_max:
            raise NotKept(f"it takes {len(packed)} bytes, more than the {self.limits.stored_bytes_max} that are stored")
        values = {
            "generation": lease.generation + 1, "state": packed, "raw_bytes": len(state), "stored_bytes": len(packed),
            "contents": json.dumps(contents).encode(), "execution_id": lease.holder, "actor_id": actor_id,
            "actor_name": actor_name, "kept_at": self._now_ms(), "lease_id": None, "lease_until": None,
        }  # fmt: skip
        mine = and_(
            _row(lease.session_id, lease.language),
            environments.c.lease_id == lease.holder,
            environments.c.generation == lease.generation,
        )
        async with self._engine.begin() as connection:
            if (await connection.execute(update(environments).where(mine).values(values))).rowcount != 1:
                raise NotKept("the environment was reset or taken by another run meanwhile")
        return lease.generation + 1

    async def release(self, holder: str) -> None:
        """Gives back whatever a run has, the state as it was; nothing when it has nothing any more."""
        async with self._engine.begin() as connection:
            mine = environments.c.lease_id == holder
            await connection.execute(delete(environments).where(mine, environments.c.state.is_(None)))
            await connection.execute(update(environments).where(mine).values(lease_id=None, lease_until=None))

    async def listed(self, session_id: str) -> list[Environment]:
        return await self._found(environments.c.session_id == session_id)

    async def get(self, session_id: str, language: str) -> Environment | None:
        return next(iter(await self._found(_row(session_id, language))), None)

    async def _found(self, condition: Any) -> list[Environment]:
        columns = [column for column in environments.columns if column.name != "state"]
        query = select(*columns).where(condition, environments.c.state.is_not(None)).order_by(environments.c.language)
        async with self._engine.connect() as connection:
            return [_environment(row) for row in (await connection.execute(query)).mappings()]


async def reset(connection: AsyncConnection, session_id: str, language: str | None = None) -> list[str]:
    """Forgets one state of a session or all; returns the languages that had one. A run that goes on keeps nothing then."""
    condition = environments.c.session_id == session_id if language is None else _row(session_id, language)
    held = select(environments.c.language).where(condition, environments.c.state.is_not(None))
    languages = list((await connection.execute(held.order_by(environments.c.language))).scalars())
    await connection.execute(delete(environments).where(condition))
    return languages


async def copy(connection: AsyncConnection, from_session: str, to_session: str) -> int:
    """Gives a session the states of another, as they are now; returns how many."""
    columns = [
        column for column in environments.columns if column.name not in ("session_id", "lease_id", "lease_until")
    ]
    names = ["session_id", *(column.name for column in columns)]
    source = select(literal(to_session, environments.c.session_id.type).label("session_id"), *columns).where(
        environments.c.session_id == from_session, environments.c.state.is_not(None)
    )
    return (await connection.execute(insert(environments).from_select(names, source))).rowcount


def pack(state: bytes) -> bytes:
    return zlib.compress(state, COMPRESSION_LEVEL)


def _row(session_id: str, language: str) -> Any:
    return and_(environments.c.session_id == session_id, environments.c.language == language)


def _environment(row: RowMapping) -> Environment:
    values = {name: row[name] for name in Environment.__dataclass_fields__ if name != "contents"}
    return Environment(**values, contents=json.loads(row["contents"]))
