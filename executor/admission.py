"""What is decided before a run: whether it may, under which tier and limits, and the most that it can cost.

Who pays is told by the caller, and taking it from them is the ledger's; how the run goes on is run.py's.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from executor import environments, events, pricing
from executor.allowances import Claim, Exhausted
from executor.quota import Full, Quota, Ticket
from executor.request import ARGUMENTS_CHARS_MAX, ExecuteRequest
from executor.runner import Job, Stdin
from executor.scan.policy import ScanPolicy, blocking
from executor.scan.scanner import Scan, Scanner
from executor.snapshot import Snapshot
from executor.tracing import Tracer
from executor.turns import Turn, Turns
from executor.wire import BinaryFile, TextFile, WireEgress, WireRequest

CONTEXT_DEPTH_MAX = 64
MB = 2**20
ENVIRONMENT_RETRY_S = 2.0
STOPPING_RETRY_S = 5.0


@dataclass(frozen=True)
class RunLimits:
    output_bytes_max: int = 2**20
    output_events_max: int = 20_000
    display_bytes_max: int = 4 * 2**20
    result_bytes_max: int = 2**20
    # All files of a run together; the small ones travel in its last event, the others are kept for download.
    artifact_bytes_max: int = 8 * 2**20
    inline_artifact_bytes_max: int = 64 * 2**10
    inline_artifacts_bytes_max: int = 256 * 2**10
    artifacts_max: int = 200
    error_chars_max: int = 20_000
    prompt_chars_max: int = 4_000
    stdin_bytes_max: int = 2**20
    context_bytes_max: int = 2**20
    # What the operator lets programs reach; None is no network at all.
    egress: WireEgress | None = None


class Refused(Exception):
    """The run was not admitted: nothing ran and nothing is charged. `event` is what everyone is told."""

    def __init__(self, event: events.RefusedRun, field: str | None = None) -> None:
        super().__init__(event.message)
        self.refusal = event
        # What of the request is wrong, where it is one field.
        self.field = field
        self.event = event.to_json()


def exhausted(execution_id: str, error: Exhausted) -> Refused:
    """A payer has not enough left."""
    code: events.RefusalCode = "rate_limited" if error.what in ("rate", "places") else "quota_exceeded"
    retry_after = None if error.retry_after_s is None else round(error.retry_after_s, 3)
    return Refused(events.RefusedRun(execution_id=execution_id, code=code, message=str(error), retry_after=retry_after))


def stopping(execution_id: str) -> Refused:
    """This node leaves; another one takes the run."""
    message = "the server stops"
    return Refused(
        events.RefusedRun(execution_id=execution_id, code="rate_limited", message=message, retry_after=STOPPING_RETRY_S)
    )


@dataclass(frozen=True)
class Terms:
    """What the caller brings to a run beside the request: the account's standing, who pays, and what the session lends."""

    account_tier: str
    # What the account pays of the tier's prices.
    price_percent: int = 100
    # The key or link that asked, and everyone who has to have enough left.
    key_id: str | None = None
    claims: tuple[Claim, ...] = ()
    scan_policy: ScanPolicy | None = None
    # Environment variables of the program; their values are hidden in what it writes.
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Admission:
    """What was decided before the run; a later change of a tier does not touch it."""

    execution_id: str
    actor: events.Who
    snapshot: Snapshot
    tier: pricing.Tier
    ticket: Ticket
    job: Job
    # The most that it can cost under its limits.
    worst: pricing.Usage
    terms: Terms
    # The server stops: the run is nobody's fault and free.
    abandoned: bool = False
    turn: Turn | None = None
    seen: Scan = field(default=Scan(()))


async def admit(
    execution_id: str,
    request: ExecuteRequest,
    snapshot: Snapshot,
    actor: events.Who,
    terms: Terms,
    *,
    tiers: Mapping[str, pricing.Tier],
    quota: Quota,
    languages: frozenset[str] | None,
    memory_bytes_max: int | None,
    limits: RunLimits,
    turns: Turns | None = None,
    session_id: str | None = None,
    scanner: Scanner,
    tracer: Tracer,
    policy: Callable[[str], ScanPolicy],
) -> Admission:
    """Scan and reserve. Raises Refused; what it returns holds a place in the quota until the run ends."""

    def refuse(code: events.RefusalCode, message: str, field: str | None = None, **more: Any) -> Refused:
        return Refused(events.RefusedRun(execution_id=execution_id, code=code, message=message, **more), field)

    problem = _shape_problem(request, snapshot, languages, limits)
    if problem is None and request.persist_environment:
        problem = _environment_problem(snapshot.language, session_id)
    if problem is None and memory_bytes_max is not None and request.memory_limit > memory_bytes_max:
        problem = "memoryLimit", f"the Worker here gives a program at most {memory_bytes_max // MB} MiB; ask for less"
    if problem:
        raise refuse("invalid", ": ".join(problem), problem[0])
    if request.if_version is not None and request.if_version != snapshot.version:
        raise refuse("stale", f"the files are at version {snapshot.version}, not {request.if_version}")
    if (
        turns is not None
        and session_id is not None
        and request.persist_environment
        and turns.full(session_id, snapshot.language)
    ):
        message = f"too many runs wait for this session's {snapshot.language} environment; try again, or run without it"
        raise refuse("rate_limited", message, retry_after=ENVIRONMENT_RETRY_S)
    wanted = pricing.Wanted(
        request.tier, request.timeout, request.memory_limit, snapshot.language, request.allowed_modules
    )
    tier = pricing.choose_tier(wanted, terms.account_tier, tiers)
    if isinstance(tier, pricing.TierRefusal):
        if tier.unknown_tier:
            raise refuse("invalid", tier.message, "tier")
        raise refuse("forbidden", tier.message)
    with tracer.span("execution.scan"):
        seen = await scanner.scan(snapshot)
    if worst := blocking(policy(tier.name), seen.findings):
        raise refuse("scan_blocked", f"{worst.file}: {worst.message}", findings=seen.findings)
    ticket = quota.request()
    if isinstance(ticket, Full):
        raise refuse("rate_limited", ticket.message, retry_after=ticket.retry_after_s)
    wire = WireRequest(
        execution_id=execution_id,
        language=snapshot.language,
        entry=snapshot.entry,
        files=[_wire_file(file.name, file.content) for file in snapshot.files],
        argv=request.argv or [],
        env=dict(terms.env),
        stdin=request.stdin,
        interactive=request.stdin is None,
        context=request.context or {},
        timeout_ms=request.timeout,
        memory_limit_bytes=request.memory_limit,
        allowed_modules=pricing.allowed_modules(tier, wanted),
        tier=tier.name,
        tier_of_module=pricing.tier_of_module(snapshot.language, tiers, tier),
        output_bytes_max=limits.output_bytes_max,
        artifact_bytes_max=limits.artifact_bytes_max,
        egress=limits.egress,
    )
    job = Job(wire, Stdin(limits.stdin_bytes_max))
    most = pricing.cost(tier, Fraction(request.timeout, 1000), request.memory_limit, terms.price_percent)
    return Admission(execution_id, actor, snapshot, tier, ticket, job, most, terms, seen=seen)


def _shape_problem(
    request: ExecuteRequest, snapshot: Snapshot, languages: frozenset[str] | None, limits: RunLimits
) -> tuple[str, str] | None:
    """(field, what is wrong with it)."""
    if request.if_version is not None and snapshot.version is None:
        return "ifVersion", "only the files of a session have a version; run this in one, or leave it out"
    if languages is not None and snapshot.language not in languages:
        return "language", f"{snapshot.language!r} cannot be run here; there are {', '.join(sorted(languages))}"
    entry = next(file for file in snapshot.files if file.name == snapshot.entry)
    if not entry.content.strip():
        return "entry" if request.code is None else "code", f"{snapshot.entry} is empty"
    if sum(map(len, request.argv or [])) > ARGUMENTS_CHARS_MAX:
        return "argv", f"at most {ARGUMENTS_CHARS_MAX} characters in all"
    if request.stdin is not None and len(request.stdin) > limits.stdin_bytes_max:
        return "stdin", f"at most {limits.stdin_bytes_max} bytes"
    if request.context is not None:
        if _deeper_than(request.context, CONTEXT_DEPTH_MAX):
            return "context", f"at most {CONTEXT_DEPTH_MAX} levels deep"
        if len(json.dumps(request.context)) > limits.context_bytes_max:
            return "context", f"at most {limits.context_bytes_max} bytes"
    return None


def _environment_problem(language: str, session_id: str | None) -> tuple[str, str] | None:
    if session_id is None:
        return (
            "persistEnvironment",
            "an environment belongs to a session; run this in one (`sessionId`), or leave it out",
        )
    if language not in environments.LANGUAGES:
        kept = ", ".join(sorted(environments.LANGUAGES))
        return "persistEnvironment", f"{language} has no environment to keep; {kept} have one"
    return None


def _deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            item
            for each in layer
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
        if not layer:
            return False
    return True


def _wire_file(name: str, content: bytes) -> TextFile | BinaryFile:
    try:
        return TextFile(name=name, content=content.decode())
    except UnicodeDecodeError:
        return BinaryFile(name=name, base64=base64.b64encode(content).decode())
