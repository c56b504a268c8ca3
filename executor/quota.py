"""Which of this node's runs go on and which wait: so many at once, first come, first served, and a bounded queue.

How many runs a payer may have going on over all nodes is allowances.py's; nothing here is stored.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

RETRY_AFTER_S = 1.0


@dataclass(frozen=True)
class QuotaLimits:
    node_running_max: int = 8
    queue_max: int = 200
    # Who waited this long for a place is turned away; nothing ran, and nothing is charged.
    queue_timeout_s: float = 30.0


@dataclass(frozen=True)
class Full:
    """Why no ticket was given."""

    message: str
    retry_after_s: float = RETRY_AFTER_S


@dataclass(eq=False)
class Ticket:
    """A place in the queue or among the running; leave it with `Quota.release`, always."""

    # Whether its payers let it go on; until then it holds up nobody.
    let: bool = False
    # Which of its payers holds it back, in words.
    held_by: str = ""
    on_position: Callable[[int], None] | None = None
    position: int = 0
    admitted: asyncio.Event = field(default_factory=asyncio.Event)


class Quota:
    """First come, first served, among those whose payers let them."""

    def __init__(self, limits: QuotaLimits) -> None:
        self.limits = limits
        self._waiting: list[Ticket] = []
        self._running: set[Ticket] = set()

    def request(self) -> Ticket | Full:
        """Takes a place in the queue at once, without waiting; `ticket.admitted` says when it may run."""
        if len(self._waiting) >= self.limits.queue_max:
            return Full("this node has as many runs waiting as it takes")
        ticket = Ticket()
        self._waiting.append(ticket)
        self._advance()
        return ticket

    def let(self, ticket: Ticket) -> None:
        """Its payers have room for it: it goes on as soon as this node has."""
        ticket.let = True
        self._advance()

    def release(self, ticket: Ticket) -> None:
        if ticket in self._running:
            self._running.remove(ticket)
        elif ticket in self._waiting:
            self._waiting.remove(ticket)
        self._advance()

    @contextmanager
    def held(self, ticket: Ticket) -> Iterator[None]:
        try:
            yield
        finally:
            self.release(ticket)

    @property
    def running_count(self) -> int:
        return len(self._running)

    @property
    def waiting_count(self) -> int:
        return len(self._waiting)

    def _advance(self) -> None:
        still_waiting: list[Ticket] = []
        for ticket in self._waiting:
            if ticket.let and len(self._running) < self.limits.node_running_max:
                self._running.add(ticket)
                ticket.position = 0
                ticket.admitted.set()
            else:
                still_waiting.append(ticket)
        self._waiting = still_waiting
        for position, ticket in enumerate(still_waiting, start=1):
            if ticket.position != position:
                ticket.position = position
                if ticket.on_position:
                    ticket.on_position(position)
