"""Issued invoices and credit notes: numbered without gaps, written once, never changed; what is wrong is mended by a credit note.

What a month came to is invoices.py's, computed from the usage table; here it is frozen once the month is over.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from sqlalchemy import RowMapping, and_, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from executor import audit
from executor.invoices import Credit, Invoice, Invoices, Line
from executor.months import HOUR_MS, Month
from executor.pricing import MICRO
from executor.tables import billing_numbers, credit_notes, issued_invoices, usage

# A run that ends with the month is settled within this time, whichever node's clock is behind.
GRACE_MS = HOUR_MS
REASON_CHARS_MAX = 500


class NotOver(Exception):
    """The month is not over, or has been only for a moment."""


class CreditRefused(Exception):
    """The credit note is for more than what is left of its invoice."""

    def __init__(self, left_micro_dollars: int) -> None:
        super().__init__(f"${left_micro_dollars / MICRO:g} are left of this invoice")
        self.left_micro_dollars = left_micro_dollars


@dataclass(frozen=True)
class Totals:
    """What an issue did."""

    issued: int
    cost_micro_dollars: int


class Billing:
    """The issued invoices in the database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._invoices = Invoices(engine)

    async def issue(self, month: Month, now_ms: int, *, by: str, origin: str = "") -> Totals:
        """Freezes the invoice of everyone who used anything in a month that is over; those that are issued stay as they are."""
        if now_ms < month.end_ms + GRACE_MS:
            raise NotOver(f"{month} can be issued from an hour after its end on")
        there = exists().where(issued_invoices.c.actor_id == usage.c.actor_id, issued_invoices.c.month == str(month))
        within = and_(usage.c.created_at >= month.start_ms, usage.c.created_at < month.end_ms)
        query = select(usage.c.actor_id).where(within, ~there).distinct().order_by(usage.c.actor_id)
        async with self._engine.connect() as connection:
            actors = list((await connection.execute(query)).scalars())
        done = [await self._freeze(actor_id, month, now_ms, by, origin) for actor_id in actors]
        return Totals(sum(cost is not None for cost in done), sum(cost or 0 for cost in done))

    async def _freeze(self, actor_id: str, month: Month, now_ms: int, by: str, origin: str) -> int | None:
        invoice = await self._invoices.get(actor_id, month, now_ms)
        assert invoice is not None
        lines = json.dumps([asdict(line) for line in invoice.lines]).encode()
        cost = invoice.total("cost_micro_dollars")
        try:
            async with self._engine.begin() as connection:
                number = await _next(connection, "invoice")
                await connection.execute(
                    insert(issued_invoices).values(
                        number=number, actor_id=actor_id, month=str(month), issued_at=now_ms, lines=lines,
                        digest=hashlib.sha256(lines).hexdigest(), cost_micro_dollars=cost, credited_micro_dollars=0,
                    )
                )  # fmt: skip
                detail = {"number": number, "month": str(month), "costMicroDollars": cost}
                await audit.record(connection, now_ms, by, "invoice.issued", actor_id, detail, origin=origin)
        except IntegrityError:
            # Another node was faster, here or with the first number of all; the number is taken back with the transaction.
            mine = (issued_invoices.c.actor_id == actor_id, issued_invoices.c.month == str(month))
            async with self._engine.connect() as connection:
                if (await connection.execute(select(issued_invoices.c.number).where(*mine))).first():
                    return None
            return await self._freeze(actor_id, month, now_ms, by, origin)
        return cost

    async def get(self, actor_id: str, month: Month, now_ms: int) -> Invoice | None:
        """The invoice of a month: as it was issued, or else as it stands; None when there is none."""
        mine = (issued_invoices.c.actor_id == actor_id, issued_invoices.c.month == str(month))
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(issued_invoices).where(*mine))).mappings().first()
            if row is not None:
                return await _issued(connection, row)
        return await self._invoices.get(actor_id, month, now_ms)

    async def numbers(self, actor_id: str) -> dict[str, int]:
        """The number of each issued month."""
        query = select(issued_invoices.c.month, issued_invoices.c.number).where(issued_invoices.c.actor_id == actor_id)
        async with self._engine.connect() as connection:
            return dict((await connection.execute(query)).tuples().all())

    async def listed(self, *, before: int | None, limit: int) -> list[dict[str, Any]]:
        """Issued invoices of everybody, newest first, as rows without their lines."""
        columns = [column for column in issued_invoices.c if column.name != "lines"]
        query = select(*columns).order_by(issued_invoices.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(issued_invoices.c.number < before)
        async with self._engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def credit(
        self, number: int, micro_dollars: int | None, reason: str, now_ms: int, *, by: str, origin: str = ""
    ) -> Credit:
        """Gives back a part of an issued invoice, or None for all that is left of it. LookupError, CreditRefused."""
        table = issued_invoices.c
        async with self._engine.begin() as connection:
            # The statement is the lock: two credits of one invoice come one after the other.
            lock = update(issued_invoices).where(table.number == number).values(month=table.month)
            if (await connection.execute(lock)).rowcount != 1:
                raise LookupError(number)
            row = (await connection.execute(select(issued_invoices).where(table.number == number))).mappings().one()
            left = row["cost_micro_dollars"] - row["credited_micro_dollars"]
            amount = left if micro_dollars is None else micro_dollars
            if not 0 < amount <= left:
                raise CreditRefused(left)
            await connection.execute(
                update(issued_invoices)
                .where(table.number == number)
                .values(credited_micro_dollars=row["credited_micro_dollars"] + amount)
            )
            note = Credit(await _next(connection, "credit"), amount, reason, now_ms)
            await connection.execute(
                insert(credit_notes).values(
                    number=note.number, invoice_number=number, micro_dollars=amount, reason=reason.encode(),
                    created_by=by, created_at=now_ms,
                )
            )  # fmt: skip
            detail = {"invoice": number, "number": note.number, "microDollars": amount, "reason": reason}
            await audit.record(connection, now_ms, by, "invoice.credited", row["actor_id"], detail, origin=origin)
        return note


async def _next(connection: AsyncConnection, kind: Literal["invoice", "credit"]) -> int:
    """The next number, without a gap: it is taken back with the transaction."""
    mine = billing_numbers.c.kind == kind
    step = update(billing_numbers).where(mine).values(last=billing_numbers.c.last + 1)
    if (await connection.execute(step)).rowcount != 1:
        await connection.execute(insert(billing_numbers).values(kind=kind, last=1))
    return int((await connection.execute(select(billing_numbers.c.last).where(mine))).scalar_one())


async def _issued(connection: AsyncConnection, row: RowMapping) -> Invoice:
    month = Month.parse(row["month"])
    assert month is not None
    if hashlib.sha256(row["lines"]).hexdigest() != row["digest"]:
        raise RuntimeError(f"invoice {row['number']} is not what was issued")
    query = select(credit_notes).where(credit_notes.c.invoice_number == row["number"]).order_by(credit_notes.c.number)
    credits = tuple(
        Credit(note["number"], note["micro_dollars"], note["reason"].decode(), note["created_at"])
        for note in (await connection.execute(query)).mappings()
    )
    lines = tuple(Line(**line) for line in json.loads(row["lines"]))
    whole = Invoice(month, row["actor_id"], lines, final=True)
    return replace(whole, number=row["number"], issued_at=row["issued_at"], credits=credits)
