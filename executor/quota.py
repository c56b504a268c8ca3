"""Who may run now: concurrency per actor and per node, and the bounded queue of those who wait.

Prices and tiers are in pricing.py; nothing here is stored, and nothing here survives a restart.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

RETRY_AFTER_S = 1.0


@dataclass(frozen=True)
class QuotaLimits:
    node_running_max: int = 8
    actor_running_max: int = 4
    queue_max: int = 200
    actor_queue_max: int = 20
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

    actor_id: str
    running_max: int
    on_position: Callable[[int], None] | None = None
    position: int = 0
    admitted: asyncio.Event = field(default_factory=asyncio.Event)


class Quota:
    """First come, first served, but an actor at its own limit does not hold up the others."""

    def __init__(self, limits: QuotaLimits) -> None:
        self.limits = limits
        self._waiting: list[Ticket] = []
        self._running: set[Ticket] = set()
        self._running_of: Counter[str] = Counter()

    def request(self, actor_id: str, running_max: int | None = None) -> Ticket | Full:
        """Takes a place at once, without waiting; `ticket.admitted` says when it may run. `running_max`: how many runs
        the actor's tier allows at once."""
        if len(self._waiting) >= self.limits.queue_max:
            return Full("this node has as many runs waiting as it takes")
        if sum(ticket.actor_id == actor_id for ticket in self._waiting) >= self.limits.actor_queue_max:
            return Full(f"at most {self.limits.actor_queue_max} of your runs may wait")
        mine = self.limits.actor_running_max
        ticket = Ticket(actor_id, mine if running_max is None else min(mine, running_max))
        self._waiting.append(ticket)
        self._advance()
        return ticket

    def release(self, ticket: Ticket) -> None:
        if ticket in self._running:
            self._running.remove(ticket)
            self._running_of[ticket.actor_id] -= 1
            if not self._running_of[ticket.actor_id]:
                del self._running_of[ticket.actor_id]
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
            if self._may_run(ticket):
                self._running.add(ticket)
                self._running_of[ticket.actor_id] += 1
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

    def _may_run(self, ticket: Ticket) -> bool:
        return (
            len(self._running) < self.limits.node_running_max and self._running_of[ticket.actor_id] < ticket.running_max
        )
