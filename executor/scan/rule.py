"""A rule of the scan as a value, and the packs of rules read from `rules/<language>/*.yml`.

Rules are trusted data of ours; how one is matched against code is look.py's part.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).parent / "rules"
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The packs whose rules look at a file of a language; "any" looks at every text.
PACKS: Mapping[str, tuple[str, ...]] = {
    "javascript": ("javascript",),
    "typescript": ("javascript", "typescript"),
    "python": ("python",),
    "ruby": ("ruby",),
    "shell": ("shell",),
    "html": ("html",),
    "css": ("css",),
    "sql": ("sql",),
    "lua": ("lua",),
}
# The grammar that ast-grep reads a language with. SQL has none there: its rules are regular expressions.
GRAMMARS: Mapping[str, str] = {
    "javascript": "javascript",
    "typescript": "typescript",
    "python": "python",
    "ruby": "ruby",
    "shell": "bash",
    "html": "html",
    "css": "css",
    "lua": "lua",
}
_KNOWN = frozenset(
    (
        *("id", "cwe", "severity", "message", "mend", "words", "rule", "constraints", "also", "grammars", "regex"),
        *("entropy", "mask", "comments", "ruff", "valid", "invalid"),
    )
)


@dataclass(frozen=True)
class Rule:
    """Either `config` (an ast-grep rule) or `regex` says where it hits; `words` must occur for either to be tried at all."""

    id: str
    language: str
    cwe: str
    severity: str
    message: str
    mend: str
    words: tuple[str, ...]
    config: Any
    # Further ast-grep rules that the file must match somewhere: what is harmless alone is not always harmless together.
    also: tuple[Any, ...]
    # The only grammars that know the kinds it names; empty: all of its language.
    grammars: tuple[str, ...]
    regex: re.Pattern[str] | None
    # The least Shannon entropy, in bits a character, of the group `secret`: words that people can read are no keys.
    entropy: float
    # The group `secret` is sure enough to be hidden in what the run writes.
    mask: bool
    # Whether a hit inside a comment counts.
    comments: bool
    ruff: str | None
    valid: tuple[str, ...]
    invalid: tuple[str, ...]


@cache
def packs() -> Mapping[str, tuple[Rule, ...]]:
    """language → its rules, in the order of their files."""
    found = {}
    for folder in sorted(path for path in RULES.iterdir() if path.is_dir()):
        rules = [
            _rule(raw, folder.name)
            for file in sorted(folder.glob("*.yml"))
            for raw in yaml.load(file.read_bytes(), Loader=Loader)  # noqa: S506 -- a safe loader, in C where there is one
        ]
        found[folder.name] = tuple(rules)
    return found


def _rule(raw: dict[str, Any], language: str) -> Rule:
    unknown = raw.keys() - _KNOWN
    if unknown or ("rule" in raw) == ("regex" in raw):
        raise ValueError(f"rule {raw.get('id')!r}: unknown {sorted(unknown)}, or not exactly one of rule and regex")
    return Rule(
        id=raw["id"],
        language=language,
        cwe=f"CWE-{raw['cwe']}",
        severity=raw["severity"],
        message=raw["message"],
        mend=raw["mend"],
        words=tuple(raw.get("words", ())),
        config={key: _widened(raw[key]) for key in ("rule", "constraints") if key in raw} if "rule" in raw else None,
        also=tuple({"rule": _widened(rule)} for rule in raw.get("also", ())),
        grammars=tuple(raw.get("grammars", ())),
        regex=re.compile(raw["regex"]) if "regex" in raw else None,
        entropy=raw.get("entropy", 0.0),
        mask=raw.get("mask", False),
        comments=raw.get("comments", False),
        ruff=raw.get("ruff"),
        valid=tuple(raw.get("valid", ())),
        invalid=tuple(raw.get("invalid", ())),
    )


def _widened(config: Any) -> Any:
    """`f($A, $$$)` means any arguments after the first, none as well; to ast-grep the comma would have to be there."""
    if isinstance(config, list):
        return [_widened(item) for item in config]
    if not isinstance(config, dict):
        return config
    wide = {key: _widened(value) for key, value in config.items()}
    pattern = config.get("pattern")
    if isinstance(pattern, str) and pattern.endswith(_MORE):
        del wide["pattern"]
        bare = pattern.removesuffix(_MORE) + ")"
        return {"all": [{"any": [{"pattern": pattern}, {"pattern": bare}]}, *([wide] if wide else [])]}
    return wide


_MORE = ", $$$)"
