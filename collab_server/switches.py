"""What an operator can switch for the whole server at once: no new executions, nothing written, everything that runs ended.

The switches are rows that every node reads, so that all follow within a second and a restart keeps them; what each means is
carried out by the rooms and the executor.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import revocation
from collab_server.acts import audited
from collab_server.errors import NotFound, ReadOnly
from collab_server.principal import Principal
from collab_server.shapes.base import timestamp_or_none
from collab_server.tables import switches
from executor.tables import executions

logger = logging.getLogger(__name__)

Name = Literal["refuse-executions", "read-only"]
NAMES: tuple[Name, ...] = get_args(Name)
REASONS: dict[Name, str] = {
    "refuse-executions": "the operator has stopped executions on this server for now; nothing runs, nothing is charged",
    "read-only": "the operator has made this server read-only for now; sessions can be read and run, not changed",
}
REASON_CHARS_MAX = 500


@dataclass(frozen=True)
class Switch:
    """`reason` is told to everybody whom it holds up."""

    name: Name
    on: bool
    reason: str
    changed_by: str | None
    changed_at: int | None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "on": self.on,
            "reason": self.reason,
            "changedBy": self.changed_by,
            "changedAt": timestamp_or_none(self.changed_at),
        }


class Board:
    """The switches in the database: what the command line and every node share."""

    def __init__(self, engine: AsyncEngine, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    async def read(self) -> dict[Name, Switch]:
        """All of them as they are now."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(switches).order_by(switches.c.name.desc()))).mappings().all()
        return {
            row["name"]: Switch(row["name"], row["is_on"], row["reason"], row["changed_by"], row["changed_at"])
            for row in rows
        }

    async def turn(self, by: str, name: Name, on: bool, reason: str = "") -> Switch:
        """Set one; audited, and told to all nodes."""
        now_ms = int(self._now() * 1000)
        said = reason.strip()[:REASON_CHARS_MAX] or (REASONS[name] if on else "")
        values = {"is_on": on, "reason": said, "changed_by": by, "changed_at": now_ms}
        async with self._engine.begin() as connection:
            await connection.execute(update(switches).where(switches.c.name == name).values(**values))
            await revocation.say(connection, now_ms, topic="switches", subject=name)
            await audited(connection, now_ms, by, "switch.on" if on else "switch.off", name, reason=said)
        return Switch(name, on, said, by, now_ms)

    async def stop_executions(self, by: str, reason: str = "") -> int:
        """End everything that runs or waits, on all nodes; how many that were."""
        now_ms = int(self._now() * 1000)
        async with self._engine.begin() as connection:
            unfinished = select(func.count()).select_from(executions).where(executions.c.finished_at.is_(None))
            count = int((await connection.execute(unfinished)).scalar_one())
            await revocation.say(connection, now_ms, topic="executions")
            said = reason.strip()[:REASON_CHARS_MAX]
            await audited(connection, now_ms, by, "executions.stopped", "all", reason=said, count=count)
        return count


class Switches:
    """What this node knows of them; `on_change` is called when that is another thing than before."""

    def __init__(
        self, board: Board, *, now: Callable[[], float], on_change: Callable[[], None], cancel_all: Callable[[], None]
    ) -> None:
        self._board = board
        self._now = now
        self._on_change = on_change
        self._cancel_all = cancel_all
        self._known: dict[Name, Switch] = {}

    async def start(self) -> None:
        """As they were left; a restart changes nothing."""
        await self.reload()

    async def reload(self) -> None:
        """Look again; what has changed is carried out at once."""
        before, self._known = self._known, await self._board.read()
        if before == self._known:
            return
        self._on_change()
        for name, switch in self._known.items():
            known = before.get(name)
            if known is not None and known != switch and switch.changed_at is not None:
                after_ms = int(self._now() * 1000) - switch.changed_at
                told = {"switch": name, "on": switch.on, "afterMs": after_ms}
                on = "on" if switch.on else "off"
                logger.info("%s is %s here, %d ms after it was said", name, on, after_ms, extra={"fields": told})

    @property
    def read_only(self) -> str | None:
        """Why nothing may be written, if so."""
        return self._reason("read-only")

    @property
    def executions_off(self) -> str | None:
        """Why nothing may be run, if so."""
        return self._reason("refuse-executions")

    def known(self) -> tuple[Switch, ...]:
        """As this node sees them."""
        return tuple(self._known.values())

    async def listed(self) -> list[dict[str, Any]]:
        """All of them, as the database has them."""
        return [switch.to_json() for switch in (await self._board.read()).values()]

    async def turn(self, principal: Principal, name: str, on: bool, reason: str) -> dict[str, Any]:
        """Set one for the whole server; here it holds when this returns."""
        if name not in NAMES:
            raise NotFound(f"there is no switch {name[:64]!r}; there are {', '.join(NAMES)}")
        turned = await self._board.turn(principal.user_id, name, on, reason)
        await self.reload()
        return turned.to_json()

    async def stop_executions(self, principal: Principal, reason: str) -> int:
        """End everything that runs or waits on all nodes; here it is told at once."""
        count = await self._board.stop_executions(principal.user_id, reason)
        self._cancel_all()
        return count

    def told(self) -> dict[str, str]:
        """For members and health: what is off, and why; empty when all is as usual."""
        held = {"readOnly": self.read_only, "executionsOff": self.executions_off}
        return {name: reason for name, reason in held.items() if reason is not None}

    def require_writable(self) -> None:
        """Raise ReadOnly where sessions are made or deleted; what is in them is guarded by their rooms."""
        if (reason := self.read_only) is not None:
            raise ReadOnly(reason)

    def _reason(self, name: Name) -> str | None:
        switch = self._known.get(name)
        return switch.reason if switch is not None and switch.on else None
