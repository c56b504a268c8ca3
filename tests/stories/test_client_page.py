"""The examples of docs/client.md and docs/agents.md do what the pages say, one after the other, against a real server."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from collab_server.client import Limits
from collab_server.client.execution import Execution
from executor.request import ExecuteRequest
from tests.stories.conftest import Account
from tests.support.processes import ROOT, Server

PAGE = ROOT / "docs/client.md"
AGENTS = ROOT / "docs/agents.md"


def examples_of(page: Path) -> list[str]:
    """The Python code of a page, in order."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("page", "least"), [(PAGE, 8), (AGENTS, 1)], ids=lambda value: getattr(value, "name", None))
async def test_the_examples_of_the_page_run(server: Server, ada: Account, page: Path, least: int) -> None:
    examples = examples_of(page)
    assert len(examples) >= least
    names: dict[str, Any] = {"url": server.url, "token": ada.token}
    for number, example in enumerate(examples, start=1):
        code = compile(example, f"example {number} of {page.name}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        outcome = eval(code, names)
        if inspect.iscoroutine(outcome):
            await outcome


def test_the_page_names_every_limit_and_its_default() -> None:
    page = PAGE.read_text()
    for field in dataclasses.fields(Limits):
        assert f"`{field.name}`" in page


def test_the_arguments_of_execute_are_those_of_the_request() -> None:
    assert set(Execution.__annotations__) == set(ExecuteRequest.model_fields)
