"""Promises about limits and budgets: they are seen before they are met, hold to the last unit, and say what to do."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from collab_server.bench_load import Crowd, Load
from tests.stories.conftest import Account, account
from tests.support.processes import Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

RUN = {"language": "javascript", "code": "return 1"}
# What a basic run of 5 s and 50 MiB reserves: 5 × $0.0001 + 50 × $0.00001.
RESERVED = 0.001


@pytest_asyncio.fixture(loop_scope="session")
async def root(server: Server) -> Any:
    made = await account(server, admin=True)
    yield made
    await made.http.aclose()


async def run(who: Account, **more: Any) -> httpx.Response:
    return await who.http.post("/api/executions", json=RUN | more)


async def limits_of(who: Account) -> dict[str, Any]:
    found: dict[str, Any] = (await who.http.get("/api/me")).json()["limits"]
    return found


async def test_limits_are_told_by_me_by_welcome_and_by_the_headers_of_every_run(server: Server, ada: Account) -> None:
    before = await limits_of(ada)
    assert (before["runsPerMinute"], before["runsLeft"], before["concurrentRuns"]) == (600, 600, 16)
    answer = await run(ada)
    assert answer.headers["ratelimit-policy"] == "600;w=60" and answer.headers["ratelimit-limit"] == "600"
    # A tenth of a second gives one run back, and answering may take that long.
    assert answer.headers["ratelimit-remaining"] in ("599", "600")
    session = await ada.session(main_js="return 1\n")
    async with server.lane(session["id"], ada.token) as lane:
        welcome = await lane.event("welcome")
    assert welcome["limits"]["runsPerMinute"] == 600


async def test_a_budget_of_ones_own_stops_the_run_that_could_go_past_it_and_tells_why(ada: Account) -> None:
    spent = 0.0
    assert (await ada.http.patch("/api/me", json={"budget": 0.0013})).json()["limits"]["budget"] == 0.0013
    while (answer := await run(ada, tier="basic")).status_code == 200:
        spent += answer.json()["metrics"]["cost"]
    assert answer.status_code == 429 and answer.json()["code"] == "quota_exceeded"
    assert "$0.0013 a month" in answer.json()["detail"] and "shorter timeout" in answer.json()["detail"]
    assert 0.0013 - RESERVED < spent <= 0.0013
    assert (await limits_of(ada))["budgetLeft"] == pytest.approx(0.0013 - spent)
    usage = (await ada.http.get("/api/usage")).json()["total"]
    assert usage["cost"] == pytest.approx(spent), "what was refused is free"
    assert (await ada.http.patch("/api/me", json={"budget": None})).json()["limits"]["budget"] is None
    assert (await run(ada)).status_code == 200


async def test_a_keys_budget_binds_the_key_and_not_the_account(ada: Account) -> None:
    made = (await ada.http.post("/api/me/tokens", json={"name": "agent", "budget": RESERVED})).json()
    assert made["budget"] == RESERVED
    key = {"authorization": f"Bearer {made['token']}"}
    first = await ada.http.post("/api/executions", json=RUN | {"tier": "basic"}, headers=key)
    again = await ada.http.post("/api/executions", json=RUN | {"tier": "basic"}, headers=key)
    assert (first.status_code, again.status_code) == (200, 429) and "this key or link" in again.json()["detail"]
    assert (await run(ada)).status_code == 200


async def test_a_sessions_budget_is_the_owners_to_set_and_binds_everyone_in_it(ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="return 1\n")
    place = f"/api/sessions/{session['id']}"
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "editor"})
    assert (await bob.http.patch(place, json={"budget": 5})).status_code == 403
    assert (await ada.http.patch(place, json={"budget": RESERVED})).status_code == 200
    first = await bob.http.post(f"{place}/executions", json={"entry": "main.js", "tier": "basic"})
    again = await ada.http.post(f"{place}/executions", json={"entry": "main.js", "tier": "basic"})
    assert (first.status_code, again.status_code) == (200, 429) and "this session" in again.json()["detail"]


async def test_an_admin_gives_one_account_other_limits_and_they_hold_at_once(root: Account, ada: Account) -> None:
    place = f"/api/admin/users/{ada.user_id}"
    changed = await root.http.patch(place, json={"limits": {"runsPerMinute": 2, "moneyPerMonth": 1}})
    assert changed.json()["limits"] == {"runsPerMinute": 2, "moneyPerMonth": "1"}
    told = [await run(ada) for _ in range(3)]
    assert [answer.status_code for answer in told] == [200, 200, 429]
    refused = told[-1]
    assert refused.json()["code"] == "rate_limited" and "2 runs a minute" in refused.json()["detail"]
    assert 0 < refused.json()["retryAfter"] <= 30 and 0 < int(refused.headers["retry-after"]) <= 30
    assert refused.headers["ratelimit-remaining"] == "0"
    assert (await root.http.patch(place, json={"limits": {}})).json()["limits"] == {}
    assert (await run(ada)).status_code == 200


async def test_a_key_used_again_after_a_refusal_runs_once_there_is_room(root: Account, ada: Account) -> None:
    place = f"/api/admin/users/{ada.user_id}"
    await root.http.patch(place, json={"limits": {"moneyPerMonth": 0}})
    again = {"idempotency-key": "once"}
    assert (await ada.http.post("/api/executions", json=RUN, headers=again)).status_code == 429
    await root.http.patch(place, json={"limits": {}})
    done = [await ada.http.post("/api/executions", json=RUN, headers=again) for _ in range(3)]
    assert {answer.status_code for answer in done} == {200}
    assert len({answer.json()["executionId"] for answer in done}) == 1
    assert (await ada.http.get("/api/usage")).json()["total"]["executions"] == 1


async def test_an_estimate_is_what_the_run_reserves_and_the_real_cost_never_goes_past_it(ada: Account) -> None:
    place = "/api/executions/estimate"
    first = (await ada.http.post(place, json=RUN)).json()
    assert first == {
        "tier": "basic", "maxCost": RESERVED, "maxComputeUnits": 10.0, "typicalCost": None, "covered": True,
        "currency": "USD",
    }  # fmt: skip
    cost = (await run(ada)).json()["metrics"]["cost"]
    second = (await ada.http.post(place, json=RUN)).json()
    assert second["typicalCost"] == cost <= second["maxCost"]
    await ada.http.patch("/api/me", json={"budget": 0.0005})
    assert (await ada.http.post(place, json=RUN)).json()["covered"] is False
    dear = await ada.http.post(place, json=RUN | {"tier": "no such"})
    assert dear.status_code == 422


async def test_a_link_never_spends_past_its_cap_though_its_guests_race(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="return 1\n")
    place, cap = f"/api/sessions/{session['id']}", 1.2 * RESERVED
    link = (await ada.http.post(f"{place}/links", json={"role": "runner", "spendingCap": cap})).json()
    own_page = {"origin": server.url}
    async with AsyncExitStack() as stack:
        guests = []
        for _ in range(4):
            guest = await stack.enter_async_context(httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60))
            await guest.get(link["url"])
            guests.append(guest)

        async def runs_of(guest: httpx.AsyncClient) -> list[httpx.Response]:
            answers: list[httpx.Response] = []
            while not answers or answers[-1].status_code == 200:
                answers.append(await guest.post(f"{place}/executions", json={}, headers=own_page))
            return answers

        answers = [answer for each in await asyncio.gather(*map(runs_of, guests)) for answer in each]
    done = [answer.json()["metrics"]["cost"] for answer in answers if answer.status_code == 200]
    assert done and sum(done) <= cap
    assert {answer.json()["code"] for answer in answers if answer.status_code != 200} == {"quota_exceeded"}


async def test_runs_beyond_what_may_go_on_at_once_wait_and_are_not_refused(root: Account, ada: Account) -> None:
    await root.http.patch(f"/api/admin/users/{ada.user_id}", json={"limits": {"concurrentRuns": 1}})
    answers = await asyncio.gather(*(run(ada) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}, "they wait for each other and are not refused"


async def test_costs_are_told_by_who_ran_and_by_who_wrote_what_ran(ada: Account, bob: Account) -> None:
    session = await ada.session(main_js="return 1\n")
    place = f"/api/sessions/{session['id']}"
    await ada.http.put(f"{place}/collaborators/{bob.user_id}", json={"role": "editor"})
    before = (await ada.http.post(f"{place}/executions", json={"entry": "main.js"})).json()["metrics"]["cost"]
    await bob.http.put(f"{place}/files/{session['files'][0]['id']}", json={"content": "return 2\n"})
    after = (await bob.http.post(f"{place}/executions", json={"entry": "main.js"})).json()["metrics"]["cost"]

    async def told(who: Account, group_by: str) -> dict[str, float]:
        answer = await who.http.get("/api/usage", params={"sessionId": session["id"], "groupBy": group_by})
        return {item["key"]: item["cost"] for item in answer.json()["items"]} | {"": answer.json()["total"]["cost"]}

    whole = pytest.approx(before + after)
    assert await told(ada, "actor") == {ada.user_id: before, bob.user_id: after, "": whole}
    assert await told(ada, "author") == {ada.user_id: whole, bob.user_id: after, "": whole}
    assert (await bob.http.get("/api/usage", params={"sessionId": session["id"]})).status_code == 403
    own = (await bob.http.get("/api/usage", params={"groupBy": "author"})).json()
    assert own["total"]["cost"] == after and {item["cost"] for item in own["items"]} == {after}


async def test_a_run_that_was_turned_away_while_it_waited_runs_under_the_same_key_once_there_is_room(
    tmp_path: Path,
) -> None:
    limits = {"COLLAB_CONCURRENT_RUNS_MAX": "1", "COLLAB_QUEUE_TIMEOUT_S": "1"}
    async with serving(tmp_path, **limits) as server, await server.http("ada") as http:
        endless = RUN | {"code": "await new Promise(() => setInterval(() => {}, 1000))", "timeout": 10_000}
        held = (await http.post("/api/executions", json=endless, headers={"prefer": "respond-async"})).json()
        again = {"idempotency-key": "once"}
        turned_away = await http.post("/api/executions", json=RUN, headers=again)
        assert (turned_away.status_code, turned_away.json()["code"]) == (429, "rate_limited")
        await http.post(f"/api/executions/{held['executionId']}/cancel")
        done = await asyncio.gather(*(http.post("/api/executions", json=RUN, headers=again) for _ in range(4)))
        assert {answer.status_code for answer in done} == {200}
        assert len({answer.json()["executionId"] for answer in done}) == 1


async def test_an_agent_that_floods_is_held_back_and_a_persons_keystrokes_are_not(tmp_path: Path) -> None:
    async with serving(tmp_path, COLLAB_PROGRAM_EDITS_PER_MINUTE="20") as server:
        ada = await account(server)
        session = await ada.session()
        wanted = {"agent": "Hasty", "runsPerMinute": 1, "scopes": ["edit", "run"]}
        key = (await ada.http.post("/api/me/tokens", json=wanted)).json()["token"]
        # 40 keys a second are 120 times what the agent may do.
        person = Crowd(
            Load(clients=2, writers=1, per_second=40, seconds=1), f"/ws/{session['id']}?token={ada.token}", None
        )
        async with server.lane(session["id"], key) as agent, asyncio.TaskGroup() as together:
            together.create_task(person.run(server.port, lambda: 0.0))
            edits = [await agent.ask("write", name="a.txt", content=f"{number}") for number in range(60)]
            runs = [await agent.ask("execute", **RUN) for _ in range(2)]
        refused = [answer for answer in edits if answer["type"] == "error"]
        assert 0 < len(refused) <= 40, "20 at once, and one more each 3 s"
        assert all(answer["code"] == "rate_limited" and 0 < answer["retryAfter"] <= 3 for answer in refused)
        assert [answer["type"] for answer in runs] == ["ok", "execution.refused"]
        assert runs[1]["code"] == "rate_limited"
        assert person.outcome.lost == 0 and person.outcome.delivered > 0
        texts = {
            file["name"]: file["content"]
            for file in (await ada.http.get(f"/api/sessions/{session['id']}")).json()["files"]
        }
        assert len(texts["bench.txt"]) == person.typed > 0
        assert texts["a.txt"] == str(max(number for number, answer in enumerate(edits) if answer["type"] == "ok"))
        other = await ada.http.post(f"/api/sessions/{session['id']}/files", json={"name": "b.txt", "content": "b"})
        assert other.status_code == 201, "its account has a pace of its own"
        await ada.http.aclose()
