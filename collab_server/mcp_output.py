"""How much of a run's output an MCP answer carries: the beginning and the end, and where to ask for what lies between.

The whole output is the executor's; nothing is lost by being left out here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from pydantic import Field

from collab_server.shapes.base import Shape
from executor.events import ExecutionResult

# A quarter of this is about what it costs a model in tokens.
OUTPUT_CHARS_MAX = 16_000
RESULT_CHARS_MAX = 64_000
ARTIFACTS_CHARS_MAX = 64_000
# Of all texts of the sessions in one answer.
TEXTS_CHARS_MAX = 400_000
PAGE_EVENTS_DEFAULT = 100
PAGE_EVENTS_MAX = 1000


class OutputPart(Shape):
    seq: int
    stream: str
    text: str


class OutputPage(Shape):
    """Output in order; `nextSeq` is the `afterSeq` of the next page, and is null when there is no more for now."""

    parts: list[OutputPart]
    next_seq: int | None = Field(None, description="the afterSeq of the next page")


def shortened(result: Mapping[str, Any]) -> ExecutionResult:
    """A run's result whose `output`, `stdout` and `stderr` carry OUTPUT_CHARS_MAX at most each."""
    notice = f"[… cut here; getCodeExecution {{executionId: {result['executionId']!r}, afterSeq: 0}} gives all of it …]"
    cut = {
        "stdout": clipped(result["stdout"], notice),
        "stderr": clipped(result["stderr"], notice),
        "output": _clipped_lines(result["output"], notice),
    }
    changed = any(cut[key] != result[key] for key in cut)
    if len(orjson.dumps(result.get("result"))) > RESULT_CHARS_MAX:
        changed, cut["result"] = True, f"[… too long; read the resource execution://{result['executionId']}/result …]"
    room, artifacts = ARTIFACTS_CHARS_MAX, []
    for artifact in result["artifacts"]:
        room -= len(artifact.get("base64") or "")
        # Read as a resource: execution://{id}/artifacts/{name}.
        artifacts.append(artifact if room >= 0 else {**artifact, "base64": None, "stored": True})
    return ExecutionResult.model_validate(
        {**result, **cut, "artifacts": artifacts, "truncated": result["truncated"] or changed}
    )


def within(sessions: Iterable[Mapping[str, Any]], uri_of: Callable[[str, str], str]) -> list[dict[str, Any]]:
    """Sessions whose files carry TEXTS_CHARS_MAX in all; a text that is left out says where it is."""
    room, shown = TEXTS_CHARS_MAX, []
    for session in sessions:
        files = []
        for file in session["files"]:
            room -= len(file["content"])
            notice = f"[… {len(file['content'])} characters left out; read the resource {uri_of(session['id'], file['name'])} …]"
            files.append(dict(file) if room >= 0 else {**file, "content": notice})
        shown.append({**session, "files": files})
    return shown


def clipped(text: str, notice: str) -> str:
    """The text, or its beginning and its end with the notice between them."""
    if len(text) <= OUTPUT_CHARS_MAX:
        return text
    half = OUTPUT_CHARS_MAX // 2
    return f"{text[:half]}\n{notice}\n{text[-half:]}"


def page_of(events: Iterable[Mapping[str, Any]], after_seq: int, limit: int) -> OutputPage:
    """The output behind `after_seq`: `limit` parts or OUTPUT_CHARS_MAX, whichever comes first, but one part at least."""
    parts: list[OutputPart] = []
    room = OUTPUT_CHARS_MAX
    waiting = (event for event in events if event["type"] == "execution.output" and event["seq"] > after_seq)
    for event in waiting:
        if parts and (len(event["text"]) > room or len(parts) >= limit):
            return OutputPage(parts=parts, next_seq=parts[-1].seq)
        parts.append(OutputPart(seq=event["seq"], stream=event["stream"], text=event["text"]))
        room -= len(event["text"])
    return OutputPage(parts=parts)


def _clipped_lines(lines: Sequence[str], notice: str) -> list[str]:
    if sum(len(line) + 1 for line in lines) <= OUTPUT_CHARS_MAX:
        return list(lines)
    head = _first(lines, lambda line, room: line[:room])
    tail = _first(reversed(lines), lambda line, room: line[-room:])
    return [*head, notice, *reversed(tail)]


def _first(lines: Iterable[str], part: Callable[[str, int], str]) -> list[str]:
    """Lines for half of what there is room for, the last of them in part."""
    taken: list[str] = []
    room = OUTPUT_CHARS_MAX // 2
    for line in lines:
        if len(line) + 1 > room:
            return [*taken, part(line, room)] if room else taken
        taken.append(line)
        room -= len(line) + 1
    return taken
