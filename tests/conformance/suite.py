"""The conformance programs on disk, what each is expected to do, and what it does in the real local pool.

A native interpreter is never started here; that is native.py.
"""

from __future__ import annotations

import asyncio
import base64
import difflib
import hashlib
import shlex
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

from executor.events import RunError
from executor.pool import LocalPool, PoolLimits
from executor.runner import Job
from executor.wire import BinaryFile, DisplayFrame, FinishedFrame, OutputFrame, TextFile
from tests.support.runs import MB, Carried, carry, order

PROGRAMS = Path(__file__).parent / "programs"
EXTENSIONS = {
    "javascript": "js", "typescript": "ts", "python": "py", "ruby": "rb", "shell": "sh", "sql": "sql", "lua": "lua",
    "html": "html", "css": "css",
}  # fmt: skip
# Their messages are what they have to say, wherever they go; the others' stderr is free to differ in wording.
DOCUMENTS = frozenset({"html", "css"})
PARALLEL_RUNS = 2
TIMEOUT_MS = 20_000
MEMORY_BYTES = 256 * MB
DIGEST_CHARS = 12
REPRESENTATIVES_MAX = 12


@dataclass(frozen=True)
class Program:
    """A file NAME.ext, or a folder NAME with main.ext; beside it NAME.stdin, NAME.argv, NAME.expected, NAME.differs, NAME.unnative."""

    language: str
    name: str
    place: Path

    @property
    def entry(self) -> str:
        return f"main.{EXTENSIONS[self.language]}" if self.place.is_dir() else self.place.name

    @property
    def files(self) -> dict[str, bytes]:
        if not self.place.is_dir():
            return {self.place.name: self.place.read_bytes()}
        found = (path for path in sorted(self.place.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(self.place).as_posix(): path.read_bytes() for path in found}

    def beside(self, suffix: str) -> Path:
        return self.place.parent / f"{self.name}.{suffix}"

    def _text(self, suffix: str) -> str | None:
        path = self.beside(suffix)
        return path.read_bytes().decode() if path.is_file() else None

    @property
    def stdin(self) -> str:
        return self._text("stdin") or ""

    @property
    def argv(self) -> list[str]:
        return shlex.split(self._text("argv") or "")

    @property
    def expected(self) -> str | None:
        return self._text("expected")

    @property
    def unnative(self) -> str | None:
        """Why no native interpreter is asked: it cannot do this, or is of another version."""
        text = self._text("unnative")
        return None if text is None else " ".join(text.split())

    @property
    def differs(self) -> str | None:
        """Why it is known to say something else here; its expectation stays what the language says."""
        text = self._text("differs")
        return None if text is None else " ".join(text.split())


@dataclass(frozen=True)
class Observation:
    """What can be seen of a run from outside, as text that two runs are compared by."""

    output: str
    exit_code: int
    error: str | None = None
    changes: tuple[str, ...] = ()
    displays: tuple[str, ...] = ()

    def render(self) -> str:
        body = self.output if not self.output or self.output.endswith("\n") else f"{self.output}\n=== no newline\n"
        error = [f"error {self.error}"] if self.error else []
        notes = [f"exit {self.exit_code}", *error, *self.changes, *self.displays]
        return body + "".join(f"=== {note}\n" for note in notes)


def programs(language: str) -> list[Program]:
    folder, extension = PROGRAMS / language, EXTENSIONS[language]
    single = [Program(language, path.stem, path) for path in folder.glob(f"*.{extension}")]
    folders = [
        Program(language, path.name, path) for path in folder.iterdir() if (path / f"main.{extension}").is_file()
    ]
    return sorted([*single, *folders], key=lambda program: program.name)


def languages() -> list[str]:
    return [language for language in EXTENSIONS if (PROGRAMS / language).is_dir() and programs(language)]


def representative(all_programs: list[Program]) -> list[Program]:
    """Spread evenly over the names: what every `make test` has time for."""
    return all_programs[:: -(-len(all_programs) // REPRESENTATIVES_MAX)]


def change_note(change: str, name: str, size: int, digest: str) -> str:
    return f"{change} {name} {size} {digest[:DIGEST_CHARS]}"


def changes_between(before: dict[str, bytes], after: dict[str, bytes]) -> tuple[str, ...]:
    notes = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            change = "created" if old is None else "deleted" if new is None else "changed"
            content = new if new is not None else old or b""
            notes.append(change_note(change, name, len(content), hashlib.sha256(content).hexdigest()))
    return tuple(notes)


def error_note(kind: str, place: str, message: str = "") -> str:
    return f"{kind} at {place}: {message}" if message else f"{kind} at {place}"


def _error(error: RunError | None) -> str | None:
    if error is None:
        return None
    message = error.message.replace("\n", "\\n")
    return error_note(error.type, f"{error.file or '?'}:{error.line or '?'}", message)


def _display(frame: DisplayFrame) -> str:
    return "\n".join(f"display {mime}\n{content}" for mime, content in sorted(frame.mime.items()))


def observed(program: Program, carried: Carried) -> Observation:
    document = program.language in DOCUMENTS
    streams = ("stdout", "stderr") if document else ("stdout",)
    output = "".join(f.text for f in carried.frames if isinstance(f, OutputFrame) and f.stream in streams)
    finished = carried.end.frame
    if not isinstance(finished, FinishedFrame):
        return Observation(output, -1, f"{carried.end.cause} {carried.end.fault or ''}")
    changes = tuple(change_note(a.change, a.name, a.size, a.digest) for a in finished.artifacts)
    displays = tuple(_display(frame) for frame in carried.frames if isinstance(frame, DisplayFrame) and document)
    return Observation(output, finished.exit_code, _error(finished.error), changes, displays)


def _file(name: str, content: bytes) -> TextFile | BinaryFile:
    try:
        return TextFile(name=name, content=content.decode())
    except UnicodeDecodeError:
        return BinaryFile(name=name, base64=base64.b64encode(content).decode())


async def run_here(pool: LocalPool, program: Program) -> Observation:
    """One real run in a process of its own, with every module allowed."""
    request = order(
        "",
        execution_id=f"{program.language}-{program.name}",
        language=program.language,
        entry=program.entry,
        files=[_file(name, content) for name, content in program.files.items()],
        argv=program.argv,
        stdin=program.stdin,
        timeout_ms=TIMEOUT_MS,
        memory_limit_bytes=MEMORY_BYTES,
        allowed_modules=["*"],
        tier="enterprise",
    )
    return observed(program, await carry(pool, Job(request)))


async def run_all(chosen: Iterable[Program]) -> AsyncIterator[tuple[Program, Observation]]:
    """All of them, a few at a time, in order."""
    pool = LocalPool(limits=PoolLimits(idle_min=PARALLEL_RUNS, processes_max=3 * PARALLEL_RUNS))
    await pool.start()
    room = asyncio.Semaphore(PARALLEL_RUNS)

    async def one(program: Program) -> Observation:
        async with room:
            return await run_here(pool, program)

    tasks = [(program, asyncio.create_task(one(program))) for program in chosen]
    try:
        for program, task in tasks:
            yield program, await task
    finally:
        for _, task in tasks:
            task.cancel()
        await pool.close()


def difference(program: Program, expected: str, found: str) -> str:
    """Empty when they are the same."""
    if expected == found:
        return ""
    lines = difflib.unified_diff(
        expected.splitlines(),
        found.splitlines(),
        f"{program.language}/{program.name} expected",
        "here",
        lineterm="",
        n=1,
    )
    return "\n".join(lines) or f"{program.language}/{program.name}: differs in line ends only"
