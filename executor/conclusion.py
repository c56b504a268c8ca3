"""What a run comes to once it is over: its status, its figures and its files, from what the host measured and its program said.

Nothing is stored here; what a program says of itself is data, and never decides what the run costs.
"""

import base64
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from executor import events, pricing
from executor.admission import Admission, RunLimits
from executor.artifacts import KeptFile
from executor.runner import Ended
from executor.snapshot import name_problem
from executor.statements import storable
from executor.wire import FinishedFrame

FAULT_CHARS_MAX = 64
STOPPED = "the server stopped while this ran; it is free"


@dataclass(frozen=True)
class Settlement:
    status: events.Status | Literal["refused"]
    usage: pricing.Usage
    wall_ms: int
    memory_bytes: int
    exit_code: int | None
    billed: bool
    artifacts: tuple[KeptFile, ...] = ()


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
    if frame is not None and "result" in frame.model_fields_set and fits(frame.result, limits.result_bytes_max):
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


def broken_off(execution_id: str, status: events.Status, why: str) -> events.Finished:
    """The last event of a run that the platform did not bring to its end; it is free."""
    return events.Finished(
        execution_id=execution_id,
        status=status,
        exit_code=None,
        error=events.RunError(type="platform", message=why),
        metrics=events.Metrics(execution_time=0, memory_usage=0, compute_units=0.0, cost=0.0),
    )


def fault_of(ended: events.Finished | events.RefusedRun) -> str | None:
    """Why a run did not complete, in a word that every database takes: a program may call its error anything."""
    if isinstance(ended, events.RefusedRun):
        return ended.code
    if ended.error is None:
        return None
    return storable(ended.error.type)[:FAULT_CHARS_MAX] or "Error"


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
            return "lost", events.RunError(type="platform", message=STOPPED)
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


def fits(value: Any, bytes_max: int) -> bool:
    """Whether a result is small enough to be kept."""
    return len(json.dumps(value)) <= bytes_max
