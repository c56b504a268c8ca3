"""The bench's load client against a whole server: what it types flat out reaches everybody."""

from __future__ import annotations

import httpx
import pytest

from collab_server.bench_agents import beside_people
from collab_server.bench_load import Crowd, Load
from tests.stories.conftest import Account
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.soak
async def test_fifty_agents_slow_five_people_down_by_nothing_they_feel_and_lose_nothing(
    server: Server, ada: Account
) -> None:
    session, keys = await ada.session(), []
    for number in range(50):
        keys.append(await server.token(f"{ada.user_id}-{number}", tier="standard"))
        place = f"/api/sessions/{session['id']}/collaborators/{ada.user_id}-{number}"
        (await ada.http.put(place, json={"role": "editor"})).raise_for_status()
    outcome = await beside_people(server.url, session["id"], ada.token, keys, seconds=15, runs_every=5)
    p95 = sorted(outcome.keystrokes_ms)[int(len(outcome.keystrokes_ms) * 0.95)]
    assert outcome.lost == 0
    assert len(outcome.edits_ms) > 50 and outcome.runs > 0
    assert p95 < 250


async def test_a_room_that_types_flat_out_loses_nothing(server: Server, ada: Account) -> None:
    session = await ada.session()
    crowd = Crowd(
        Load(clients=12, writers=8, per_second=0, seconds=0.5), f"/ws/{session['id']}?token={ada.token}", None
    )
    await crowd.run(httpx.URL(server.url).port or 80, lambda: 0.0)
    assert crowd.outcome.delivered > 0 and crowd.outcome.lost == 0
    texts = [file["content"] for file in (await ada.http.get(f"/api/sessions/{session['id']}/files")).json()["items"]]
    assert sum(map(len, texts)) == crowd.typed
