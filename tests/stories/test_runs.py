"""Promises about running hostile and ordinary programs through a whole server."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.stories.conftest import Account
from tests.support.patience import SOON_S
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def started(who: Account, body: dict[str, object]) -> str:
    """A run that has begun and goes on."""
    answer = await who.http.post("/api/executions", json=body, headers={"prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    execution_id = str(answer.json()["executionId"])
    async with who.http.stream("GET", f"/api/executions/{execution_id}/events") as response:
        async for line in response.aiter_lines():
            if line == "event: execution.started":
                break
    return execution_id


async def test_an_endless_loop_is_killed_at_its_limit_while_another_run_finishes(server: Server, ada: Account) -> None:
    loop = {"language": "javascript", "code": "console.log('before');\nwhile (true) {}"}
    limited = asyncio.create_task(ada.http.post("/api/executions", json=loop | {"timeout": 2500}))
    # Beside one that goes on for as long as it is let, however quick or slow the machine is.
    endless = await started(ada, loop | {"timeout": 60_000})
    finished = await ada.http.post("/api/executions", json={"language": "javascript", "code": "return 6 * 7"})
    assert finished.json()["result"] == 42
    killed = (await limited).json()
    assert killed["success"] is False and killed["error"]["type"] == "timeout"
    assert killed["output"] == ["[log] before"]
    assert 2400 < killed["metrics"]["executionTime"] < 2500 + 1000 * SOON_S
    assert (await ada.http.post(f"/api/executions/{endless}/cancel")).json()["cancelled"] is True


async def test_a_memory_bomb_is_contained(server: Server, ada: Account) -> None:
    bombs = [
        "const all = []; while (true) all.push(new Array(1e5).fill(Math.random()));",
        "const all = []; while (true) all.push(new Uint8Array(1 << 24).fill(1));",
    ]
    for code in bombs:
        bomb, neighbour = await asyncio.gather(
            ada.http.post(
                "/api/executions",
                json={"language": "javascript", "code": code, "memoryLimit": 64 * 2**20, "timeout": 10_000},
            ),
            ada.http.post("/api/executions", json={"language": "javascript", "code": "return 'still here'"}),
        )
        assert bomb.json()["error"]["type"] == "memory", bomb.text
        assert neighbour.json()["result"] == "still here"


async def test_session_files_import_each_other_and_typescript_reports_the_users_line(
    server: Server, ada: Account
) -> None:
    session = await ada.session()
    for name, content in {
        "main.ts": "import { twice } from './lib/twice';\n\nexport default twice(21) as number;\n",
        "lib/twice.ts": "export const twice = (n: number): number => n * 2;\n",
        "broken.ts": "interface A { a: number }\n\nconst a: A = { a: 1 };\nthrow new RangeError(`no ${a.a}`);\n",
    }.items():
        await ada.http.post(f"/api/sessions/{session['id']}/files", json={"name": name, "content": content})
    good = (await ada.http.post(f"/api/sessions/{session['id']}/executions", json={"entry": "main.ts"})).json()
    assert good["result"] == 42, good
    bad = (await ada.http.post(f"/api/sessions/{session['id']}/executions", json={"entry": "broken.ts"})).json()
    assert bad["success"] is False
    assert (bad["error"]["type"], bad["error"]["message"], bad["error"]["line"]) == ("RangeError", "no 1", 4)


async def test_the_same_idempotency_key_runs_once_and_answers_alike(server: Server, ada: Account) -> None:
    body = {"language": "javascript", "code": "return Math.random()"}
    answers = await asyncio.gather(
        *(ada.http.post("/api/executions", json=body, headers={"idempotency-key": "one"}) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["result"] for answer in answers}) == 1
    assert len((await ada.http.get("/api/executions")).json()["items"]) == 1
    other = await ada.http.post("/api/executions", json=body | {"code": "return 2"}, headers={"idempotency-key": "one"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


async def test_events_are_served_live_and_resumed_behind_an_event(server: Server, ada: Account) -> None:
    body = {
        "language": "javascript",
        "code": "for (let i = 0; i < 5; i++) { console.log(i); await new Promise(r => setTimeout(r, 10)); }",
    }
    seen: list[tuple[int, str]] = []
    async with ada.http.stream(
        "POST", "/api/executions", json=body, headers={"accept": "text/event-stream"}
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        execution_id = response.headers["x-execution-id"]
        index = 0
        async for line in response.aiter_lines():
            if line.startswith("id: "):
                index = int(line[4:])
            if line.startswith("event: "):
                seen.append((index, line[7:]))
    kinds = [kind for _, kind in seen]
    assert kinds.count("execution.output") == 5 and kinds[-1] == "execution.finished"
    resumed = await ada.http.get(f"/api/executions/{execution_id}/events", headers={"last-event-id": str(seen[2][0])})
    assert [line[7:] for line in resumed.text.splitlines() if line.startswith("event: ")] == kinds[3:]


async def test_a_run_is_cancelled_within_a_second(server: Server, ada: Account) -> None:
    execution_id = await started(ada, {"language": "javascript", "code": "while (true) {}", "timeout": 30_000})
    before = time.monotonic()
    assert (await ada.http.post(f"/api/executions/{execution_id}/cancel")).json()["cancelled"] is True
    result = (await ada.http.get(f"/api/executions/{execution_id}/events")).text
    assert '"cancelled"' in result and time.monotonic() - before < SOON_S


async def test_a_program_reads_what_is_typed_while_it_waits(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="const name = await prompt('Name? ');\nconsole.log(`Hello ${name}`);\n")
    async with server.lane(session["id"], ada.token) as lane:
        execution_id = (await lane.ask("execute", entry="main.js"))["executionId"]
        waiting = await lane.event("execution.input", executionId=execution_id)
        assert waiting["prompt"] == "Name? "
        await lane.say("stdin", executionId=execution_id, data="Ada\n")
        output = await lane.event("execution.output", executionId=execution_id)
        assert output["text"] == "Hello Ada\n"
        assert (await lane.event("execution.finished", executionId=execution_id))["status"] == "completed"


async def test_nobody_else_sees_a_run_without_a_session(server: Server, ada: Account, bob: Account) -> None:
    mine = (await ada.http.post("/api/executions", json={"language": "javascript", "code": "return 1"})).json()[
        "executionId"
    ]
    assert (await ada.http.get(f"/api/executions/{mine}")).json()["result"] == 1
    assert (await bob.http.get(f"/api/executions/{mine}")).status_code == 404


async def test_a_request_above_the_accounts_tier_is_refused_and_free(server: Server) -> None:
    from tests.stories.conftest import account

    poor = await account(server, tier="basic")
    answer = await poor.http.post(
        "/api/executions", json={"language": "javascript", "code": "return 1", "timeout": 20_000}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "standard" in answer.json()["detail"]
    usage = (await poor.http.get("/api/usage")).json()
    assert usage["total"]["cost"] == 0
    await poor.http.aclose()


async def test_what_is_not_there_yet_is_refused_by_name_and_not_passed_over(ada: Account) -> None:
    for body, told in (
        ({"language": "javascript", "code": "return 1", "persistEnvironment": True}, "persistEnvironment"),
        ({"language": "cobol", "code": "STOP RUN."}, "cobol"),
        ({"language": "javascript", "code": "  \n"}, "empty"),
    ):
        answer = await ada.http.post("/api/executions", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
        assert told in answer.json()["detail"]
