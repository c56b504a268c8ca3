"""Stretches of clocks by client, kept sorted and apart, as deletions are told.
What they stand for is not known here."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

Span = tuple[int, int, int]


class Spans:
    """`[start, end)` by client."""

    def __init__(self) -> None:
        self._of: dict[int, list[tuple[int, int]]] = {}

    def __bool__(self) -> bool:
        return bool(self._of)

    def add(self, client: int, start: int, end: int) -> None:
        if start >= end:
            return
        ranges = self._of.setdefault(client, [])
        first = last = bisect_left(ranges, (start,))
        if first and ranges[first - 1][1] >= start:
            first -= 1
        while last < len(ranges) and ranges[last][0] <= end:
            last += 1
        if first < last:
            start, end = min(start, ranges[first][0]), max(end, ranges[last - 1][1])
        ranges[first:last] = [(start, end)]

    def all(self) -> Iterator[Span]:
        return ((client, start, end) for client, ranges in self._of.items() for start, end in ranges)

    def without(self, spans: Iterable[Span]) -> Iterator[Span]:
        """What of `spans` is not in here."""
        for client, start, end in spans:
            ranges = self._of.get(client, [])
            at = max(0, bisect_left(ranges, (start,)) - 1)
            while at < len(ranges) and ranges[at][0] < end and start < end:
                if ranges[at][1] > start:
                    if ranges[at][0] > start:
                        yield client, start, ranges[at][0]
                    start = ranges[at][1]
                at += 1
            if start < end:
                yield client, start, end
