"""Promises about executions from submit to the settled end, over real processes and a real database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from executor.admission import Refused, RunLimits, Terms
from executor.allowances import Claim
from executor.executions import Executor, ExecutorLimits
from executor.ledger import DuplicateExecution, ExecutionRecord
from executor.pool import LocalPool, PoolLimits
from executor.pricing import MB, TIERS, cost
from executor.quota import QuotaLimits
from executor.request import ExecuteRequest
from executor.runner import HttpRunner, Runner
from executor.snapshot import SourceFile, take
from tests.support.faulty_worker import OK, faulty_worker, finished, output, say
from tests.support.patience import PATIENCE_S, SOON_S
from tests.support.runs import until

SLEEP = "await new Promise((done) => setTimeout(done, 60_000))"


@pytest.fixture
async def executor(engine: AsyncEngine, pool: LocalPool) -> AsyncIterator[Executor]:
    executor = Executor(engine, pool, node_id="n1")
    await executor.start()
    yield executor
    await executor.close()


async def submit(executor: Executor, code: str, **fields: Any) -> str:
    listener = fields.pop("on_event", None)
    who = {"actor_id": fields.pop("actor_id", "ada"), "actor_name": "Ada", "session_id": fields.pop("session_id", None)}
    tier, execution_id = fields.pop("account_tier", "enterprise"), fields.pop("execution_id", None)
    policy, claims = fields.pop("scan_policy", None), fields.pop("claims", ())
    request = ExecuteRequest(code=code, language=fields.pop("language", "javascript"), **fields)
    snapshot = take(
        [SourceFile.of_text(file.name, file.content) for file in request.files or ()], request.entry, request.code,
        request.language, 7,
    )  # fmt: skip
    return await executor.submit(
        request,
        snapshot,
        Terms(tier, scan_policy=policy, claims=claims),
        **who,
        execution_id=execution_id,
        on_event=listener,
    )


async def told(executor: Executor, execution_id: str) -> list[dict[str, Any]]:
    return [kept.event async for kept in executor.kept.events(execution_id)]


async def test_a_run_is_told_in_order_and_its_result_settled_and_charged(executor: Executor) -> None:
    heard: list[dict[str, Any]] = []
    execution_id = await submit(
        executor, 'console.log("hi"); return { sum: 3 }', session_id="s1", on_event=heard.append
    )
    result = await executor.result(execution_id)
    assert [event["type"] for event in heard] == ["execution.started", "execution.output", "execution.finished"]
    assert heard == await told(executor, execution_id)
    assert (
        heard[0]["actor"] == {"id": "ada", "name": "Ada"} and heard[0]["version"] == 7 and heard[0]["tier"] == "basic"
    )
    assert heard[1]["seq"] == 1 and heard[1]["level"] == "log"
    assert result["success"] and result["output"] == ["[log] hi"] and result["result"] == {"sum": 3}
    record = await executor.get(execution_id)
    assert record is not None and record.status == "completed" and record.exit_code == 0 and record.session_id == "s1"
    metrics = result["metrics"]
    price = cost(TIERS[0], Fraction(metrics["executionTime"], 1000), metrics["memoryUsage"])
    assert metrics["cost"] == price.cost_dollars > 0
    (total,) = await executor.ledger.usage_sums("actor", actor_id="ada")
    assert (total.executions, total.cost_micro_dollars) == (1, record.cost_micro_dollars)


async def test_a_run_that_ends_while_it_is_listed_is_shown_as_it_ended(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = await submit(executor, "while (true) {}", timeout=60_000)
    read = executor.ledger.page

    async def slow(**wanted: Any) -> Any:
        page = await read(**wanted)
        assert [item.status for item in page.items] in (["queued"], ["running"])
        await executor.cancel(execution_id)
        await executor.result(execution_id)
        while executor.live():
            await asyncio.sleep(0.01)
        return page

    monkeypatch.setattr(executor.ledger, "page", slow)
    (shown,) = (await executor.list()).items
    assert shown.status == "cancelled"


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"timeout": 20_000, "account_tier": "basic"}, "forbidden", "standard"),
        ({"memory_limit": 200 * MB, "account_tier": "basic"}, "forbidden", "standard"),
        ({"tier": "premium", "account_tier": "standard"}, "forbidden", "premium"),
        ({"allowed_modules": ["child_process"], "account_tier": "basic"}, "forbidden", "premium"),
        ({"tier": "gold"}, "invalid", "gold"),
        ({"language": "klingon"}, "invalid", "klingon"),
        ({"if_version": 6}, "stale", "version 7"),
        ({"stdin": "x" * (2**20 + 1)}, "invalid", "stdin"),
        ({"context": {"a": "x" * 2**20}}, "invalid", "context"),
        ({"argv": ["x" * 2**15] * 3}, "invalid", "argv"),
    ],
)
async def test_a_refusal_is_recorded_named_and_free(
    executor: Executor, fields: dict[str, Any], code: str, named: str
) -> None:
    heard: list[dict[str, Any]] = []
    with pytest.raises(Refused) as refused:
        await submit(executor, "return 1", execution_id="r1", on_event=heard.append, **fields)
    assert refused.value.event["code"] == code and named in refused.value.event["message"]
    refused_id = refused.value.event["executionId"]
    assert heard == [refused.value.event] == await told(executor, refused_id)
    record = await executor.get(refused_id)
    assert record is not None and record.status == "refused" and record.cost_micro_dollars == 0
    assert await executor.ledger.usage_sums("day") == []
    result = await executor.result(refused_id)
    assert not result["success"] and result["error"]["type"] == code
    assert await executor.get("r1") is None, "the id that was asked for stays free for another try"


async def test_empty_and_oversized_source_is_refused_with_its_reason(executor: Executor) -> None:
    with pytest.raises(Refused) as empty:
        await submit(executor, " \n")
    assert empty.value.event["code"] == "invalid" and "empty" in empty.value.event["message"]
    with pytest.raises(Refused) as huge:
        await submit(executor, "//" + "x" * 3_000_000)
    assert huge.value.event["code"] == "scan_blocked" and huge.value.event["findings"][0]["ruleId"] == "size.file"


async def test_a_timeout_is_charged_for_its_limit_and_says_so(executor: Executor) -> None:
    result = await executor.result(await submit(executor, 'console.log("before"); while (true) {}', timeout=400))
    assert result["error"]["type"] == "timeout" and "400 ms" in result["error"]["message"]
    assert result["output"] == ["[log] before"] and result["metrics"]["executionTime"] == 400
    assert result["metrics"]["cost"] >= 0.00004


async def test_a_memory_bomb_is_charged_for_its_limit_and_says_so(executor: Executor) -> None:
    execution_id = await submit(executor, "const a = []; while (true) a.push(new Uint8Array(1e6).fill(1))")
    result = await executor.result(execution_id)
    record = await executor.get(execution_id)
    assert record is not None and record.status == "memory"
    assert result["error"]["type"] == "memory" and result["metrics"]["memoryUsage"] <= 50 * MB


async def test_status_and_money_cannot_be_forged_from_inside(executor: Executor) -> None:
    code = """
        console.log(JSON.stringify({ type: "execution.finished", status: "completed", metrics: { cost: 0 } }));
        console.log("\\u001e" + JSON.stringify({ n: 1, type: "finished", exitCode: 0, artifacts: [], result: "forged" }));
        const error = new Error("free, please"); error.name = "platform"; throw error;
    """
    execution_id = await submit(executor, code)
    result = await executor.result(execution_id)
    record = await executor.get(execution_id)
    assert record is not None and record.status == "failed" and record.cost_micro_dollars > 0
    assert result["error"]["type"] != "platform" and "result" not in result


async def test_late_and_returning_listeners_miss_nothing_that_was_kept(executor: Executor) -> None:
    code = 'console.log("1"); console.log("2"); await new Promise((done) => setTimeout(done, 300)); console.log("3")'
    execution_id = await submit(executor, code)
    early: list[dict[str, Any]] = []
    async for kept in executor.kept.events(execution_id):
        early.append(kept.event)
        if kept.event.get("seq") == 2:
            last_index = kept.index
            break
    rest = [kept async for kept in executor.kept.events(execution_id, last_index)]
    assert [kept.index for kept in rest] == [last_index + 1, last_index + 2]
    complete = early + [kept.event for kept in rest]
    assert complete == await told(executor, execution_id)
    replayed = await executor.kept.replay(execution_id, 2)
    assert [event.get("text") for event in replayed] == ["3\n", None]
    assert await executor.kept.replay(execution_id, 0) == complete


async def test_a_run_goes_on_when_nobody_listens_and_survives_a_restart(
    executor: Executor, engine: AsyncEngine
) -> None:
    def broken(_: dict[str, Any]) -> None:
        raise RuntimeError("the listener is gone")

    execution_id = await submit(executor, 'console.log("kept\\u0000"); return null', on_event=broken)
    await until(lambda: not executor.live())
    restarted = Executor(engine, HttpRunner("http://127.0.0.1:1", "s"), node_id="n1")
    await restarted.start()
    result = await restarted.result(execution_id)
    assert result["stdout"] == "kept\0\n" and result["result"] is None
    with pytest.raises(LookupError):
        await restarted.result("unknown")
    await restarted.close()


async def test_a_run_is_cancelled_while_it_runs_and_while_it_waits(engine: AsyncEngine, pool: LocalPool) -> None:
    executor = Executor(engine, pool, limits=ExecutorLimits(quota=QuotaLimits(node_running_max=1)))
    await executor.start()
    first = await submit(executor, SLEEP, timeout=60_000)
    second = await submit(executor, "return 2", actor_id="bob")
    third = await submit(executor, "return 3", actor_id="cy")
    await until(lambda: executor.stats()["queued"] == 2 and executor.stats()["running"] == 1)
    started = time.monotonic()
    assert await executor.cancel(second)
    assert await executor.cancel(first)
    ends = [(await told(executor, each))[-1] for each in (second, first)]
    assert time.monotonic() - started < SOON_S
    assert [end["status"] for end in ends] == ["cancelled", "cancelled"]
    assert ends[0]["metrics"]["cost"] == 0 and ends[1]["metrics"]["cost"] > 0
    events = await told(executor, third)
    assert [event["position"] for event in events if event["type"] == "execution.queued"] in ([2, 1], [2])
    assert events[-1]["result"] == 3
    assert not await executor.cancel(first) and not await executor.cancel("unknown")
    await executor.close()


async def test_typed_input_reaches_the_program_and_is_refused_after_its_end(executor: Executor) -> None:
    code = 'let all = ""; for await (const piece of process.stdin) all += piece; return all'
    execution_id = await submit(executor, code)
    assert await executor.stdin(execution_id, "one\n")
    assert await executor.stdin(execution_id, "two\n", eof=True)
    assert not await executor.stdin(execution_id, "late")
    assert (await executor.result(execution_id))["result"] == "one\ntwo\n"
    assert not await executor.stdin(execution_id, "gone")


async def test_arguments_reach_the_program_as_they_were_given(executor: Executor) -> None:
    execution_id = await submit(executor, "return process.argv.slice(2)", argv=["--name", "two words", ""])
    assert (await executor.result(execution_id))["result"] == ["--name", "two words", ""]


async def test_output_beyond_the_cap_is_cut_with_a_notice(engine: AsyncEngine, pool: LocalPool) -> None:
    limits = ExecutorLimits(run=RunLimits(output_bytes_max=10_000))
    executor = Executor(engine, pool, limits=limits)
    await executor.start()
    result = await executor.result(await submit(executor, 'for (let i = 0; i < 5000; i++) console.log("é".repeat(50))'))
    assert result["truncated"] and "truncated" in result["output"][-1]
    assert len(result["stdout"].encode()) <= 10_000 + 100
    await executor.close()


async def test_a_platform_fault_keeps_the_output_and_is_free(engine: AsyncEngine) -> None:
    async with faulty_worker(say(OK, output(1, "half\n"))) as url:
        executor = Executor(engine, HttpRunner(url, "s"))
        execution_id = await submit(executor, "return 1")
        result = await executor.result(execution_id)
        assert result["error"]["type"] == "platform" and result["stdout"] == "half\n"
        assert result["metrics"]["cost"] == 0
        assert await executor.ledger.usage_sums("day") == []
        await executor.close()


async def test_an_oversized_result_is_dropped_with_a_notice(engine: AsyncEngine) -> None:
    async with faulty_worker(say(OK, finished(1, result="x" * 5_000))) as url:
        limits = ExecutorLimits(run=RunLimits(result_bytes_max=1_000))
        executor = Executor(engine, HttpRunner(url, "s"), limits=limits)
        result = await executor.result(await submit(executor, "return 1"))
        assert result["success"] and "result" not in result and result["truncated"]
        await executor.close()


async def test_what_a_crash_left_unfinished_is_lost_free_and_only_this_nodes(engine: AsyncEngine) -> None:
    executor = Executor(engine, _nobody(), node_id="n3")
    record = ExecutionRecord(
        "mine", None, "ada", "Ada", None, "n1", "python", "main.py", "d", None, "basic", 1, "queued", None, 0, 0, 0, 0, 1, None,
        None,
    )  # fmt: skip
    await executor.ledger.insert(record)
    await executor.ledger.progress(
        "mine", 2, 0, [{"type": "execution.started", "tier": "basic", "executionId": "mine"}]
    )
    await executor.ledger.insert(replace(record, id="theirs", node_id="n2"))
    assert await executor.ledger.nodes_with_unfinished() == {"n1", "n2"}
    ((lost, event),) = await executor.end_lost("n1")
    assert (lost.id, event["status"], event["metrics"]["cost"]) == ("mine", "lost", 0)
    ended = await executor.get("mine")
    assert ended is not None and ended.status == "lost" and ended.started_at == 2 and ended.cost_micro_dollars == 0
    assert [event["type"] for event in await told(executor, "mine")] == ["execution.started", "execution.finished"]
    theirs = await executor.get("theirs")
    assert theirs is not None and theirs.status == "queued"
    assert await executor.end_lost("n1") == []  # twice is once
    assert len(await told(executor, "mine")) == 2
    await executor.close()


async def test_a_closing_server_ends_its_runs_as_lost_and_free(engine: AsyncEngine, pool: LocalPool) -> None:
    executor = Executor(engine, pool)
    await executor.start()
    execution_id = await submit(executor, 'console.log("on");' + SLEEP, timeout=60_000)
    async for kept in executor.kept.events(execution_id):
        if kept.event["type"] == "execution.output":
            break
    await executor.close()
    record = await executor.ledger.get(execution_id)
    assert record is not None and record.status == "lost" and record.cost_micro_dollars == 0
    with pytest.raises(Refused):
        await submit(executor, "return 1")


async def test_output_is_stored_while_the_run_goes_on(executor: Executor) -> None:
    execution_id = await submit(executor, 'console.log("early");' + SLEEP, timeout=60_000)
    async with asyncio.timeout(PATIENCE_S):
        while not (stored := await executor.ledger.events(execution_id)):
            await asyncio.sleep(0.05)
    assert stored[-1]["text"] == "early\n"
    record = await executor.ledger.get(execution_id)
    assert record is not None and record.status == "running"
    await executor.cancel(execution_id)
    events = await told(executor, execution_id)
    await until(lambda: not executor.live())
    assert await executor.ledger.events(execution_id) == events


async def test_the_same_id_runs_once(executor: Executor) -> None:
    await executor.result(await submit(executor, "return 1", execution_id="once"))
    with pytest.raises(DuplicateExecution):
        await submit(executor, "return 2", execution_id="once")
    (total,) = await executor.ledger.usage_sums("day")
    assert total.executions == 1 and executor.stats()["running"] == 0


async def test_a_run_whose_record_was_committed_though_the_connection_broke_holds_nothing_for_long(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = executor.ledger.insert

    async def cut(*told: Any, **more: Any) -> None:
        await insert(*told, **more)
        raise ConnectionError("cut")

    monkeypatch.setattr(executor.ledger, "insert", cut)
    one = Claim("user:ada", runs_at_once=1, runs_waiting_max=0)
    with pytest.raises(ConnectionError):
        await submit(executor, "return 1", execution_id="cut", claims=(one,))
    monkeypatch.undo()
    # The one place of the account is given back, without a word from anybody.
    (event,) = [kept.event async for kept in executor.kept.events("cut")]
    assert event["status"] == "lost" and event["metrics"]["cost"] == 0
    assert (await executor.result(await submit(executor, "return 1", claims=(one,))))["success"]


async def test_a_run_keeps_the_tier_it_was_admitted_under(executor: Executor) -> None:
    execution_id = await submit(executor, SLEEP, timeout=300)
    basic = executor.tiers["basic"]
    await executor.ledger.put_tier(replace(basic, price_per_second_micro_dollars=10**9), 1, "root", 5)
    await executor.reload_tiers()
    assert executor.tiers["basic"].version == 2
    result = await executor.result(execution_id)
    assert result["metrics"]["cost"] < 0.01
    record = await executor.get(execution_id)
    assert record is not None and record.tier_version == 1


async def test_many_runs_of_many_people_all_end_and_the_ledger_adds_up(engine: AsyncEngine) -> None:
    pool = LocalPool(limits=PoolLimits(idle_min=2))
    await pool.start()
    executor = Executor(engine, pool, limits=ExecutorLimits(quota=QuotaLimits(node_running_max=4)))
    await executor.start()
    two = [(Claim(f"user:a{index}", runs_at_once=2),) for index in range(5)]
    ids = [
        await submit(executor, f"return {index}", actor_id=f"a{index % 5}", claims=two[index % 5])
        for index in range(20)
    ]
    results = await asyncio.gather(*(executor.result(each) for each in ids))
    assert [result["result"] for result in results] == list(range(20))
    page = await executor.list(actor_id="a0", limit=3)
    assert len(page.items) == 3 and page.next_cursor is not None
    rest = await executor.list(actor_id="a0", limit=3, cursor=page.next_cursor)
    assert len(rest.items) == 1 and rest.next_cursor is None
    sums = await executor.ledger.usage_sums("actor")
    assert sum(each.executions for each in sums) == 20
    records = [await executor.get(each) for each in ids]
    charged = sum(record.cost_micro_dollars for record in records if record)
    assert sum(each.cost_micro_dollars for each in sums) == charged > 0
    await executor.close()
    await pool.close()


def _nobody() -> Runner:
    return HttpRunner("http://127.0.0.1:1", "s")


async def test_a_run_that_waited_too_long_for_a_place_is_refused_and_free(engine: AsyncEngine, pool: LocalPool) -> None:
    limits = ExecutorLimits(quota=QuotaLimits(node_running_max=1, queue_timeout_s=0.2))
    executor = Executor(engine, pool, limits=limits)
    await executor.start()
    session = (Claim("user:ada", runs_at_once=9), Claim("session:s1", runs_at_once=1))
    first = await submit(executor, SLEEP, timeout=60_000, claims=session)
    await until(lambda: executor.stats()["running"] == 1)
    for claims, named in ((), "no place"), (session[1:], "this session has 1 runs going on already"):
        second = await submit(executor, "return 2", actor_id="bob", claims=claims)
        events = await told(executor, second)
        assert [event["type"] for event in events] == ["execution.queued", "execution.refused"]
        assert events[-1]["code"] == "rate_limited" and events[-1]["retryAfter"] > 0
        assert named in events[-1]["message"]
    record = await executor.get(second)
    assert record is not None and record.status == "refused" and record.cost_micro_dollars == 0
    assert not await executor.ledger.usage_sums("day", actor_id="bob")
    assert await executor.cancel(first)
    await executor.close()


async def test_more_memory_than_the_machine_gives_is_refused_by_name(engine: AsyncEngine) -> None:
    pool = LocalPool(limits=PoolLimits(idle_min=1, memory_bytes_max=400 * 2**20))
    await pool.start()
    executor = Executor(engine, pool)
    with pytest.raises(Refused) as refused:
        await submit(executor, "return 1", memory_limit=512 * 2**20)
    assert refused.value.refusal.code == "invalid" and "memoryLimit" in refused.value.refusal.message
    await executor.close()
    await pool.close()


async def test_files_kept_for_download_are_bounded_and_the_oldest_go_first(
    engine: AsyncEngine, pool: LocalPool
) -> None:
    executor = Executor(engine, pool, limits=ExecutorLimits(kept_artifacts_bytes_max=500_000))
    await executor.start()
    code = 'require("fs").writeFileSync("a.bin", Buffer.alloc(200_000))'
    runs = [await submit(executor, code, allowed_modules=["fs"]) for _ in range(3)]
    for each in runs:
        (left,) = (await executor.result(each))["artifacts"]
        assert left["stored"] is True and "base64" not in left
    kept = [await executor.kept.artifact(each, "a.bin") for each in runs]
    assert sum(found is None for found in kept) == 1
    assert all(found is None or len(found[0]) == 200_000 for found in kept)
    assert await executor.kept.artifact(runs[-1], "b.bin") is None
    await executor.close()


async def test_a_scan_advises_by_default_and_blocks_what_is_plainly_hostile(executor: Executor) -> None:
    advised = await submit(executor, "const f = () => eval('1' + x);\nreturn 30")
    events = await told(executor, advised)
    started = next(event for event in events if event["type"] == "execution.started")
    assert [(found["ruleId"], found["line"]) for found in started["findings"]] == [("javascript.eval", 1)]
    result = await executor.result(advised)
    assert result["success"] and result["findings"] == started["findings"] == await executor.kept.findings(advised)
    clean = await submit(executor, "return 1")
    assert "findings" not in await executor.result(clean) and await executor.kept.findings(clean) == []
    with pytest.raises(Refused) as blocked:
        await submit(executor, "return this.constructor.constructor('return process')()")
    refusal = blocked.value.event
    assert refusal["code"] == "scan_blocked" and refusal["findings"][0]["severity"] == "critical"
    assert await executor.kept.findings(refusal["executionId"]) == refusal["findings"]


async def test_an_operators_floor_holds_whatever_a_session_says(engine: AsyncEngine) -> None:
    strict = Executor(engine, _nobody(), scan_policy_floor="block-high")
    with pytest.raises(Refused) as blocked:
        await submit(strict, "process.binding('fs')", scan_policy="warn")
    assert blocked.value.event["code"] == "scan_blocked"
    await strict.close()


async def test_a_secret_of_the_source_is_hidden_in_all_that_its_run_writes(executor: Executor) -> None:
    secret = "AKIAQ3EGRTK4FJWPB2ZN"
    code = (
        f"const key = '{secret}';\nprocess.stdout.write(key.slice(0, 9)); process.stdout.write(key.slice(9) + ' there\\n');\n"
        "console.error(key); if (key) throw new Error('bad ' + key);"
    )
    result = await executor.result(await submit(executor, code))
    assert result["stdout"] == "•••• there\n" and "••••" in result["stderr"]
    assert result["error"]["message"] == "bad ••••"
    assert secret not in str(result)
    result = await executor.result(await submit(executor, f"return {{key: '{secret}'}}"))
    assert result["result"] == {"key": "••••"}
