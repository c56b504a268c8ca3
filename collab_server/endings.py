"""What is written with the end of a run, in the ledger's own transaction: the audit's row and what webhooks are to hear.

How a run ends and what it costs is executor's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from collab_server.acts import audited
from collab_server.money import shown_run
from collab_server.tables import branches, sessions
from collab_server.webhooks import Outbox
from executor.ledger import ExecutionRecord

# An end may carry results and files; whoever wants more of it than this asks for the run.
RESULT_BYTES_MAX = 64 * 1024


def teller(outbox: Outbox) -> Callable[[AsyncConnection, ExecutionRecord, Mapping[str, Any], bool], Awaitable[None]]:
    """What the ledger calls when a run ends."""

    async def tell(
        connection: AsyncConnection, record: ExecutionRecord, event: Mapping[str, Any], billed: bool
    ) -> None:
        if outbox.listens:
            await told(connection, record, event, billed)
        # Last: the end of the chain is locked by whoever appends to it.
        detail = {
            "status": record.status, "session": record.session_id, "key": record.key_id, "language": record.language,
            "digest": record.digest, "tier": record.tier, "costMicroDollars": record.cost_micro_dollars,
        }  # fmt: skip
        if record.agent_id is not None:
            detail["agent"] = record.agent_id
        if "code" in event:
            detail["code"] = event["code"]
        await audited(
            connection, record.finished_at or record.created_at, record.actor_id, "run.ended", record.id, **detail
        )

    async def told(
        connection: AsyncConnection, record: ExecutionRecord, event: Mapping[str, Any], billed: bool
    ) -> None:
        people = {record.actor_id}
        if record.session_id is not None:
            root = select(branches.c.session_id).where(branches.c.id == record.session_id).scalar_subquery()
            owner = select(sessions.c.owner_id).where(sessions.c.id == func.coalesce(root, record.session_id))
            people.add(str((await connection.execute(owner)).scalar()))
        about: dict[str, Any] = {"session_id": record.session_id, "people": frozenset(people)}
        kind = "execution.refused" if record.status == "refused" else "execution.finished"
        data = shown_run(record) | _small(event)
        await outbox.emit(connection, kind, f"run-{record.id}", data, **about)
        if billed:
            # The same identifier each time it is told: a billing system counts it once.
            await outbox.emit(connection, "usage.recorded", f"usage-{record.id}", _metered(record), **about)

    return tell


def _small(event: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: event[key] for key in ("error", "code", "message", "retryAfter") if key in event}
    if "result" in event and len(str(event["result"])) <= RESULT_BYTES_MAX:
        kept["result"] = event["result"]
    return kept


def _metered(record: ExecutionRecord) -> dict[str, Any]:
    return {
        "executionId": record.id,
        "userId": record.actor_id,
        "agentId": record.agent_id,
        "keyId": record.key_id,
        "sessionId": record.session_id,
        "language": record.language,
        "tier": record.tier,
        "tierVersion": record.tier_version,
        "wallMs": record.wall_ms,
        "memoryBytes": record.memory_bytes,
        "computeMicroUnits": record.compute_micro_units,
        "costMicroDollars": record.cost_micro_dollars,
        "currency": "USD",
        "endedAt": record.finished_at,
    }
