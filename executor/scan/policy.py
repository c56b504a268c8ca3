"""How bad a finding is and what is done about it: severities, the policies that a session may choose, and the default by tier.

Nothing here looks at code.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from executor.events import Finding, Severity

ScanPolicy = Literal["warn", "block-critical", "block-high"]
# From the laxest to the strictest.
POLICIES: tuple[ScanPolicy, ...] = get_args(ScanPolicy)
# From the worst down.
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
# What a session that says nothing gets. A rule is only critical when ordinary code never trips it.
POLICY_OF_TIER: Mapping[str, ScanPolicy] = {
    "basic": "block-critical",
    "standard": "block-critical",
    "premium": "block-critical",
    "enterprise": "block-critical",
}
# Bounds on source that hold whatever the policy.
LIMITS = frozenset({"size.total", "size.file", "nesting"})
_BLOCKED: Mapping[ScanPolicy, frozenset[Severity]] = {
    "warn": frozenset(),
    "block-critical": frozenset({"critical"}),
    "block-high": frozenset({"critical", "high"}),
}


def policy_for(tier: str, chosen: ScanPolicy | None, floor: ScanPolicy) -> ScanPolicy:
    """The session's own choice or the tier's default, never laxer than the operator's floor."""
    wanted = chosen or POLICY_OF_TIER.get(tier, "block-critical")
    return max(wanted, floor, key=POLICIES.index)


def blocking(policy: ScanPolicy, findings: Sequence[Finding]) -> Finding | None:
    """The worst finding that keeps the run from starting, if there is one."""
    for finding in sorted(findings, key=lambda found: SEVERITIES.index(found.severity)):
        limit = finding.rule_id in LIMITS and finding.severity == "critical"
        if limit or finding.severity in _BLOCKED[policy]:
            return finding
    return None
