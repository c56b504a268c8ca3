"""One HTTP/1.1 conversation with a Worker, in both directions at once, over TCP, TLS or a unix socket.

Bytes become lines here under limits; what the lines mean is never looked at.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import h11

from executor.authorities import trusted

READ_BYTES = 65_536
NDJSON = "application/x-ndjson"

FaultKind = Literal["unreachable", "refused", "cut", "protocol", "no_process", "died", "busy"]


class PlatformFault(Exception):
    """The platform failed, not the program: such a run is free. `code` is the Worker's own when it refused."""

    def __init__(self, kind: FaultKind, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.code = code


@dataclass(frozen=True)
class Address:
    """Where a Worker listens: a unix socket's path, or a host and port with or without TLS."""

    host: str
    port: int = 0
    path: str | None = None
    tls: bool = False
    base: str = ""

    @staticmethod
    def of_url(url: str) -> "Address":
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the Worker's URL must be http or https: {url!r}")
        tls = parts.scheme == "https"
        return Address(parts.hostname, parts.port or (443 if tls else 80), None, tls, parts.path.rstrip("/"))


class Connection:
    def __init__(self, address: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._address = address
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)

    @staticmethod
    async def open(address: Address, timeout_s: float) -> "Connection":
        try:
            async with asyncio.timeout(timeout_s):
                if address.path is not None:
                    reader, writer = await asyncio.open_unix_connection(address.path)
                else:
                    context = trusted() if address.tls else None
                    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
        except (OSError, TimeoutError) as error:
            raise PlatformFault("unreachable", f"the Worker cannot be reached: {error or 'no answer'}") from error
        return Connection(address, reader, writer)

    async def send(
        self,
        method: str,
        path: str,
        secret: str,
        body: bytes,
        *,
        keep_open: bool = False,
        more: Mapping[str, str] | None = None,
    ) -> None:
        """The request's head and first bytes; with `keep_open` the body goes on until `end_body`."""
        host = self._address.host if self._address.path is None else "localhost"
        headers = [("Host", host), ("Authorization", f"Bearer {secret}"), ("Content-Type", NDJSON)]
        headers.extend((more or {}).items())
        headers.append(("Transfer-Encoding", "chunked") if body or keep_open else ("Content-Length", "0"))
        data = self._emit(h11.Request(method=method, target=self._address.base + path, headers=headers))
        if body:
            data += self._emit(h11.Data(body))
        if not keep_open:
            data += self._emit(h11.EndOfMessage())
        await self._write(data)

    async def send_more(self, data: bytes) -> None:
        await self._write(self._emit(h11.Data(data)))

    async def end_body(self) -> None:
        await self._write(self._emit(h11.EndOfMessage()))

    async def status(self) -> int:
        while True:
            event = await self._event()
            if isinstance(event, h11.Response):
                return event.status_code

    async def chunks(self) -> AsyncIterator[bytes]:
        """The response's body as it comes; a body that stops before its end is a fault."""
        while True:
            event = await self._event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return

    async def lines(self, line_bytes_max: int) -> AsyncIterator[bytes]:
        parts: list[bytes] = []
        pending_bytes = 0
        async for chunk in self.chunks():
            head, *rest = chunk.split(b"\n")
            parts.append(head)
            pending_bytes += len(head)
            if pending_bytes > line_bytes_max:
                raise PlatformFault("protocol", f"the Worker sent a line of more than {line_bytes_max} bytes")
            if not rest:
                continue
            yield b"".join(parts)
            for line in rest[:-1]:
                yield line
            parts = [rest[-1]]
            pending_bytes = len(rest[-1])
        if pending_bytes:
            yield b"".join(parts)

    async def body(self, body_bytes_max: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            parts.append(chunk)
            size += len(chunk)
            if size > body_bytes_max:
                break
        return b"".join(parts)[:body_bytes_max]

    def close(self) -> None:
        # Not a polite goodbye: the Worker must notice at once that nobody listens any more.
        self._writer.transport.abort()

    def _emit(self, event: h11.Event) -> bytes:
        try:
            return self._http.send(event) or b""
        except h11.LocalProtocolError as error:
            raise PlatformFault("protocol", f"the conversation with the Worker is over: {error}") from error

    async def _write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise PlatformFault("cut", f"the Worker hung up: {error}") from error

    async def _event(self) -> h11.Event | type[h11.PAUSED]:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(READ_BYTES))
        except h11.RemoteProtocolError as error:
            kind: FaultKind = "cut" if self._reader.at_eof() else "protocol"
            raise PlatformFault(kind, f"the Worker's answer is broken: {error}") from error
        except OSError as error:
            raise PlatformFault("cut", f"the Worker hung up: {error}") from error
        if isinstance(event, h11.ConnectionClosed):
            raise PlatformFault("cut", "the Worker hung up before the answer was whole")
        assert not isinstance(event, type) or event is h11.PAUSED
        return event
