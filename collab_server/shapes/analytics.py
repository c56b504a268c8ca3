"""One's own runs in figures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from collab_server.shapes.base import Shape


class Percentiles(Shape):
    """Milliseconds that so many in a hundred runs did not exceed."""

    p50: int
    p90: int
    p95: int
    p99: int


class Latency(Shape):
    """How long runs took, and how long they waited before."""

    execution: Percentiles
    queue: Percentiles


class Figures(Shape):
    """`failed`: began and did not complete; `refused`: never began. Money as on the invoice."""

    executions: int
    failed: int
    refused: int
    compute_units: float
    cost: float
    cost_micro_dollars: int


class TotalFigures(Figures):
    execution_time: int


class StepFigures(Figures):
    at: str


class LanguageFigures(Figures):
    language: str


class SessionFigures(Figures):
    """`sessionId` null: runs outside of sessions; `name` null: the session is deleted."""

    session_id: str | None
    name: str | None


class Failure(Shape):
    """`kind`: the type of the program's error, the limit that ended it, or the code of the refusal."""

    status: Literal["failed", "timeout", "memory", "lost", "refused"]
    kind: str
    executions: int


class FileRun(Shape):
    session_id: str
    session_name: str | None
    name: str
    executions: int
    failed: int
    cost: float
    cost_micro_dollars: int


class FileEdited(Shape):
    """Counted by whole days (UTC)."""

    session_id: str
    session_name: str | None
    file_id: str
    name: str
    edits: int
    chars: int


class AnalyticsOut(Shape):
    from_: str = Field(alias="from")
    to: str
    step: Literal["hour", "day"]
    currency: Literal["USD"]
    totals: TotalFigures
    latency: Latency
    latency_by_language: dict[str, Percentiles]
    over_time: list[StepFigures]
    by_language: list[LanguageFigures]
    by_session: list[SessionFigures]
    failures: list[Failure]
    files_run: list[FileRun]
    files_edited: list[FileEdited]
