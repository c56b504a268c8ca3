"""What the machine's own interpreters say to a conformance program, where they are installed.

Only the programs of this repository are ever run this way, each in a temporary folder of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.suite import Observation, Program, changes_between, error_note

TIMEOUT_S = 60
NODE_MIN = (23, 6)
_PYTHON_PLACE = re.compile(r'^  File "([^"]+)", line (\d+)', re.MULTILINE)
_PYTHON_ERROR = re.compile(r"^(\w[\w.]*)(?:: .*)?$", re.MULTILINE)
_NODE_PLACE = re.compile(r"^(?:file://)?(/[^\n:]+):(\d+)$", re.MULTILINE)
_NODE_ERROR = re.compile(r"^(?:Uncaught )?([A-Za-z_$][\w$]*)(?: \[\w+\])?(?:: .*)?$", re.MULTILINE)
Reader = Callable[[str, Path], str | None]


@dataclass(frozen=True)
class Native:
    """An interpreter of this machine; `error` reads type and place out of its stderr, where that is well-defined."""

    name: str
    version: str
    command: tuple[str, ...]
    script_on_stdin: bool = False
    error: Reader | None = None


def _inside(path: str, folder: Path) -> str | None:
    return Path(path).relative_to(folder).as_posix() if Path(path).is_relative_to(folder) else None


def _python_error(stderr: str, folder: Path) -> str | None:
    report = stderr.rpartition("Traceback (most recent call last):")[2]
    own = [(name, line) for path, line in _PYTHON_PLACE.findall(report) if (name := _inside(path, folder))]
    kinds = _PYTHON_ERROR.findall(report)
    # A test runner prints tracebacks of its own and goes on.
    if not own or not kinds or "\n-----" in report:
        return None
    return error_note(kinds[-1].rpartition(".")[2], f"{own[-1][0]}:{own[-1][1]}")


def _node_error(stderr: str, folder: Path) -> str | None:
    place = _NODE_PLACE.search(stderr)
    name = place and _inside(place[1], folder)
    if place is None or name is None:
        return None
    kinds = _NODE_ERROR.findall(stderr, place.end())
    return error_note(kinds[0] if kinds else "Error", f"{name}:{place[2]}")


def _version(*command: str) -> str:
    said = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else "?"


def _found(name: str, program: str, *options: str, stdin: bool = False, error: Reader | None = None) -> Native | None:
    beside = Path(sys.executable).parent / program
    path = str(beside) if beside.is_file() else shutil.which(program)
    if path is None:
        return None
    return Native(name, _version(path, "-v" if program == "lua" else "--version"), (path, *options), stdin, error)


def native(language: str) -> Native | None:
    match language:
        case "python":
            return Native("CPython", sys.version.split()[0], (sys.executable, "-B", "-E", "-s"), error=_python_error)
        case "javascript" | "typescript":
            options = ("--no-warnings", *(("--experimental-transform-types",) if language == "typescript" else ()))
            found = _found("Node.js", "node", *options, error=_node_error)
            new = found is not None and tuple(map(int, found.version.split(".")[:2])) >= NODE_MIN
            return found if new else None
        case "ruby":
            return _found("Ruby", "ruby")
        case "lua":
            return _found("Lua", "lua")
        case "shell":
            return _found("GNU bash", "bash")
        case "sql":
            return _found("sqlite3", "sqlite3", "-batch", "-bail", ":memory:", stdin=True)
    return None


def run_native(interpreter: Native, program: Program) -> Observation:
    with tempfile.TemporaryDirectory(prefix="conformance-") as name:
        # Node looks for a package.json in every folder above: this one says nothing of a module's kind.
        (Path(name) / "package.json").write_text("{}")
        folder = Path(name).resolve() / "program"
        folder.mkdir()
        for file, content in program.files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        command = [*interpreter.command, *([] if interpreter.script_on_stdin else [program.entry, *program.argv])]
        typed = program.files[program.entry] if interpreter.script_on_stdin else program.stdin.encode()
        ended = subprocess.run(
            command,
            input=typed,
            capture_output=True,
            cwd=folder,
            env=_environment(folder),
            timeout=TIMEOUT_S,
            check=False,
        )
        files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        after = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        stderr = ended.stderr.decode(errors="replace")
        error = interpreter.error(stderr, folder) if interpreter.error and ended.returncode != 0 else None
        exit_code = ended.returncode if ended.returncode >= 0 else 128 - ended.returncode
        return Observation(
            ended.stdout.decode(errors="replace"), exit_code, error, changes_between(program.files, after)
        )


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(folder), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
        "TZ": "UTC", "TMPDIR": tempfile.gettempdir(), "NO_COLOR": "1",
    }  # fmt: skip


def comparable(rendered: str, knows_errors: bool) -> str:
    """An expectation without what differs between versions and interpreters: how an error is worded."""
    lines = []
    for line in rendered.splitlines(keepends=True):
        if line.startswith("=== error "):
            if not knows_errors:
                continue
            kind, _, rest = line.removeprefix("=== error ").rstrip("\n").partition(" at ")
            file, number, *_ = [*rest.split(":", 2), ""]
            line = f"=== error {kind} at {file}:{number}\n"
        lines.append(line)
    return "".join(lines)


def recorded(interpreter: Native, program: Program, here: Observation | None) -> str:
    """An expectation from the native run; how an error is worded is taken from here, to be read by a person."""
    rendered = run_native(interpreter, program).render()
    if here is None or here.error is None:
        return rendered
    knows = interpreter.error is not None
    if comparable(rendered, knows) == comparable(here.render(), knows):
        return here.render()
    return rendered


def same(interpreter: Native, program: Program, expected: str) -> bool:
    knows = interpreter.error is not None
    return comparable(run_native(interpreter, program).render(), knows) == comparable(expected, knows)
