"""One scrape answers for all processes of a `serve`: whichever is asked, asks the others over a socket in a private folder.

Each keeps its own figures, told apart by the label `worker`; nothing is added up, so that a process that starts anew is a
counter that starts anew, and one that does not answer in time is missed by `collab_worker_up`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from collab_server.metrics import Metrics, gauges

logger = logging.getLogger(__name__)

ANSWER_S = 2.0
ANSWER_BYTES_MAX = 16 * 2**20


@dataclass(frozen=True)
class Place:
    """Which of how many processes this is; `folder` is where they meet, None when there is only one."""

    number: int = 0
    workers: int = 1
    folder: Path | None = None

    def socket(self, number: int) -> str:
        assert self.folder is not None
        return str(self.folder / f"{number}.sock")


ALONE = Place()


class Scrape:
    """Answers the other processes, and asks them."""

    def __init__(self, metrics: Metrics, place: Place) -> None:
        self._metrics = metrics
        self._place = place
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        if self._place.folder is not None:
            path = self._place.socket(self._place.number)
            with suppress(FileNotFoundError):
                os.unlink(path)  # of the process before in this place  # noqa: PTH108
            self._server = await asyncio.start_unix_server(self._answer, path)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def exposition(self, more: Iterable[Metric] = ()) -> bytes:
        """The text that Prometheus reads; `more` is of the server as a whole."""
        place = self._place
        found = await asyncio.gather(*(self._of(number) for number in range(place.workers)))
        up = {str(number): float(told is not None) for number, told in enumerate(found)}
        families: dict[str, Metric] = {}
        for number, told in enumerate(found):
            for name, kind, documentation, samples in told or ():
                family = families.setdefault(name, Metric(name, documentation, kind))
                for sample, labels, value in samples:
                    family.add_sample(sample, {**labels, "worker": str(number)}, value)
        alive = gauges("collab_worker_up", "Whether each process of this server has answered.", "worker", up)
        registry = CollectorRegistry()
        registry.register(_Fixed([alive, *more, *families.values()]))
        return generate_latest(registry)

    async def _of(self, number: int) -> list[Any] | None:
        if number == self._place.number:
            return packed(self._metrics)
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_unix_connection(self._place.socket(number), limit=ANSWER_BYTES_MAX)
                try:
                    told: list[Any] = orjson.loads(await reader.read(-1))
                finally:
                    writer.close()
                return told
        except (OSError, TimeoutError, ValueError):
            return None

    async def _answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(orjson.dumps(packed(self._metrics)))
            await writer.drain()
        writer.close()


class _Fixed(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def packed(metrics: Metrics) -> list[Any]:
    """[[name, type, help, [[sample, labels, value], …]], …]; without the times at which counters began."""
    return [
        [
            family.name,
            family.type,
            family.documentation,
            [
                [sample.name, sample.labels, sample.value]
                for sample in family.samples
                if not sample.name.endswith("_created")
            ],
        ]
        for family in metrics.collect()
    ]
