"""The port to whoever draws up where the time of a run went, and the adapter for when nobody does.

What is measured is named where it is done; how it is kept and sent is never known here.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Tracer(Protocol):
    """Spans nest by the task that they are in, and by the one that started it."""

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        """What happens within is measured under this name."""
        ...

    def headers(self) -> Mapping[str, str]:
        """What tells another program which span it works for (W3C Trace Context); empty where nobody measures."""
        ...


class NoTracer:
    """Costs nothing and keeps nothing."""

    def __init__(self) -> None:
        self._nothing = nullcontext()

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        return self._nothing

    def headers(self) -> Mapping[str, str]:
        return {}
