"""What linters that others keep find in files: ruff's security rules in Python, and the forms of secrets that detect-secrets knows.

Which of their rules are asked, and how grave each is, stands in `rules/ruff.yml` and `rules/detect-secrets.yml`; what follows from a
hit is look.py's part.
"""

from __future__ import annotations

import contextlib
import importlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
import yaml
from ruff import find_ruff_bin  # type: ignore[import-untyped]

from executor.scan.rule import RULES, Loader

# Of one call, in seconds of the processor; its caller ends it sooner.
RUFF_CPU_S_MAX = 5


@dataclass(frozen=True)
class Borrowed:
    """A rule of theirs with words of ours. `code` is ruff's, or the name of the detector's class."""

    id: str
    code: str
    cwe: str
    severity: str
    message: str
    mend: str


@dataclass(frozen=True)
class Hit:
    """Lines and columns count from 1, columns in code points; the end is behind."""

    rule: Borrowed
    line: int
    column: int
    end_line: int
    end_column: int


@cache
def ruff_rules() -> Mapping[str, Borrowed]:
    """code → rule."""
    entries = yaml.load((RULES / "ruff.yml").read_bytes(), Loader=Loader)  # noqa: S506 -- a safe loader
    return {
        raw["code"]: Borrowed(
            id=f"ruff.{raw['code']}",
            code=raw["code"],
            cwe=f"CWE-{raw['cwe']}",
            severity=raw["severity"],
            message=raw["message"],
            mend=raw["mend"],
        )
        for raw in entries
    }


@cache
def detectors() -> Sequence[tuple[Borrowed, Any]]:
    """Each rule with the detector it stands for."""
    entries = yaml.load((RULES / "detect-secrets.yml").read_bytes(), Loader=Loader)  # noqa: S506 -- a safe loader
    found = []
    for raw in entries:
        module, name = raw["detector"].split(".")
        rule = Borrowed(
            id=raw["id"],
            code=name,
            cwe="CWE-798",
            severity=raw["severity"],
            message=f"a key or token of {raw['of']} stands in the source, for everybody who reads it",
            mend="withdraw it, and give its successor to the run as a secret of the session",
        )
        found.append((rule, getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)()))
    return found


def detected(text: str, chars_max: int) -> Iterator[tuple[Borrowed, int, str]]:
    """The rule, the place and the value of each secret in the first `chars_max` of the text, by detector."""
    for rule, detector in detectors():
        for pattern in detector.denylist:
            for found in pattern.finditer(text, 0, chars_max):
                # Where a pattern has groups, the value is the one that took part; a token may be the whole.
                value = next(filter(None, found.groups()), "") if pattern.groups else found[0]
                if len(value) < len(found[0]) / 4:
                    value = found[0]
                yield rule, found.start() + found[0].index(value), value


class Ruff:
    """One call of ruff for one Python file; it works while the caller looks with other rules."""

    def __init__(self, content: bytes) -> None:
        # A file without a name: ruff begins at once, and nothing is left behind whoever is killed.
        with tempfile.TemporaryFile() as source:
            source.write(content)
            source.seek(0)
            self._process = subprocess.Popen(  # noqa: S603 -- a program of ours
                [
                    find_ruff_bin(),
                    *("check", "--isolated", "--no-cache", "--ignore-noqa", "--exit-zero", "--quiet"),
                    *("--output-format", "json", "--select", ",".join(ruff_rules()), "-"),
                ],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"RAYON_NUM_THREADS": "1"},
            )
        if sys.platform == "linux":
            # Should nobody be left to end it.
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(self._process.pid, resource.RLIMIT_CPU, (RUFF_CPU_S_MAX, RUFF_CPU_S_MAX))

    def hits(self, deadline: float) -> list[Hit]:
        """Raises TimeoutError when it is not done by the deadline (monotonic), ValueError when it broke off."""
        try:
            out, _ = self._process.communicate(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        rules = ruff_rules()
        return [
            Hit(
                rules[told["code"]],
                told["location"]["row"],
                told["location"]["column"],
                told["end_location"]["row"],
                told["end_location"]["column"],
            )
            for told in orjson.loads(out)
            if told["code"] in rules
        ]

    def close(self) -> None:
        """End it, whatever it does."""
        with self._process:
            self._process.kill()
