"""Promises to operators of several processes: switches that hold the whole server up, and what they are told of it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import product
from statistics import median
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.stories.conftest import Account, account
from tests.stories.test_command_line import cli
from tests.stories.test_workers import ENDLESS, spread
from tests.support.patience import PATIENCE_S, SOON_S
from tests.support.processes import ROOT, Server, StockClient, serving
from tests.support.receiver import Received, Receiver, receiving

SCRAPER = "a-token-for-the-scraper-alone"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def collector() -> AsyncIterator[Receiver]:
    """What traces are sent to."""
    async with receiving() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def operated(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, collector: Receiver
) -> AsyncIterator[Server]:
    """A server of two processes."""
    async with serving(
        tmp_path_factory.mktemp("operated"),
        2,
        COLLAB_REDIS_URL=redis_url,
        COLLAB_METRICS_TOKEN=SCRAPER,
        COLLAB_LOG_FORMAT="json",
        COLLAB_LOG_LEVEL="debug",
        COLLAB_ACCESS_LOG="true",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="100",
        NO_PROXY="127.0.0.1",
    ) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def root(operated: Server) -> AsyncIterator[Account]:
    """An admin of it."""
    made = await account(operated, admin=True)
    yield made
    await made.http.aclose()


async def console(server: Server, *arguments: str) -> str:
    """What a subcommand printed; it ended well."""
    code, printed, told = await cli(server, *arguments)
    assert code == 0, told
    return printed


async def test_switches_hold_all_processes_up_and_a_restart_keeps_them(operated: Server, root: Account) -> None:
    session = (await root.session(main_js="return 1"))["id"]
    place = f"/api/sessions/{session}/files/{(await root.http.get(f'/api/sessions/{session}/files')).json()['items'][0]['id']}"
    async with AsyncExitStack() as stack:
        before = await stack.enter_async_context(AsyncExitStack())
        lanes = await spread(before, operated, session, root.token)
        typist = await stack.enter_async_context(StockClient.connect(3, operated, session, root.token))

        # Read-only: all are told, nothing is taken, and what was typed meanwhile is there afterwards.
        switched = await root.http.put("/api/admin/switches/read-only", json={"on": True, "reason": "moving house"})
        assert (switched.status_code, switched.json()["on"], switched.json()["changedBy"]) == (200, True, root.user_id)
        for lane in lanes.values():
            told = await lane.event("role")
            assert (told["mayEdit"], told["mayRun"], told["readOnly"]) == (False, True, "moving house")
            refused = await lane.ask("write", name="new.txt", content="x")
            assert (refused["code"], refused["message"]) == ("read_only", "moving house")
        await typist.ask("insert", name="main.js", at=0, text="// typed meanwhile\n")
        edited = await root.http.put(place, json={"content": "x"})
        assert (edited.status_code, edited.json()["code"]) == (423, "read_only")
        made = await root.http.post("/api/sessions", json={"name": "n"})
        assert (made.status_code, made.json()["code"]) == (423, "read_only")
        assert (await root.http.delete(f"/api/sessions/{session}")).status_code == 423
        for path in ("/healthz", "/readyz", "/api/me"):
            assert (await root.http.get(path)).json()["readOnly"] == "moving house"
        _, ran = await next(iter(lanes.values())).run(code="return 2", language="javascript")
        assert ran["result"] == 2

        # Nothing new runs, and what runs is ended: by the command line, which asks no server.
        runs = [
            (await lane.ask("execute", language="javascript", code=ENDLESS, timeout=60_000))["executionId"]
            for lane in lanes.values()
        ]
        assert "refuse-executions is on" in await console(operated, "switch", "refuse-executions", "on")
        for lane in lanes.values():
            told = await lane.event("role", mayRun=False)
            assert "executionsOff" in told and told["mayEdit"] is False
            refused = await lane.ask("execute", language="javascript", code="return 1")
            assert (refused["type"], refused["code"]) == ("execution.refused", "executions_off")
        refused_here = await root.http.post("/api/executions", json={"language": "javascript", "code": "return 1"})
        assert (refused_here.status_code, refused_here.json()["code"]) == (503, "executions_off")
        assert (await root.http.post("/api/admin/executions/stop", json={"reason": "all"})).json() == {"stopping": 2}
        for lane in lanes.values():
            for run in runs:
                assert (await lane.ended(run, SOON_S))["status"] == "cancelled"

        # Whoever takes the place of one that died knows it from the first moment.
        doomed = next(iter(lanes))
        os.kill(doomed, signal.SIGKILL)
        await before.aclose()
        while doomed in operated.serving_pids():
            await asyncio.sleep(0.02)
        lanes = await spread(stack, operated, session, root.token)
        assert doomed not in lanes
        for lane in lanes.values():
            welcome = await lane.welcome()
            assert welcome["readOnly"] == "moving house" and "executionsOff" in welcome
            assert (await lane.ask("write", name="new.txt", content="x"))["code"] == "read_only"

        # Lifted, everything goes on.
        await console(operated, "switch", "read-only", "off")
        lifted = await root.http.put("/api/admin/switches/refuse-executions", json={"on": False})
        assert lifted.json()["reason"] == ""
        for lane in lanes.values():
            await lane.event("role", mayEdit=True, mayRun=True)
            assert (await lane.run(code="return 3", language="javascript"))[1]["result"] == 3
        until = time.monotonic() + PATIENCE_S
        while not (await root.http.get(place)).json()["content"].startswith("// typed meanwhile"):
            assert time.monotonic() < until, "what was typed while it was read-only is lost"
            await asyncio.sleep(0.05)
        assert (await root.http.get("/healthz")).json() == {"status": "ok"}
        acts = (await root.http.get("/api/admin/audit", params={"subject": "read-only"})).json()["items"]
        assert [(act["action"], act["actorId"]) for act in acts] == [
            ("switch.off", "operator"),
            ("switch.on", root.user_id),
        ]
        # Each of the two processes, by the server's own clock: whoever was not asked follows within the second.
        followed: dict[tuple[str, bool], list[int]] = {}
        for line in map(json.loads, operated.errors):
            if "afterMs" in line:
                followed.setdefault((line["switch"], line["on"]), []).append(line["afterMs"])
        assert {each: len(found) for each, found in followed.items()} == dict.fromkeys(
            product(("read-only", "refuse-executions"), (True, False)), 2
        )
        # Of the four times the machine may have been slow in one or two.
        assert median(max(found) for found in followed.values()) <= 1000, followed
        wrong = await root.http.put("/api/admin/switches/everything", json={"on": True})
        assert (wrong.status_code, wrong.json()["code"]) == (404, "not_found")


async def scraped(server: Server, within_s: float = PATIENCE_S) -> dict[str, Metric]:
    """All families, as soon as all processes have answered."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http, asyncio.timeout(within_s):
        while True:
            answer = await http.get("/metrics")
            assert answer.status_code == 200, answer.text
            families = {family.name: family for family in text_string_to_metric_families(answer.text)}
            if all(sample.value == 1 for sample in families["collab_worker_up"].samples):
                return families


def total(families: dict[str, Metric], sample: str, **labels: str) -> float:
    """The sum of a sample over all processes, and over what is not named."""
    return sum(
        found.value
        for family in families.values()
        for found in family.samples
        if found.name == sample and labels.items() <= found.labels.items()
    )


async def test_one_scrape_tells_what_all_processes_did(operated: Server, root: Account) -> None:
    session = (await root.session(main_js="return 1"))["id"]
    before = await scraped(operated)
    async with AsyncExitStack() as stack:
        lanes = await spread(stack, operated, session, root.token)
        one, other = lanes.values()
        typist = await stack.enter_async_context(StockClient.connect(3, operated, session, root.token))
        for number in range(5):
            await typist.ask("insert", name="main.js", at=0, text=f"// {number}\n")
            await one.event("file.changed")
            await other.event("file.changed")
        for lane in lanes.values():
            await lane.run(language="javascript", code="return 2")
            await lane.run(language="python", code="1 +")
        await root.http.post("/api/executions", json={"language": "cobol", "code": "x"})
        await root.http.get(f"/api/sessions/{session}/files")
        await root.http.request("BREW", "/api/no/such/thing")
        during = await scraped(operated)

    def more(sample: str, **labels: str) -> float:
        return total(during, sample, **labels) - total(before, sample, **labels)

    # As many as were done, whichever process did it.
    assert more("collab_executions_total", language="javascript", status="completed", tier="basic") == 2
    assert more("collab_executions_total", language="python", status="failed") == 2
    assert more("collab_executions_total", language="other", status="refused") == 1
    assert more("collab_execution_refusals_total", code="invalid") == 1
    assert more("collab_execution_duration_seconds_count") == more("collab_execution_wait_seconds_count") == 4
    assert 0 < more("collab_execution_duration_seconds_sum") < 60
    assert more("collab_updates_received_total") >= more("collab_changes_total") >= 5
    assert more("collab_changes_of_nodes_total") >= 5
    assert more("collab_fan_out_seconds_count") >= 5 and more("collab_ack_seconds_count") >= 5
    assert more("collab_updates_sent_total") >= 10
    assert more("collab_websocket_opened_total") >= 3
    assert total(during, "collab_websocket_connections") >= 3 and total(during, "collab_room_members") >= 3
    assert more("collab_http_request_duration_seconds_count", route="/api/sessions/{session_id}/files") == 1
    assert more("collab_http_request_duration_seconds_count", method="other", route="other") == 1
    assert more("collab_scan_duration_seconds_count") >= 1
    assert {sample.labels["worker"] for sample in during["collab_rooms"].samples} == {"0", "1"}
    # Names, units and texts as Prometheus wants them, and no series for each session or user.
    for name, family in during.items():
        assert re.fullmatch(r"(collab|process)_[a-z][a-z_]*[a-z]", name), name
        assert family.documentation and family.type in ("counter", "gauge", "histogram"), name
        assert not re.search(r"_(ms|milliseconds|mb|kb|minutes|percent|count|total|bucket)$", name), name
        if family.type == "histogram":
            assert name.endswith("_seconds"), name
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total"), sample.name
            assert not {"session", "user", "path", "id", "ip"} & set(sample.labels), sample
    said = repr([family.samples for family in during.values()])
    assert session not in said and root.user_id not in said

    # Nobody from elsewhere reads them, but with the token.
    async with httpx.AsyncClient(base_url=operated.url, trust_env=False) as http:
        stranger = {"x-forwarded-for": "192.0.2.7"}
        assert (await http.get("/metrics", headers=stranger)).status_code == 403
        for token, status in (("wrong", 403), (SCRAPER, 200)):
            headers = stranger | {"authorization": f"Bearer {token}"}
            assert (await http.get("/metrics", headers=headers)).status_code == status


async def test_dashboard_and_alerts_name_only_metrics_that_there_are(operated: Server) -> None:
    families = await scraped(operated)
    known = {sample.name for family in families.values() for sample in family.samples}
    known |= {
        f"{name}_{part}" if family.type == "histogram" else f"{name}_total"
        for name, family in families.items()
        if family.type in ("histogram", "counter")
        for part in ("bucket", "sum", "count")
    }
    dashboard = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    rules = yaml.safe_load((ROOT / "deploy/prometheus-alerts.yaml").read_text())["groups"][0]["rules"]
    named = {expression: set(re.findall(r"\b(?:collab|process)_[a-z_]+", expression)) for expression in shown}
    named |= {rule["expr"]: set(re.findall(r"\b(?:collab|process)_[a-z_]+", rule["expr"])) for rule in rules}
    for expression, names in named.items():
        assert names, expression
        assert names <= known, (expression, names - known)
    # Each alert has its line in the runbook.
    runbook = (ROOT / "docs/operations.md").read_text()
    for rule in rules:
        assert f"`{rule['alert']}`" in runbook and rule["annotations"]["runbook"], rule["alert"]
    assert len(shown) >= 20 and len(rules) >= 10


async def test_each_log_line_says_what_it_is_about_and_none_holds_a_secret(operated: Server, root: Account) -> None:
    session = (await root.session(main_js="return process.env.PASSWORD.length"))["id"]
    place, password = f"/api/sessions/{session}", "correct-horse-battery"
    key = (await root.http.post("/api/me/tokens", json={"name": "k"})).json()
    made = (await root.http.post(f"{place}/links", json={"role": "editor"})).json()
    link = httpx.URL(made["url"]).params["link"]
    hook = (
        await root.http.post("/api/webhooks", json={"url": "https://example.com/h", "types": ["session.deleted"]})
    ).json()
    await root.http.put(f"{place}/secrets/PASSWORD", json={"value": password})
    login = httpx.URL(operated.login_url).params["token"]
    async with httpx.AsyncClient(base_url=operated.url, trust_env=False) as http:
        cookie = (await http.get("/login", params={"token": login})).cookies["collab_session"]
        guest = (await http.get("/join", params={"link": link, "name": "Eve"})).cookies["collab_session"]
        for wrong in ("ck_" + "w" * 43, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.c2ln"):
            refused = await http.get("/api/me", headers={"authorization": f"Bearer {wrong}"})
            assert refused.status_code == 401
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        headers = {"authorization": f"Bearer {key['token']}", "accept": "application/json, text/event-stream"}
        await http.post("/mcp", json=asked, headers=headers)
    async with operated.lane(session, key["token"]) as lane:
        _, ran = await lane.run(entry="main.js")
    assert ran["result"] == len(password)
    missing = await root.http.get(f"{place}/files/none")
    assert missing.json()["requestId"] == missing.headers["x-request-id"]
    run = await root.http.post("/api/executions", json={"language": "javascript", "code": "return 1"})

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in operated.errors]

    def answered(of: httpx.Response) -> list[dict[str, Any]]:
        return [line for line in lines() if line.get("requestId") == of.headers["x-request-id"] and "path" in line]

    def about(execution_id: str) -> list[dict[str, Any]]:
        return [line for line in lines() if line.get("executionId") == execution_id]

    # Two processes write them, each after its client has the answer.
    async with asyncio.timeout(PATIENCE_S):
        while not all((answered(missing), answered(run), about(run.json()["executionId"]), about(ran["executionId"]))):
            await asyncio.sleep(0.05)
    for line in lines():
        assert {"time", "level", "logger", "message"} <= set(line)
    (access,) = answered(missing)
    assert (access["method"], access["path"], access["status"]) == ("GET", f"{place}/files/none", 404)
    assert about(run.json()["executionId"])[-1]["requestId"] == run.headers["x-request-id"]
    assert about(ran["executionId"])[-1]["requestId"]
    written = "".join(operated.errors)
    # Nor what is answered to anybody, as libraries would tell while one looks for faults.
    assert "tools/list" not in written and "inputSchema" not in written
    secrets = [
        root.token,
        key["token"],
        link,
        hook["secret"],
        login,
        cookie,
        guest,
        password,
        SCRAPER,
        "w" * 43,
    ]
    assert all(len(secret) > 15 for secret in secrets)
    for secret in secrets:
        assert secret not in written and secret.removeprefix("ck_") not in written


def traced(execution_id: str, asking: str, requests: list[Received]) -> dict[str, Span]:
    """The spans of the trace in which a run is, by name, once those that end last are there."""
    sent = [ExportTraceServiceRequest.FromString(request.body) for request in requests]
    resources = [resource for each in sent for resource in each.resource_spans]
    spans = [span for resource in resources for scope in resource.scope_spans for span in scope.spans]
    of = {span.trace_id for span in spans if any(a.value.string_value == execution_id for a in span.attributes)}
    found = {span.name: span for span in spans if span.trace_id in of}
    last = {"execution", asking} | ({"POST /mcp"} if asking == "mcp call" else set())
    return found if last <= set(found) else {}


async def test_one_trace_leads_from_what_asked_to_the_settlement(
    operated: Server, root: Account, collector: Receiver
) -> None:
    session = (await root.session(main_js="return 1"))["id"]
    caller, traces = (
        "b7ad6b7169203331",
        {"REST": "0af7651916cd43dd8448eb211c80319c", "MCP": "1af7651916cd43dd8448eb211c80319d"},
    )
    above = {by: {"traceparent": f"00-{trace}-{caller}-01"} for by, trace in traces.items()}
    place = f"/api/sessions/{session}/executions"
    by_rest = (await root.http.post(place, json={"entry": "main.js"}, headers=above["REST"])).json()["executionId"]
    async with operated.lane(session, root.token) as lane:
        _, ran = await lane.run(entry="main.js")
    arguments = {"name": "executeCode", "arguments": {"code": "return 1", "language": "javascript"}}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": arguments}
    accepts = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    answer = await root.http.post("/mcp", json=asked, headers=above["MCP"] | accepts)
    by_mcp = re.findall(r'"executionId": ?"([^"]+)"', answer.text.replace('\\"', '"'))[0]

    steps = {
        "execution.scan": None, "execution.reserve": None, "execution": None,
        "execution.queue": "execution", "execution.worker": "execution", "execution.settle": "execution",
    }  # fmt: skip
    for run, asking in (
        (by_rest, "POST /api/sessions/{session_id}/executions"),
        (ran["executionId"], "message execute"),
        (by_mcp, "mcp call"),
    ):
        spans = await collector.until(partial(traced, run, asking))
        assert set(steps) <= set(spans), (asking, sorted(spans))
        for name, parent in steps.items():
            assert spans[name].parent_span_id == spans[parent or asking].span_id, (asking, name)
        if asking != "message execute":
            by, top = ("MCP", spans["POST /mcp"]) if asking == "mcp call" else ("REST", spans[asking])
            assert (top.trace_id.hex(), top.parent_span_id.hex()) == (traces[by], caller)
        worker, settle = spans["execution.worker"], spans["execution.settle"]
        assert worker.start_time_unix_nano < worker.end_time_unix_nano <= settle.end_time_unix_nano
