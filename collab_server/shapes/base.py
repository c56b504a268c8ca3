"""What all shapes are made of: names, numbers and sizes with their bounds, moments as texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from executor import events

FILES_MAX = 500
NAME_CHARS_MAX = 200
DESCRIPTION_CHARS_MAX = 10_000
CONTENT_CHARS_MAX = 8 * 2**20
LINE_MAX = 2**31
# What JavaScript counts exactly and every database keeps.
NUMBER_MAX = 2**53 - 1
DIGITS_MAX = 15
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_CHARS_MAX, strip_whitespace=True)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Content = Annotated[str, StringConstraints(max_length=CONTENT_CHARS_MAX)]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6)]
RoleName = Literal["owner", "editor", "runner", "viewer"]
# The number of something that is there: a version, a row.
Number = Annotated[int, Field(ge=0, le=NUMBER_MAX)]


def _on_the_calendar(moment: datetime) -> datetime:
    try:
        year = moment.astimezone(UTC).year
    except OverflowError:
        year = 0
    if not 1970 <= year <= 9999:
        raise ValueError("must lie between the years 1970 and 9999 of UTC")
    return moment


# With a zone, and such that its UTC can be written as RFC 3339.
Moment = Annotated[AwareDatetime, AfterValidator(_on_the_calendar)]


def _at_its_beginning(given: Any) -> Any:
    return f"{given}T00:00:00Z" if isinstance(given, str) and _DAY.fullmatch(given) else given


def _at_its_end(given: Any) -> Any:
    if not (isinstance(given, str) and _DAY.fullmatch(given)):
        return given
    try:
        return datetime.fromisoformat(f"{given}T00:00:00+00:00") + timedelta(days=1)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# The ends of a time range: a moment, or a whole day of UTC, which belongs to the range at either end.
Since = Annotated[Moment, BeforeValidator(_at_its_beginning)]
Until = Annotated[Moment, BeforeValidator(_at_its_end)]


class Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", allow_inf_nan=False)


def timestamp(epoch_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return events.timestamp(epoch_ms / 1000)


def timestamp_or_none(epoch_ms: int | None) -> str | None:
    """The same for a time that may be missing."""
    return None if epoch_ms is None else timestamp(epoch_ms)


def epoch_ms(moment: datetime | None) -> int | None:
    """Back from a datetime with a zone to epoch milliseconds."""
    return None if moment is None else int(moment.timestamp() * 1000)


def number(text: str) -> int | None:
    """A whole number in ASCII digits, as headers and paths have it; None when it is none, or beyond counting."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX else None
