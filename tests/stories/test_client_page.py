"""The examples of docs/client.md do what the page says, one after the other, against a real server."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from typing import Any

import pytest

from collab_server.client import Limits
from collab_server.client.execution import Execution
from executor.request import ExecuteRequest
from tests.stories.conftest import Account
from tests.support.processes import ROOT, Server

PAGE = ROOT / "docs/client.md"


@pytest.mark.asyncio(loop_scope="session")
async def test_the_examples_of_the_page_run(server: Server, ada: Account) -> None:
    examples = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(examples) >= 8
    names: dict[str, Any] = {"url": server.url, "token": ada.token}
    for number, example in enumerate(examples, start=1):
        code = compile(example, f"example {number} of {PAGE.name}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        outcome = eval(code, names)
        if inspect.iscoroutine(outcome):
            await outcome


def test_the_page_names_every_limit_and_its_default() -> None:
    page = PAGE.read_text()
    for field in dataclasses.fields(Limits):
        assert f"`{field.name}`" in page


def test_the_arguments_of_execute_are_those_of_the_request() -> None:
    assert set(Execution.__annotations__) == set(ExecuteRequest.model_fields)
