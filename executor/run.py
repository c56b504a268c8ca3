"""One run from its admission to its settled end, as an async generator of events: it waits, runs, and is settled.

The branches of a run are all here; what it is measured by, priced by, stored in and told to lives elsewhere.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from executor import events, pricing
from executor.admission import Admission, RunLimits
from executor.conclusion import Settlement, conclude
from executor.quota import Quota, Ticket
from executor.runner import Ended, Job, Leased, RunItem, Runner, Waiting
from executor.scan.mask import Mask
from executor.tracing import Tracer
from executor.translation import Translation
from executor.turns import Turn
from executor.wire import StateFrame

BUSY_RETRY_AFTER_S = 5.0

Settle = Callable[[events.Finished | events.RefusedRun, Settlement], Awaitable[None]]


async def run(
    admission: Admission,
    runner: Runner,
    quota: Quota,
    settle: Settle,
    *,
    limits: RunLimits,
    tracer: Tracer,
    now: Callable[[], float],
) -> AsyncGenerator[events.Event, None]:
    """Yields what happens, in order, the Finished last and only after it was settled."""
    job, execution_id, turn = admission.job, admission.execution_id, admission.turn
    with quota.held(admission.ticket):
        with tracer.span("execution.queue"):
            async for position in _positions(admission, quota.limits.queue_timeout_s):
                yield events.Queued(execution_id=execution_id, position=position)
        ended, leased = Ended("cancelled", 0), False
        busy = not admission.ticket.admitted.is_set() and not job.cancelled.is_set()
        if turn is not None and not busy and (fault := await turn.begin(job)):
            ended = Ended("fault", 0, fault=fault)
        elif not busy and not job.cancelled.is_set():
            translation, mask = (
                Translation(execution_id, limits),
                Mask([*admission.seen.secrets, *admission.terms.env.values()]),
            )
            async for item in _traced(tracer, runner, job):
                if isinstance(item, Waiting):
                    yield events.Queued(execution_id=execution_id, position=item.position)
                elif isinstance(item, Leased):
                    leased = True
                    yield events.Started(
                        execution_id=execution_id,
                        actor=admission.actor,
                        language=admission.snapshot.language,
                        entry=admission.snapshot.entry,
                        tier=admission.tier.name,
                        version=admission.snapshot.version,
                        started_at=events.timestamp(now()),
                        findings=admission.seen.findings or None,
                    )
                elif isinstance(item, Ended):
                    ended = mask.ended(item)
                elif isinstance(item, StateFrame):
                    if turn is not None:
                        turn.take(item)
                else:
                    for frame in mask.of(item):
                        for event in translation.of(frame):
                            yield event
            for frame in mask.rest():
                for event in translation.of(frame):
                    yield event
            if ended.frame is not None and (notice := translation.oversized_result(ended.frame)):
                yield notice
    if busy or (ended.fault is not None and ended.fault.kind == "busy"):
        refused = _turned_away(execution_id, turn, admission.ticket)
        if turn is not None:
            await turn.leave()
        with tracer.span("execution.settle"):
            await settle(refused, Settlement("refused", pricing.FREE, 0, 0, None, billed=False))
        yield refused
        return
    finished, settlement = conclude(admission, ended, leased=leased, limits=limits)
    if turn is not None:
        # Before anybody hears that the run is over: who then asks for the environment finds what it left.
        note = await turn.end(finished.status, ended.frame.kept if ended.frame is not None else None)
        await turn.leave()
        finished = finished.model_copy(update={"environment": note})
    with tracer.span("execution.settle"):
        await settle(finished, settlement)
    yield finished


async def _traced(tracer: Tracer, runner: Runner, job: Job) -> AsyncGenerator[RunItem, None]:
    """The runner's items; the Worker is told the span that it works for."""
    with tracer.span("execution.worker"):
        job.headers = tracer.headers()
        async with aclosing(runner.run(job)) as items:
            async for item in items:
                yield item


def _turned_away(execution_id: str, turn: Turn | None, ticket: Ticket) -> events.RefusedRun:
    waited_for_turn = ticket.admitted.is_set() and turn is not None and not turn.begun
    what = "turn at this session's environment" if waited_for_turn else "place"
    held = f" ({ticket.held_by})" if ticket.held_by and not ticket.let else ""
    message = f"no {what} became free in time{held}: nothing ran and nothing is charged; try again in a moment"
    return events.RefusedRun(
        execution_id=execution_id, code="rate_limited", message=message, retry_after=BUSY_RETRY_AFTER_S
    )


async def _positions(admission: Admission, timeout_s: float) -> AsyncGenerator[int, None]:
    """The place in the queue whenever it changes, until the run is admitted or cancelled, or has waited too long."""
    ticket, news = admission.ticket, asyncio.Event()
    ticket.on_position = lambda _: news.set()
    waits = [asyncio.create_task(admission.job.cancelled.wait()), asyncio.create_task(ticket.admitted.wait())]
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout_s
    told = 0
    try:
        while not ticket.admitted.is_set() and not admission.job.cancelled.is_set() and loop.time() < until:
            if ticket.position != told:
                told = ticket.position
                yield told
            news.clear()
            changed = asyncio.create_task(news.wait())
            try:
                await asyncio.wait({*waits, changed}, timeout=until - loop.time(), return_when="FIRST_COMPLETED")
            finally:
                changed.cancel()
    finally:
        ticket.on_position = None
        for wait in waits:
            wait.cancel()
