"""The processes that serve: each says every few seconds that it is there, and sees by that which others are gone.

What a process that is gone has left undone is seen to by whoever is told of it here.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.shapes.base import timestamp
from collab_server.tables import nodes

logger = logging.getLogger(__name__)

BEAT_S = 5.0
# A process that has not been heard of for so long is gone: whatever it does later, its runs are lost and free.
GONE_AFTER_S = 25.0
# So long its row is shown to operators.
SHOWN_S = 3600.0
NAME_CHARS_MAX = 50


def instance_of(node_id: str) -> str:
    """A name for this process alone: two nodes may have been given the same id, and a restart is somebody else."""
    return f"{node_id[:NAME_CHARS_MAX]}~{secrets.token_hex(5)}"


def node_of(instance: str) -> str:
    """The node's name as the operator gave it."""
    return instance.rpartition("~")[0] or instance


def resident_bytes() -> int:
    """The memory that this process holds; where the system does not tell, the most that it ever held."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


class Nodes:
    """This process's row, and everybody's."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        now: Callable[[], float],
        node_id: str,
        instance: str,
        figures: Callable[[], Mapping[str, Any]],
        on_gone: Callable[[str], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._now = now
        self._node_id = node_id
        self._figures = figures
        self._on_gone = on_gone
        self._id = instance
        # When each row was seen to change, by this process's own clock: the clocks of machines need not agree.
        self._changed: dict[str, tuple[int, float]] = {}
        # Whose rows were seen to change at all: before that only the time in them tells.
        self._heard: set[str] = set()
        self._gone: set[str] = set()
        self._looked_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Be there."""
        await self._say()
        self._task = asyncio.create_task(self._beat())

    async def close(self) -> None:
        """Be gone."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._forget([self._id])
        except Exception:
            # The others see by themselves that it is away; the end of a node does not wait for the database.
            logger.warning("this node could not say that it is gone", exc_info=True)

    async def bury(self, instances: Iterable[str]) -> None:
        """These are gone for certain: nothing is waited for."""
        for instance in set(instances) - {self._id}:
            await self._on_gone(instance)
            await self._forget([instance])

    async def known(self) -> set[str]:
        """Everybody with a row, by the process's name and by the node's."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(nodes.c.id, nodes.c.node_id))).all()
        return {name for row in rows for name in row}

    async def _forget(self, instances: list[str]) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(nodes).where(nodes.c.id.in_(instances)))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._say()
                await self._look()
            except Exception:
                logger.exception("this node could not say that it is there")

    async def _say(self) -> None:
        now_ms = int(self._now() * 1000)
        values = {"seen_at": now_ms, "figures": orjson.dumps(self._figures())}
        async with self._engine.begin() as connection:
            said = await connection.execute(update(nodes).where(nodes.c.id == self._id).values(**values))
            if said.rowcount == 0:  # the first time, or after an absence so long that the row was swept
                row = {"id": self._id, "node_id": self._node_id, "started_at": now_ms}
                await connection.execute(insert(nodes).values(**row, **values))

    async def _look(self) -> None:
        """Who has fallen silent since the last look is gone."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(nodes.c.id, nodes.c.seen_at))).all()
        now = time.monotonic()
        if now - self._looked_at > 3 * BEAT_S:
            self._changed, self._heard = (
                {},
                set(),
            )  # the database was away, perhaps for everybody: nobody could say anything
        self._looked_at = now
        known_rows = self._changed
        self._heard |= {name for name, seen_at in rows if name in known_rows and known_rows[name][0] != seen_at}
        self._changed = {
            name: known if (known := self._changed.get(name)) is not None and known[0] == seen_at else (seen_at, now)
            for name, seen_at in rows
            if name != self._id
        }
        silent = {name for name, (_, since) in self._changed.items() if now - since >= GONE_AFTER_S}
        for name in silent - self._gone:
            await self._on_gone(name)
        self._gone = silent
        forgotten = [name for name in silent if now - self._changed[name][1] >= SHOWN_S]
        if forgotten:
            await self._forget(forgotten)

    async def listed(self) -> list[dict[str, Any]]:
        """All that were seen lately, this one with its figures of now."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(nodes).order_by(nodes.c.node_id, nodes.c.started_at))).mappings()
            found = [dict(row) for row in rows]
        now_ms = int(self._now() * 1000)
        return [
            {
                "id": row["id"],
                "nodeId": row["node_id"],
                "here": row["id"] == self._id,
                "startedAt": timestamp(row["started_at"]),
                "seenAt": timestamp(row["seen_at"]),
                "alive": row["id"] == self._id
                or (
                    row["id"] not in self._gone
                    and (row["id"] in self._heard or now_ms - row["seen_at"] <= GONE_AFTER_S * 1000)
                ),
                **(self._figures() if row["id"] == self._id else orjson.loads(row["figures"])),
            }
            for row in found
        ]
