"""How an invoice looks: as JSON, CSV, HTML and PDF, all with the same lines and the same exact sums.

What stands in it is executor's; nothing here reads the store or the request.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from collab_server.shapes.base import timestamp, timestamp_or_none
from collab_server.sheets import decimal, sheet
from executor.invoices import Brief, Credit, Invoice, Line
from executor.pricing import MICRO

COLUMNS = ("Day", "Language", "Tier", "Runs", "Seconds", "Compute units", "Cost (USD)")
WIDTHS_MM = (26, 34, 40, 18, 22, 28, 22)
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #ddd}"
    ".n{text-align:right;font-variant-numeric:tabular-nums}tfoot td{font-weight:600;border-top:2px solid #1a1a1a}"
)


@dataclass(frozen=True)
class Addressee:
    """Whom it is for."""

    user_id: str
    name: str


def brief(one: Brief, number: int | None) -> dict[str, Any]:
    """An invoice in a list."""
    return {
        "id": str(one.month),
        "number": spelled(number),
        "status": _status(one.final, number),
        "executions": one.executions,
        "cost": one.cost_micro_dollars / MICRO,
        "costMicroDollars": one.cost_micro_dollars,
        "currency": "USD",
    }


def shown(invoice: Invoice, to: Addressee) -> dict[str, Any]:
    """The invoice as plain values."""
    return {
        "id": str(invoice.month),
        "number": spelled(invoice.number),
        "status": _status(invoice.final, invoice.number),
        "issuedAt": timestamp_or_none(invoice.issued_at),
        "user": {"id": to.user_id, "name": to.name},
        "periodStart": timestamp(invoice.month.start_ms),
        "periodEnd": timestamp(invoice.month.end_ms),
        "currency": "USD",
        "lines": [
            {
                "day": _day(line),
                "language": line.language,
                "tier": line.tier,
                "tierVersion": line.tier_version,
                **_figures(line.executions, line.wall_ms, line.compute_micro_units, line.cost_micro_dollars),
            }
            for line in invoice.lines
        ],
        "total": _figures(
            *(invoice.total(name) for name in ("executions", "wall_ms", "compute_micro_units", "cost_micro_dollars"))
        ),
        "credits": [shown_credit(credit) for credit in invoice.credits],
        "due": invoice.due_micro_dollars / MICRO,
        "dueMicroDollars": invoice.due_micro_dollars,
    }


def shown_credit(credit: Credit) -> dict[str, Any]:
    """A credit note."""
    return {
        "number": f"CN-{credit.number:06d}",
        "amount": credit.micro_dollars / MICRO,
        "amountMicroDollars": credit.micro_dollars,
        "reason": credit.reason,
        "createdAt": timestamp(credit.created_at),
    }


def issued(row: Mapping[str, Any]) -> dict[str, Any]:
    """An issued invoice in the operators' list."""
    return {
        "number": spelled(row["number"]),
        "userId": row["actor_id"],
        "month": row["month"],
        "issuedAt": timestamp(row["issued_at"]),
        "cost": row["cost_micro_dollars"] / MICRO,
        "credited": row["credited_micro_dollars"] / MICRO,
    }


def spelled(number: int | None) -> str | None:
    """The number that an issued invoice is known by."""
    return None if number is None else f"INV-{number:06d}"


def as_json(invoice: Invoice, to: Addressee) -> bytes:
    """For programs."""
    return orjson.dumps(shown(invoice, to))


def as_csv(invoice: Invoice, to: Addressee) -> bytes:
    """One line per day, language and tier, the total last; RFC 4180 with a header."""
    rows: list[tuple[object, ...]] = []
    for line in invoice.lines:
        figures = (line.executions, line.wall_ms, decimal(line.compute_micro_units), decimal(line.cost_micro_dollars))
        rows.append((_day(line), line.language, line.tier, line.tier_version, *figures, "USD"))
    units, cost = invoice.total("compute_micro_units"), invoice.total("cost_micro_dollars")
    runs, wall_ms = invoice.total("executions"), invoice.total("wall_ms")
    rows.append(("total", "", "", "", runs, wall_ms, decimal(units), decimal(cost), "USD"))
    rows += [("credit", "", "", "", "", "", "", decimal(-each.micro_dollars), "USD") for each in invoice.credits]
    if invoice.credits:
        rows.append(("due", "", "", "", "", "", "", decimal(invoice.due_micro_dollars), "USD"))
    return sheet(
        ("day", "language", "tier", "tierVersion", "executions", "executionTimeMs", "computeUnits", "cost", "currency"),
        rows,
    )


def as_html(invoice: Invoice, to: Addressee) -> bytes:
    """A page to read and print; no script, nothing from elsewhere."""
    rows = "".join(f"<tr>{_cells('td', cells)}</tr>" for cells in _rows(invoice))
    sums = "".join(f"<tr>{_cells('td', cells)}</tr>" for cells in _sums(invoice))
    title = f"Invoice {invoice.month}"
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body><h1>{title}</h1>{''.join(f'<p>{html.escape(text)}</p>' for text in _facts(invoice, to))}"
        f"<table><thead><tr>{_cells('th', COLUMNS)}</tr></thead><tbody>{rows}</tbody>"
        f"<tfoot>{sums}</tfoot></table></body></html>\n"
    )
    return page.encode("utf-8", "replace")


def as_pdf(invoice: Invoice, to: Addressee) -> bytes:
    """Pages of A4; the same bytes for the same invoice."""
    # Half a second to import, which not every start of the server and of the command line should take.
    from fpdf import FPDF
    from fpdf.enums import XPos, YPos

    pdf = FPDF(format="A4")
    pdf.set_creation_date(datetime.fromtimestamp(invoice.month.end_ms / 1000, UTC))
    pdf.set_title(f"Invoice {invoice.month}")
    pdf.add_page()
    pdf.set_font("Helvetica", "B", 18)
    pdf.cell(text=f"Invoice {invoice.month}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font("Helvetica", "", 10)
    for text in _facts(invoice, to):
        pdf.multi_cell(0, 6, _latin(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(4)
    pdf.set_font("Helvetica", "", 9)
    align = ("LEFT",) * 3 + ("RIGHT",) * 4
    with pdf.table(col_widths=WIDTHS_MM, text_align=align, line_height=6) as table:
        for cells in (COLUMNS, *_rows(invoice), *_sums(invoice)):
            row = table.row()
            for cell in cells:
                row.cell(_latin(cell))
    return bytes(pdf.output())


# Media type → (ending, renderer), in the order of preference where the client has none.
KINDS: dict[str, tuple[str, Callable[[Invoice, Addressee], bytes]]] = {
    "application/json": ("json", as_json),
    "text/csv": ("csv", as_csv),
    "text/html": ("html", as_html),
    "application/pdf": ("pdf", as_pdf),
}


def _status(final: bool, number: int | None) -> str:
    return "issued" if number is not None else "final" if final else "open"


def _day(line: Line) -> str:
    return datetime.fromtimestamp(line.day_ms / 1000, UTC).date().isoformat()


def _figures(executions: int, wall_ms: int, compute_micro_units: int, cost_micro_dollars: int) -> dict[str, Any]:
    return {
        "executions": executions,
        "executionTime": wall_ms,
        "computeUnits": compute_micro_units / MICRO,
        "cost": cost_micro_dollars / MICRO,
        "costMicroDollars": cost_micro_dollars,
    }


def _facts(invoice: Invoice, to: Addressee) -> list[str]:
    last = datetime.fromtimestamp((invoice.month.end_ms - 1) / 1000, UTC).date().isoformat()
    state = "final" if invoice.final else "so far; the month is not over"
    who = to.name if to.name == to.user_id else f"{to.name} ({to.user_id})"
    known = [] if invoice.number is None else [f"Number {spelled(invoice.number)}"]
    return [*known, f"For {who}", f"{invoice.month}-01 to {last}, UTC; {state}"]


def _rows(invoice: Invoice) -> list[tuple[str, ...]]:
    return [
        (
            _day(line),
            line.language,
            f"{line.tier} (version {line.tier_version})",
            *_numbers(line.executions, line.wall_ms, line.compute_micro_units, line.cost_micro_dollars),
        )
        for line in invoice.lines
    ]


def _sums(invoice: Invoice) -> list[tuple[str, ...]]:
    names = ("executions", "wall_ms", "compute_micro_units", "cost_micro_dollars")
    rows: list[tuple[str, ...]] = [("Total", "", "", *_numbers(*(invoice.total(name) for name in names)))]
    rows += [
        (f"CN-{credit.number:06d}", credit.reason, "", "", "", "", str(decimal(-credit.micro_dollars)))
        for credit in invoice.credits
    ]
    if invoice.credits:
        rows.append(("Due", "", "", "", "", "", str(decimal(invoice.due_micro_dollars))))
    return rows


def _numbers(executions: int, wall_ms: int, compute_micro_units: int, cost_micro_dollars: int) -> tuple[str, ...]:
    seconds = f"{wall_ms // 1000}.{wall_ms % 1000:03d}"
    return str(executions), seconds, str(decimal(compute_micro_units)), str(decimal(cost_micro_dollars))


def _cells(tag: str, cells: tuple[str, ...]) -> str:
    return "".join(
        f"<{tag}{' class=n' if index >= 3 else ''}>{html.escape(cell)}</{tag}>" for index, cell in enumerate(cells)
    )


def _latin(text: str) -> str:
    # The PDF standard's own fonts know Latin-1; the user id, which is what counts, is nearly always within it.
    return text.encode("latin-1", "replace").decode("latin-1")
