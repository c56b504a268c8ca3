"""What one node is made of, built in one visible place: the database, the rooms, the executor and the actions over them.

It knows no route; app.py puts the transports in front.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

import crdt.log
from collab_server import database, places, revocation
from collab_server.actions import (
    AnalyticsActions,
    ArtifactActions,
    BranchActions,
    CommentActions,
    Custody,
    EnvironmentActions,
    ExecutionActions,
    FileActions,
    HistoryActions,
    OversightActions,
    RerunActions,
    ScanActions,
    SessionActions,
    TierActions,
    UndoActions,
    UserActions,
    WebhookActions,
)
from collab_server.alerts import Alerts
from collab_server.buses import make_bus
from collab_server.damage import Damage
from collab_server.endings import teller
from collab_server.errands import Errands
from collab_server.fanout import Fanout
from collab_server.identity import Identity
from collab_server.ids import new_id
from collab_server.links import Links
from collab_server.listings import Listings
from collab_server.loop_lag import LoopLag
from collab_server.members import Members
from collab_server.metrics import Metrics
from collab_server.news import News
from collab_server.nodes import Nodes, instance_of, resident_bytes
from collab_server.pace import Pace
from collab_server.payers import Budgets
from collab_server.revocation import Change, Revocations
from collab_server.runners import executor_limits, make_runner
from collab_server.scrape import ALONE, Place, Scrape
from collab_server.sealing import Sealer
from collab_server.secrets import Secrets
from collab_server.security import SecurityLog, Severity
from collab_server.settings import Settings
from collab_server.socket import Sockets
from collab_server.supervisor import Fault
from collab_server.switches import Board, Switches
from collab_server.tracing import Tracing
from collab_server.webhooks import Deliveries, Outbox
from crdt.bus import Bus
from crdt.clearing import Clearing
from crdt.faults import Faults
from crdt.model import Limits
from crdt.retention import Retention
from crdt.rooms import Rooms
from crdt.tally import Tally
from crdt.watch import NOBODY, Watch
from executor.audit import Audit
from executor.billing import Billing
from executor.events import Finding
from executor.executions import Executor
from executor.invoices import Invoices
from executor.ledger import ExecutionRecord
from executor.runner import Runner


@dataclass(frozen=True)
class Services:
    """Everything a transport may need; lives from the start of the node to its end."""

    settings: Settings
    engine: AsyncEngine
    sealer: Sealer
    identity: Identity
    members: Members
    links: Links
    rooms: Rooms
    log: crdt.log.Log
    runner: Runner
    executor: Executor
    sessions: SessionActions
    files: FileActions
    branches: BranchActions
    comments: CommentActions
    history: HistoryActions
    undo: UndoActions
    executions: ExecutionActions
    reruns: RerunActions
    environments: EnvironmentActions
    artifacts: ArtifactActions
    scans: ScanActions
    revocations: Revocations
    sockets: Sockets
    bus: Bus
    security: SecurityLog
    users: UserActions
    tiers: TierActions
    oversight: OversightActions
    custody: Custody
    audit: Audit
    invoices: Invoices
    billing: Billing
    budgets: Budgets
    secrets: Secrets
    webhooks: WebhookActions
    alerts: Alerts
    nodes: Nodes
    damage: Damage
    switches: Switches
    analytics: AnalyticsActions
    deliveries: Deliveries
    scrape: Scrape
    tracer: Tracing
    news: News


@asynccontextmanager
async def running(
    settings: Settings,
    metrics: Metrics,
    tracer: Tracing,
    *,
    place: Place = ALONE,
    now: Callable[[], float] = time.time,
    new_id: Callable[[], str] = new_id,
    watch: Watch | None = None,
    faults: Sequence[Fault] = (),
) -> AsyncIterator[Services]:
    """The services of a node, started; ended in the reverse order, nothing unsaved left behind."""
    async with AsyncExitStack() as stack:
        engine = database.connect(settings.database, database.STATEMENT_S)
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(tracer.close)
        instance = instance_of(settings.node_id)
        mark = places.take(settings.data_dir, instance)
        stack.callback(mark.leave)
        security = SecurityLog(engine, now=now, node_id=settings.node_id)
        identity = Identity(engine, settings, now=now, security=security)
        members = Members(engine, now=now, security=security)
        log = crdt.log.Log(engine, now=now)
        bus = make_bus(settings)
        document_faults = Faults(engine, now=now)
        tally = Tally(engine, now=now)
        rooms = Rooms(
            log,
            bus,
            limits=Limits(room_idle_s=settings.room_idle_s),
            now=now,
            new_id=new_id,
            faults=document_faults,
            watch=watch or NOBODY,
            broadcast=Fanout(),
            on_edited=tally.note,
        )
        retention = Retention(
            Clearing(engine, now=now),
            Limits(),
            days=settings.history_days,
            rows_max=settings.history_rows_max,
            now=now,
            faults=document_faults,
        )
        runner = make_runner(settings)
        sealer = Sealer.of(settings)
        outbox = Outbox(engine, now=now)
        deliveries = Deliveries(engine, sealer, private=settings.webhooks_private, now=now)
        outbox.on_written = deliveries.wake
        alerts = Alerts(engine, outbox, now=now)
        security.on_written = alerts.look

        def on_findings(record: ExecutionRecord, findings: Sequence[Finding]) -> None:
            # Rule ids alone: what stands in the source, a secret too, is not for this log.
            grave = sorted({found.rule_id for found in findings if found.severity in ("critical", "high")})
            if grave:
                worst: Severity = "error" if any(found.severity == "critical" for found in findings) else "warning"
                subject = record.session_id or record.id
                security.note(
                    "scan_finding", worst, actor_id=record.actor_id, subject=subject, rules=grave, run=record.id
                )

        def switched() -> None:
            rooms.hold(switches.read_only)
            sockets.tell_rights()

        switches = Switches(
            Board(engine, now=now), now=now, on_change=switched, cancel_all=lambda: executor.cancel_all()
        )
        executor = Executor(
            engine,
            runner,
            limits=executor_limits(settings),
            now=now,
            new_id=new_id,
            node_id=instance,
            on_findings=on_findings,
            on_ended=teller(outbox),
            scan_policy_floor=settings.scan_policy,
            off=lambda: switches.executions_off,
            tracer=tracer,
            on_over=metrics.over,
            on_scanned=metrics.scanned,
        )
        listings = Listings(engine, rooms, log, document_faults)
        sessions = SessionActions(engine, members, rooms, outbox, listings, switches, now=now, new_id=new_id)
        files = FileActions(sessions, Pace("edits by programs", settings.program_edits_per_minute, now=time.monotonic))
        comments = CommentActions(sessions)
        budgets = Budgets(engine, executor, settings)

        async def say_cancel(execution_id: str) -> None:
            async with engine.begin() as connection:
                await revocation.say(connection, int(now() * 1000), topic="execution", subject=execution_id)

        async def carry_out(errand: dict[str, Any]) -> bool:
            return await executions.carry_out(errand)

        errands = Errands(bus, instance, new_id=new_id, carry_out=carry_out)
        secrets = Secrets(engine, members, sealer, now=now)
        executions = ExecutionActions(
            executor, sessions, members, budgets, secrets, new_id=new_id, errands=errands, say_cancel=say_cancel
        )
        reruns = RerunActions(executor, executions, sessions)
        history = HistoryActions(sessions, reruns, log)
        undo = UndoActions(engine, sessions, log)
        scans = ScanActions(executor, executions, sessions, members)

        async def on_change(change: Change) -> None:
            if change.topic == "tiers":
                await executor.reload_tiers()
            elif change.topic == "switches":
                await switches.reload()
            elif change.topic == "executions":
                executor.cancel_all()
            elif change.topic == "webhooks":
                await outbox.reload()
            elif change.topic == "document" and change.subject is not None:
                await rooms.look_again(change.subject)
            elif change.topic == "execution" and change.subject is not None:
                await executor.cancel(change.subject)
            elif change.topic == "session" and change.subject is not None:
                sockets.close_session(change.subject)
                await executions.end_runs_of(session_id=change.subject)
            elif change.topic is None:
                if change.user_id is not None and await identity.suspended(change.user_id):
                    await executions.end_runs_of(user_id=change.user_id)
                if change.token_id is not None:
                    await executions.end_runs_of(key_id=change.token_id)
                await executions.rights_changed(change, members.may_still_run)

        revocations = Revocations(engine, now=now, on_change=on_change, refreshed=identity.refreshed)
        sockets = Sockets(
            identity,
            members,
            sessions,
            files,
            comments,
            executions,
            reruns,
            undo,
            scans,
            revocations,
            switches,
            tracer,
            settings,
        )

        def figures() -> dict[str, Any]:
            return {
                "rooms": asdict(rooms.stats()),
                "executions": executor.stats(),
                "sockets": sockets.stats()["sockets"],
                "bus": "ok" if bus.connected else "away",
                "memoryBytes": resident_bytes(),
                "loadPerCpu": round(os.getloadavg()[0] / (os.cpu_count() or 1), 2),
            }

        async def on_gone(instance: str) -> None:
            await executions.announce_lost(await executor.end_lost(instance))

        news = News(engine, identity, revocations)
        damage = Damage(engine, rooms, document_faults, security, now=now)
        nodes = Nodes(engine, now=now, node_id=settings.node_id, instance=instance, figures=figures, on_gone=on_gone)
        counting = metrics.log_handler()
        logging.getLogger().addHandler(counting)
        stack.callback(logging.getLogger().removeHandler, counting)
        scrape = Scrape(metrics, place)
        # Ended in the reverse order: sockets first, then the runs, then the rooms, whose last changes are still saved.
        for part in (
            outbox,
            security,
            deliveries,
            tally,
            rooms,
            retention,
            nodes,
            runner,
            executor,
            errands,
            revocations,
            scrape,
            LoopLag(metrics.loop_lag.observe),
        ):
            await part.start()
            stack.push_async_callback(part.close)
        # Behind the feed's start: what is switched in between is either read here or heard there.
        await switches.start()
        for fault in faults:
            # Before anybody can open the session again.
            await damage.note(fault)
        await nodes.bury([*mark.gone, *(await executor.ledger.nodes_with_unfinished() - await nodes.known())])
        stack.push_async_callback(sockets.close)
        stack.push_async_callback(news.close)
        node = Services(
            settings,
            engine,
            sealer,
            identity,
            members,
            Links(engine, identity, now=now),
            rooms,
            log,
            runner,
            executor,
            sessions,
            files,
            BranchActions(engine, sessions, log, outbox, switches, now=now, new_id=new_id),
            comments,
            history,
            undo,
            executions,
            reruns,
            EnvironmentActions(engine, executor.environments, sessions, now=now),
            ArtifactActions(executor, executions, files),
            scans,
            revocations,
            sockets,
            bus,
            security,
            UserActions(engine, now=now),
            TierActions(engine, executor, now=now),
            OversightActions(engine, executor, sessions, now=now),
            Custody(engine, log, document_faults, now=now),
            Audit(engine),
            Invoices(engine),
            Billing(engine),
            budgets,
            secrets,
            WebhookActions(engine, members, outbox, deliveries, sealer, private=settings.webhooks_private, now=now),
            alerts,
            nodes,
            damage,
            switches,
            AnalyticsActions(engine, members, tally, now=now),
            deliveries,
            scrape,
            tracer,
            news,
        )
        metrics.attach(node)
        yield node
