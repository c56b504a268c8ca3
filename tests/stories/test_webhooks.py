"""Promises to programs elsewhere: they hear of what happens, once and signed, whatever breaks in between; and to operators
that a webhook reaches nothing inside."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.responses import Response

from collab_server.webhooks.destination import is_public
from tests.stories.conftest import Account, account
from tests.support.processes import Server, serving
from tests.support.receiver import Received, Receiver, receiving

pytestmark = pytest.mark.asyncio(loop_scope="session")

RUN = {"language": "javascript", "code": "return 42"}
ALL = ["execution.finished", "execution.refused", "usage.recorded", "session.created", "session.deleted"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inside(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server whose webhooks may go to private addresses."""
    async with serving(tmp_path_factory.mktemp("data"), COLLAB_WEBHOOKS_PRIVATE="true") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def owner(inside: Server) -> AsyncIterator[Account]:
    made = await account(inside)
    yield made
    await made.http.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started


async def hook(who: Account, url: str, types: list[str], **more: Any) -> dict[str, Any]:
    answer = await who.http.post("/api/webhooks", json={"url": url, "types": types} | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_run_is_told_once_signed_and_equal_to_the_ledger(owner: Account, receiver: Receiver) -> None:
    made = await hook(owner, receiver.url, ALL)
    ran = (await owner.http.post("/api/executions", json=RUN)).json()
    told = await receiver.event("execution.finished", executionId=ran["executionId"])
    billed = await receiver.event("usage.recorded", executionId=ran["executionId"])
    assert told.is_signed_with(made["secret"]) and billed.is_signed_with(made["secret"])
    assert told.event["data"]["result"] == 42 and told.event["data"]["status"] == "completed"
    assert billed.event["id"] == billed.headers["webhook-id"] == f"usage-{ran['executionId']}"
    assert billed.event["data"]["costMicroDollars"] == round(ran["metrics"]["cost"] * 1e6)
    usage = (await owner.http.get("/api/usage")).json()["total"]
    assert billed.event["data"]["costMicroDollars"] / 1e6 == usage["cost"]
    shown = (await owner.http.get("/api/webhooks")).json()["items"]
    assert [each["id"] for each in shown] == [made["id"]] and "secret" not in shown[0]


async def test_each_hears_only_of_what_is_theirs(inside: Server, owner: Account, receiver: Receiver) -> None:
    other = await account(inside)
    session = await owner.session(main_js="return 1\n")
    place = f"/api/sessions/{session['id']}"
    await hook(other, receiver.url + "?other", ALL)
    await hook(owner, receiver.url + "?session", ALL, scope="session", sessionId=session["id"])
    denied = await other.http.post(
        "/api/webhooks", json={"url": receiver.url, "types": ALL, "scope": "session", "sessionId": session["id"]}
    )
    assert denied.status_code == 404
    everything = {"url": receiver.url, "types": ["security.alert"], "scope": "server"}
    assert (await owner.http.post("/api/webhooks", json=everything)).status_code == 403
    assert (await owner.http.post("/api/webhooks", json=everything | {"scope": "account"})).status_code == 422
    await owner.http.put(f"{place}/collaborators/{other.user_id}", json={"role": "runner"})
    await other.http.post(f"{place}/executions", json={"entry": "main.js"})
    await owner.http.post("/api/executions", json=RUN)
    last = (await other.http.post("/api/executions", json=RUN)).json()["executionId"]
    await receiver.event("execution.finished", executionId=last)
    await receiver.until(lambda requests: sum(r.event["type"] == "execution.finished" for r in requests) == 3)
    sessions = {r.event["data"]["sessionId"] for r in receiver.requests if r.event["type"] == "execution.finished"}
    assert sessions == {session["id"], None}
    assert not [r for r in receiver.requests if r.event["data"].get("actor", {}).get("id") == owner.user_id]
    await other.http.aclose()


async def test_what_was_refused_by_the_receiver_is_seen_and_sent_again_under_the_same_id(
    owner: Account, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Response(status_code=503 if len(receiver.requests) == 1 else 200)
    made = await hook(owner, receiver.url, ["webhook.test"])
    place = f"/api/webhooks/{made['id']}"
    sent = (await owner.http.post(f"{place}/test")).json()["eventId"]
    await receiver.until(lambda requests: len(requests) == 1)
    items: list[dict[str, Any]] = []
    while not items or items[0]["answered"] is None:
        items = (await owner.http.get(f"{place}/deliveries")).json()["items"]
    assert (items[0]["status"], items[0]["answered"], items[0]["attempts"]) == ("pending", 503, 1)
    # By itself, five seconds later.
    await receiver.until(lambda requests: len(requests) == 2)
    assert {each.headers["webhook-id"] for each in receiver.requests} == {sent}
    assert (await owner.http.post(f"{place}/replay", json={"since": "2020-01-01T00:00:00Z"})).json() == {"events": 1}
    await receiver.until(lambda requests: len(requests) == 3)
    assert receiver.requests[2].headers["webhook-id"] == sent


async def test_a_redirect_is_not_followed_and_a_receiver_that_is_gone_is_left_alone(
    owner: Account, receiver: Receiver
) -> None:
    def answer(received: Received) -> Response:
        first = len(receiver.requests) == 1
        return Response(status_code=307, headers={"location": "/else"}) if first else Response(status_code=410)

    receiver.answer = answer
    made = await hook(owner, receiver.url, ["webhook.test"])
    place = f"/api/webhooks/{made['id']}"
    await owner.http.post(f"{place}/test")
    await receiver.until(lambda requests: len(requests) == 1)
    await owner.http.post(f"{place}/test")
    await receiver.until(lambda requests: len(requests) == 2)
    shown: dict[str, Any] = {"enabled": True}
    while shown["enabled"]:
        shown = (await owner.http.get(place)).json()
    assert "410" in shown["disabledWhy"]
    assert (await owner.http.post(f"{place}/test")).json()["code"] == "disabled"


async def test_nothing_is_lost_when_the_server_is_killed_and_the_receiver_away(tmp_path: Path) -> None:
    async with receiving() as away:
        port = away.port
    async with serving(tmp_path, COLLAB_WEBHOOKS_PRIVATE="true") as server:
        async with await server.http("ada") as http:
            made = await http.post(
                "/api/webhooks", json={"url": f"http://127.0.0.1:{port}/hook", "types": ["execution.finished"]}
            )
            ran = (await http.post("/api/executions", json=RUN)).json()
        await server.stop(signal.SIGKILL)
        async with receiving(port) as receiver:
            await server.start()
            told = await receiver.event("execution.finished", 70, executionId=ran["executionId"])
            assert told.is_signed_with(made.json()["secret"]), "the sealing key outlived the kill"


async def test_many_failed_logins_are_one_alert_that_a_webhook_and_an_admin_see(
    inside: Server, receiver: Receiver
) -> None:
    root = await account(inside, admin=True)
    made = await hook(root, receiver.url, ["security.alert"], scope="server")
    rule = {"kind": "login_failed", "threshold": 5, "windowS": 60, "quietS": 60}
    added = (await root.http.post("/api/admin/alert-rules", json=rule)).json()
    async with httpx.AsyncClient(base_url=inside.url, trust_env=False) as stranger:
        for index in range(12):
            await stranger.get("/api/me", headers={"authorization": f"Bearer ck_wrong{index}"})
    told = await receiver.event("security.alert", ruleId=added["id"])
    assert told.is_signed_with(made["secret"]) and told.event["data"]["count"] >= 5
    mine = [
        each
        for each in (await root.http.get("/api/admin/alerts?open=true")).json()["items"]
        if each["ruleId"] == added["id"]
    ]
    assert len(mine) == 1 and mine[0]["acknowledgedAt"] is None
    seen = await root.http.post(f"/api/admin/alerts/{mine[0]['id']}/acknowledge")
    assert seen.json()["acknowledgedBy"] == root.user_id
    assert (await root.http.delete(f"/api/admin/alert-rules/{added['id']}")).status_code == 204
    await root.http.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "https://", "ftp://example.com/", "https://user:secret@example.com/", "javascript:alert(1)",
    ],
)  # fmt: skip
async def test_a_url_that_is_none_for_a_webhook_is_refused_by_name(ada: Account, url: str) -> None:
    answer = await ada.http.post("/api/webhooks", json={"url": url, "types": ["webhook.test"]})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "url"


async def test_a_webhook_to_an_address_inside_is_never_connected_to(ada: Account, receiver: Receiver) -> None:
    for host in ("localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001"):
        answer = await ada.http.post(
            "/api/webhooks", json={"url": f"https://{host}:{receiver.port}/", "types": ["webhook.test"]}
        )
        assert answer.status_code == 201, host
        place = f"/api/webhooks/{answer.json()['id']}"
        await ada.http.post(f"{place}/test")
        error = None
        while error is None:
            (one,) = (await ada.http.get(f"{place}/deliveries")).json()["items"]
            error = one["error"]
        assert "not on the public internet" in error or "Name or service not known" in error, (host, error)
    assert receiver.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.9.9", "192.168.1.1", "127.0.0.1", "0.0.0.0", "169.254.169.254", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::5601:5601", "fd00:ec2::254", "nonsense",
    ],
)  # fmt: skip
async def test_an_address_that_is_not_of_the_public_internet_is_known_in_every_spelling(address: str) -> None:
    assert not is_public(address)


async def test_public_addresses_are_public() -> None:
    assert all(map(is_public, ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")))
