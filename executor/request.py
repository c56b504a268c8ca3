"""What a caller may ask of an execution, checked for shape.

Whether the caller may have it is never decided here: that is the quota's and the server's part.
"""

from pydantic import ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from executor.events import Message

TIMEOUT_DEFAULT_MS = 5_000
MEMORY_LIMIT_DEFAULT_BYTES = 50 * 2**20
TIMEOUT_MIN_MS = 1
MEMORY_LIMIT_MIN_BYTES = 2**20
NUMBER_MAX = 2**53 - 1
FILES_MAX = 1_000
MODULES_MAX = 200
NAME_CHARS_MAX = 255
ARGUMENTS_MAX = 256
ARGUMENTS_CHARS_MAX = 65_536


class RequestFile(Message):
    name: str = Field(min_length=1, max_length=NAME_CHARS_MAX)
    content: str


class ExecuteRequest(Message):
    """The fields of `executeCode`, the same over REST, WebSocket and MCP."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )
    code: str | None = None
    language: str | None = Field(default=None, min_length=1, max_length=64)
    entry: str | None = Field(default=None, min_length=1, max_length=NAME_CHARS_MAX)
    files: list[RequestFile] | None = Field(default=None, max_length=FILES_MAX)
    stdin: str | None = None
    argv: list[str] | None = Field(default=None, max_length=ARGUMENTS_MAX)
    timeout: int = Field(default=TIMEOUT_DEFAULT_MS, ge=TIMEOUT_MIN_MS, le=NUMBER_MAX)
    memory_limit: int = Field(default=MEMORY_LIMIT_DEFAULT_BYTES, ge=MEMORY_LIMIT_MIN_BYTES, le=NUMBER_MAX)
    allowed_modules: list[str] | None = Field(default=None, max_length=MODULES_MAX)
    context: dict[str, JsonValue] | None = None
    persist_environment: bool = False
    if_version: int | None = Field(default=None, ge=0, le=NUMBER_MAX)
    tier: str | None = Field(default=None, min_length=1, max_length=64)

    def asked(self) -> bytes:
        """The limits that were asked for, kept with a run so that it can be repeated; no code, input or context."""
        return self.model_dump_json(by_alias=True, include=_KEPT, exclude_unset=True).encode()


_KEPT = {"timeout", "memory_limit", "allowed_modules", "persist_environment", "tier"}
