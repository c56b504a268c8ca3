"""Server-Sent Events from the bytes of a response.

Lines end at a line feed only: JSON may hold U+2028 and its kin, which `str.splitlines` would cut at.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator


class TooLong(ValueError):
    """An event has more bytes than is allowed."""


async def events(chunks: AsyncIterable[bytes], event_bytes_max: int) -> AsyncIterator[tuple[int, bytes]]:
    """(id, data) of each event; an event without data is none (HTML Living Standard §9.2.6)."""
    pending, data, size, last_id = b"", [], 0, 0
    async for chunk in chunks:
        *lines, pending = (pending + chunk).split(b"\n")
        if len(pending) + size > event_bytes_max:
            raise TooLong(f"an event has more than {event_bytes_max} bytes")
        for line in lines:
            field, _, value = line.removesuffix(b"\r").partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                data.append(value)
                size += len(value)
            elif field == b"id" and value.isdigit():
                last_id = int(value)
            elif not line.strip() and data:
                yield last_id, b"\n".join(data)
                data, size = [], 0
