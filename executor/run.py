"""One run from request to settled end: scan ▸ reserve ▸ run ▸ settle, as an async generator of events.

The branches of a run are all here; what it is measured by, priced by, stored in and told to lives elsewhere.
"""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from executor import environments, events, pricing
from executor.allowances import Claim
from executor.artifacts import KeptFile
from executor.quota import Full, Quota, Ticket
from executor.request import ARGUMENTS_CHARS_MAX, ExecuteRequest
from executor.runner import Ended, Job, Leased, RunItem, Runner, Stdin, Waiting
from executor.scan.mask import Mask
from executor.scan.policy import ScanPolicy, blocking
from executor.scan.scanner import Scan, Scanner
from executor.snapshot import Snapshot, name_problem
from executor.tracing import Tracer
from executor.turns import Turn, Turns
from executor.wire import (
    BinaryFile,
    DisplayFrame,
    FinishedFrame,
    Frame,
    InputFrame,
    OutputFrame,
    StateFrame,
    TextFile,
    TruncatedFrame,
    WireEgress,
    WireRequest,
)

CONTEXT_DEPTH_MAX = 64
BUSY_RETRY_AFTER_S = 5.0
MB = 2**20
ENVIRONMENT_RETRY_S = 2.0


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

    def __init__(self, event: events.RefusedRun) -> None:
        super().__init__(event.message)
        self.refusal = event
        self.event = event.to_json()


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


@dataclass(frozen=True)
class Settlement:
    status: events.Status | Literal["refused"]
    usage: pricing.Usage
    wall_ms: int
    memory_bytes: int
    exit_code: int | None
    billed: bool
    artifacts: tuple[KeptFile, ...] = ()


Settle = Callable[[events.Finished | events.RefusedRun, Settlement], Awaitable[None]]


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

    def refuse(code: events.RefusalCode, message: str, **more: Any) -> Refused:
        return Refused(events.RefusedRun(execution_id=execution_id, code=code, message=message, **more))

    if request.if_version is not None and request.if_version != snapshot.version:
        raise refuse("stale", f"the files are at version {snapshot.version}, not {request.if_version}")
    problem = _shape_problem(request, snapshot, languages, limits)
    if problem is None and request.persist_environment:
        problem = _environment_problem(snapshot.language, session_id)
    if problem:
        raise refuse("invalid", problem)
    if memory_bytes_max is not None and request.memory_limit > memory_bytes_max:
        ceiling = f"the Worker here gives a program at most {memory_bytes_max // MB} MiB"
        raise refuse("invalid", f"memoryLimit: {ceiling}; ask for less")
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
        raise refuse("invalid" if tier.unknown_tier else "forbidden", tier.message)
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
        tier_of_module=pricing.tier_of_module(snapshot.language, tiers),
        output_bytes_max=limits.output_bytes_max,
        artifact_bytes_max=limits.artifact_bytes_max,
        egress=limits.egress,
    )
    job = Job(wire, Stdin(limits.stdin_bytes_max))
    most = pricing.cost(tier, Fraction(request.timeout, 1000), request.memory_limit, terms.price_percent)
    return Admission(execution_id, actor, snapshot, tier, ticket, job, most, terms, seen=seen)


def _shape_problem(
    request: ExecuteRequest, snapshot: Snapshot, languages: frozenset[str] | None, limits: RunLimits
) -> str | None:
    if languages is not None and snapshot.language not in languages:
        return f"language: {snapshot.language!r} cannot be run here; there are {', '.join(sorted(languages))}"
    entry = next(file for file in snapshot.files if file.name == snapshot.entry)
    if not entry.content.strip():
        return f"code: {snapshot.entry} is empty"
    if sum(map(len, request.argv or [])) > ARGUMENTS_CHARS_MAX:
        return f"argv: at most {ARGUMENTS_CHARS_MAX} characters in all"
    if request.stdin is not None and len(request.stdin) > limits.stdin_bytes_max:
        return f"stdin: at most {limits.stdin_bytes_max} bytes"
    if request.context is not None:
        if _deeper_than(request.context, CONTEXT_DEPTH_MAX):
            return f"context: at most {CONTEXT_DEPTH_MAX} levels deep"
        if len(json.dumps(request.context)) > limits.context_bytes_max:
            return f"context: at most {limits.context_bytes_max} bytes"
    return None


def _environment_problem(language: str, session_id: str | None) -> str | None:
    if session_id is None:
        return "persistEnvironment: an environment belongs to a session; run this in one (`sessionId`), or leave it out"
    if language not in environments.LANGUAGES:
        kept = ", ".join(sorted(environments.LANGUAGES))
        return f"persistEnvironment: {language} has no environment to keep; {kept} have one"
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


async def run(
    admission: Admission,
    runner: Runner,
    quota: Quota,
    settle: Settle,
    *,
    limits: RunLimits,
    tracer: Tracer,
    now: Callable[[], float],
) -> AsyncGenerator[events.Event, None]:
    """Yields what happens, in order, the Finished last and only after it was settled."""
    job, execution_id, turn = admission.job, admission.execution_id, admission.turn
    with quota.held(admission.ticket):
        with tracer.span("execution.queue"):
            async for position in _positions(admission, quota.limits.queue_timeout_s):
                yield events.Queued(execution_id=execution_id, position=position)
        ended, leased = Ended("cancelled", 0), False
        busy = not admission.ticket.admitted.is_set() and not job.cancelled.is_set()
        if turn is not None and not busy and (fault := await turn.begin(job)):
            ended = Ended("fault", 0, fault=fault)
        elif not busy and not job.cancelled.is_set():
            translation, mask = (
                _Translation(execution_id, limits),
                Mask([*admission.seen.secrets, *admission.terms.env.values()]),
            )
            async for item in _traced(tracer, runner, job):
                if isinstance(item, Waiting):
                    yield events.Queued(execution_id=execution_id, position=item.position)
                elif isinstance(item, Leased):
                    leased = True
                    yield events.Started(
                        execution_id=execution_id,
                        actor=admission.actor,
                        language=admission.snapshot.language,
                        entry=admission.snapshot.entry,
                        tier=admission.tier.name,
                        version=admission.snapshot.version,
                        started_at=events.timestamp(now()),
                        findings=admission.seen.findings or None,
                    )
                elif isinstance(item, Ended):
                    ended = mask.ended(item)
                elif isinstance(item, StateFrame):
                    if turn is not None:
                        turn.take(item)
                else:
                    for frame in mask.of(item):
                        for event in translation.of(frame):
                            yield event
            for frame in mask.rest():
                for event in translation.of(frame):
                    yield event
            if ended.frame is not None and (notice := translation.oversized_result(ended.frame)):
                yield notice
    if busy or (ended.fault is not None and ended.fault.kind == "busy"):
        refused = _turned_away(execution_id, turn, admission.ticket)
        if turn is not None:
            await turn.leave()
        with tracer.span("execution.settle"):
            await settle(refused, Settlement("refused", pricing.FREE, 0, 0, None, billed=False))
        yield refused
        return
    finished, settlement = conclude(admission, ended, leased=leased, limits=limits)
    if turn is not None:
        # Before anybody hears that the run is over: who then asks for the environment finds what it left.
        note = await turn.end(finished.status, ended.frame.kept if ended.frame is not None else None)
        await turn.leave()
        finished = finished.model_copy(update={"environment": note})
    with tracer.span("execution.settle"):
        await settle(finished, settlement)
    yield finished


async def _traced(tracer: Tracer, runner: Runner, job: Job) -> AsyncGenerator[RunItem, None]:
    """The runner's items; the Worker is told the span that it works for."""
    with tracer.span("execution.worker"):
        job.headers = tracer.headers()
        async with aclosing(runner.run(job)) as items:
            async for item in items:
                yield item


def _turned_away(execution_id: str, turn: Turn | None, ticket: Ticket) -> events.RefusedRun:
    waited_for_turn = ticket.admitted.is_set() and turn is not None and not turn.begun
    what = "turn at this session's environment" if waited_for_turn else "place"
    held = f" ({ticket.held_by})" if ticket.held_by and not ticket.let else ""
    message = f"no {what} became free in time{held}: nothing ran and nothing is charged; try again in a moment"
    return events.RefusedRun(
        execution_id=execution_id, code="rate_limited", message=message, retry_after=BUSY_RETRY_AFTER_S
    )


async def _positions(admission: Admission, timeout_s: float) -> AsyncGenerator[int, None]:
    """The place in the queue whenever it changes, until the run is admitted or cancelled, or has waited too long."""
    ticket, news = admission.ticket, asyncio.Event()
    ticket.on_position = lambda _: news.set()
    waits = [asyncio.create_task(admission.job.cancelled.wait()), asyncio.create_task(ticket.admitted.wait())]
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout_s
    told = 0
    try:
        while not ticket.admitted.is_set() and not admission.job.cancelled.is_set() and loop.time() < until:
            if ticket.position != told:
                told = ticket.position
                yield told
            news.clear()
            changed = asyncio.create_task(news.wait())
            try:
                await asyncio.wait({*waits, changed}, timeout=until - loop.time(), return_when="FIRST_COMPLETED")
            finally:
                changed.cancel()
    finally:
        ticket.on_position = None
        for wait in waits:
            wait.cancel()


class _Translation:
    """Frames become events: numbered, capped, and with the host's notice where something was dropped."""

    def __init__(self, execution_id: str, limits: RunLimits) -> None:
        self._id = execution_id
        self._limits = limits
        self._seq = 0
        self._output_bytes = 0
        self._output_events = 0
        self._display_bytes = 0
        self._noticed = False

    def of(self, frame: Frame) -> list[events.Event]:
        match frame:
            case OutputFrame():
                return self._output(frame)
            case DisplayFrame():
                return self._display(frame)
            case InputFrame():
                prompt = frame.prompt[: self._limits.prompt_chars_max]
                return [events.Input(execution_id=self._id, prompt=prompt)]
            case TruncatedFrame():
                return self._notice(f"output truncated at {self._limits.output_bytes_max} bytes", frame.stream)
            case FinishedFrame() | StateFrame():
                return []

    def oversized_result(self, frame: FinishedFrame) -> events.Event | None:
        if _fits(frame.result, self._limits.result_bytes_max):
            return None
        return next(iter(self._notice(f"result dropped: more than {self._limits.result_bytes_max} bytes")), None)

    def _output(self, frame: OutputFrame) -> list[events.Event]:
        if self._noticed and self._output_bytes >= self._limits.output_bytes_max:
            return []
        left = self._limits.output_bytes_max - self._output_bytes
        encoded = frame.text.encode("utf-8", "surrogatepass")
        self._output_bytes += len(encoded)
        self._output_events += 1
        if self._output_events > self._limits.output_events_max:
            self._output_bytes = self._limits.output_bytes_max
            return self._notice(f"output truncated after {self._limits.output_events_max} pieces", frame.stream)
        if len(encoded) <= left:
            return [self._event(frame, frame.text)]
        head = encoded[:left].decode("utf-8", "ignore")
        cut: list[events.Event] = [self._event(frame, head)] if head else []
        return cut + self._notice(f"output truncated at {self._limits.output_bytes_max} bytes", frame.stream)

    def _event(self, frame: OutputFrame, text: str) -> events.Output:
        self._seq += 1
        return events.Output(
            execution_id=self._id, seq=self._seq, stream=frame.stream, level=frame.level, text=text
        )  # fmt: skip

    def _display(self, frame: DisplayFrame) -> list[events.Event]:
        self._display_bytes += len(json.dumps(frame.mime))
        if self._display_bytes > self._limits.display_bytes_max:
            return self._notice(f"displays truncated at {self._limits.display_bytes_max} bytes")
        self._seq += 1
        return [events.Display(execution_id=self._id, seq=self._seq, mime=frame.mime)]

    def _notice(self, what: str, stream: events.Stream = "stderr") -> list[events.Event]:
        if self._noticed:
            return []
        self._noticed = True
        self._seq += 1
        return [
            events.Output(
                execution_id=self._id, seq=self._seq, stream=stream, level="warn", text=f"[{what}]\n", truncated=True
            )
        ]


def conclude(
    admission: Admission, ended: Ended, *, leased: bool, limits: RunLimits
) -> tuple[events.Finished, Settlement]:
    """Status, money and the last event, from the host's own figures."""
    request, frame = admission.job.request, ended.frame
    status, error = _verdict(admission, ended, limits)
    free = status == "lost" or ended.fault is not None or not leased
    # Nobody pays beyond the limits that the run was admitted under, though a kill comes a moment after them.
    wall_ms = min(ended.wall_ms, request.timeout_ms) if leased else 0
    memory_bytes = min(ended.memory_bytes, request.memory_limit_bytes) if leased else 0
    usage = (
        pricing.FREE
        if free
        else pricing.cost(admission.tier, Fraction(wall_ms, 1000), memory_bytes, admission.terms.price_percent)
    )
    exit_code = frame.exit_code if frame is not None and ended.cause == "finished" else None
    metrics = events.Metrics(
        execution_time=wall_ms, memory_usage=memory_bytes, compute_units=usage.compute_units, cost=usage.cost_dollars
    )
    more: dict[str, Any] = {}
    if frame is not None and "result" in frame.model_fields_set and _fits(frame.result, limits.result_bytes_max):
        more["result"] = frame.result
    artifacts, kept = _artifacts(frame, limits)
    finished = events.Finished(
        execution_id=admission.execution_id,
        status=status,
        exit_code=exit_code,
        error=error,
        artifacts=artifacts,
        metrics=metrics,
        **more,
    )
    return finished, Settlement(status, usage, wall_ms, memory_bytes, exit_code, billed=not free, artifacts=kept)


def _verdict(admission: Admission, ended: Ended, limits: RunLimits) -> tuple[events.Status, events.RunError | None]:
    said = _safe_error(ended.frame.error if ended.frame else None, limits)
    stack = said.stack if said else ""
    match ended.cause:
        case "finished":
            assert ended.frame is not None
            return ("completed" if ended.frame.exit_code == 0 and said is None else "failed"), said
        case "deadline":
            message = f"stopped at the limit of {admission.job.request.timeout_ms} ms"
            return "timeout", events.RunError(type="timeout", message=message, stack=stack)
        case "memory":
            message = f"more than the limit of {admission.job.request.memory_limit_bytes} bytes of memory"
            return "memory", events.RunError(type="memory", message=message, stack=stack)
        case "cancelled" if admission.abandoned:
            return "lost", events.RunError(type="platform", message="the server stopped while this ran; it is free")
        case "cancelled":
            return "cancelled", None
        case "fault":
            fault = ended.fault
            kind = fault.code if fault is not None and fault.code else "platform"
            message = fault.message if fault is not None else "the platform failed"
            return "failed", events.RunError(type=kind, message=message)


def _safe_error(error: events.RunError | None, limits: RunLimits) -> events.RunError | None:
    if error is None:
        return None
    most = limits.error_chars_max
    return events.RunError(
        # "platform" means that the run is free; a program may not say so.
        type="Error" if error.type == "platform" else error.type[:200],
        message=error.message[:most],
        stack=error.stack[:most],
        line=error.line,
        file=error.file[:1000] if error.file else None,
    )


def _artifacts(
    frame: FinishedFrame | None, limits: RunLimits
) -> tuple[tuple[events.Artifact, ...], tuple[KeptFile, ...]]:
    """What the event tells of each file, and the contents that are kept beside it."""
    told: dict[str, events.Artifact] = {}
    kept: list[KeptFile] = []
    left, inline_left = limits.artifact_bytes_max, limits.inline_artifacts_bytes_max
    for artifact in frame.artifacts[: limits.artifacts_max] if frame else ():
        if artifact.name in told or name_problem(artifact.name):
            continue
        content = _decoded(artifact.base64, left)
        inline = content is not None and len(content) <= min(limits.inline_artifact_bytes_max, inline_left)
        if content is not None:
            left -= len(content)
            if inline:
                inline_left -= len(content)
            else:
                kept.append(KeptFile(artifact.name, content))
        told[artifact.name] = artifact.model_copy(
            update={
                "base64": artifact.base64 if inline else None,
                "stored": True if content is not None and not inline else None,
                "digest": artifact.digest[:128],
            }
        )
    return tuple(told.values()), tuple(kept)


def _decoded(content: str | None, bytes_max: int) -> bytes | None:
    """None for what is missing, too large, or not what it says it is."""
    if content is None or len(content) > bytes_max * 4 // 3 + 4:
        return None
    try:
        return base64.b64decode(content, validate=True)
    except ValueError:
        return None


def _fits(value: Any, bytes_max: int) -> bool:
    return len(json.dumps(value)) <= bytes_max
