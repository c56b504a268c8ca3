"""The load of agents beside typing people in one session: what an agent does by JSON, and what people feel of it.

People are the typists of bench_load.py; nothing is judged here.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from collab_server.bench_load import Crowd, Load

LINE = "line {number} of {name}\n"


@dataclass
class Outcome:
    """Milliseconds from a keystroke to each other person, and from an agent's edit to its durable answer."""

    keystrokes_ms: list[float] = field(default_factory=list)
    edits_ms: list[float] = field(default_factory=list)
    runs: int = 0
    refused: int = 0
    lost: int = 0


class Agent:
    """One text lane: appends lines to a file of its own at the version that it knows, and runs it now and then."""

    def __init__(self, name: str, socket: ClientConnection, outcome: Outcome) -> None:
        self.name = name
        self._socket = socket
        self._outcome = outcome
        self._asked = 0
        self._file: dict[str, Any] = {}
        self.written = f"// {name}\n"

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The answer to a message; what the others do meanwhile is heard and passed over."""
        self._asked += 1
        await self._socket.send(json.dumps({"type": kind, "id": self._asked, **fields}))
        async for frame in self._socket:
            if isinstance(frame, str):
                message: dict[str, Any] = json.loads(frame)
                if message.get("replyTo") == self._asked:
                    return message
        raise ConnectionError(f"{self.name}: closed with {self._socket.close_code}")

    async def begin(self) -> None:
        self._file = await self.ask("write", name=f"{self.name}.js", content=self.written)

    async def work(self, until: float, pause_s: float, runs_every: int) -> None:
        number = 0
        while time.perf_counter() < until:
            number += 1
            line = LINE.format(number=number, name=self.name)
            at, began = len(self.written), time.perf_counter()
            edit = [{"start": at, "end": at, "text": f"// {line}"}]
            answer = await self.ask("edit", fileId=self._file["fileId"], baseVersion=self._file["version"], edits=edit)
            if answer["type"] != "ok":
                raise RuntimeError(f"{self.name}: {answer}")
            self._outcome.edits_ms.append((time.perf_counter() - began) * 1000)
            self._file, self.written = answer, f"{self.written}// {line}"
            if runs_every and number % runs_every == 0:
                ran = await self.ask("execute", entry=f"{self.name}.js")
                self._outcome.runs += ran["type"] == "ok"
                self._outcome.refused += ran["type"] != "ok"
            await asyncio.sleep(pause_s)


async def beside_people(
    url: str,
    session_id: str,
    person: str,
    agents: Sequence[str],
    *,
    people: int = 5,
    keys_per_second: float = 8,
    seconds: float = 10,
    pause_s: float = 1.0,
    runs_every: int = 0,
) -> Outcome:
    """`person` and `agents` are tokens; as many agents as there are of these work while `people` type."""
    outcome = Outcome()
    address = f"{url.replace('http', 'ws')}/ws/{session_id}?token="
    crowd = Crowd(Load(people, people, keys_per_second, seconds), f"/ws/{session_id}?token={person}", None)
    async with AsyncExitStack() as stack:
        lanes = [
            await stack.enter_async_context(
                # What others do is told to all: a full queue would stop the reading, and the closing with it.
                websockets.connect(
                    address + token,
                    subprotocols=[websockets.Subprotocol("collab.v1")],
                    max_size=None,
                    max_queue=None,
                    proxy=None,
                )
            )
            for token in agents
        ]
        working = [Agent(f"agent{number}", lane, outcome) for number, lane in enumerate(lanes)]
        await asyncio.gather(*(agent.begin() for agent in working))
        until = time.perf_counter() + seconds + 3
        tasks = [asyncio.create_task(agent.work(until, pause_s, runs_every)) for agent in working]
        await crowd.run(int(url.rpartition(":")[2]), lambda: 0.0)
        await asyncio.gather(*tasks)
        listed = await working[0].ask("files")
        texts = {file["name"]: file["content"] for file in listed["files"]}
        outcome.lost = crowd.outcome.lost
        # A line that was answered and is not there, or stands there otherwise, is lost.
        outcome.lost += sum(texts.get(f"{agent.name}.js") != agent.written for agent in working)
        outcome.lost += len(texts.get("bench.txt", "")) != crowd.typed
    outcome.keystrokes_ms = crowd.outcome.took_ms
    return outcome
