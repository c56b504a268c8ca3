"""Promises about what the holder of an open socket may do, when that is looked up several times at once."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from collab_server.connection import Connection
from collab_server.identity import Identity
from collab_server.members import Access, Members, Role
from collab_server.principal import SCOPES, Principal
from collab_server.wire import Wire

ADA = Principal("ada", "Ada", "basic", False, SCOPES, None, None, "bearer")


def access(role: Role) -> Access:
    return Access(ADA, cast("Any", {"id": "s", "branch_of": None, "agents_propose": False}), role)


class Valid:
    async def still_valid(self, _: Principal) -> bool:
        return True


class Rights:
    """The role of somebody who is an editor until it is taken away; the first answer comes last."""

    def __init__(self) -> None:
        self.role: Role = "editor"
        self.asked, self.slow = asyncio.Event(), asyncio.Event()

    async def access(self, _: Principal, __: str) -> Access:
        found = access(self.role)
        if not self.asked.is_set():
            self.asked.set()
            await self.slow.wait()
        return found


async def test_an_answer_from_before_a_right_was_taken_away_does_not_give_it_back() -> None:
    rights = Rights()
    connection = Connection(
        cast("Wire", None), access("editor"), ADA.actor(), wants_text=True, identity=cast("Identity", Valid()),
        members=cast("Members", rights), outbox_bytes_max=1,
    )  # fmt: skip
    at_the_join = asyncio.create_task(connection.recheck())
    await rights.asked.wait()
    rights.role = "viewer"
    by_the_feed = asyncio.create_task(connection.recheck())
    for _ in range(10):
        await asyncio.sleep(0)
    rights.slow.set()
    await asyncio.gather(at_the_join, by_the_feed)
    assert (connection.role, connection.may_edit) == ("viewer", False)
