"""Promise: the Worker enforces the same table of modules that the host sells, row by row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from executor.modules import COUNTERPARTS

LANGUAGES = Path(__file__).resolve().parents[2] / "cloudflare-worker/src/languages"


@pytest.mark.parametrize("language", sorted(COUNTERPARTS))
def test_the_workers_row_is_the_hosts_row(language: str) -> None:
    source = (LANGUAGES / language / "modules.ts").read_text()
    body = source[source.index("COUNTERPARTS") :]
    rows = dict(re.findall(r'(?:"([\w./-]+)"|\b\w+): "(\w+)"', body)) | dict(re.findall(r'\b(\w+): "(\w+)"', body))
    assert {name: rows.get(name) for name in COUNTERPARTS[language]} == dict(COUNTERPARTS[language])
