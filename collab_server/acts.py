"""Writes an act into the chained audit, with the address it came from; the chain itself is executor's.

Call it as the last statement of the transaction that does the act, so that neither is there without the other.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from collab_server.caller import ADDRESS, AGENT
from executor import audit

# Who acts when nobody signed in: the command line and the server itself.
OPERATOR = "operator"


async def audited(
    connection: AsyncConnection, now_ms: int, actor_id: str, action: str, subject: str, **detail: Any
) -> None:
    """Append an act; `detail` never holds a token. `actor_id` answers for it, also when an agent did it."""
    if agent := detail.pop("agent", None) or AGENT.get():
        detail["agent"] = agent
    await audit.record(connection, now_ms, actor_id, action, subject, detail, origin=ADDRESS.get())
