"""Writes docs/conformance.md from real runs of the conformance programs, natively where that is possible, and in the local pool.

`--record` writes the expectations that are missing (from the native interpreter, else from the run here, to be read and judged by
a person); `--language NAME` and program names choose what is run, then nothing is written but what is recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conformance.native import comparable, native, recorded, run_native, same  # noqa: E402
from tests.conformance.suite import Observation, Program, difference, languages, programs, run_all  # noqa: E402

PAGE = ROOT / "docs/conformance.md"
ENGINES = {
    "javascript": "V8 in workerd", "typescript": "V8 in workerd, types erased by sucrase",
    "python": "CPython 3.14 (Pyodide)", "ruby": "CRuby 3.4 (ruby.wasm)", "shell": "an own bash 5.2", "sql": "SQLite (sql.js)",
    "lua": "Lua 5.4 (wasmoon)", "html": "htmlhint, css-tree, acorn", "css": "css-tree",
}  # fmt: skip


async def run(chosen: list[Program]) -> dict[Program, Observation]:
    return {program: observation async for program, observation in run_all(chosen)}


def row(language: str, runs: dict[Program, Observation]) -> tuple[str, list[str]]:
    interpreter = native(language)
    identical, natively, different = 0, 0, []
    for program, observation in runs.items():
        if difference(program, program.expected or "", observation.render()):
            different.append(f"- `{language}/{program.name}`: {program.differs or 'not explained yet'}")
        else:
            identical += 1
        if interpreter and not program.unnative and same(interpreter, program, program.expected or ""):
            natively += 1
    with_what = (
        f"{interpreter.name} {interpreter.version}: {natively} of {len(runs)}" if interpreter else "recorded and read"
    )
    line = f"| {language} | {ENGINES[language]} | {len(runs)} | {identical} | {len(different)} | {with_what} |"
    return line, different


def page(rows: list[str], different: list[str]) -> str:
    today = datetime.now(UTC).date().isoformat()
    return f"""# Conformance

What programs print, how they end, which files they leave and where their errors stand, compared with what the language says. Written by
`make conformance` on {today} from real runs in the local pool; the programs and their expectations are in `tests/conformance/programs/`.
An expectation is what the native interpreter does, where the machine has one (the last column says with how many it was compared
in this run; how errors are worded is left to each version), else it was recorded from a run here and read against the language's
documentation.
`make test` runs a dozen of each language, `make soak` all of them.

| language | runs on | programs | identical | different | expectations compared with |
|---|---|---|---|---|---|
{chr(10).join(rows)}

## What differs, and why

{chr(10).join(different) or "Nothing."}

## How to add a program

`tests/conformance/programs/LANGUAGE/NAME.EXT`, or a folder `NAME/` with `main.EXT` when it has several files; beside it,
when wanted, `NAME.stdin` and `NAME.argv`. `.venv/bin/python scripts/write_conformance.py --record --language LANGUAGE` writes
`NAME.expected`; read it. A `NAME.differs` says why a program is known to differ here, a `NAME.unnative` why the native
interpreter cannot be asked.
"""


def record(runs: dict[Program, Observation]) -> None:
    for program, observation in runs.items():
        interpreter = None if program.unnative else native(program.language)
        if program.expected is None:
            text = recorded(interpreter, program, observation) if interpreter else observation.render()
            program.beside("expected").write_bytes(text.encode())
            print(
                f"recorded {program.language}/{program.name} from {interpreter.name if interpreter else 'the run here'}"
            )


def tell(runs: dict[Program, Observation]) -> int:
    failures = 0
    for program, observation in runs.items():
        interpreter = None if program.unnative else native(program.language)
        told = difference(program, program.expected or "", observation.render())
        if interpreter and program.expected and not same(interpreter, program, program.expected):
            said = run_native(interpreter, program).render()
            knows = interpreter.error is not None
            told += "\nnatively:\n" + difference(program, comparable(program.expected, knows), comparable(said, knows))
        if told:
            failures += 1
            print(told + (f"\n(known: {program.differs})" if program.differs else ""), end="\n\n")
    print(f"{len(runs)} programs, {len(runs) - failures} as expected")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--language", action="append", choices=languages())
    parser.add_argument("--record", action="store_true", help="write expectations that are missing")
    given = parser.parse_args()
    chosen = {
        language: [program for program in programs(language) if not given.names or program.name in given.names]
        for language in given.language or languages()
    }
    runs = asyncio.run(run([program for some in chosen.values() for program in some]))
    if given.record:
        record(runs)
    if given.language or given.names:
        return 1 if tell(runs) else 0
    told = [row(language, {p: seen for p, seen in runs.items() if p.language == language}) for language in chosen]
    PAGE.write_text(page([line for line, _ in told], [line for _, lines in told for line in lines]))
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
