"""The public keys of an outside identity provider (RFC 7517): fetched, kept, fetched again when one is missing.

What a token claims is claims.py's; nothing here reads a token but its header.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import httpx
import jwt

from executor.authorities import trusted

logger = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "ES256", "EdDSA")
FRESH_S = 300.0
# A stranger who makes up key ids causes no more than one request in this time.
MISSING_S = 10.0
# While the provider is away its keys go on holding for so long.
KEPT_S = 24 * 3600.0
ANSWER_S = 5.0
BODY_BYTES_MAX = 2**20
KEYS_MAX = 100


class UnknownKey(Exception):
    """No key of the provider has this id."""


class Jwks:
    """The keys by id. One request at a time; who waits meanwhile gets its outcome."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = -KEPT_S
        self._asked_at = -KEPT_S
        self._asking: asyncio.Task[None] | None = None

    async def key_of(self, token: str) -> jwt.PyJWK:
        """The key that the token says it was signed with; raises UnknownKey, or PyJWTError for a header that is none."""
        header = jwt.get_unverified_header(token)
        key_id = header.get("kid", "")
        age_s = self._clock() - self._fetched_at
        if not isinstance(key_id, str):
            raise UnknownKey
        if age_s > KEPT_S or key_id not in self._keys:
            await self._ask()
        elif age_s > FRESH_S:
            # The key that is known serves this request; whether it still holds is asked beside it.
            self._begin()
        key = self._keys.get(key_id)
        if key is None or self._clock() - self._fetched_at > KEPT_S or key.algorithm_name != header.get("alg"):
            raise UnknownKey
        return key

    async def _ask(self) -> None:
        task = self._begin()
        if task is not None:
            await asyncio.shield(task)

    def _begin(self) -> asyncio.Task[None] | None:
        if self._asking is None and self._clock() - self._asked_at >= MISSING_S:
            self._asked_at = self._clock()
            self._asking = asyncio.create_task(self._fetch())
            self._asking.add_done_callback(self._done)
        return self._asking

    def _done(self, _: asyncio.Task[None]) -> None:
        self._asking = None

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_S), httpx.AsyncClient(timeout=ANSWER_S, verify=trusted()) as http:
                answer = (await http.get(self._url)).raise_for_status()
            if len(answer.content) > BODY_BYTES_MAX:
                raise ValueError(f"more than {BODY_BYTES_MAX} bytes")
            self._keys = _usable(answer.json()["keys"])
            self._fetched_at = self._clock()
        except (httpx.HTTPError, TimeoutError, ValueError, LookupError, TypeError, AttributeError) as error:
            logger.warning(
                "the keys at COLLAB_JWKS_URL could not be read (%s); those known go on", type(error).__name__
            )


def _usable(keys: list[dict[str, object]]) -> dict[str, jwt.PyJWK]:
    """Those that sign, in algorithms that we take; one that cannot be read does not hide the others."""
    found = {}
    for data in keys[:KEYS_MAX]:
        try:
            key = jwt.PyJWK(data)
        except jwt.PyJWTError:
            continue
        if key.algorithm_name in ALGORITHMS and key.public_key_use in (None, "sig"):
            found[key.key_id or ""] = key
    return found
