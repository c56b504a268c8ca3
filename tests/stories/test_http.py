"""Promises of HTTP itself, the same for every resource: methods, forms, what is wrong with a request, and requests that are repeated."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import jsonschema
import pytest

from tests.stories.conftest import Account
from tests.support.patience import SOON_S
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

RUN = {"language": "javascript", "code": "return 1"}


def key(name: str, **more: str) -> dict[str, str]:
    return {"idempotency-key": name, **more}


async def test_head_is_get_without_its_content_and_other_methods_are_named(server: Server, ada: Account) -> None:
    session = await ada.session(main_js="return 1")
    place = f"/api/sessions/{session['id']}"
    for path in (place, "/healthz", "/", "/api/executions"):
        whole, head = await ada.http.get(path), await ada.http.head(path)
        assert (head.status_code, head.content) == (whole.status_code, b""), path
        assert head.headers["content-length"] == whole.headers["content-length"]
        assert head.headers.get("etag") == whole.headers.get("etag")
    assert (await ada.http.head("/api/sessions/nowhere")).status_code == 404
    taken = "GET, HEAD, PATCH, DELETE, OPTIONS"
    options, refused = await ada.http.options(place), await ada.http.put(place, json={})
    assert (options.status_code, options.headers["allow"]) == (204, taken)
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert refused.headers["allow"] == taken and taken in refused.json()["detail"]
    # Signing in is no reading: who only looks uses nothing up.
    assert (await ada.http.head("/login?token=x")).status_code == 405
    plain = await ada.http.get(f"/ws/{session['id']}")
    assert (plain.status_code, plain.headers["upgrade"]) == (426, "websocket")
    root = await server.token("root", admin=True)
    async with httpx.AsyncClient(
        base_url=server.url, headers={"authorization": f"Bearer {root}"}, trust_env=False
    ) as http:
        wrong = await http.put("/api/admin/alert-rules", json={})
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
        for unknown in ("/api/admin/nothing", "/api/admin/executions/nothing/findings"):
            assert (await http.get(unknown)).json()["code"] == "not_found"


async def test_head_of_a_stream_ends_with_its_head(ada: Account) -> None:
    endless = RUN | {"code": "await new Promise(() => setInterval(() => {}, 1000))", "timeout": 60_000}
    run = (await ada.http.post("/api/executions", json=endless, headers={"prefer": "Respond-Async"})).json()
    async with asyncio.timeout(SOON_S):
        head = await ada.http.head(f"/api/executions/{run['executionId']}/events")
        # The same connection answers on.
        ended = await ada.http.post(f"/api/executions/{run['executionId']}/cancel")
    assert head.headers["content-type"].startswith("text/event-stream") and ended.json()["cancelled"]


async def test_a_body_that_is_not_json_is_told_so(ada: Account) -> None:
    form = await ada.http.post("/api/sessions", content=b'{"name": "x"}', headers={"content-type": "text/plain"})
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")
    assert "application/json" in form.json()["detail"]
    for body, field in (
        (b"{", "body"),
        (b"", "body"),
        (b"[1]", "body"),
        (b'{"name": "\xff"}', "body"),
        (b"[" * 100_000, "body"),
        (b'{"name": "x", "environment": {"y": 1' + b"0" * 5000 + b"}}", "body"),
        (b'{"name": "x", "environment": {"y": NaN}}', "environment.y"),
    ):
        answer = await ada.http.post("/api/sessions", content=body, headers={"content-type": "application/json"})
        told = answer.json()
        assert (answer.status_code, told["code"], told["errors"][0]["field"]) == (422, "invalid", field), answer.text


async def test_a_run_that_cannot_be_names_the_field_that_is_wrong(ada: Account) -> None:
    session = await ada.session(main_js="return 1", empty_js="")
    for wrong, field in (
        ({"language": "klingon"}, "language"),
        ({"code": " "}, "code"),
        ({"tier": "gold"}, "tier"),
        ({"ifVersion": 1}, "ifVersion"),
        ({"persistEnvironment": True}, "persistEnvironment"),
        ({"context": {"x": [float("inf")]}}, "context.x.0"),
    ):
        content = str(RUN | wrong).replace("'", '"').replace("True", "true").replace("inf", "Infinity")
        answer = await ada.http.post("/api/executions", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text
    place = f"/api/sessions/{session['id']}/executions"
    assert (await ada.http.post(place, json={"entry": "empty.js"})).json()["errors"][0]["field"] == "entry"
    stale = await ada.http.post(place, json={"entry": "main.js", "ifVersion": session["version"] + 1})
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (409, "stale", session["version"])


async def test_a_module_that_the_request_itself_left_out_is_told_so(ada: Account) -> None:
    for body in (
        {"language": "javascript", "code": "return require('path')", "allowedModules": []},
        {"language": "javascript", "code": "return require('path')", "allowedModules": ["fs"]},
        {"language": "shell", "code": "gzip --help", "allowedModules": ["stream"]},
    ):
        ended = (await ada.http.post("/api/executions", json=body)).json()
        assert not ended["success"]
        told = f"{ended['stderr']}{ended['error']['message']}"
        assert "it is not among this run's allowed modules" in told and "allows it" not in told, ended


async def test_a_run_that_failed_says_why_also_when_the_program_ended_itself(ada: Account) -> None:
    ended = (await ada.http.post("/api/executions", json={"language": "shell", "code": "echo x; exit 3"})).json()
    assert (ended["success"], ended["stdout"]) == (False, "x\n")
    assert ended["error"] == {"type": "exit", "message": "ended with exit code 3", "stack": ""}


async def test_a_repeated_request_gets_the_same_answer_with_its_headers(ada: Account) -> None:
    session = await ada.session(main_js="return 1")
    place = f"/api/sessions/{session['id']}"
    kept = ("location", "etag", "preference-applied")
    for name, path, body, more in (
        ("file", f"{place}/files", {"name": "a.txt"}, {}),
        ("version", f"{place}/versions", {"name": "first"}, {}),
        ("run", "/api/executions", RUN, {"prefer": "respond-async"}),
    ):
        first, second = [await ada.http.post(path, json=body, headers=key(name, **more)) for _ in range(2)]
        assert second.headers["idempotent-replayed"] == "true" and second.json() == first.json()
        assert [second.headers.get(each) for each in kept] == [first.headers.get(each) for each in kept]
        assert (await ada.http.get(first.headers["location"])).status_code == 200
    assert (await ada.http.post("/api/executions", json=RUN, headers=key(""))).status_code == 422


async def test_a_key_is_for_one_request_also_when_its_answer_is_a_stream(ada: Account) -> None:
    events = key("a stream", accept="text/event-stream")
    first = (await ada.http.post("/api/executions", json=RUN, headers=events)).text
    assert (await ada.http.post("/api/executions", json=RUN, headers=events)).text == first
    # Asked in another form it is the same run, and with another body none.
    result = (await ada.http.post("/api/executions", json=RUN, headers=key("a stream"))).json()
    assert result["result"] == 1 and result["executionId"] in first
    for headers in (events, key("a stream")):
        other = await ada.http.post("/api/executions", json=RUN | {"code": "return 2"}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    # What was refused has not used its key up.
    refused = await ada.http.post("/api/executions", json=RUN | {"tier": "gold"}, headers=key("later", **events))
    assert refused.status_code == 422
    assert (await ada.http.post("/api/executions", json=RUN, headers=key("later"))).json()["result"] == 1


async def test_usage_is_asked_for_by_days_which_are_whole(ada: Account) -> None:
    run = (await ada.http.post("/api/executions", json=RUN)).json()
    # The day in which the run ended, whatever day it is when the test ends.
    day = (await ada.http.get(f"/api/executions/{run['executionId']}")).json()["finishedAt"][:10]
    for range_ in ({"from": day, "to": day}, {"from": f"{day}T00:00:00Z"}, {"to": day}):
        used = (await ada.http.get("/api/usage", params=range_)).json()
        assert used["total"]["executions"] == 1, range_
    for range_ in ({"to": "2026-01-01"}, {"from": "9999-12-31", "to": "9999-12-31"}):
        assert (await ada.http.get("/api/usage", params=range_)).json()["total"]["executions"] == 0, range_
    assert (await ada.http.get("/api/usage?from=2026-02-30")).json()["errors"][0]["field"] == "from"


async def test_a_key_that_would_have_run_out_is_not_made(ada: Account) -> None:
    refused = await ada.http.post("/api/me/tokens", json={"expiresAt": "2001-01-01T00:00:00Z"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "expiresAt")


async def test_the_description_says_what_is_answered(ada: Account) -> None:
    described = (await ada.http.get("/openapi.json")).json()

    def shape(path: str, method: str, status: str, kind: str = "application/json") -> dict[str, Any]:
        content = described["paths"][path][method]["responses"][status]["content"]
        assert kind in content, (path, list(content))
        return {**content[kind]["schema"], "components": described["components"]}

    session = await ada.session(main_js="return 1")
    place, file_id = f"/api/sessions/{session['id']}", session["files"][0]["id"]
    of_file = "/api/sessions/{session_id}/files/{file_id}"
    file = await ada.http.get(f"{place}/files/{file_id}")
    jsonschema.validate(file.json(), shape(of_file, "get", "200"))
    begun = await ada.http.post("/api/executions", json=RUN, headers={"prefer": "respond-async"})
    jsonschema.validate(begun.json(), shape("/api/executions", "post", "202"))
    shape("/api/executions", "post", "200", "text/event-stream")
    stale = await ada.http.put(f"{place}/files/{file_id}", json={"content": ""}, headers={"if-match": '"99"'})
    jsonschema.validate(stale.json(), shape(of_file, "put", "412", "application/problem+json"))
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            for status in [status for status in answers if status == "default" or status >= "400"]:
                if "content" in answers[status]:
                    assert list(answers[status]["content"]) == ["application/problem+json"], (method, path, status)
            assert "default" in answers, (method, path)
