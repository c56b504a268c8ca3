"""How log lines look: text for people, JSON for machines, each with the request and the execution that it is about.

Tokens and secrets are not logged by anybody; where a library does it all the same, what looks like one is hidden here.
"""

from __future__ import annotations

import json
import logging
import logging.config
import re
from datetime import UTC, datetime
from typing import Any

from collab_server.caller import REQUEST
from collab_server.settings import Settings
from executor.current import EXECUTION

HIDDEN = "[hidden]"
# A collector takes longer lines apart, or drops them.
TEXT_CHARS_MAX = 16_384
# Keys, cookies and links of ours, signing secrets, JWTs, what a header or a query names a token, passwords in URLs.
_SECRET = re.compile(
    r"\b(?:ck|cb|cl|cg|ln)_[\w-]{16,}|\bwhsec_[\w+/=-]{16,}|\beyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?i:(?<=bearer )\S+|(?<=[?&]token=)[^&\s'\"]+|(?<=[?&]link=)[^&\s'\"]+)"
    r"|(?<=://)[^/@\s:]*:[^/@\s]+(?=@)"
)
# Of an address that a stranger chose: what ends a line, or drives a terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def hidden(text: str) -> str:
    """The text without what looks like a secret; of one that is longer than TEXT_CHARS_MAX its begin and its end."""
    safe = _SECRET.sub(HIDDEN, text)
    half = TEXT_CHARS_MAX // 2
    left = len(safe) - 2 * half
    return safe if left <= 0 else f"{safe[:half]} … {left} more characters … {safe[-half:]}"


class TextLines(logging.Formatter):
    """A line for people."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line without a traceback: what others wrote, like an address, cannot begin another line."""
        return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message, and what it is about."""
        line = super().format(record)
        about = " ".join(f"{name}={value}" for name, value in _about())
        first, newline, rest = line.partition("\n")
        return hidden(f"{first} [{about}]{newline}{rest}" if about else line)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON: time, level, logger, message, what it is about, the record's fields, the traceback if any."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **dict(_about()),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        safe = {name: hidden(value) if isinstance(value, str) else value for name, value in line.items()}
        return json.dumps(safe, ensure_ascii=False)


def _about() -> list[tuple[str, str]]:
    named = (("requestId", REQUEST.get()), ("executionId", EXECUTION.get()))
    return [(name, value) for name, value in named if value]


def configure(settings: Settings) -> None:
    """Set the root logger up; uvicorn's loggers pass through it."""
    formatter: dict[str, Any] = (
        {"()": JsonLines}
        if settings.log_format == "json"
        else {"()": TextLines, "format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}
    )
    # What they would say at the level of debugging holds what people write: sse_starlette logs each answer whole.
    quiet = ("uvicorn", "alembic", "aiosqlite", "httpx", "httpcore", "mcp", "sse_starlette")
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"lines": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
            "root": {"level": settings.log_level.upper(), "handlers": ["stderr"]},
            "loggers": {name: {"level": "WARNING"} for name in quiet},
        }
    )
