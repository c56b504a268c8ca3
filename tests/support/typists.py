"""People who type, each character another one, and an oracle that knows which of them were acknowledged."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count

from pycrdt import Map, Text

from collab_server.client import Interrupted, Problem, Session
from collab_server.client.limits import Limits
from executor.events import Finished

PAUSE_S = 0.3
# A machine under other load as well: what is lost is lost, what is slow is told in the figures.
PATIENT = Limits(connect_s=60, answer_s=120, request_s=120, retry_s=120, backoff_max_s=1)


@dataclass
class Oracle:
    """Every character that is typed is another one; `unknown` are those whose answer never came."""

    numbers: count[int] = field(default_factory=count)
    acknowledged: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    runs: dict[str, Finished] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def fresh(self) -> str:
        # Planes 15 and 16: 131,000 characters that nobody else types, each two units of UTF-16.
        return chr(0xF0000 + next(self.numbers))

    def check(self, text: str) -> None:
        typed = [character for character in text if ord(character) >= 0xF0000]
        missing = self.acknowledged - set(typed)
        assert not missing, f"{len(missing)} of {len(self.acknowledged)} acknowledged characters are lost"
        assert len(typed) == len(set(typed)), "something is there twice"
        assert set(typed) <= self.acknowledged | self.unknown, "something is there that nobody typed"


@dataclass
class Typist:
    """One of the people: types a character, waits until it is on disk, types the next."""

    number: int
    session: Session
    oracle: Oracle
    # When something of theirs was saved for the first time since this was last cleared.
    saved_at: float | None = None
    refused: int = 0

    async def type(self, going: asyncio.Event) -> None:
        """On the text lane, or in a replica as an editor does; until `going` is cleared."""
        replica = await self.session.replica() if self.number % 2 else None
        while going.is_set():
            character = self.oracle.fresh()
            self.oracle.unknown.add(character)
            try:
                if replica is None:
                    file = await self.session.files.read("all.txt")
                    await self.session.files.edit(file, [(0, 0, character)])
                else:
                    (shared,) = replica.get("files", type=Map).values()
                    text: Text = shared["content"]
                    text += character
                    await self.session.saved()
            except Interrupted:
                continue
            except Problem as refusal:
                # Made and not saved yet, or not made: told, and not acknowledged.
                if refusal.code not in ("unsaved", "unavailable"):
                    raise
                self.refused += 1
                continue
            self.oracle.acknowledged.add(character)
            self.saved_at = self.saved_at or time.monotonic()
            await asyncio.sleep(PAUSE_S)
