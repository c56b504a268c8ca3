"""Asks another node to do something for a run that it carries out: one question over the bus, one answer.

What can be asked is decided by who carries it out; here a question is repeated until it is answered, and done once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from crdt.bus import Bus, Subscription

logger = logging.getLogger(__name__)

TOPIC_PREFIX = "node:"
ANSWER_S = 3.0
REPEAT_S = 0.5
REMEMBERED = 1_000

CarryOut = Callable[[dict[str, Any]], Awaitable[Any]]


class Errands:
    """`name` is this process's; questions to it come to its topic, and so do the answers to its own."""

    def __init__(self, bus: Bus, name: str, *, new_id: Callable[[], str], carry_out: CarryOut) -> None:
        self._bus = bus
        self.name = name
        self._new_id = new_id
        self._carry_out = carry_out
        self._subscription: Subscription | None = None
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        # A question that is heard twice is carried out once.
        self._heard: OrderedDict[str, asyncio.Task[Any]] = OrderedDict()

    async def start(self) -> None:
        """Begin to hear questions."""
        self._subscription = await self._bus.subscribe(TOPIC_PREFIX + self.name, self._hear, lambda: None)

    async def close(self) -> None:
        """Hear no more; what is being carried out is ended."""
        if self._subscription is not None:
            self._subscription.close()
        for task in self._heard.values():
            task.cancel()
        await asyncio.gather(*self._heard.values(), return_exceptions=True)

    async def ask(self, node: str, errand: dict[str, Any], within_s: float = ANSWER_S) -> Any:
        """The other node's answer; TimeoutError when none came: then nobody knows whether it was done."""
        number = self._new_id()
        question = json.dumps({"ask": number, "from": self.name, "errand": errand}).encode()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(within_s):
                while not answer.done():
                    self._bus.publish(TOPIC_PREFIX + node, question)
                    await asyncio.wait([answer], timeout=REPEAT_S)
            return answer.result()
        finally:
            del self._waiting[number]

    def _hear(self, raw: bytes) -> None:
        try:
            message = json.loads(raw)
            number, asker = message.get("ask"), message.get("from")
        except (ValueError, AttributeError):
            logger.warning("a message of another node is unusable")
            return
        if number is None:
            waiting = self._waiting.get(message.get("answer"))
            if waiting is not None and not waiting.done():
                waiting.set_result(message.get("result"))
        elif isinstance(number, str) and isinstance(asker, str):
            known = self._heard.get(number)
            if known is None:
                known = self._heard[number] = asyncio.create_task(self._do(message.get("errand")))
                while len(self._heard) > REMEMBERED:
                    self._heard.popitem(last=False)
                known.add_done_callback(lambda done: self._answer(number, asker, done))
            elif known.done():
                self._answer(number, asker, known)

    async def _do(self, errand: Any) -> Any:
        try:
            return await self._carry_out(errand)
        except Exception:
            logger.exception("an errand of another node failed")
            return None

    def _answer(self, number: str, asker: str, done: asyncio.Task[Any]) -> None:
        if not done.cancelled():
            answer = {"answer": number, "result": done.result()}
            self._bus.publish(TOPIC_PREFIX + asker, json.dumps(answer).encode())
