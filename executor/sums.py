"""Whether the figures of the ledger agree with each other: usage with its runs, budgets with usage, reservations, invoices.

It only reads and compares; what is wrong is told, never mended.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from executor.months import Month
from executor.tables import allowances, credit_notes, executions, issued_invoices, reservations, usage

_MEASURED = ("wall_ms", "memory_bytes", "compute_micro_units", "cost_micro_dollars")
# Usage is always counted to these; a key's only from the time that it had a budget.
_COUNTED = {"user": usage.c.actor_id, "session": usage.c.session_id}


async def differences(engine: AsyncEngine) -> list[str]:
    """A line for each figure that does not agree; nobody may write meanwhile."""
    async with engine.connect() as connection:
        return [
            *await _of_runs(connection),
            *await _of_budgets(connection),
            *await _of_reservations(connection),
            *await _of_invoices(connection),
        ]


async def _of_runs(connection: AsyncConnection) -> list[str]:
    differs = or_(executions.c.id.is_(None), *(usage.c[name] != executions.c[name] for name in _MEASURED))
    joined = usage.outerjoin(executions, usage.c.execution_id == executions.c.id)
    found = await connection.execute(select(usage.c.execution_id).select_from(joined).where(differs))
    return [f"the charge of run {run} is not what the run says" for run in found.scalars()]


async def _of_budgets(connection: AsyncConnection) -> list[str]:
    wrong = []
    for row in (await connection.execute(select(allowances).order_by(allowances.c.subject))).mappings().all():
        kind, _, name = row["subject"].partition(":")
        month = Month.parse(row["period"])
        if kind not in _COUNTED or month is None:
            continue
        query = select(func.sum(usage.c.cost_micro_dollars), func.sum(usage.c.compute_micro_units)).where(
            _COUNTED[kind] == name, usage.c.created_at >= month.start_ms, usage.c.created_at < month.end_ms
        )
        dollars, units = (await connection.execute(query)).one()
        if (row["spent_micro_dollars"], row["spent_micro_units"]) != (int(dollars or 0), int(units or 0)):
            wrong.append(f"what {row['subject']} has spent in {row['period']} is not the sum of its usage")
    return wrong


async def _of_reservations(connection: AsyncConnection) -> list[str]:
    held: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in (await connection.execute(select(reservations))).mappings():
        dollars, units = held[row["subject"], row["period"]]
        held[row["subject"], row["period"]] = dollars + row["micro_dollars"], units + row["micro_units"]
    wrong = []
    for row in (await connection.execute(select(allowances))).mappings():
        reserved = row["reserved_micro_dollars"], row["reserved_micro_units"]
        if reserved != held[row["subject"], row["period"]]:
            wrong.append(f"what is reserved of {row['subject']} in {row['period']} is not what its runs hold")
    return wrong


async def _of_invoices(connection: AsyncConnection) -> list[str]:
    wrong = []
    credited: dict[int, int] = defaultdict(int)
    for number, amount in await connection.execute(select(credit_notes.c.invoice_number, credit_notes.c.micro_dollars)):
        credited[number] += amount
    for row in (await connection.execute(select(issued_invoices).order_by(issued_invoices.c.number))).mappings():
        if hashlib.sha256(row["lines"]).hexdigest() != row["digest"]:
            wrong.append(f"the lines of invoice {row['number']} were changed")
        if row["credited_micro_dollars"] != credited[row["number"]]:
            wrong.append(f"what is credited of invoice {row['number']} is not the sum of its credit notes")
    return wrong
