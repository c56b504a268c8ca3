"""A run as its user holds it: typed events to iterate over, its result, its input, its end.

The run belongs to the server: leaving the iteration, the session or the program does not end it. Where the events come
from is lane_run.py's part in a session and stream_run.py's elsewhere.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any

import httpx

from collab_server.client.backoff import Backoff
from collab_server.client.http import Http
from executor.events import EVENT, Event, ExecutionResult

FINAL = frozenset({"execution.finished", "execution.refused"})
SEQ_MAX = 2**31


class Run(ABC):
    """`async for event in run` gives each event once; iterating again goes on where one left off."""

    def __init__(self, execution_id: str, http: Http) -> None:
        self.id = execution_id
        self.over = False
        self._http = http
        self._reading = asyncio.Lock()

    def __aiter__(self) -> Run:
        return self

    async def __anext__(self) -> Event:
        async with self._reading:
            while not self.over:
                event = await self._next()
                self.over = event["type"] in FINAL
                if event["type"] in KNOWN:
                    return EVENT.validate_python(event, extra="ignore")
        raise StopAsyncIteration

    @abstractmethod
    async def _next(self) -> dict[str, Any]:
        """The next event; never called after a final one."""

    async def result(self) -> ExecutionResult:
        """Waits for the end and returns the whole result; no event is taken from the iteration."""
        backoff = Backoff(self._http.limits)
        while True:
            shown = (await self._http.request("GET", f"/api/executions/{self.id}")).json()
            if "success" in shown:
                return ExecutionResult.model_validate(shown, extra="ignore")
            if not await self._wait():
                await asyncio.sleep(min(1.0, backoff.next_s()))

    async def _wait(self) -> bool:
        """Follows the events behind the last one that there can be: silent until the run is over, if it is on that node."""
        began = asyncio.get_running_loop().time()
        headers = {"last-event-id": str(SEQ_MAX)}
        response = await self._http.stream("GET", f"/api/executions/{self.id}/events", headers=headers)
        try:
            async for _ in response.aiter_raw():
                pass
        except httpx.TransportError:
            pass
        finally:
            await response.aclose()
        return asyncio.get_running_loop().time() - began > 1.0

    async def stdin(self, data: str = "", *, eof: bool = False) -> None:
        """Give the program input; `eof` closes it. Conflict when the run takes none."""
        await self._http.request("POST", f"/api/executions/{self.id}/stdin", json={"data": data, "eof": eof})

    async def cancel(self) -> bool:
        """End the run; False when it was over already."""
        answer = await self._http.request("POST", f"/api/executions/{self.id}/cancel", repeatable=True)
        return bool(answer.json()["cancelled"])


KNOWN = frozenset(
    {
        "execution.queued",
        "execution.started",
        "execution.output",
        "execution.display",
        "execution.input",
        *FINAL,
    }
)
