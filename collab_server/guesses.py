"""Bounds how often an address may fail to sign in: a token bucket for each, in a table of bounded size.

It counts failures only; whether a token holds is identity.py's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from collab_server.caller import network
from collab_server.errors import TooMany

ADDRESSES_MAX = 10_000
KNOWN_MAX = 10_000


class Guesses:
    """`failures_per_minute` may fail at once, and so many more each minute; a token that held lately is never held up."""

    def __init__(self, failures_per_minute: int, *, now: Callable[[], float]) -> None:
        self._burst = float(failures_per_minute)
        self._per_second = failures_per_minute / 60
        self._now = now
        # address → (failures left, as of when); an address with a full bucket has no entry.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()

    def check(self, address: str, digest: str) -> None:
        """Raise TooMany when the address has used up its failures and the token did not hold lately."""
        left = self._now_left(network(address))
        if left < 1 and digest not in self._known:
            raise TooMany(
                "too many failed attempts to sign in from this address; try again later",
                retry_after_s=(1 - left) / self._per_second,
            )

    def failed(self, address: str) -> None:
        """One failure more."""
        key = network(address)
        self._left[key] = (max(0.0, self._now_left(key) - 1), self._now())
        self._left.move_to_end(key)
        if len(self._left) > ADDRESSES_MAX:
            self._left.popitem(last=False)

    def held(self, digest: str) -> None:
        """The token holds: whoever has it did not guess it."""
        self._known[digest] = None
        self._known.move_to_end(digest)
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)

    def forget(self, digest: str) -> None:
        """The token holds no more."""
        self._known.pop(digest, None)

    def _now_left(self, key: str) -> float:
        entry = self._left.get(key)
        if entry is None:
            return self._burst
        # A clock that was set back gives nothing and takes nothing.
        left = min(self._burst, entry[0] + max(0.0, self._now() - entry[1]) * self._per_second)
        if left >= self._burst:
            del self._left[key]
        return left
