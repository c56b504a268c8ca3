"""Promise: programs of every language do here what the language says they do, output, errors, files and exit code."""

from __future__ import annotations

import pytest

from tests.conformance.native import native, same
from tests.conformance.suite import Program, difference, languages, programs, representative, run_all


async def _differences(chosen: list[Program]) -> list[str]:
    assert chosen
    found = []
    async for program, observation in run_all(chosen):
        told = difference(program, program.expected or "", observation.render())
        if bool(told) != bool(program.differs):
            found.append(told or f"{program.language}/{program.name} is no longer different: remove its .differs file")
    return found


@pytest.mark.parametrize("language", languages())
async def test_a_part_of_the_programs_behaves_as_expected(language: str) -> None:
    differences = await _differences(representative(programs(language)))
    assert not differences, "\n\n".join(differences)


@pytest.mark.soak
@pytest.mark.parametrize("language", languages())
async def test_every_program_behaves_as_expected(language: str) -> None:
    differences = await _differences(programs(language))
    assert not differences, "\n\n".join(differences)


@pytest.mark.soak
@pytest.mark.parametrize("language", languages())
def test_the_expectations_are_what_the_native_interpreter_says(language: str) -> None:
    interpreter = native(language)
    if interpreter is None:
        pytest.skip(f"this machine has no interpreter of {language} to compare with")
    wrong = [p.name for p in programs(language) if not p.unnative and not same(interpreter, p, p.expected or "")]
    assert not wrong
