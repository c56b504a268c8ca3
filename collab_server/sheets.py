"""Tables as CSV (RFC 4180 with a header) that a spreadsheet reads as text and numbers, never as a formula.

What stands in them is decided by whoever calls.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal


def sheet(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A header and its rows; texts are made harmless, everything else is written as it is."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(columns)
    out.writerows([cell(value) if isinstance(value, str) else value for value in row] for row in rows)
    return text.getvalue().encode()


def cell(text: str) -> str:
    """Text that a spreadsheet takes for text and not for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def decimal(micro: int) -> Decimal:
    """Millionths as an exact number with six places."""
    return Decimal(micro).scaleb(-6)
