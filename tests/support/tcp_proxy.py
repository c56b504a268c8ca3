"""A TCP connection that a test can cut, stall and mend: what lies between two machines.
What is said over it is never looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

PIECE_BYTES = 65536
PIECES_MAX = 256


@dataclass
class TcpProxy:
    """Listens on `port` and passes on to `target_port` of this machine."""

    target_port: int
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    # How long everything is under way, in each direction; it takes nothing of what gets through in a second.
    delay_s: float = 0.0

    async def start(self) -> None:
        self._flowing.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Every connection is reset and new ones are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._open:
            writer.transport.abort()

    def stall(self) -> None:
        """Nothing gets through and nothing is closed, as when a cable is pulled."""
        self._flowing.clear()

    async def mend(self) -> None:
        """As if nothing had been; what was under way in a stall arrives late."""
        self._flowing.set()
        if self._server is None:
            await self.start()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pass(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(PIECES_MAX)

        async def deliver() -> None:
            while True:
                due, piece = await under_way.get()
                await asyncio.sleep(due - loop.time())
                await self._flowing.wait()
                if not piece:
                    return
                sink.write(piece)
                await sink.drain()

        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(deliver())
                ended = False
                while not ended:
                    piece = b""
                    with suppress(OSError):
                        piece = await source.read(PIECE_BYTES)
                    await under_way.put((loop.time() + self.delay_s, piece))
                    ended = not piece
        except* OSError:
            pass
        sink.transport.abort()
        self._open.discard(sink)

    async def close(self) -> None:
        await self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def proxied(target_port: int) -> AsyncIterator[TcpProxy]:
    proxy = TcpProxy(target_port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
