"""Promises of log lines whatever somebody logs: bounded, and without what looks like a secret."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from collab_server.log_format import TEXT_CHARS_MAX, JsonLines, TextLines


@pytest.mark.parametrize("lines", [JsonLines(), TextLines()])
def test_a_line_is_bounded_keeps_its_ends_and_hides_keys(lines: logging.Formatter) -> None:
    text = "it begins " + "x" * 10 * TEXT_CHARS_MAX + " with ck_0123456789abcdefghij, and ends"
    written = lines.format(logging.LogRecord("a.library", logging.INFO, "", 0, text, None, None))
    said = json.loads(written)["message"] if isinstance(lines, JsonLines) else written
    assert len(written) < TEXT_CHARS_MAX + 500
    assert said.startswith("it begins") and said.endswith("with [hidden], and ends")


def test_what_a_stranger_wrote_begins_no_line_of_its_own() -> None:
    path = "/api/x\r\n2026-01-01 00:00:00 INFO all is well\x1b[2J\u2028"
    record = logging.LogRecord("access", logging.INFO, "", 0, "GET %s 404", (path,), None)
    try:
        raise ValueError("a fault of ours")
    except ValueError:
        fault = logging.LogRecord("app", logging.ERROR, "", 0, "it failed", None, sys.exc_info())
    written = TextLines("%(levelname)s %(message)s").format(record)
    assert written == "INFO GET /api/x\\r\\n2026-01-01 00:00:00 INFO all is well\\x1b[2J\\u2028 404"
    assert TextLines().format(fault).splitlines()[1].startswith("Traceback")
