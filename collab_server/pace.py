"""How often each account may ask for something that costs this node a moment: a token bucket for each, in a table of bounded size.

What runs cost and who pays for them is payers.py's; failed sign-ins are guesses.py's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from collab_server.errors import TooMany

ACCOUNTS_MAX = 10_000
MINUTE_S = 60.0


class Pace:
    """`per_minute` may come at once, then one more each `60 / per_minute` seconds."""

    def __init__(self, what: str, per_minute: int, *, now: Callable[[], float]) -> None:
        self._what = what
        self._per_minute = per_minute
        self._now = now
        # account → when its bucket is full again.
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, account: str) -> None:
        """One more, or TooMany."""
        now = self._now()
        # Never further ahead than a minute: a clock that was set back locks nobody out.
        known = min(max(self._full_at.get(account, now), now), now + MINUTE_S)
        full_at = known + MINUTE_S / self._per_minute
        allowed = full_at <= now + MINUTE_S + 1e-6
        self._full_at[account] = full_at if allowed else known
        self._full_at.move_to_end(account)
        if not allowed:
            message = f"at most {self._per_minute} {self._what} a minute; try again in a moment"
            raise TooMany(message, retry_after_s=round(full_at - now - MINUTE_S, 3))
        if len(self._full_at) > ACCOUNTS_MAX:
            self._full_at.popitem(last=False)
