"""How long to wait before the next attempt: twice as long each time, shaken so that many clients do not come back at once."""

from __future__ import annotations

import random

from collab_server.client.limits import Limits


class Backoff:
    """The delays of one series of attempts."""

    def __init__(self, limits: Limits) -> None:
        self._first_s = limits.backoff_first_s
        self._max_s = limits.backoff_max_s
        self._whole_s = self._first_s

    def next_s(self) -> float:
        """The next delay: between half and all of a time that doubles up to its bound."""
        whole_s = self._whole_s
        self._whole_s = min(2 * whole_s, self._max_s)
        return whole_s * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret

    def reset(self) -> None:
        """The next failure is a first one again."""
        self._whole_s = self._first_s
