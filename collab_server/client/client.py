"""The client of one server and one token: its sessions, sessions opened live, and runs without a session."""

from __future__ import annotations

import secrets
from types import TracebackType
from typing import Any, Unpack
from urllib.parse import quote

from collab_server.client.branches import Branches
from collab_server.client.changes import Actor
from collab_server.client.execution import Execution, body_of
from collab_server.client.http import Http
from collab_server.client.limits import Limits
from collab_server.client.run import Run
from collab_server.client.session import Session
from collab_server.client.sessions import Sessions
from collab_server.client.stream_run import StreamRun


def connect(url: str, token: str, *, limits: Limits | None = None, trust_env: bool = False) -> Client:
    """`async with connect("http://127.0.0.1:8000", "ck_…") as client:`; with `trust_env`, proxies of the environment are used."""
    return Client(url, token, limits or Limits(), trust_env=trust_env)


class Client:
    """Entering it asks the server who one is, so that a wrong address or token shows at once."""

    def __init__(self, url: str, token: str, limits: Limits, *, trust_env: bool) -> None:
        self.url = url.rstrip("/")
        self.user = Actor("", "")
        self.tier = ""
        self._token = token
        self._limits = limits
        self._trust_env = trust_env
        self._http = Http(self.url, token, limits, trust_env=trust_env)
        self.sessions = Sessions(self._http)
        self.branches = Branches(self._http)
        self._open: set[Session] = set()
        self._streams: set[StreamRun] = set()

    async def __aenter__(self) -> Client:
        try:
            me = await self.me()
        except BaseException:
            await self._http.close()
            raise
        self.user = Actor(me["user"]["id"], me["user"]["name"], me["user"].get("kind", "human"))
        self.tier = me["tier"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in list(self._open):
            await session.close()
        for run in list(self._streams):
            await run.leave()
        await self._http.close()

    async def me(self) -> dict[str, Any]:
        """Who one is here, and what is left of one's limits."""
        answer: dict[str, Any] = (await self._http.request("GET", "/api/me")).json()
        return answer

    async def languages(self) -> list[str]:
        """The languages that run here."""
        return list((await self._http.request("GET", "/api/languages")).json()["items"])

    async def open(self, session_id: str) -> Session:
        """Join a session live."""
        address = f"ws{self.url.removeprefix('http')}/ws/{quote(session_id, safe='')}"
        session = Session(session_id, address, self._token, self._http, self._limits, trust_env=self._trust_env)
        await session.open()
        self._open = {other for other in self._open if not other.closed} | {session}
        return session

    async def execute(self, **wanted: Unpack[Execution]) -> Run:
        """Run code without a session; refusals are raised. It starts once, whatever the connection does."""
        headers = {"accept": "text/event-stream", "idempotency-key": secrets.token_hex(16)}
        response = await self._http.stream("POST", "/api/executions", json=body_of(wanted), headers=headers)
        return self._kept(StreamRun(response.headers["x-execution-id"], self._http, response))

    async def rerun(self, execution_id: str) -> Run:
        """Run once more the very version that a run of a session ran, whatever was typed since."""
        headers = {"accept": "text/event-stream", "idempotency-key": secrets.token_hex(16)}
        response = await self._http.stream("POST", f"/api/executions/{execution_id}/rerun", headers=headers)
        return self._kept(StreamRun(response.headers["x-execution-id"], self._http, response))

    async def attach(self, execution_id: str) -> Run:
        """Follow a run from its first kept event on, in whatever session it is."""
        await self._http.request("GET", f"/api/executions/{execution_id}")
        return self._kept(StreamRun(execution_id, self._http))

    def _kept(self, run: StreamRun) -> Run:
        self._streams = {other for other in self._streams if not other.over} | {run}
        return run
