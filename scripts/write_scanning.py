"""Writes the rule tables of docs/scanning.md from the rules; with `--check` it only says whether they are true."""

import sys
from collections.abc import Iterable
from pathlib import Path

from executor.scan.linters import Borrowed, detectors, ruff_rules
from executor.scan.policy import POLICY_OF_TIER, SEVERITIES
from executor.scan.rule import Rule, packs

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "scanning.md"
BEGIN, END = "<!-- rules: written by scripts/write_scanning.py -->\n", "<!-- end of rules -->\n"


def tables() -> str:
    lines = ["| tier | policy of a session that names none |", "|---|---|"]
    lines += [f"| {tier} | `{policy}` |" for tier, policy in POLICY_OF_TIER.items()]
    for language, rules in packs().items():
        lines += table("Any file" if language == "any" else language.capitalize(), rules)
    lines += table("Python, by ruff", ruff_rules().values())
    lines += table("Any file, by detect-secrets", [rule for rule, _ in detectors()])
    return "\n".join(lines) + "\n"


def table(heading: str, rules: Iterable[Rule | Borrowed]) -> list[str]:
    lines = ["", f"### {heading}", "", "| rule | severity | CWE | what it says | mend |", "|---|---|---|---|---|"]
    for rule in sorted(rules, key=lambda rule: SEVERITIES.index(rule.severity)):  # type: ignore[arg-type]
        number = rule.cwe.removeprefix("CWE-")
        cwe = f"[{number}](https://cwe.mitre.org/data/definitions/{number}.html)"
        cells = (f"`{rule.id}`", rule.severity, cwe, rule.message, rule.mend)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def written(text: str) -> str:
    before, rest = text.split(BEGIN)
    return before + BEGIN + tables() + rest[rest.index(END) :]


if __name__ == "__main__":
    now = DOCUMENT.read_text()
    if "--check" in sys.argv:
        sys.exit(0 if written(now) == now else "docs/scanning.md: the rules are stale; run scripts/write_scanning.py")
    DOCUMENT.write_text(written(now))
