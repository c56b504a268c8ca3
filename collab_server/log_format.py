"""How log lines look: text for people, JSON for machines. Tokens never reach a line: paths are logged without their query."""

from __future__ import annotations

import json
import logging
import logging.config
from typing import Any

from collab_server.settings import Settings


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON: time, level, logger, message and the traceback if there is one."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(settings: Settings) -> None:
    """Set the root logger up; uvicorn's loggers pass through it."""
    formatter: dict[str, Any] = (
        {"()": JsonLines}
        if settings.log_format == "json"
        else {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"lines": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
            "root": {"level": settings.log_level.upper(), "handlers": ["stderr"]},
            "loggers": {
                "uvicorn": {"level": "WARNING"},
                "alembic": {"level": "WARNING"},
                "aiosqlite": {"level": "WARNING"},
                "httpx": {"level": "WARNING"},
                "mcp": {"level": "WARNING"},
            },
        }
    )
