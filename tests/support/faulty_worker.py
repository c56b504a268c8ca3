"""A small real HTTP server that behaves as no Worker should: it is the fault itself, not a stand-in for the Worker.

Each path prefix names one misbehaviour; the request is read just as far as the fault allows.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"

Fault = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def line(value: Any) -> bytes:
    return chunk(json.dumps(value).encode() + b"\n")


def output(n: int, text: str) -> bytes:
    return line({"n": n, "type": "output", "stream": "stdout", "level": "log", "text": text})


def finished(n: int, **more: Any) -> bytes:
    return line({"n": n, "type": "finished", "exitCode": 0, "artifacts": [], **more})


@asynccontextmanager
async def faulty_worker(fault: Fault) -> AsyncIterator[str]:
    """Answers every request with `fault` after its head; yields the URL."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await fault(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(list(tasks))


def say(*parts: bytes, then_hang: bool = False) -> Fault:
    """Sends exactly these bytes, then hangs up or says nothing more."""

    async def fault(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        if then_hang:
            await reader.read(-1)

    return fault


def answer(status: str, body: bytes = b"") -> Fault:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return say(head + body)
