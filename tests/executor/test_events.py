"""Promises about the execution events and the result object made from them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from executor.events import EVENT, Finished, Metrics, Output, RunError, Started, Who, encode, result_of

ROOT = Path(__file__).resolve().parents[2]
METRICS = Metrics(execution_time=12, memory_usage=2**20, compute_units=0.112, cost=0.00001)


def started() -> dict[str, Any]:
    return Started(
        execution_id="x", actor=Who(id="a", name="Ada"), language="python", entry="main.py", tier="basic", version=None,
        started_at="2026-01-01T00:00:00.000Z",
    ).to_json()  # fmt: skip


def output(seq: int, text: str, stream: str = "stdout", level: str | None = None, **more: Any) -> dict[str, Any]:
    values = {"execution_id": "x", "seq": seq, "stream": stream, "level": level, "text": text, **more}
    return Output.model_validate(values).to_json()


def finished(**more: Any) -> dict[str, Any]:
    return Finished(execution_id="x", status="completed", exit_code=0, metrics=METRICS, **more).to_json()


def test_an_absent_result_is_left_out_and_a_null_result_is_kept() -> None:
    assert "result" not in finished()
    assert finished(result=None)["result"] is None
    assert finished(result={"a": None})["result"] == {"a": None}
    assert "result" not in result_of([started(), finished()])
    assert result_of([started(), finished(result=None)])["result"] is None


def test_events_are_camel_case_and_survive_the_way_to_json_and_back() -> None:
    event = finished(error=RunError(type="Error", message="no", line=3))
    assert event["exitCode"] == 0 and event["metrics"]["executionTime"] == 12
    assert event["error"] == {"type": "Error", "message": "no", "stack": "", "line": 3}
    assert EVENT.validate_python(event).to_json() == event
    assert json.loads(encode({"text": "a\ud800\n\x00é"})) == {"text": "a\ud800\n\x00é"}


def test_output_names_the_level_of_console_calls_and_cuts_plain_streams_into_lines() -> None:
    events = [
        started(),
        output(1, "two\nlines\n", level="info"),
        output(2, "par"),
        output(3, "tial\nrest"),
        output(4, "oops\n", stream="stderr"),
        finished(),
    ]
    result = result_of(events)
    assert result["output"] == ["[info] two\nlines", "[log] partial", "[error] oops", "[log] rest"]
    assert result["stdout"] == "two\nlines\npartial\nrest" and result["stderr"] == "oops\n"
    assert result["success"] is True and result["tier"] == "basic" and result["truncated"] is False


def test_the_hosts_notice_makes_a_result_truncated_and_a_programs_text_does_not() -> None:
    forged = output(1, '{"truncated": true}\n[output truncated]\n')
    assert result_of([started(), forged, finished()])["truncated"] is False
    assert result_of([started(), output(1, "[cut]\n", truncated=True), finished()])["truncated"] is True


def test_a_result_needs_an_end() -> None:
    with pytest.raises(ValueError, match="not finished"):
        result_of([started()])


def test_the_generated_typescript_is_up_to_date() -> None:
    script = [sys.executable, str(ROOT / "scripts/generate_types.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0, done.stderr
