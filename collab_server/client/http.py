"""REST requests: signed in, tried again where that is safe, and errors as exceptions.

Which request means what is not known here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx

from collab_server.client.backoff import Backoff
from collab_server.client.errors import Interrupted, TimedOut, Unreachable, of_response
from collab_server.client.limits import Limits
from executor.authorities import trusted

REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
# The server restarts, or a proxy does not reach it yet.
TRY_AGAIN = frozenset({503, 504})


class Http:
    """The requests of one client."""

    def __init__(self, url: str, token: str, limits: Limits, *, trust_env: bool) -> None:
        self.limits = limits
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(limits.request_s, connect=limits.connect_s),
            trust_env=trust_env,
            verify=trusted(),
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> httpx.Response:
        """A whole response. One that may be repeated is, until `retry_s` is over; others raise Interrupted in doubt."""
        request = self._client.build_request(
            method, path, json=json, content=content, params=params, headers=dict(headers or {})
        )
        return await self._send(request, repeatable, stream=False)

    async def stream(
        self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """A response whose body is still to come; the caller closes it."""
        request = self._client.build_request(method, path, json=json, headers=dict(headers or {}))
        return await self._send(request, None, stream=True)

    async def _send(self, request: httpx.Request, repeatable: bool | None, *, stream: bool) -> httpx.Response:
        if repeatable is None:
            repeatable = request.method in REPEATABLE or "idempotency-key" in request.headers
        until = time.monotonic() + self.limits.retry_s
        backoff = Backoff(self.limits)
        attempt = 0
        while True:
            attempt += 1
            delay_s = backoff.next_s()
            last = time.monotonic() + delay_s > until
            try:
                response = await self._client.send(request, stream=stream)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last:
                    raise Unreachable(f"{self._client.base_url} could not be reached: {error}") from error
            except httpx.TransportError as error:
                if not repeatable:
                    what = f"{request.method} {request.url.path}"
                    raise Interrupted(f"the connection was lost during {what}: {error!r}") from error
                if last:
                    timed_out = isinstance(error, httpx.TimeoutException)
                    raise (TimedOut if timed_out else Unreachable)(f"no answer from the server: {error!r}") from error
            else:
                gone = request.method == "DELETE" and attempt > 1 and response.status_code == 404
                if response.is_success or gone:
                    return response
                if not (repeatable and response.status_code in TRY_AGAIN) or last:
                    await response.aread()
                    raise of_response(response)
                await response.aclose()
            await asyncio.sleep(delay_s)
