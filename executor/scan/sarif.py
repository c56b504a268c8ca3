"""Findings as SARIF 2.1.0, the format that editors and code hosts read.

What is found and how bad it is, is never decided here.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from executor.scan.rule import packs

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MEDIA_TYPE = "application/sarif+json"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
# What code hosts sort by, on the scale of CVSS.
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}


def sarif(findings: Sequence[Mapping[str, Any]], version: str) -> dict[str, Any]:
    """One run of the scan with its results; `findings` as they are told to clients."""
    known = {rule.id: rule for rules in packs().values() for rule in rules}
    rules: dict[str, dict[str, Any]] = {}
    for finding in findings:
        identity = finding["ruleId"]
        rule = known.get(identity)
        rules.setdefault(identity, _descriptor(finding, rule.message if rule else finding["message"]))
    order = {identity: index for index, identity in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "collab-server scan", "version": version, "rules": list(rules.values())}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, order[finding["ruleId"]]) for finding in findings],
            }
        ],
    }


def _descriptor(finding: Mapping[str, Any], message: str) -> dict[str, Any]:
    tags = ["security"]
    if finding.get("cwe"):
        tags.append("external/cwe/" + finding["cwe"].lower())
    return {
        "id": finding["ruleId"],
        "shortDescription": {"text": message},
        "help": {"text": finding["mend"]},
        "properties": {"tags": tags, "security-severity": _SCORES[finding["severity"]]},
    }


def _result(finding: Mapping[str, Any], index: int) -> dict[str, Any]:
    region = {"startLine": finding["line"], "startColumn": finding["column"]}
    region |= {key: finding[key] for key in ("endLine", "endColumn") if key in finding}
    location = {"artifactLocation": {"uri": quote(finding["file"])}, "region": region}
    return {
        "ruleId": finding["ruleId"],
        "ruleIndex": index,
        "level": _LEVELS[finding["severity"]],
        "message": {"text": f"{finding['message']}; {finding['mend']}"},
        "locations": [{"physicalLocation": location}],
        "properties": {"severity": finding["severity"]},
    }
