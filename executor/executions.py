"""The executions of this node: runs belong to the server, and everyone may leave and come back to what was kept.

How one run goes is run.py's part, and what it said is keeping.py's; here they are started, ended and recovered.
"""

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from executor.admission import Refused, RunLimits, Terms, admit, exhausted, stopping
from executor.allowances import Claim, Exhausted, Left, whose
from executor.conclusion import STOPPED, Settlement, broken_off, fault_of
from executor.current import EXECUTION
from executor.environments import EnvironmentLimits, Environments
from executor.events import FINAL, Finding, Finished, RefusedRun, result_of
from executor.keeping import Keeping
from executor.ledger import UNFINISHED, DuplicateExecution, ExecutionRecord, Ledger, OnEnded, Page
from executor.live_run import LiveRun, OnEvent
from executor.places import Places
from executor.pricing import FREE, TIERS, Tier
from executor.quota import Quota, QuotaLimits, Ticket
from executor.request import ExecuteRequest
from executor.run import Settle, run
from executor.runner import Runner
from executor.scan.policy import ScanPolicy, policy_for
from executor.scan.scanner import Scan, Scanner
from executor.snapshot import Snapshot
from executor.tracing import NoTracer, Tracer
from executor.turns import Turns

logger = logging.getLogger(__name__)

CLOSE_WAIT_S = 5.0

OnFindings = Callable[[ExecutionRecord, Sequence[Finding]], None]


@dataclass(frozen=True)
class ExecutorLimits:
    kept_output_bytes_max: int = 8 * 2**20
    # Files of all runs that are kept for download; the oldest go first.
    kept_artifacts_bytes_max: int = 2**30
    quota: QuotaLimits = field(default_factory=QuotaLimits)
    run: RunLimits = field(default_factory=RunLimits)
    environment: EnvironmentLimits = field(default_factory=EnvironmentLimits)


class Executor:
    def __init__(
        self,
        engine: AsyncEngine,
        runner: Runner,
        *,
        limits: ExecutorLimits | None = None,
        now: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        node_id: str = "local",
        on_findings: OnFindings = lambda record, findings: None,
        on_ended: OnEnded | None = None,
        scan_policy_floor: ScanPolicy = "warn",
        off: Callable[[], str | None] = lambda: None,
        tracer: Tracer | None = None,
        on_over: Callable[[ExecutionRecord], None] = lambda record: None,
        on_scanned: Callable[[float, Scan], None] = lambda seconds, scan: None,
    ) -> None:
        self.limits = limits or ExecutorLimits()
        self._engine = engine
        self.ledger = Ledger(engine, on_ended)
        self.environments = Environments(engine, self.limits.environment, now=now)
        self._turns = Turns(self.environments)
        self._runner = runner
        self._quota = Quota(self.limits.quota)
        self._places = Places(engine)
        self._now = now
        self._new_id = new_id
        self._node_id = node_id
        self._on_findings = on_findings
        self._scan_policy_floor: ScanPolicy = scan_policy_floor
        # Why nothing may begin just now, if so.
        self._off = off
        self.scanner = Scanner(on_scanned=on_scanned)
        self._on_over = on_over
        self._tracer = tracer or NoTracer()
        self._tiers: Mapping[str, Tier] = {tier.name: tier for tier in TIERS}
        self._live: dict[str, LiveRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.kept = Keeping(
            engine,
            self.ledger,
            self._live,
            artifacts_bytes_max=self.limits.kept_artifacts_bytes_max,
            now_ms=self.now_ms,
            spawn=self._spawn,
            on_settled=self._places.leave,
        )
        self._finished: Counter[str] = Counter()
        self._closing = False

    async def start(self) -> None:
        """Loads the tiers."""
        await self.scanner.start()
        await self.reload_tiers()

    async def end_lost(self, node_id: str) -> list[tuple[ExecutionRecord, dict[str, Any]]]:
        """Ends what a node that is gone left unfinished as lost, which is free; returns what was ended, with its event."""
        ended = []
        for record in await self.ledger.unfinished(node_id):
            event = None if record.id in self._live else await self._end_as_lost(record)
            if event is not None:
                ended.append((record, event))
        return ended

    async def leave(self, patience_s: float) -> None:
        """Nothing begins any more; what is over within `patience_s` ends by itself, the rest as lost. Who listens hears it."""
        self._closing = True
        self.kept.close()
        if self._tasks and self._live:
            await asyncio.wait(self._tasks, timeout=patience_s)
        self._abandon_all()

    async def close(self) -> None:
        """Ends what still runs as lost; a server that wants to drain calls `leave` before."""
        self._closing = True
        self.kept.close()
        self._abandon_all()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=CLOSE_WAIT_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        await self._places.close()
        await self.scanner.close()

    def _abandon_all(self) -> None:
        for live in self._live.values():
            live.abandon()

    async def reload_tiers(self) -> None:
        """A run keeps the version it was admitted under; the next one takes the new."""
        self._tiers = await self.ledger.tiers()

    @property
    def tiers(self) -> Mapping[str, Tier]:
        return self._tiers

    async def submit(
        self,
        request: ExecuteRequest,
        snapshot: Snapshot,
        terms: Terms,
        *,
        actor_id: str,
        actor_name: str,
        agent_id: str | None = None,
        session_id: str | None,
        execution_id: str | None = None,
        on_event: OnEvent | None = None,
        rerun_of: str | None = None,
    ) -> str:
        """Returns once the run is recorded and its worst cost reserved with all who pay, without waiting for it.
        Raises Refused (recorded) or DuplicateExecution."""
        execution_id = execution_id or self._new_id()
        if execution_id in self._live:
            raise DuplicateExecution(execution_id)
        now_ms = self.now_ms()
        record = ExecutionRecord(
            execution_id, session_id, actor_id, actor_name, terms.key_id, self._node_id, snapshot.language[:64], snapshot.entry,
            snapshot.digest, snapshot.version, terms.account_tier, 0, "queued", None, 0, 0, 0, 0, now_ms, None, None,
            rerun_of, request.asked(), agent_id=agent_id,
        )  # fmt: skip
        actor = record.who()
        try:
            self._require_open(execution_id)
            admission = await admit(
                execution_id, request, snapshot, actor, terms,
                tiers=self._tiers, quota=self._quota, languages=self._runner.languages(),
                memory_bytes_max=self._runner.memory_bytes_max(), limits=self.limits.run,
                turns=self._turns, session_id=session_id,
                scanner=self.scanner, tracer=self._tracer, policy=lambda tier: policy_for(tier, terms.scan_policy, self._scan_policy_floor),
            )  # fmt: skip
            try:
                # It may have been said while this one was scanned.
                self._require_open(execution_id)
            except Refused:
                self._quota.release(admission.ticket)
                raise
        except Refused as refused:
            raise await self._record_refusal(record, refused, on_event) from None
        record = replace(record, tier=admission.tier.name, tier_version=admission.tier.version)
        if execution_id in self._live:  # the same request came again while this one was scanned
            self._quota.release(admission.ticket)
            raise DuplicateExecution(execution_id)
        self._on_findings(record, admission.seen.findings)
        live = LiveRun(record, admission, on_event)
        self._live[execution_id] = live
        try:
            with self._tracer.span("execution.reserve"):
                held_by = await self.ledger.insert(record, claims=terms.claims, worst=admission.worst)
        except BaseException as error:
            del self._live[execution_id]
            self._quota.release(admission.ticket)
            if isinstance(error, Exhausted):
                told = await self._record_refusal(record, exhausted(execution_id, error), on_event)
                raise told from error
            if not isinstance(error, DuplicateExecution):
                # The connection may have been cut, or the caller gone, while it was committed: then it holds a place and money.
                self._spawn(self.kept.insist(execution_id, partial(self._forget, record)))
            raise
        if request.persist_environment and session_id is not None:
            admission.turn = self._turns.take(session_id, snapshot.language, execution_id, actor)
        self._held(admission.ticket, held_by)
        if held_by is not None:
            self._places.wait(execution_id, terms.claims, partial(self._held, admission.ticket))
        self._spawn(self._drive(live))
        return execution_id

    async def _forget(self, record: ExecutionRecord) -> None:
        """Ends a run that was perhaps recorded and never began, unless the same was asked for again and goes on now."""
        stored = await self.ledger.get(record.id)
        if stored is None or record.id in self._live:
            return
        if (stored.node_id, stored.created_at, stored.status) == (record.node_id, record.created_at, "queued"):
            await self._end_as_lost(stored)

    def _held(self, ticket: Ticket, by: Claim | None) -> None:
        if by is None:
            self._quota.let(ticket)
        else:
            ticket.held_by = f"{whose(by)} has {by.runs_at_once} runs going on already"

    def _require_open(self, execution_id: str) -> None:
        if self._closing:
            raise stopping(execution_id)
        if (reason := self._off()) is not None:
            raise Refused(RefusedRun(execution_id=execution_id, code="executions_off", message=reason))

    async def _record_refusal(self, record: ExecutionRecord, refused: Refused, on_event: OnEvent | None) -> Refused:
        """Recorded under an id of its own: the one that was asked for stays free, so that the request may be repeated
        under the same key once there is room."""
        refused = Refused(refused.refusal.model_copy(update={"execution_id": self._new_id()}), refused.field)
        ended = replace(
            record,
            id=refused.refusal.execution_id or record.id,
            status="refused",
            finished_at=record.created_at,
            fault=refused.refusal.code,
        )
        self._note_over(ended)
        self._on_findings(ended, refused.refusal.findings or ())
        await self.ledger.insert(ended, [refused.event])
        if on_event is not None:
            self._tell(on_event, refused.event)
        return refused

    async def get(self, execution_id: str) -> ExecutionRecord | None:
        live = self._live.get(execution_id)
        return live.record if live else await self.ledger.get(execution_id)

    async def list(
        self,
        *,
        session_id: str | None = None,
        actor_id: str | None = None,
        statuses: Collection[str] | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """Newest first; runs of this node as they are now. ValueError for a cursor that is not ours."""
        # Also those that end while the store is read: what was read of them may be from before.
        live = dict(self._live)
        page = await self.ledger.page(
            session_id=session_id, actor_id=actor_id, statuses=statuses, limit=limit, cursor=cursor
        )
        live |= self._live
        items = [live[item.id].record if item.id in live else item for item in page.items]
        return Page(items, page.next_cursor)

    async def result(self, execution_id: str) -> dict[str, Any]:
        """Waits for the end. LookupError when unknown; Refused when this node leaves and the run goes on elsewhere."""
        events = [kept.event async for kept in self.kept.events(execution_id)]
        if self._closing and not (events and events[-1]["type"] in FINAL):
            raise stopping(execution_id)
        return result_of(events)

    async def stdin(self, execution_id: str, data: str, eof: bool = False) -> bool:
        """False when the run is over, takes no input, or has left too much of it unread."""
        live = self._live.get(execution_id)
        return live is not None and live.admission.job.request.interactive and live.admission.job.stdin.put(data, eof)

    async def cancel(self, execution_id: str) -> bool:
        """False when there is nothing to cancel on this node."""
        live = self._live.get(execution_id)
        if live is None or live.done:
            return False
        live.cancel()
        return True

    def cancel_all(self) -> None:
        """End all that runs or waits on this node."""
        for live in self._live.values():
            live.cancel()

    async def left(self, claims: Sequence[Claim]) -> Sequence[Left]:
        """What payers have left just now."""
        return await self.ledger.left(claims, self.now_ms())

    def elsewhere(self, record: ExecutionRecord) -> str | None:
        """The node that carries out a run which is not over, if that is another one."""
        here = record.id in self._live or record.node_id == self._node_id
        return None if here or record.status not in UNFINISHED else record.node_id

    def live(self) -> tuple[ExecutionRecord, ...]:
        """The runs of this node that are not over."""
        return tuple(live.record for live in self._live.values())

    def stats(self) -> dict[str, Any]:
        return {
            "running": self._quota.running_count,
            "queued": self._quota.waiting_count,
            "finished": dict(self._finished),
            "runner": self._runner.stats(),
        }

    async def _drive(self, live: LiveRun) -> None:
        EXECUTION.set(live.record.id)
        record = live.record
        about = {"execution.id": record.id, "execution.language": record.language, "execution.tier": record.tier}
        with self._tracer.span("execution", **about):
            await self._carry_out(live)

    async def _carry_out(self, live: LiveRun) -> None:
        flushing = asyncio.create_task(self.kept.flush_forever(live))
        try:
            settle = self._settler(live)
            async for event in run(
                live.admission, self._runner, self._quota, settle,
                limits=self.limits.run, tracer=self._tracer, now=self._now,
            ):  # fmt: skip
                if not isinstance(event, Finished | RefusedRun):  # that one is kept and told of by settling
                    self._publish(live, event.to_json())
        except Exception:
            logger.exception("run %s broke off", live.record.id)
            finished = broken_off(live.record.id, "failed", "the run broke off inside the server; it is free")
            if not live.done:
                await self._settler(live)(finished, Settlement("failed", FREE, 0, 0, None, billed=False))
        finally:
            flushing.cancel()
            if live.admission.turn is not None:
                await live.admission.turn.leave()
            self._live.pop(live.record.id, None)
            self._places.leave(live.record.id)
            if not live.done:  # the server is torn down: nobody may wait for an end that does not come
                live.done = True
                live.announce()

    def _settler(self, live: LiveRun) -> Settle:
        async def settle(finished: Finished | RefusedRun, settlement: Settlement) -> None:
            event = finished.to_json()
            live.record = replace(
                live.record, status=settlement.status, exit_code=settlement.exit_code, wall_ms=settlement.wall_ms,
                memory_bytes=settlement.memory_bytes, compute_micro_units=settlement.usage.compute_micro_units,
                cost_micro_dollars=settlement.usage.cost_micro_dollars, finished_at=self.now_ms(), fault=fault_of(finished),
            )  # fmt: skip
            live.files = settlement.artifacts
            live.kept.append(event)
            self._note_over(live.record)
            logger.debug("the run ended as %s", settlement.status)
            await self.kept.end(live, settlement.billed)
            live.done = True
            if live.on_event is not None:
                self._tell(live.on_event, event)
            live.announce()

        return settle

    async def store(self, execution_id: str) -> bool:
        """What a run of this node has said so far is stored when this returns: for who reads it on another node."""
        live = self._live.get(execution_id)
        return live is not None and await self.kept.flush(live)

    async def _end_as_lost(self, record: ExecutionRecord) -> dict[str, Any] | None:
        kept = await self.ledger.events(record.id)
        finished = broken_off(record.id, "lost", STOPPED)
        ended = replace(record, status="lost", finished_at=self.now_ms(), fault="lost")
        event = finished.to_json()
        if not await self.ledger.settle(ended, billed=False, first_index=len(kept), events=[event]):
            return None  # another node was faster
        await self.environments.release(record.id)
        self._note_over(ended)
        return event

    def _publish(self, live: LiveRun, event: dict[str, Any]) -> None:
        if event["type"] == "execution.started":
            live.record = replace(live.record, status="running", started_at=self.now_ms())
        live.keep(event, self.limits.kept_output_bytes_max)
        if live.on_event is not None:
            self._tell(live.on_event, event)
        live.announce()

    def _tell(self, on_event: OnEvent, event: dict[str, Any]) -> None:
        try:
            on_event(event)
        except Exception:
            # A listener's fault must not end a run that others watch and someone pays for.
            logger.exception("a listener to execution events failed")

    def _note_over(self, record: ExecutionRecord) -> None:
        self._finished[record.status] += 1
        self._on_over(record)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def now_ms(self) -> int:
        """The executor's clock, in milliseconds since the epoch."""
        return int(self._now() * 1000)
