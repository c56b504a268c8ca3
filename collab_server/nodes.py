"""The processes that serve: each says every few seconds that it is there, with the figures of its parts.

Nothing depends on it; it is what operators look at.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server.shapes import timestamp
from collab_server.tables import nodes

logger = logging.getLogger(__name__)

BEAT_S = 5.0
AWAY_AFTER_S = 15.0
KEPT_S = 3600.0


class Nodes:
    """This process's row, and everybody's."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        now: Callable[[], float],
        node_id: str,
        figures: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._engine = engine
        self._now = now
        self._node_id = node_id
        self._figures = figures
        # Several processes may share a node's name.
        self._id = secrets.token_hex(8)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Be there; rows of processes long gone are swept away."""
        now_ms = int(self._now() * 1000)
        async with self._engine.begin() as connection:
            await connection.execute(delete(nodes).where(nodes.c.seen_at < now_ms - int(KEPT_S * 1000)))
            row = {"id": self._id, "node_id": self._node_id, "started_at": now_ms, "seen_at": now_ms}
            await connection.execute(insert(nodes).values(**row, figures=orjson.dumps(self._figures())))
        self._task = asyncio.create_task(self._beat())

    async def close(self) -> None:
        """Be gone."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            async with self._engine.begin() as connection:
                await connection.execute(delete(nodes).where(nodes.c.id == self._id))
        except Exception:
            # The others see by themselves that it is away; the end of a node does not wait for the database.
            logger.warning("this node could not say that it is gone", exc_info=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._say()
            except Exception:
                logger.exception("this node could not say that it is there")

    async def _say(self) -> None:
        values = {"seen_at": int(self._now() * 1000), "figures": orjson.dumps(self._figures())}
        async with self._engine.begin() as connection:
            await connection.execute(update(nodes).where(nodes.c.id == self._id).values(**values))

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
                "alive": row["id"] == self._id or now_ms - row["seen_at"] <= AWAY_AFTER_S * 1000,
                **(self._figures() if row["id"] == self._id else orjson.loads(row["figures"])),
            }
            for row in found
        ]
