"""What the rooms of a node count as they work: plain numbers, because they are on the way of every keystroke.
How they are shown, and to whom, is never known here."""

from __future__ import annotations

from bisect import bisect_left

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Timings:
    """How often something took how long; `counts` has one place more than `bounds_s`, for what took longer than all."""

    __slots__ = ("bounds_s", "counts", "sum_s")

    def __init__(self, bounds_s: tuple[float, ...] = BOUNDS_S) -> None:
        self.bounds_s = bounds_s
        self.counts = [0] * (len(bounds_s) + 1)
        self.sum_s = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds_s, seconds)] += 1
        self.sum_s += seconds


class Meter:
    """Of all rooms of a node together."""

    __slots__ = ("changes", "changes_of_nodes", "fan_out", "frames_sent", "updates_received", "updates_refused")

    def __init__(self) -> None:
        self.updates_received = 0
        self.updates_refused = 0
        # What the updates of a turn became, and what came from other nodes.
        self.changes = 0
        self.changes_of_nodes = 0
        # One for each member that a change was written to.
        self.frames_sent = 0
        # From the first update of a turn being taken to the change being handed to the sockets of all members.
        self.fan_out = Timings()
