"""An open session: its files, its changes, its runs and its replica over one WebSocket that mends itself.

After a lost connection the files are read again and the difference is given to `changes()`; runs ask for what they missed.
"""

from __future__ import annotations

import asyncio
import secrets
import weakref
from collections.abc import Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, Unpack

from pydantic import ConfigDict

from collab_server.client.branches import Branch
from collab_server.client.changes import (
    Actor,
    BranchChanged,
    Change,
    CommentChanged,
    Denied,
    Presence,
    RoleChanged,
    Saved,
    SaveFailed,
    SessionChanged,
    Thread,
)
from collab_server.client.comments import Comments
from collab_server.client.errors import ClientError, Interrupted, TimedOut
from collab_server.client.execution import Execution, body_of
from collab_server.client.feed import Changes
from collab_server.client.files import Files
from collab_server.client.http import Http
from collab_server.client.lane_run import LaneRun
from collab_server.client.limits import Limits
from collab_server.client.link import Link, Message
from collab_server.client.mirror import Mirror, OutOfStep
from collab_server.client.run import Run
from collab_server.client.unsaved import Unsaved
from collab_server.shapes.history import UndoneOut

if TYPE_CHECKING:
    from pycrdt import Doc

    from collab_server.client.replica import Replica


class Undone(UndoneOut):
    """What was taken back: `version` is the new one, `files` what became of each file."""

    model_config = ConfigDict(extra="ignore")


class Session:
    """Made by `client.open(session_id)`; `async with` closes it at the end, and closing the client does, too."""

    def __init__(self, session_id: str, url: str, token: str, http: Http, limits: Limits, *, trust_env: bool) -> None:
        self.id = session_id
        self.user = Actor("", "")
        self.role = ""
        self.may_edit = False
        self.may_run = False
        self.members: tuple[dict[str, Any], ...] = ()
        self._http = http
        self._limits = limits
        self._mirror = Mirror()
        self._link = Link(url, token, self, limits, trust_env=trust_env)
        self._unsaved = Unsaved(limits.outbox_bytes_max)
        self.files = Files(self._link, self._mirror, self._unsaved)
        self.comments = Comments(self._link, self.files)
        self._feeds: weakref.WeakSet[Changes] = weakref.WeakSet()
        self._runs: weakref.WeakSet[LaneRun] = weakref.WeakSet()
        self._presence: Message | None = None
        self._replica: Replica | None = None
        self._saved = 0
        self._turn = asyncio.Event()
        self._refilling: asyncio.Task[None] | None = None
        self._end: ClientError | None = None
        # Events of runs whose ids are not known here yet: they may come before the answer to `execute`.
        self._executing = 0
        self._early: list[Message] = []
        self._early_lost = False

    async def open(self) -> Session:
        """Connect; the files are known when this returns."""
        await self._link.open()
        return self

    async def close(self) -> None:
        """Leave the session; its runs go on."""
        await self._link.close()
        if self._refilling is not None:
            self._refilling.cancel()
            await asyncio.gather(self._refilling, return_exceptions=True)
        if self._replica is not None:
            self._replica.close()

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        """Whether the link is up now; it comes up again by itself."""
        return self._link.ready

    @property
    def closed(self) -> bool:
        """Whether it was closed, here or for good by the server."""
        return self._end is not None

    def changes(self) -> Changes:
        """What changes from now on, for one reader."""
        feed = Changes(self._mirror, self._limits.changes_queue_max)
        if self._end is not None:
            feed.end(self._end)
        self._feeds.add(feed)
        return feed

    async def presence(self, **state: Any) -> None:
        """Say where one is, as `cursor={…}`; said again after each lost connection."""
        self._presence = state
        await self._link.ask("presence", state)

    async def saved(self) -> int:
        """Returns the version when all that was changed here before, replica included, is on disk."""
        while True:
            answer = await self._link.ask("ping")
            version = int(answer["version"])
            # A `saved` that came behind the answer has been heard by now, too.
            self._saved = max(self._saved, int(answer["savedVersion"]))
            if self._saved >= version:
                return version
            await self._within_answer_s(self._turn.wait(), "save")

    async def execute(self, **wanted: Unpack[Execution]) -> Run:
        """Run the session's files, or `code` among them; refusals are raised. It starts once, whatever the connection does."""
        return await self._begin("execute", body_of(wanted))

    async def rerun(self, execution_id: str) -> Run:
        """Run once more the very version that a run of this session ran, whatever was typed since."""
        return await self._begin("rerun", {"executionId": execution_id})

    async def undo(self, actor_id: str, *, since_version: int | None = None, count: int | None = None) -> Undone:
        """Take back what one actor changed (all, since a version, or the last so many changes) and nothing of anybody else's."""
        wanted = {"sinceVersion": since_version, "count": count}
        given = {key: value for key, value in wanted.items() if value is not None}
        # All of it can be taken back but once; of a number of changes, a repetition would take more.
        asked = {"actorId": actor_id, **given}
        return Undone.model_validate(await self._link.ask("undo", asked, repeat=count is None))

    async def _begin(self, kind: str, asked: Message) -> Run:
        body = asked | {"idempotencyKey": secrets.token_hex(16)}
        self._executing += 1
        behind = False
        try:
            while True:
                try:
                    answer = await self._link.ask(kind, body, repeat=False)
                    break
                except Interrupted:
                    behind = True
            return self._follow(answer["executionId"], behind=behind or self._early_lost)
        finally:
            self._executing -= 1
            if not self._executing:
                self._early, self._early_lost = [], False

    async def attach(self, execution_id: str) -> Run:
        """Follow a run of this session from its first kept event on, whoever started it."""
        await self._link.ask("replay", {"executionId": execution_id, "afterSeq": 2**31})
        return self._follow(execution_id, behind=True)

    async def replica(self) -> Doc[Any]:
        """The shared document, kept in step both ways: `doc.get("files", type=Map)`, file id to Map {name, language, content}."""
        if self._replica is None:
            from collab_server.client.replica import Replica

            self._replica = Replica(self._link.post, self._denied)
            self._replica.restore()
        await self._within_answer_s(self._replica.synced.wait(), "synchronise")
        return self._replica.doc

    # -- what the link calls -------------------------------------------------------------------------------------

    async def restore(self) -> None:
        """The connection is there (again): read what changed, and say again what the server forgot."""
        if self._replica is not None:
            self._replica.restore()
        if self.may_edit:
            for frame in self._unsaved.frames:
                self._link.post(frame)
        self._mirror.hold()
        await self._link.ask_now("files", None, self._refilled)
        if self._presence is not None:
            await self._link.ask_now("presence", self._presence)
        self._next_turn()

    def hear(self, message: Message) -> None:
        """One message of the text lane that answers nothing."""
        kind = message["type"]
        if kind in ("file.changed", "file.deleted"):
            try:
                self._tell(self._mirror.hear(message))
            except OutOfStep:
                self._refill()
        elif kind.startswith("execution."):
            self._hear_run(message)
        elif kind == "saved":
            self._saved = message["version"]
            self._next_turn()
            self._tell([Saved(message["version"])])
        elif kind == "save.failed":
            self._tell([SaveFailed(message["version"], message["message"])])
        elif kind == "presence":
            self.members = tuple(message["members"])
            self._tell([Presence(self.members)])
        elif kind == "comment.changed":
            thread = message["thread"] and Thread.model_validate(message["thread"])
            self._tell([CommentChanged(message["threadId"], thread, message["version"])])
        elif kind == "branch.changed":
            self._tell([BranchChanged(Branch.model_validate(message["branch"]))])
        elif kind == "session.changed":
            self._tell([SessionChanged(message["name"], message["isPublic"])])
        elif kind in ("welcome", "role"):
            self._hear_role(message)
        elif kind == "files":
            # We were too slow: this stands for all that the server left out, on both lanes.
            self._refilled([message])
            for run in list(self._runs):
                run.lost()

    def hear_frame(self, frame: bytes) -> None:
        """One frame of the binary lane."""
        self._unsaved.hear(frame)
        if self._replica is not None:
            self._replica.receive(frame)

    def lost(self) -> None:
        """The connection broke."""
        self._early_lost = True
        self._next_turn()
        for run in list(self._runs):
            run.lost()

    def failed(self, error: ClientError) -> None:
        """There will be no other connection."""
        self._end = error
        self._next_turn()
        for feed in list(self._feeds):
            feed.end(error)
        for run in list(self._runs):
            run.fail(error)

    # -- parts of these ------------------------------------------------------------------------------------------

    def _hear_role(self, message: Message) -> None:
        known = (self.role, self.may_edit, self.may_run)
        user = message["user"]
        self.user = Actor(user["id"], user["name"], user.get("kind", "human"))
        self.role, self.may_edit, self.may_run = message["role"], message["mayEdit"], message["mayRun"]
        if known[0] and known != (self.role, self.may_edit, self.may_run):
            self._tell([RoleChanged(self.role, self.may_edit, self.may_run)])

    def _hear_run(self, event: Message) -> None:
        for run in list(self._runs):
            if run.id == event.get("executionId"):
                run.hear(event)
        if not self._executing:
            return
        if len(self._early) < self._limits.early_events_max:
            self._early.append(event)
        else:
            self._early_lost = True

    def _follow(self, execution_id: str, *, behind: bool) -> Run:
        run = LaneRun(execution_id, self._http, self._link, behind=behind)
        for event in self._early:
            if event.get("executionId") == execution_id:
                run.hear(event)
        if self._end is not None:
            run.fail(self._end)
        self._runs.add(run)
        return run

    def _refilled(self, messages: list[Message]) -> None:
        self._tell(self._mirror.reset(messages[0]))

    def _refill(self) -> None:
        self._mirror.hold()

        async def work() -> None:
            try:
                await self._link.ask_now("files", None, self._refilled)
            except ClientError:
                return  # The next connection reads the files anyway.

        self._refilling = asyncio.create_task(work())

    async def _within_answer_s(self, work: Coroutine[Any, Any, Any], what: str) -> None:
        try:
            async with asyncio.timeout(self._limits.answer_s):
                await work
        except TimeoutError as error:
            raise TimedOut(f"the server did not {what} within {self._limits.answer_s:g} s") from error

    def _denied(self, reason: str) -> None:
        self._tell([Denied(reason)])

    def _tell(self, changes: list[Change]) -> None:
        if changes:
            for feed in list(self._feeds):
                feed.put(changes)

    def _next_turn(self) -> None:
        self._turn.set()
        self._turn = asyncio.Event()
