"""What all routes share: who asks, the services, problem details, and doing a repeated request once.

No route and no rule of its own stands here.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from collab_server import ids
from collab_server.caller import REQUEST
from collab_server.errors import Invalid, Problem
from collab_server.principal import Principal
from collab_server.requests import SAFE_METHODS, check_origin, credentials
from collab_server.sealing import Unsealable, place_of_answer
from collab_server.services import Services
from collab_server.shapes.base import number
from collab_server.tables import idempotency
from executor.months import HOUR_MS

IDEMPOTENCY_KEY_CHARS_MAX = 255
IDEMPOTENCY_HOURS = 24
# Longer than another node takes for anything that is not a run; then it is held to be gone.
ELSEWHERE_WAIT_S = 10.0
ELSEWHERE_POLL_S = 0.1
# Those of an answer that belong to what it says; the others are of the moment.
KEPT_HEADERS = frozenset({"location", "etag", "preference-applied"})


class FieldFault(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details; `code` is stable and for programs. Some codes have further members."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    requestId: str | None = None  # noqa: N815
    errors: list[FieldFault] | None = None
    retryAfter: float | None = None  # noqa: N815


PROBLEM_TYPE = "application/problem+json"
# What the description says of every call; `docs.finish` gives them their media type, and calls with a precondition one more.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemDetails, "description": text}
    for status, text in (
        (401, "No valid token"),
        (403, "Not allowed"),
        (404, "Not there, or not yours to know of"),
        (409, "Conflict"),
        (422, "Invalid input"),
        (429, "A limit is reached"),
        ("default", "Any other refusal"),
    )
}


class Json(Response):
    """JSON by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def problem_response(problem: Problem, instance: str | None = None) -> Response:
    """A problem as a response, with the headers that belong to its status."""
    headers = {}
    if problem.status == 401:
        headers["www-authenticate"] = 'Bearer realm="collab-server"'
    if (after := problem.extra.get("retryAfter")) is not None:
        headers["retry-after"] = headers["ratelimit-reset"] = str(max(1, math.ceil(after)))
        headers["ratelimit-remaining"] = "0"
    body = problem.body(instance)
    if request_id := REQUEST.get():
        # In the body, too: it is what people copy when they ask what went wrong.
        headers["x-request-id"] = body["requestId"] = request_id
    return Response(orjson.dumps(body), problem.status, headers, PROBLEM_TYPE)


def services_of(request: Request) -> Services:
    """The node's services."""
    services: Services = request.app.state.services
    return services


async def principal_of(request: Request) -> Principal:
    """Who asks; a change that comes with the browser's cookie must come from our own pages."""
    services = services_of(request)
    token, via = credentials(request)
    if via == "cookie" and request.method not in SAFE_METHODS:
        check_origin(request, services.settings)
    principal = await services.identity.authenticate(token, via)
    request.state.principal = principal
    return principal


Asker = Annotated[Principal, Depends(principal_of)]
Node = Annotated[Services, Depends(services_of)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=IDEMPOTENCY_KEY_CHARS_MAX,
        description="Repeat a request safely: the same key does it once and answers the same.",
    ),
]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The version (ETag) that the change is based on.")]


def version_of(if_match: str | None) -> int | None:
    """The session version in an `If-Match` header."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if (version := number(text)) is None:
        raise Invalid('must be a version as the ETag gives it, like "12"', name="If-Match")
    return version


def etag(version: int) -> dict[str, str]:
    """The ETag header of something at a version."""
    return {"etag": f'"{version}"'}


def derived_id(principal: Principal, key: str | None) -> str | None:
    """The id of what a request with this idempotency key makes; None without a key."""
    return None if key is None else ids.derived_id(principal.user_id, key)


class Once:
    """Requests under way on this node by (user, idempotency key)."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, str], asyncio.Task[Response]] = {}

    async def do(
        self,
        request: Request,
        principal: Principal,
        key: str | None,
        work: Callable[[], Awaitable[Response]],
        wait_s: float,
    ) -> Response:
        """The answer of `work`, which runs once per key; a repetition gets the same answer, another body under the key is refused."""
        if key is None:
            return await work()
        fingerprint = await _fingerprint(request)
        slot = (principal.user_id, key)
        task = self._under_way.get(slot)
        if task is None:
            task = asyncio.create_task(self._do(services_of(request), slot, fingerprint, work, wait_s))
            self._under_way[slot] = task
            task.add_done_callback(lambda _: self._under_way.pop(slot, None))
            return await asyncio.shield(task)
        await asyncio.wait({task})
        return await self._do(services_of(request), slot, fingerprint, work, wait_s)

    async def _do(
        self,
        services: Services,
        slot: tuple[str, str],
        fingerprint: str,
        work: Callable[[], Awaitable[Response]],
        wait_s: float,
    ) -> Response:
        # Sealed, because an answer may hold a key or a link that is shown this once.
        place = place_of_answer(*slot)
        async with self._claimed(services, slot, fingerprint, wait_s) as row:
            if row is not None and row["status"] is not None:
                with suppress(Unsealable):
                    headers = orjson.loads(row["headers"] or "{}") | {"idempotent-replayed": "true"}
                    body = services.sealer.open(row["body"], place)
                    return Response(body, row["status"], headers, "application/json")
            # Begun before a crash, or on another node: the derived id makes the work find what is there already; what has none
            # has been waited for.
            response = await work()
        kept = {name: value for name, value in response.headers.items() if name in KEPT_HEADERS}
        async with services.engine.begin() as connection:
            await connection.execute(
                update(idempotency)
                .where(_of(slot))
                .values(
                    status=response.status_code,
                    headers=orjson.dumps(kept).decode(),
                    body=services.sealer.seal(bytes(response.body), place),
                )
            )
        return response

    async def begin(
        self, request: Request, principal: Principal, key: str | None, work: Callable[[], Awaitable[str]]
    ) -> str:
        """The id of what `work` begins, for an answer that is not kept; another body under the key is refused here, too."""
        if key is None:
            return await work()
        fingerprint = await _fingerprint(request)
        async with self._claimed(services_of(request), (principal.user_id, key), fingerprint):
            return await work()

    @asynccontextmanager
    async def _claimed(
        self, services: Services, slot: tuple[str, str], fingerprint: str, wait_s: float = 0
    ) -> AsyncIterator[RowMapping | None]:
        """What is kept under the key, if it was used before; what is refused in here does not use it up."""
        row = await self._row(services, slot, fingerprint, wait_s)
        if row is not None and row["fingerprint"] != fingerprint:
            raise Invalid("this key was used for another request", name="Idempotency-Key", code="idempotency_mismatch")
        try:
            yield row
        except BaseException:
            async with services.engine.begin() as connection:
                await connection.execute(delete(idempotency).where(_of(slot)))
            raise

    async def _row(
        self, services: Services, slot: tuple[str, str], fingerprint: str, wait_s: float
    ) -> RowMapping | None:
        now_ms = int(time.time() * 1000)
        try:
            async with services.engine.begin() as connection:
                await connection.execute(
                    delete(idempotency).where(idempotency.c.created_at < now_ms - IDEMPOTENCY_HOURS * HOUR_MS)
                )
                await connection.execute(
                    insert(idempotency).values(user_id=slot[0], key=slot[1], fingerprint=fingerprint, created_at=now_ms)
                )
        except IntegrityError:
            return await self._used(services, slot, wait_s)
        return None

    async def _used(self, services: Services, slot: tuple[str, str], wait_s: float) -> RowMapping | None:
        """What is kept under a key that was used; while another node is at it, it is waited for so long."""
        until = time.monotonic() + wait_s
        while True:
            async with services.engine.connect() as connection:
                row = (await connection.execute(select(idempotency).where(_of(slot)))).mappings().first()
            if row is None or row["status"] is not None or time.monotonic() >= until:
                return row
            await asyncio.sleep(ELSEWHERE_POLL_S)


def _of(slot: tuple[str, str]) -> ColumnElement[bool]:
    return (idempotency.c.user_id == slot[0]) & (idempotency.c.key == slot[1])


async def _fingerprint(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    what = f"{request.method} {request.url.path}{query}\0".encode()
    return hashlib.sha256(what + await request.body()).hexdigest()


async def once(
    request: Request,
    principal: Principal,
    key: str | None,
    work: Callable[[], Awaitable[Response]],
    *,
    alone: bool = False,
) -> Response:
    """`Once.do` of this application. `alone`: what `work` makes has no id that is derived from the key, so that doing it beside
    another node would do it twice."""
    keeper: Once = request.app.state.once
    return await keeper.do(request, principal, key, work, ELSEWHERE_WAIT_S if alone else 0)


async def begun(request: Request, principal: Principal, key: str | None, work: Callable[[], Awaitable[str]]) -> str:
    """`Once.begin` of this application."""
    keeper: Once = request.app.state.once
    return await keeper.begin(request, principal, key, work)
