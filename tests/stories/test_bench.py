"""The bench's load client against a whole server: what it types flat out reaches everybody."""

from __future__ import annotations

import httpx
import pytest

from collab_server.bench_load import Crowd, Load
from tests.stories.conftest import Account
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_room_that_types_flat_out_loses_nothing(server: Server, ada: Account) -> None:
    session = await ada.session()
    crowd = Crowd(
        Load(clients=12, writers=8, per_second=0, seconds=0.5), f"/ws/{session['id']}?token={ada.token}", None
    )
    await crowd.run(httpx.URL(server.url).port or 80, lambda: 0.0)
    assert crowd.outcome.delivered > 0 and crowd.outcome.lost == 0
    texts = [file["content"] for file in (await ada.http.get(f"/api/sessions/{session['id']}/files")).json()["items"]]
    assert sum(map(len, texts)) == crowd.typed
