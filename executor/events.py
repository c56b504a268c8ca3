"""The execution events every transport and both TypeScript folders share, and the result object made from them.

How a run comes to its events is never decided here, and nothing here does I/O.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    model_serializer,
)
from pydantic.alias_generators import to_camel

Stream = Literal["stdout", "stderr"]
Level = Literal["log", "info", "warn", "error", "debug", "trace"]
Status = Literal["completed", "failed", "timeout", "memory", "cancelled", "lost"]
RefusalCode = Literal[
    "rate_limited", "quota_exceeded", "scan_blocked", "forbidden", "invalid", "stale", "executions_off"
]
Severity = Literal["critical", "high", "medium", "low", "info"]
Change = Literal["created", "changed", "deleted"]


class Message(BaseModel):
    """A JSON object in camelCase; absent optionals are left out, except those in `kept_null`."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)
    # Fields for which null says something other than absence, when they were set.
    kept_null: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped = cast("dict[str, Any]", handler(self))
        for name, field in type(self).model_fields.items():
            if getattr(self, name) is None and not (name in self.kept_null and name in self.model_fields_set):
                dumped.pop(name, None)
                dumped.pop(field.alias or name, None)
        return dumped

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)


def timestamp(epoch_s: float) -> str:
    """RFC 3339 in UTC with milliseconds, as every time outside is written."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Who(Message):
    id: str
    name: str
    # The account that an agent acts for.
    on_behalf_of: str | None = None


class RunError(Message):
    """What the program died of; `type` is the language's own name for it, or "platform" when it was not the program."""

    type: str
    message: str
    stack: str = ""
    line: int | None = None
    file: str | None = None


class Artifact(Message):
    """A file the run left behind: `base64` when it is small, `stored` when it can be fetched until it is dropped, neither
    when it was too large to be kept."""

    name: str
    change: Change
    size: int = Field(ge=0)
    digest: str
    base64: str | None = None
    stored: bool | None = None


class Metrics(Message):
    """What the host measured: milliseconds, bytes of peak memory, and money as decimal dollars."""

    execution_time: int
    memory_usage: int
    compute_units: float
    cost: float


class Finding(Message):
    """What a scan says of a place in the source; lines and columns count from 1, columns in code points, the end is behind."""

    rule_id: str
    cwe: str | None = None
    severity: Severity
    file: str
    line: int
    column: int = 1
    end_line: int | None = None
    end_column: int | None = None
    message: str
    mend: str


class Queued(Message):
    type: Literal["execution.queued"] = "execution.queued"
    execution_id: str
    position: int


class Started(Message):
    kept_null = frozenset({"version"})
    type: Literal["execution.started"] = "execution.started"
    execution_id: str
    actor: Who
    language: str
    entry: str
    tier: str
    version: int | None
    started_at: str
    # What the scan advises though the run goes on; left out when that is nothing.
    findings: tuple[Finding, ...] | None = None


class Output(Message):
    """`truncated` marks the host's own notice that output was dropped; a program cannot set it."""

    type: Literal["execution.output"] = "execution.output"
    execution_id: str
    seq: int
    stream: Stream
    level: Level | None = None
    text: str
    truncated: bool | None = None


class Display(Message):
    type: Literal["execution.display"] = "execution.display"
    execution_id: str
    seq: int
    mime: dict[str, JsonValue]


class Input(Message):
    type: Literal["execution.input"] = "execution.input"
    execution_id: str
    prompt: str


class EnvironmentNote(Message):
    """What became of the environment of a run that asked for one; `generation` and `bytes` are those of what was kept."""

    language: str
    kept: bool
    generation: int | None = None
    bytes: int | None = None
    reason: str | None = None


class Finished(Message):
    kept_null = frozenset({"exit_code", "result"})
    type: Literal["execution.finished"] = "execution.finished"
    execution_id: str
    status: Status
    exit_code: int | None
    result: JsonValue = None
    error: RunError | None = None
    artifacts: tuple[Artifact, ...] = ()
    metrics: Metrics
    environment: EnvironmentNote | None = None


class RefusedRun(Message):
    type: Literal["execution.refused"] = "execution.refused"
    execution_id: str | None = None
    code: RefusalCode
    message: str
    findings: tuple[Finding, ...] | None = None
    retry_after: float | None = None


Event = Annotated[
    Queued | Started | Output | Display | Input | Finished | RefusedRun,
    Field(discriminator="type"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class ExecutionResult(Message):
    """The result object that REST and MCP answer with."""

    kept_null = frozenset({"result"})
    success: bool
    execution_id: str
    output: list[str]
    stdout: str
    stderr: str
    result: JsonValue = None
    error: RunError | None = None
    artifacts: tuple[Artifact, ...] = ()
    metrics: Metrics
    tier: str
    truncated: bool
    environment: EnvironmentNote | None = None
    findings: tuple[Finding, ...] | None = None


class _Lines:
    """Plain stream text as `[log] line` items: lines are cut at newlines, whatever the chunks were."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self._open: dict[str, str] = {"stdout": "", "stderr": ""}

    def plain(self, stream: str, text: str) -> None:
        *whole, rest = (self._open[stream] + text).split("\n")
        self.items.extend(_labelled(stream, line) for line in whole)
        self._open[stream] = rest

    def console(self, stream: str, level: str, text: str) -> None:
        self.end(stream)
        self.items.append(f"[{level}] {text.removesuffix(chr(10))}")

    def end(self, stream: str) -> None:
        if self._open[stream]:
            self.items.append(_labelled(stream, self._open[stream]))
            self._open[stream] = ""


def _labelled(stream: str, line: str) -> str:
    return f"[{'error' if stream == 'stderr' else 'log'}] {line}"


FINAL = frozenset({"execution.finished", "execution.refused"})


def result_of(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The result object of a finished or refused run, from its kept events."""
    lines = _Lines()
    texts: dict[str, list[str]] = {"stdout": [], "stderr": []}
    execution_id, tier, truncated = "", "", False
    finished: Mapping[str, Any] | None = None
    findings: list[Any] = []
    for event in events:
        execution_id = event.get("executionId", execution_id)
        findings = event.get("findings") or findings
        match event["type"]:
            case "execution.started":
                tier = event["tier"]
            case "execution.output":
                stream, text = event["stream"], event["text"]
                texts[stream].append(text)
                truncated = truncated or bool(event.get("truncated"))
                if event.get("level"):
                    lines.console(stream, event["level"], text)
                else:
                    lines.plain(stream, text)
            case "execution.finished":
                finished = event
            case "execution.refused":
                error = {"type": event["code"], "message": event["message"], "stack": ""}
                finished = {"status": "refused", "error": error, "metrics": _NOTHING_USED}
            case _:
                pass
    for stream in texts:
        lines.end(stream)
    if finished is None:
        raise ValueError("the run has not finished")
    result: dict[str, Any] = {
        "success": finished["status"] == "completed",
        "executionId": execution_id,
        "output": lines.items,
        "stdout": "".join(texts["stdout"]),
        "stderr": "".join(texts["stderr"]),
        "artifacts": list(finished.get("artifacts", ())),
        "metrics": finished["metrics"],
        "tier": tier,
        "truncated": truncated,
    }
    for key in ("result", "error", "environment"):
        if key in finished:
            result[key] = finished[key]
    if not result["success"] and "error" not in result:
        # A program that ends itself leaves no error behind, and the result says nothing else of how it ended.
        result["error"] = _ended(finished)
    if findings:
        result["findings"] = findings
    return result


def _ended(finished: Mapping[str, Any]) -> dict[str, Any]:
    status = finished["status"]
    if status == "failed":
        return {"type": "exit", "message": f"ended with exit code {finished.get('exitCode')}", "stack": ""}
    return {"type": status, "message": f"the run was {status}", "stack": ""}


_NOTHING_USED = {"executionTime": 0, "memoryUsage": 0, "computeUnits": 0.0, "cost": 0.0}


def encode(event: Mapping[str, Any]) -> bytes:
    """One kept event as a line of UTF-8 JSON; a lone surrogate survives as its escape."""
    return json.dumps(event, ensure_ascii=True, separators=(",", ":")).encode()
