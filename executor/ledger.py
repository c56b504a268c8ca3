"""What the store keeps of executions: their rows, their kept events, usage and tiers by version.

Usage, events and tier versions are only ever appended to; nothing here decides what a run may do or costs.
"""

import base64
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any, Literal

from sqlalchemy import RowMapping, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from executor import allowances, artifacts, audit
from executor.events import Who, encode
from executor.months import DAY_MS
from executor.pricing import FREE, MICRO, TIERS, Tier, TierQuota, Usage
from executor.statements import floored, insert_or_replace
from executor.tables import execution_events, executions, tiers, usage

PAGE_MAX = 200
ALIKE_MAX = 20
CREATED_AT_MAX = 2**53
UNFINISHED = ("queued", "running")
_ENDED = ("status", "exit_code", "started_at", "finished_at", "fault")
_CHARGED = ("session_id", "actor_id", "agent_id", "key_id", "language", "tier", "tier_version")
_MEASURED = ("wall_ms", "memory_bytes", "compute_micro_units", "cost_micro_dollars")

GroupBy = Literal["day", "language", "session", "actor"]


OnEnded = Callable[[AsyncConnection, "ExecutionRecord", Mapping[str, Any], bool], Awaitable[None]]


class DuplicateExecution(Exception):
    """An execution with this id exists already."""


class StaleTier(Exception):
    """The tier was changed by someone else; `current` is its version now."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the tier is at version {current}")
        self.current = current


@dataclass(frozen=True)
class ExecutionRecord:
    id: str
    session_id: str | None
    actor_id: str
    actor_name: str
    key_id: str | None
    node_id: str
    language: str
    entry: str
    digest: str
    version: int | None
    tier: str
    tier_version: int
    status: str
    exit_code: int | None
    wall_ms: int
    memory_bytes: int
    compute_micro_units: int
    cost_micro_dollars: int
    created_at: int
    started_at: int | None
    finished_at: int | None
    rerun_of: str | None = None
    asked: bytes | None = None
    fault: str | None = None
    # Who acted for the account, where it was an agent of its; `actor_name` is the agent's then.
    agent_id: str | None = None

    def who(self) -> Who:
        """As others see whoever ran it."""
        return Who(
            id=self.agent_id or self.actor_id,
            name=self.actor_name,
            on_behalf_of=self.actor_id if self.agent_id else None,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "executionId": self.id, "sessionId": self.session_id,
            "actor": self.who().to_json(),
            "language": self.language, "entry": self.entry, "version": self.version, "digest": self.digest,
            "tier": self.tier, "tierVersion": self.tier_version, "status": self.status, "exitCode": self.exit_code,
            "metrics": {
                "executionTime": self.wall_ms, "memoryUsage": self.memory_bytes,
                "computeUnits": self.compute_micro_units / MICRO, "cost": self.cost_micro_dollars / MICRO,
            },
            "createdAt": self.created_at, "startedAt": self.started_at, "finishedAt": self.finished_at,
            "rerunOf": self.rerun_of,
        }  # fmt: skip


@dataclass(frozen=True)
class Page:
    items: list[ExecutionRecord]
    next_cursor: str | None


@dataclass(frozen=True)
class TierVersion:
    """One version of a tier, and who set it when."""

    tier: Tier
    actor_id: str
    created_at: int


@dataclass(frozen=True)
class UsageSum:
    key: str | None
    executions: int
    wall_ms: int
    compute_micro_units: int
    cost_micro_dollars: int


class Ledger:
    """`on_ended` is called in the transaction that ends a run or records its refusal, with the last event and whether it is
    billed: what it writes is there if the end is, once."""

    def __init__(self, engine: AsyncEngine, on_ended: OnEnded | None = None) -> None:
        self._engine = engine
        self._on_ended = on_ended

    async def insert(
        self,
        record: ExecutionRecord,
        events: Sequence[Mapping[str, Any]] = (),
        *,
        claims: Sequence[allowances.Claim] = (),
        worst: Usage = FREE,
    ) -> allowances.Claim | None:
        """Records a run and takes from its payers what it may use at most, all or nothing; DuplicateExecution, Exhausted.
        Returns the payer that holds it back: it has as many runs going on as it may, and this one waits."""
        values = {column.name: getattr(record, column.name) for column in executions.columns}
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(executions).values(values))
                await _append(connection, record.id, 0, events)
                held_by = await allowances.take(connection, record.id, claims, worst, record.created_at)
                if record.status == "refused" and events and self._on_ended is not None:
                    await self._on_ended(connection, record, events[-1], False)
        except IntegrityError as error:
            raise DuplicateExecution(record.id) from error
        return held_by

    async def progress(
        self, execution_id: str, started_at: int | None, first_index: int, events: Sequence[Mapping[str, Any]]
    ) -> None:
        """What a run that goes on has said since the last time; after a crash this is what is left of it. Nothing is taken of
        a run that was ended elsewhere, and the same may be said again when it is not known whether it was taken."""
        stands: dict[str, Any] = {"status": executions.c.status}
        if started_at is not None:
            stands = {"status": "running", "started_at": func.coalesce(executions.c.started_at, started_at)}
        unfinished = update(executions).where(executions.c.id == execution_id, executions.c.status.in_(UNFINISHED))
        async with self._engine.begin() as connection:
            if (await connection.execute(unfinished.values(stands))).rowcount == 1:
                await _append(connection, execution_id, first_index, events)

    async def settle(
        self,
        record: ExecutionRecord,
        *,
        billed: bool,
        first_index: int,
        events: Sequence[Mapping[str, Any]],
        files: Sequence[artifacts.KeptFile] = (),
        settled_at: int | None = None,
    ) -> bool:
        """Row, usage, last events and files in one transaction. False when it was settled before: nothing is charged twice.

        The charge belongs to `settled_at`, by default the run's end: where a store was away for long, a month that was
        over meanwhile may be issued, and nothing comes into it any more.
        """
        charged_at = settled_at or record.finished_at or record.created_at
        async with self._engine.begin() as connection:
            final = {name: getattr(record, name) for name in (*_ENDED, *_MEASURED)}
            unfinished = and_(executions.c.id == record.id, executions.c.status.in_(UNFINISHED))
            if (await connection.execute(update(executions).where(unfinished).values(final))).rowcount != 1:
                return False
            if billed:
                row = {name: getattr(record, name) for name in (*_CHARGED, *_MEASURED)}
                await connection.execute(insert(usage).values(**row, execution_id=record.id, created_at=charged_at))
            await _append(connection, record.id, first_index, events)
            await artifacts.keep(connection, record.id, files, record.finished_at or record.created_at)
            used = Usage(record.compute_micro_units, record.cost_micro_dollars) if billed else None
            await allowances.settle(connection, record.id, record.session_id, used, charged_at)
            if events and self._on_ended is not None:
                await self._on_ended(connection, record, events[-1], billed)
        return True

    async def nodes_with_unfinished(self) -> set[str]:
        """Who has runs that are not over."""
        query = select(executions.c.node_id).where(executions.c.status.in_(UNFINISHED)).distinct()
        async with self._engine.connect() as connection:
            return set((await connection.execute(query)).scalars())

    async def unfinished(self, node_id: str) -> list[ExecutionRecord]:
        query = select(executions).where(executions.c.node_id == node_id, executions.c.status.in_(UNFINISHED))
        async with self._engine.connect() as connection:
            return [_record(row) for row in (await connection.execute(query)).mappings()]

    async def get(self, execution_id: str) -> ExecutionRecord | None:
        query = select(executions).where(executions.c.id == execution_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _record(row) if row is not None else None

    async def events(self, execution_id: str, after: int = 0) -> list[dict[str, Any]]:
        """The kept events of a run but for the first `after`, in order; none when it is unknown."""
        table = execution_events.c
        query = select(table.first_index, table.events).where(table.execution_id == execution_id)
        if after > 0:  # from the piece that the next one is in, or is to follow
            last = select(func.max(table.first_index)).where(
                table.execution_id == execution_id, table.first_index <= after
            )
            query = query.where(table.first_index >= last.scalar_subquery())
        async with self._engine.connect() as connection:
            pieces = (await connection.execute(query.order_by(table.first_index))).all()
        numbered = (each for first, piece in pieces for each in enumerate(piece.splitlines(), start=first))
        return [json.loads(line) for index, line in numbered if index >= after]

    async def page(
        self,
        *,
        session_id: str | None = None,
        actor_id: str | None = None,
        statuses: Collection[str] | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """Newest first."""
        limit = max(1, min(limit, PAGE_MAX))
        query = select(executions).order_by(executions.c.created_at.desc(), executions.c.id.desc()).limit(limit + 1)
        if session_id is not None:
            query = query.where(executions.c.session_id == session_id)
        if actor_id is not None:
            query = query.where(executions.c.actor_id == actor_id)
        if statuses is not None:
            query = query.where(executions.c.status.in_(statuses))
            if set(statuses) <= set(UNFINISHED):
                query = query.where(executions.c.finished_at.is_(None))  # for the index of those
        if cursor is not None:
            at, last_id = _decode_cursor(cursor)
            older = executions.c.created_at < at
            query = query.where(or_(older, and_(executions.c.created_at == at, executions.c.id < last_id)))
        async with self._engine.connect() as connection:
            found = [_record(row) for row in (await connection.execute(query)).mappings()]
        more = len(found) > limit
        return Page(found[:limit], _encode_cursor(found[limit - 1]) if more else None)

    async def usage_sums(
        self,
        group_by: GroupBy,
        *,
        actor_id: str | None = None,
        session_id: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> list[UsageSum]:
        """Sums over [from_ms, to_ms); a day is a UTC day, its key the date's first millisecond as a string."""
        day = floored(usage.c.created_at, DAY_MS)
        # An agent's runs are its account's to pay, and its own to be told apart by.
        who = func.coalesce(usage.c.agent_id, usage.c.actor_id)
        keys = {"day": day, "language": usage.c.language, "session": usage.c.session_id, "actor": who}
        key = keys[group_by].label("key")
        query = select(
            key,
            func.count().label("executions"),
            func.sum(usage.c.wall_ms).label("wall_ms"),
            func.sum(usage.c.compute_micro_units).label("compute_micro_units"),
            func.sum(usage.c.cost_micro_dollars).label("cost_micro_dollars"),
        ).group_by(key).order_by(key)  # fmt: skip
        if actor_id is not None:
            query = query.where(usage.c.actor_id == actor_id)
        if session_id is not None:
            query = query.where(usage.c.session_id == session_id)
        if from_ms is not None:
            query = query.where(usage.c.created_at >= from_ms)
        if to_ms is not None:
            query = query.where(usage.c.created_at < to_ms)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        # PostgreSQL sums bigints as numeric.
        return [UsageSum(None if row[0] is None else str(row[0]), *(int(value) for value in row[1:])) for row in rows]

    async def median_cost(self, actor_id: str, session_id: str | None, language: str, tier: str) -> int | None:
        """In micro-dollars, of the last runs alike; None when there were none."""
        alike = (usage.c.actor_id == actor_id, usage.c.language == language, usage.c.tier == tier)
        where = () if session_id is None else (usage.c.session_id == session_id,)
        query = select(usage.c.cost_micro_dollars).where(*alike, *where).order_by(usage.c.created_at.desc())
        async with self._engine.connect() as connection:
            costs = list((await connection.execute(query.limit(ALIKE_MAX))).scalars())
        return int(median(costs)) if costs else None

    async def left(self, claims: Sequence[allowances.Claim], now_ms: int) -> list[allowances.Left]:
        """What payers have left."""
        return await allowances.left(self._engine, claims, now_ms)

    async def tiers(self) -> dict[str, Tier]:
        """The newest version of each tier; the defaults where nobody has set one."""
        found = {tier.name: tier for tier in TIERS}
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(tiers).order_by(tiers.c.version))).mappings().all()
        for row in rows:
            found[row["name"]] = _tier(row)
        return found

    async def tier_versions(self, name: str) -> list[TierVersion]:
        """Who set which version of a tier and when, newest first; what the tier began with is not among them."""
        query = select(tiers).where(tiers.c.name == name).order_by(tiers.c.version.desc())
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [TierVersion(_tier(row), row["actor_id"], row["created_at"]) for row in rows]

    async def put_tier(
        self,
        tier: Tier,
        expected_version: int,
        actor_id: str,
        now_ms: int,
        *,
        origin: str = "",
        also: Callable[[AsyncConnection], Awaitable[None]] | None = None,
    ) -> Tier:
        """Appends the next version and its audit row, with what `also` writes, in one transaction; StaleTier when
        `expected_version` is not the newest."""
        before = (await self.tiers()).get(tier.name)
        if (before.version if before else 0) != expected_version:
            raise StaleTier(before.version if before else 0)
        row = _tier_row(tier) | {"name": tier.name, "version": expected_version + 1}
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(tiers).values(**row, actor_id=actor_id, created_at=now_ms))
                if also is not None:
                    await also(connection)
                detail = row | {"before": _tier_row(before) if before else None}
                await audit.record(connection, now_ms, actor_id, "tier.changed", tier.name, detail, origin=origin)
        except IntegrityError as error:  # two admins at once: the primary key lets one through
            raise StaleTier(expected_version + 1) from error
        return replace(tier, version=expected_version + 1)


async def _append(
    connection: AsyncConnection, execution_id: str, first_index: int, events: Iterable[Mapping[str, Any]]
) -> None:
    data = b"\n".join(encode(event) for event in events)
    if data:
        row = {"execution_id": execution_id, "first_index": first_index, "events": data}
        # A connection that is cut while it commits leaves the piece there: what comes again begins with it.
        await insert_or_replace(connection, execution_events, row, key=("execution_id", "first_index"))


def _record(row: RowMapping) -> ExecutionRecord:
    return ExecutionRecord(**row)


def _encode_cursor(record: ExecutionRecord) -> str:
    return base64.urlsafe_b64encode(f"{record.created_at}:{record.id}".encode()).decode()


def _decode_cursor(cursor: str) -> tuple[int, str]:
    try:
        at, _, last_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        created_at = int(at)
    except ValueError as error:
        raise ValueError("the cursor is not one of ours") from error
    if not 0 <= created_at <= CREATED_AT_MAX:
        raise ValueError("the cursor is not one of ours")
    return created_at, last_id


def _tier(row: RowMapping) -> Tier:
    return Tier(
        row["name"], row["version"], row["price_per_second_micro_dollars"], row["price_per_mb_micro_dollars"],
        row["max_time_ms"], row["max_memory_bytes"], tuple(json.loads(row["modules"])), _quota(row),
    )  # fmt: skip


def _quota(row: RowMapping) -> TierQuota:
    if row["quota"] is None:
        return next((tier.quota for tier in TIERS if tier.name == row["name"]), TierQuota())
    return TierQuota(**json.loads(row["quota"]))


def _tier_row(tier: Tier) -> dict[str, Any]:
    return {
        "price_per_second_micro_dollars": tier.price_per_second_micro_dollars,
        "price_per_mb_micro_dollars": tier.price_per_mb_micro_dollars,
        "max_time_ms": tier.max_time_ms, "max_memory_bytes": tier.max_memory_bytes,
        "modules": json.dumps(tier.modules), "quota": json.dumps(asdict(tier.quota)),
    }  # fmt: skip
