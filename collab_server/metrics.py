"""The figures of one process, in Prometheus's conventions: base units, no label that grows with users or sessions.

What is on the way of every keystroke is counted by the parts themselves and read at the scrape; the rest is noted here.
"""

from __future__ import annotations

import collections
import logging
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from crdt.meter import Timings
from executor.ledger import ExecutionRecord
from executor.scan.scanner import Scan

if TYPE_CHECKING:
    from collab_server.services import Services

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
QUICK_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
RUN_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

# Connections of this process that found the node or their address full: counted where there is no application yet.
TURNED_AWAY: collections.Counter[str] = collections.Counter()


class Metrics:
    """What happens seldom enough to be noted one by one; `collect` gives everything."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "collab_http_request_duration_seconds",
            "HTTP requests by method, route template and status; streams of events count until they begin.",
            ["method", "route", "status"],
            buckets=(*QUICK_S, 60, 300),
            registry=self.registry,
        )
        self.requests_open = Gauge(
            "collab_http_requests_in_progress", "HTTP requests that are being answered.", registry=self.registry
        )
        self._runs = Counter(
            "collab_executions",
            "Executions that are over, by language, status (of the run, or refused) and tier.",
            ["language", "status", "tier"],
            registry=self.registry,
        )
        self._refusals = Counter(
            "collab_execution_refusals",
            "Executions that were refused, by the refusal's code.",
            ["code"],
            registry=self.registry,
        )
        self._run_s = Histogram(
            "collab_execution_duration_seconds",
            "Time of the programs by the host's clock.",
            ["language"],
            buckets=RUN_S,
            registry=self.registry,
        )
        self._wait_s = Histogram(
            "collab_execution_wait_seconds",
            "From being asked for to the program's start.",
            buckets=RUN_S,
            registry=self.registry,
        )
        self._scan_s = Histogram(
            "collab_scan_duration_seconds",
            "Scans of files that were not known yet.",
            buckets=QUICK_S,
            registry=self.registry,
        )
        self._findings = Counter(
            "collab_scan_findings", "What these scans found, by severity.", ["severity"], registry=self.registry
        )
        self.loop_lag = Histogram(
            "collab_event_loop_lag_seconds",
            "How late the event loop was for what was due.",
            buckets=QUICK_S,
            registry=self.registry,
        )
        self._logged = Counter(
            "collab_log_messages", "Log lines by level, from warning on.", ["level"], registry=self.registry
        )
        Gauge("collab_build_info", "Always 1; the label says what runs.", ["version"], registry=self.registry).labels(
            version("collab-server")
        ).set(1)
        ProcessCollector(registry=self.registry)
        self._languages: frozenset[str] = frozenset()
        self._tiers: frozenset[str] = frozenset()

    def attach(self, node: Services) -> None:
        """From now on the node's own counts are part of it."""
        self._languages = node.runner.languages() or frozenset()
        self._tiers = frozenset(node.executor.tiers)
        self.registry.register(_Parts(node))

    # -- noted as it happens -------------------------------------------------------------------------------------

    def answered(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """An HTTP request was answered. What a client may choose freely is no label."""
        self._requests.labels(method if method in METHODS else OTHER, route or OTHER, str(status)).observe(seconds)

    def over(self, run: ExecutionRecord) -> None:
        """An execution has ended or was refused."""
        language = run.language if run.language in self._languages else OTHER
        tier = run.tier if run.tier in self._tiers else OTHER
        self._runs.labels(language, run.status, tier).inc()
        if run.status == "refused":
            self._refusals.labels(run.fault or OTHER).inc()
        if run.started_at is not None:
            self._wait_s.observe(max(0, run.started_at - run.created_at) / 1000)
            self._run_s.labels(language).observe(run.wall_ms / 1000)

    def scanned(self, seconds: float, scan: Scan) -> None:
        """Files were scanned."""
        self._scan_s.observe(seconds)
        for finding in scan.findings:
            self._findings.labels(finding.severity).inc()

    def log_handler(self) -> logging.Handler:
        """Counts what is logged."""
        return _Counting(self._logged)

    def collect(self) -> Iterable[Metric]:
        return self.registry.collect()


class _Counting(logging.Handler):
    def __init__(self, logged: Counter) -> None:
        super().__init__(logging.WARNING)
        self._logged = logged

    def emit(self, record: logging.LogRecord) -> None:
        self._logged.labels(record.levelname.lower() if record.levelno <= logging.CRITICAL else OTHER).inc()


class _Parts(Collector):
    """Reads the parts of a node at the moment of the scrape."""

    def __init__(self, node: Services) -> None:
        self._node = node

    def collect(self) -> Iterator[Metric]:
        yield from self._sockets()
        yield from self._documents()
        yield from self._log()
        yield from self._bus()
        yield from self._executions()
        yield from self._rest()

    def _sockets(self) -> Iterator[Metric]:
        sockets = self._node.sockets
        yield gauge("collab_websocket_connections", "Open WebSockets.", len(sockets.connections))
        yield counter("collab_websocket_opened", "WebSockets that were let in.", sockets.opened)
        yield counters(
            "collab_websocket_closed", "WebSockets that are gone, by the close code of ours, or client.", "code",
            sockets.closed,
        )  # fmt: skip

        yield counters(
            "collab_turned_away", "Connections that found the node or their address full.", "what", TURNED_AWAY
        )

    def _documents(self) -> Iterator[Metric]:
        rooms, meter = self._node.rooms.stats(), self._node.rooms.meter
        yield gauge("collab_rooms", "Sessions whose document is in memory.", rooms.rooms)
        yield gauge("collab_room_members", "Connections in them.", rooms.members)
        yield gauge("collab_rooms_quarantined", "Of the rooms, those that may only be read.", rooms.quarantined)
        yield counter("collab_updates_received", "Document updates from members.", meter.updates_received)
        yield counter("collab_updates_refused", "Of them, those that were not taken.", meter.updates_refused)
        yield counter("collab_changes", "Changes that the updates of a turn became.", meter.changes)
        yield counter("collab_changes_of_nodes", "Changes heard from other nodes.", meter.changes_of_nodes)
        yield counter("collab_updates_sent", "Changes written to members, one for each.", meter.frames_sent)
        yield timings("collab_fan_out_seconds", "From taking an update to handing it to all sockets.", meter.fan_out)

    def _log(self) -> Iterator[Metric]:
        log = self._node.log
        yield timings("collab_ack_seconds", "From a change to its being on disk, when it is told.", log.acknowledged)
        yield gauge("collab_log_queued_changes", "Changes that wait to be written.", log.queued)
        yield gauge("collab_log_lag_seconds", "Age of the oldest change that is not on disk.", log.lag_s)
        yield counter("collab_log_commits", "Transactions of the log.", log.commits)
        yield counter("collab_log_commit_failures", "Of them, those that failed and are tried again.", log.failures)

    def _bus(self) -> Iterator[Metric]:
        bus = self._node.bus
        yield gauge("collab_bus_connected", "Whether other nodes can be reached.", bus.connected)
        yield gauge("collab_bus_lag_seconds", "A message's way over the bus and back.", bus.lag_s)
        yield gauge("collab_bus_queued_bytes", "What waits to be published.", bus.queued_bytes)
        yield counter("collab_bus_dropped_messages", "Messages given up while the bus was away.", bus.dropped_messages)

    def _executions(self) -> Iterator[Metric]:
        stats = self._node.executor.stats()
        pool: Mapping[str, int] = stats["runner"]
        yield gauge("collab_executions_running", "Executions that have a place.", stats["running"])
        yield gauge("collab_executions_queued", "Executions that wait for a place.", stats["queued"])
        processes = {state: pool.get(state, 0) for state in ("idle", "busy", "starting")}
        yield gauges("collab_pool_processes", "Worker runtimes of this machine by state.", "state", processes)
        yield gauge("collab_pool_memory_bytes", "Memory set aside for them.", pool.get("memoryBytes", 0))
        yield gauge("collab_pool_memory_limit_bytes", "What they may take at most.", pool.get("memoryBytesMax", 0))
        yield gauge("collab_pool_waiting", "Executions that wait for a runtime.", pool.get("waiting", 0))
        yield counter("collab_pool_spawned", "Runtimes that were started.", pool.get("spawned", 0))
        yield counter("collab_pool_failed", "Runtimes that could not be started.", pool.get("failed", 0))
        yield counter("collab_pool_missed", "Executions that found no warm runtime.", pool.get("missed", 0))

    def _rest(self) -> Iterator[Metric]:
        node = self._node
        yield counters("collab_security_events", "Security events by kind.", "kind", node.security.noted)
        pool = node.engine.pool
        used = {"used": getattr(pool, "checkedout", lambda: 0)(), "idle": getattr(pool, "checkedin", lambda: 0)()}
        yield gauges("collab_database_connections", "Connections to the database by state.", "state", used)
        switched: dict[str, float] = {switch.name: switch.on for switch in node.switches.known()}
        yield gauges("collab_switch_on", "Whether an operator holds the server up.", "switch", switched)


def gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=float(value))


def counter(name: str, told: str, value: float) -> Metric:
    return CounterMetricFamily(name, told, value=float(value))


def gauges(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family


def counters(name: str, told: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, told, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family


def timings(name: str, told: str, seen: Timings) -> Metric:
    bounds = [*map(str, seen.bounds_s), "+Inf"]
    return HistogramMetricFamily(
        name, told, buckets=list(zip(bounds, accumulate(map(float, seen.counts)), strict=True)), sum_value=seen.sum_s
    )
