"""The WebSocket of one session, made anew whenever it is lost: questions and answers on the text lane, frames on the binary one.

What the messages mean is the session's part; it restores itself through `Peer.restore` each time the link is up again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from collab_server.client.backoff import Backoff
from collab_server.client.errors import (
    ClientError,
    Closed,
    Interrupted,
    Problem,
    TimedOut,
    Unreachable,
    of_close,
    of_members,
)
from collab_server.client.limits import Limits
from executor.authorities import trusted

PROTOCOL = websockets.Subprotocol("collab.v1")
OVERLOADED = 1013
Message = dict[str, Any]
Then = Callable[[list[Message]], None]


class Peer(Protocol):
    """Who uses a link; `hear` and `hear_frame` are called in the order in which the server sent."""

    def hear(self, message: Message) -> None: ...

    def hear_frame(self, frame: bytes) -> None: ...

    async def restore(self) -> None:
        """The link is up again: ask for what was missed. Questions of others wait until this is done."""

    def lost(self) -> None: ...

    def failed(self, error: ClientError) -> None: ...


@dataclass
class _Waiting:
    kind: str
    answer: asyncio.Future[Message]
    then: Then | None
    replayed: list[Message] = field(default_factory=list)


class Link:
    """`open` it, `ask` on it, `close` it."""

    def __init__(self, url: str, token: str, peer: Peer, limits: Limits, *, trust_env: bool) -> None:
        self.ready = False
        self._url = url
        self._token = token
        self._peer = peer
        self._limits = limits
        self._trust_env = trust_env
        self._socket: ClientConnection | None = None
        self._waiting: dict[str, _Waiting] = {}
        self._next_id = 0
        self._outbox: deque[str | bytes] = deque()
        self._outbox_bytes = 0
        self._to_write = asyncio.Event()
        self._turn = asyncio.Event()
        self._error: ClientError | None = None
        self._last_fault: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect for the first time; raises what is wrong after `connect_s`."""
        self._task = asyncio.create_task(self._stay())
        try:
            async with asyncio.timeout(self._limits.connect_s):
                await self.until_ready()
        except TimeoutError:
            await self.close()
            raise Unreachable(f"{self._url} could not be reached: {self._last_fault}") from self._last_fault
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """No connection and no task is left behind."""
        self._fail(Closed("the session was closed"))
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def until_ready(self) -> None:
        """Returns when the link is up and restored; raises what is permanently wrong."""
        while not self.ready:
            if self._error is not None:
                raise self._error
            await self._turn.wait()

    async def ask(
        self,
        kind: str,
        fields: Message | None = None,
        *,
        repeat: bool = True,
        then: Then | None = None,
        patient: bool = False,
    ) -> Message:
        """The answer to a question. Asked again after a lost connection, or, without `repeat`, Interrupted is raised.

        `then` is called with the replayed events at once when the answer comes, before anything that the server said later.
        """
        try:
            async with asyncio.timeout(None if patient else self._limits.answer_s):
                while True:
                    await self.until_ready()
                    try:
                        return await self.ask_now(kind, fields, then)
                    except Interrupted:
                        if not repeat:
                            raise
        except TimeoutError as error:
            raise TimedOut(f"no answer to `{kind}` within {self._limits.answer_s:g} s") from error

    async def ask_now(self, kind: str, fields: Message | None = None, then: Then | None = None) -> Message:
        """The same on the present connection only, restored or not."""
        if self._socket is None:
            raise Interrupted("the connection is lost")
        self._next_id += 1
        message_id = str(self._next_id)
        waiting = _Waiting(kind, asyncio.get_running_loop().create_future(), then)
        self._waiting[message_id] = waiting
        try:
            self.post(json.dumps({**(fields or {}), "type": kind, "id": message_id}))
            return await waiting.answer
        finally:
            self._waiting.pop(message_id, None)

    def post(self, frame: str | bytes) -> None:
        """Send in order, without waiting; nothing happens while there is no connection."""
        if self._socket is None:
            return
        self._outbox.append(frame)
        self._outbox_bytes += len(frame)
        self._to_write.set()

    # -- one connection after the other --------------------------------------------------------------------------

    async def _stay(self) -> None:
        backoff = Backoff(self._limits)
        while self._error is None:
            delay_s = 0.0
            try:
                async with websockets.connect(
                    self._url,
                    additional_headers={"authorization": f"Bearer {self._token}"},
                    subprotocols=[PROTOCOL],
                    max_size=self._limits.frame_bytes_max,
                    open_timeout=self._limits.connect_s,
                    ping_interval=self._limits.silence_s / 2,
                    ping_timeout=self._limits.silence_s / 2,
                    close_timeout=1,
                    proxy=True if self._trust_env else None,
                    ssl=trusted() if self._url.startswith("wss:") else None,
                ) as socket:
                    await self._serve(socket, backoff)
                if socket.close_code == OVERLOADED:
                    delay_s = self._limits.overloaded_s
                if (problem := of_close(socket.close_code, socket.close_reason or "")) is not None:
                    self._fail(problem)
                    return
                self._last_fault = ConnectionError(f"closed with {socket.close_code} {socket.close_reason}")
            except InvalidStatus as error:
                status = error.response.status_code
                if 400 <= status < 500 and status not in (408, 425, 429):
                    self._fail(_of_status(status, error))
                    return
                self._last_fault = error
            except (OSError, TimeoutError, EOFError, WebSocketException) as error:
                self._last_fault = error
            except Exception as error:
                # A message that is not understood here would come again: nobody may wait for ever.
                self._fail(ClientError(f"the server said something that this client does not understand: {error!r}"))
                raise
            await asyncio.sleep(max(delay_s, backoff.next_s()))

    async def _serve(self, socket: ClientConnection, backoff: Backoff) -> None:
        self._socket = socket
        self._outbox.clear()
        self._outbox_bytes = 0
        helpers = [asyncio.create_task(self._write(socket))]
        try:
            async for frame in socket:
                if isinstance(frame, bytes):
                    self._peer.hear_frame(frame)
                    continue
                message: Message = json.loads(frame)
                if "replyTo" in message:
                    self._answered(message)
                else:
                    self._peer.hear(message)
                if message["type"] == "welcome":
                    helpers.append(asyncio.create_task(self._restore(socket, backoff)))
        except ConnectionClosed:
            pass
        finally:
            self._socket = None
            self.ready = False
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            for waiting in list(self._waiting.values()):
                if not waiting.answer.done():
                    waiting.answer.set_exception(Interrupted(f"the connection was lost during `{waiting.kind}`"))
            self._peer.lost()

    async def _restore(self, socket: ClientConnection, backoff: Backoff) -> None:
        try:
            await self._peer.restore()
        except Interrupted:
            return
        except Problem as problem:
            # The server has the session and cannot show it now: a later connection may find it well.
            self._last_fault = problem
            await socket.close()
            return
        backoff.reset()
        self.ready = True
        self._tell()

    async def _write(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                while self._outbox:
                    if self._outbox_bytes > self._limits.outbox_bytes_max:
                        # The network is too slow for what is typed; a new connection sends it as one difference.
                        await socket.close()
                        return
                    frame = self._outbox.popleft()
                    self._outbox_bytes -= len(frame)
                    await socket.send(frame)
                self._to_write.clear()
                await self._to_write.wait()

    def _answered(self, message: Message) -> None:
        waiting = self._waiting.get(str(message["replyTo"]))
        if waiting is None or waiting.answer.done():
            return
        kind = message["type"]
        if waiting.kind == "replay" and kind.startswith("execution."):
            waiting.replayed.append({key: value for key, value in message.items() if key != "replyTo"})
        elif kind in ("error", "execution.refused"):
            waiting.answer.set_exception(of_members(message))
        else:
            if waiting.then is not None:
                waiting.then(waiting.replayed or [message])
            waiting.answer.set_result(message)

    def _fail(self, error: ClientError) -> None:
        if self._error is None:
            self._error = error
            self.ready = False
            self._tell()
            self._peer.failed(error)

    def _tell(self) -> None:
        self._turn.set()
        self._turn = asyncio.Event()


def _of_status(status: int, error: InvalidStatus) -> ClientError:
    body = (error.response.body or b"")[:200].decode(errors="replace").strip()
    members = {"code": {401: "unauthorized", 403: "forbidden", 404: "not_found"}.get(status, f"http_{status}")}
    return of_members({**members, "message": body or f"the server answered {status}"}, status)
