"""What the host and the Worker say to each other: one request line, stdin lines, and numbered frames back.

Frames are untrusted data: they become values here, and money, status or time are never read from them.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, JsonValue, TypeAdapter
from pydantic.alias_generators import to_camel

from executor.events import Artifact, Level, Message, RunError, Stream


class WireMessage(Message):
    # A newer Worker may say more than this host understands; what is known is checked strictly.
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True, strict=True, allow_inf_nan=False
    )


class TextFile(WireMessage):
    name: str
    content: str


class BinaryFile(WireMessage):
    name: str
    base64: str


class WireEgress(WireMessage):
    """Which hosts the operator lets programs reach, by name or `*.` pattern; no list allows every public host."""

    allow: list[str] | None = None
    deny: list[str]


class Environment(WireMessage):
    """What the last run left, when it left something; the next state may take `bytes_max` and `files_max`."""

    state: str | None = None
    bytes_max: int
    files_max: int


class WireRequest(WireMessage):
    """The first line of the request body."""

    kept_null: ClassVar[frozenset[str]] = frozenset({"stdin"})
    execution_id: str
    language: str
    entry: str
    files: list[TextFile | BinaryFile]
    argv: list[str]
    # The program's environment variables: the session's secrets.
    env: dict[str, str] = Field(default_factory=dict)
    stdin: str | None
    interactive: bool
    context: dict[str, JsonValue]
    timeout_ms: int
    memory_limit_bytes: int
    allowed_modules: list[str]
    tier: str
    tier_of_module: dict[str, str]
    output_bytes_max: int
    artifact_bytes_max: int
    # Left out: no network, whatever the modules say.
    egress: WireEgress | None = None
    # Absent: nothing is kept and nothing comes back.
    environment: Environment | None = None


class StdinLine(WireMessage):
    """A later line of the request body: what was typed."""

    type: Literal["stdin"] = "stdin"
    data: str
    eof: bool | None = None


class OutputFrame(WireMessage):
    n: int
    type: Literal["output"] = "output"
    stream: Stream
    level: Level | None = None
    text: str


class DisplayFrame(WireMessage):
    n: int
    type: Literal["display"] = "display"
    mime: dict[str, JsonValue]


class InputFrame(WireMessage):
    n: int
    type: Literal["input"] = "input"
    prompt: str


class TruncatedFrame(WireMessage):
    n: int
    type: Literal["truncated"] = "truncated"
    stream: Stream
    bytes: int


class StateFrame(WireMessage):
    """A piece of what is to be kept. Nobody but the isolate that gets it next ever looks inside."""

    n: int
    type: Literal["state"] = "state"
    base64: str


class Variable(WireMessage):
    name: str
    type: str
    repr: str


class KeptFile(WireMessage):
    name: str
    size: int = Field(ge=0)


class Kept(WireMessage):
    """What the state frames before it hold, for people to look at."""

    variables: list[Variable]
    files: list[KeptFile]


class FinishedFrame(WireMessage):
    kept_null: ClassVar[frozenset[str]] = frozenset({"result"})
    n: int
    type: Literal["finished"] = "finished"
    exit_code: int
    result: JsonValue = None
    error: RunError | None = None
    artifacts: list[Artifact]
    kept: Kept | None = None


Frame = Annotated[
    OutputFrame | DisplayFrame | InputFrame | TruncatedFrame | StateFrame | FinishedFrame,
    Field(discriminator="type"),
]
FRAME: TypeAdapter[Frame] = TypeAdapter(Frame)


class WireRefusal(WireMessage):
    """The JSON body of an answer other than 200."""

    code: str
    message: str
