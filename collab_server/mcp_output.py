"""How much an MCP answer carries of outputs, texts, differences and comments, and where to ask for what is left out.

The whole of it is kept elsewhere; nothing is lost by being left out here.
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
# Of one file's text, and of a part of it that is asked for.
FILE_CHARS_MAX = 100_000
# Of all differences, and of all comments, in one answer.
DIFFERENCES_CHARS_MAX = 100_000
COMMENTS_CHARS_MAX = 64_000
THREADS_MAX = 100
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
    cut: dict[str, Any] = {
        "stdout": clipped(result["stdout"], notice),
        "stderr": clipped(result["stderr"], notice),
        "output": _clipped_lines(result["output"], notice),
    }
    changed = any(cut[key] != result[key] for key in cut)
    if len(orjson.dumps(result.get("result"))) > RESULT_CHARS_MAX:
        changed, cut["result"] = True, f"[… too long; read the resource execution://{result['executionId']}/result …]"
    if (error := result.get("error")) is not None:
        told = f"[… cut here; the resource execution://{result['executionId']}/result has all of it …]"
        cut["error"] = {**error, **{key: clipped(error[key], told) for key in ("message", "stack")}}
        changed = changed or cut["error"] != error
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
        files, whole = [], f"[… left out; read the resource session://{session['id']} …]"
        room -= len(session["description"]) + len(orjson.dumps(session["environment"]))
        if room < 0:
            session = {**session, "description": whole, "environment": {}}
        for file in session["files"]:
            room -= len(file["content"])
            where = f"getFileFromCodeExecutionSession and the resource {uri_of(session['id'], file['name'])} have them"
            notice = f"[… {len(file['content'])} characters left out; {where} …]"
            files.append(dict(file) if room >= 0 else {**file, "content": notice})
        shown.append({**session, "files": files})
    return shown


def file_within(file: Mapping[str, Any], session_id: str) -> dict[str, Any]:
    """A file whose text is cut after FILE_CHARS_MAX; `truncated` says so, and the text how to get the rest."""
    text = file["content"]
    if len(text) <= FILE_CHARS_MAX:
        return dict(file)
    ask = f"getFileFromCodeExecutionSession {{sessionId: {session_id!r}, fileId: {file['id']!r}, start: {FILE_CHARS_MAX}}}"
    cut = f"{text[:FILE_CHARS_MAX]}\n[… cut here, of {len(text)} characters; {ask} gives what follows …]"
    return {**file, "content": cut, "truncated": True}


def differences_within(files: Iterable[Mapping[str, Any]], whole: str | None) -> list[dict[str, Any]]:
    """Differences of DIFFERENCES_CHARS_MAX in all; what is left out is `truncated`. That of the file `whole` has no bound here."""
    room, shown = DIFFERENCES_CHARS_MAX, []
    for file in files:
        # The hunks say the same once more.
        size = 2 * len(file["unified"])
        if file["fileId"] == whole or size <= room:
            room -= 0 if file["fileId"] == whole else size
            shown.append(dict(file))
        else:
            shown.append({**file, "unified": "", "hunks": [], "truncated": True})
    return shown


def threads_within(threads: Iterable[Mapping[str, Any]], session_id: str) -> list[dict[str, Any]]:
    """Threads whose comments carry COMMENTS_CHARS_MAX in all; one that is left out says where it is."""
    room, shown = COMMENTS_CHARS_MAX, []
    for thread in threads:
        comments = []
        for comment in thread["comments"]:
            room -= len(comment["text"])
            notice = (
                f"[… {len(comment['text'])} characters left out; read the resource session://{session_id}/comments …]"
            )
            comments.append(dict(comment) if room >= 0 else {**comment, "text": notice})
        shown.append({**thread, "comments": comments})
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
