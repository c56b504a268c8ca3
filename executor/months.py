"""Calendar months in UTC: the periods of invoices and budgets.

No time of day is looked up here; moments come in as milliseconds since the epoch.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in UTC, from its first millisecond up to, and without, the first of the next."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Month | None":
        """From `2026-11`; None when it is not one."""
        found = _MONTH.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found and 1970 <= int(found[1]) <= 9998 else None

    @classmethod
    def at(cls, epoch_ms: int) -> "Month":
        """The month of a moment."""
        moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
        return cls(moment.year, moment.month)

    @property
    def following(self) -> "Month":
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def start_ms(self) -> int:
        return (date(self.year, self.month, 1) - date(1970, 1, 1)).days * DAY_MS

    @property
    def end_ms(self) -> int:
        return self.following.start_ms

    @property
    def end(self) -> str:
        """The first moment after it, in RFC 3339."""
        return f"{self.following}-01T00:00:00Z"

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
