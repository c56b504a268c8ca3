"""What may be asked of a run, as keyword arguments; executor.request is the one definition and checks them."""

from __future__ import annotations

from typing import Any, TypedDict

from pydantic import JsonValue, ValidationError

from collab_server.client.errors import Invalid
from executor.request import ExecuteRequest


class NewFile(TypedDict):
    """A file that is there for this run only."""

    name: str
    content: str


class Execution(TypedDict, total=False):
    """The fields of `executeCode`: `timeout` in milliseconds, `memory_limit` in bytes."""

    code: str | None
    language: str | None
    entry: str | None
    files: list[NewFile] | None
    stdin: str | None
    argv: list[str] | None
    timeout: int
    memory_limit: int
    allowed_modules: list[str] | None
    context: dict[str, JsonValue] | None
    persist_environment: bool
    if_version: int | None
    tier: str | None


def body_of(wanted: Execution) -> dict[str, Any]:
    """The request as JSON; Invalid names the field that is wrong."""
    try:
        request = ExecuteRequest.model_validate(wanted)
    except ValidationError as error:
        faults = [
            {"field": ".".join(str(part) for part in fault["loc"]), "message": fault["msg"]}
            for fault in error.errors(include_url=False, include_input=False)
        ]
        text = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults)
        raise Invalid(text, code="invalid", extra={"errors": faults}) from error
    given = {ExecuteRequest.model_fields[name].alias or name for name in request.model_fields_set}
    return {key: value for key, value in request.to_json().items() if key in given}
