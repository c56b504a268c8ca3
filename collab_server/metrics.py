"""The figures at `/metrics`, in Prometheus's conventions: base units, no label that grows with users or sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()
REQUESTS = Histogram(
    "collab_http_request_duration_seconds",
    "HTTP requests by route and status.",
    ["method", "route", "status"],
    registry=REGISTRY,
)

TURNED_AWAY = Counter(
    "collab_turned_away",
    "Connections that found the node or their address full.",
    ["what"],
    registry=REGISTRY,
)


class Gauges(Collector):
    """Reads the parts' own counts at the moment of the scrape."""

    def __init__(self, sources: Mapping[str, Callable[[], Mapping[str, Any]]]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """One gauge per figure, named `collab_<part>_<figure>`."""
        for part, read in self._sources.items():
            for figure, value in read().items():
                told = f"{figure.replace('_', ' ')} ({part})"
                if isinstance(value, Mapping):
                    family = GaugeMetricFamily(f"collab_{part}_{figure}", told, labels=["kind"])
                    for kind, count in value.items():
                        family.add_metric([kind], float(count))
                    yield family
                else:
                    yield GaugeMetricFamily(f"collab_{part}_{figure}", told, value=float(value))


def exposition(gauges: Gauges) -> bytes:
    """The text that Prometheus reads."""
    own = CollectorRegistry()
    own.register(gauges)
    return generate_latest(REGISTRY) + generate_latest(own)
