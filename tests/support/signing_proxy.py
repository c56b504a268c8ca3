"""A way to a server for clients that cannot be told a token: every request that passes carries one.
What is said otherwise is passed on as it is, Host and Origin too."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

REQUEST_LINE = re.compile(rb"^(GET|POST|DELETE) [^ ]+ HTTP/1\.1\r\n")


@asynccontextmanager
async def signing(target_port: int, token: str) -> AsyncIterator[int]:
    """The port of a proxy to `target_port` of this machine."""
    signature = f"authorization: Bearer {token}\r\n".encode()
    tasks: set[asyncio.Task[None]] = set()

    async def there(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                head = await source.readuntil(b"\r\n\r\n")
                assert REQUEST_LINE.match(head), head
                sink.write(REQUEST_LINE.sub(lambda line: line.group() + signature, head))
                if length := re.search(rb"(?i)\r\ncontent-length: *(\d+)", head):
                    sink.write(await source.readexactly(int(length.group(1))))
        sink.close()

    async def back(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await source.read(65536):
                sink.write(piece)
        sink.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target_port)
        for one in (there(reader, far_writer), back(far_reader, writer)):
            task = asyncio.create_task(one)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
