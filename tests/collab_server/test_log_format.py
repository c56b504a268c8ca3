"""Promises of log lines whatever somebody logs: bounded, and without what looks like a secret."""

from __future__ import annotations

import json
import logging

import pytest

from collab_server.log_format import TEXT_CHARS_MAX, JsonLines, TextLines


@pytest.mark.parametrize("lines", [JsonLines(), TextLines()])
def test_a_line_is_bounded_keeps_its_ends_and_hides_keys(lines: logging.Formatter) -> None:
    text = "it begins " + "x" * 10 * TEXT_CHARS_MAX + " with ck_0123456789abcdefghij, and ends"
    written = lines.format(logging.LogRecord("a.library", logging.INFO, "", 0, text, None, None))
    said = json.loads(written)["message"] if isinstance(lines, JsonLines) else written
    assert len(written) < TEXT_CHARS_MAX + 500
    assert said.startswith("it begins") and said.endswith("with [hidden], and ends")
