"""The text lane of a WebSocket (subprotocol `collab.v1`): JSON messages in, the same actions as REST, JSON answers out.

Each message becomes a typed value at one place, its verb is one method; the binary lane is the room's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from collab_server.actions import CommentActions, ExecutionActions, FileActions, RerunActions, ScanActions, UndoActions
from collab_server.connection import Connection
from collab_server.errors import ActionError, Forbidden, Invalid, describe, faults_of
from collab_server.ids import derived_id, new_id
from collab_server.lane_messages import (
    MESSAGE_ID_CHARS_MAX,
    Cancel,
    Comment,
    Delete,
    DeleteComment,
    EditComment,
    EditFile,
    Envelope,
    Execute,
    Input,
    Nothing,
    Rename,
    Replay,
    Rerun,
    ResolveThread,
    ScanFiles,
    Write,
)
from collab_server.members import KEPT
from collab_server.shapes.comments import CommentChange, ThreadChange
from collab_server.shapes.files import FileEdits
from collab_server.shapes.history import Undo
from collab_server.switches import Switches
from crdt.presence import user_of
from executor.admission import Refused
from executor.events import RefusedRun
from executor.tracing import Tracer

logger = logging.getLogger(__name__)

PROTOCOL = "collab.v1"
# A message sent again with the same id (after a lost answer) is done once; so many ids are remembered per socket, and of
# their answers so much: one that is larger (a question's alone is) is made anew.
REMEMBERED_IDS_MAX = 256
REMEMBERED_CHARS_MAX = 1024 * 1024
PRESENCE_BYTES_MAX = 16 * 1024

Reply = dict[str, Any]
_ENVELOPE = TypeAdapter(Envelope)


class Lane:
    """The text lane of one connection; `handle` never raises for what a client sends."""

    def __init__(
        self,
        connection: Connection,
        files: FileActions,
        comments: CommentActions,
        executions: ExecutionActions,
        reruns: RerunActions,
        undo: UndoActions,
        scans: ScanActions,
        switches: Switches,
        tracer: Tracer,
    ) -> None:
        self._connection = connection
        self._files = files
        self._comments = comments
        self._executions = executions
        self._reruns = reruns
        self._undo_actions = undo
        self._scans = scans
        self._switches = switches
        self._tracer = tracer
        self._aside: set[asyncio.Task[None]] = set()
        self._answered: dict[str, list[str]] = {}
        self._answered_chars = 0
        self._verbs: dict[str, tuple[type[BaseModel], Callable[[Any], Awaitable[list[Reply]]]]] = {
            "execute": (Execute, self._execute),
            "rerun": (Rerun, self._rerun),
            "cancel": (Cancel, self._cancel),
            "stdin": (Input, self._stdin),
            "replay": (Replay, self._replay),
            "files": (Nothing, self._list),
            "write": (Write, self._write),
            "edit": (EditFile, self._edit),
            "rename": (Rename, self._rename),
            "delete": (Delete, self._delete),
            "undo": (Undo, self._undo),
            "comments": (Nothing, self._threads),
            "comment": (Comment, self._comment),
            "comment.edit": (EditComment, self._edit_comment),
            "comment.delete": (DeleteComment, self._delete_comment),
            "comment.resolve": (ResolveThread, self._resolve),
            "ping": (Nothing, self._ping),
        }

    def welcome(self, kind: Literal["welcome", "role"] = "welcome", **more: Any) -> None:
        """Say who the server takes the client for and what it may do; said again as `role` when that changes."""
        connection, room = self._connection, self._connection.room
        self._send(
            {
                "type": kind,
                "sessionId": connection.session_id,
                "role": connection.role,
                "version": room.version if room else 0,
                "user": user_of(connection.actor),
                "protocol": PROTOCOL,
                "mayEdit": connection.may_edit and self._switches.read_only is None,
                "mayRun": connection.may_run and self._switches.executions_off is None,
                **({"readOnly": KEPT} if connection.access.kept else {}),
                **self._switches.told(),
                **({"quarantined": room.quarantined} if room is not None and room.quarantined is not None else {}),
                **more,
            }
        )

    async def handle(self, text: str) -> None:
        """Do what one message asks and answer it."""
        reply_to: Any = None
        message: Any = None
        try:
            try:
                message = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise Invalid(f"this is not JSON: {error}", name="") from None
            # Before the rest is looked at: also who is told what is wrong hears which message it was.
            reply_to = _id_of(message)
            envelope = _ENVELOPE.validate_python(message)
            key = None if reply_to is None else f"{type(reply_to).__name__}:{reply_to}"
            frames = None if key is None else self._answered.get(key)
            if frames is None:
                frames = [_frame(reply, reply_to) for reply in await self._do(envelope, message)]
                if key is not None:
                    self._remember(key, frames)
        except Refused as refused:
            frames = [_frame(refused.event, reply_to)]
        except ValidationError as error:
            frames = [_frame(_fault(error, message), reply_to)]
        except Exception as error:
            problem = describe(error)
            if problem.code == "internal":
                raise
            told = {"type": "error", "code": problem.code, "message": problem.message, **problem.extra}
            frames = [_frame(told, reply_to)]
        for frame in frames:
            self._connection.send_text(frame)

    def _remember(self, key: str, frames: list[str]) -> None:
        """What is answered aside is not here yet, and not remembered."""
        size = sum(map(len, frames))
        if not frames or size > REMEMBERED_CHARS_MAX:
            return
        self._answered[key] = frames
        self._answered_chars += size
        while len(self._answered) > REMEMBERED_IDS_MAX:
            self._forget(next(iter(self._answered)))
        while self._answered_chars > REMEMBERED_CHARS_MAX:
            # The longest is a question's; the answers to what was done are short, and must stay.
            self._forget(max(self._answered, key=lambda one: sum(map(len, self._answered[one]))))

    def _forget(self, key: str) -> None:
        self._answered_chars -= sum(map(len, self._answered.pop(key)))

    async def _do(self, envelope: Envelope, message: dict[str, Any]) -> list[Reply]:
        fields = {key: value for key, value in message.items() if key not in ("type", "id")}
        if envelope.type == "presence":
            return self._presence(fields)
        if envelope.type == "scan":
            return self._scan(ScanFiles.model_validate(fields), envelope.id)
        verb = self._verbs.get(envelope.type)
        if verb is None:
            raise Invalid(
                f"unknown type {envelope.type!r}; there are {', '.join(sorted([*self._verbs, 'presence', 'scan']))}",
                name="type",
                code="unknown_type",
            )
        shape, method = verb
        with self._tracer.span(f"message {envelope.type}"):
            return await method(shape.model_validate(fields))

    def _send(self, reply: Reply, reply_to: str | int | None = None) -> None:
        self._connection.send_text(_frame(reply, reply_to))

    @property
    def _where(self) -> tuple[Any, str]:
        return self._connection.principal, self._connection.session_id

    async def _execute(self, request: Execute) -> list[Reply]:
        self._require_run()
        principal, session_id = self._where
        key = request.idempotency_key
        try:
            execution_id = await self._executions.execute(
                principal,
                request,
                session_id=session_id,
                execution_id=None if key is None else derived_id(principal.user_id, key),
                actor=self._connection.actor,
            )
        except ActionError as error:
            if error.code != "stale":
                raise
            raise Refused(RefusedRun(code="stale", message=str(error))) from None
        return [{"type": "ok", "executionId": execution_id}]

    async def _rerun(self, wanted: Rerun) -> list[Reply]:
        self._require_run()
        principal, key = self._connection.principal, wanted.idempotency_key
        execution_id = await self._reruns.rerun(
            principal,
            wanted.execution_id,
            new_id=None if key is None else derived_id(principal.user_id, key),
            actor=self._connection.actor,
        )
        return [{"type": "ok", "executionId": execution_id, "rerunOf": wanted.execution_id}]

    async def _cancel(self, wanted: Cancel) -> list[Reply]:
        return [
            {"type": "ok", "cancelled": await self._executions.cancel(self._connection.principal, wanted.execution_id)}
        ]

    async def _stdin(self, wanted: Input) -> list[Reply]:
        await self._executions.stdin(self._connection.principal, wanted.execution_id, wanted.data, wanted.eof)
        return [{"type": "ok"}]

    async def _replay(self, wanted: Replay) -> list[Reply]:
        return [
            *await self._executions.replay(self._connection.principal, wanted.execution_id, wanted.after_seq),
            {"type": "ok"},
        ]

    async def _list(self, _: Nothing) -> list[Reply]:
        return [{"type": "files", **await self._files.listed(*self._where)}]

    async def _write(self, wanted: Write) -> list[Reply]:
        self._require_edit()
        if (wanted.name is None) == (wanted.file_id is None):
            raise Invalid("give either `name` or `fileId`", name="name")
        file = await self._files.write(
            *self._where,
            name=wanted.name,
            file_id=wanted.file_id,
            content=wanted.content,
            language=wanted.language,
            base_version=wanted.base_version,
            actor=self._connection.actor,
        )
        return [_done(file)]

    async def _edit(self, wanted: EditFile) -> list[Reply]:
        self._require_edit()
        edits = FileEdits(base_version=wanted.base_version, edits=wanted.edits)
        return [_done(await self._files.edit(*self._where, wanted.file_id, edits, actor=self._connection.actor))]

    async def _rename(self, wanted: Rename) -> list[Reply]:
        self._require_edit()
        return [
            _done(await self._files.rename(*self._where, wanted.file_id, wanted.name, actor=self._connection.actor))
        ]

    async def _delete(self, wanted: Delete) -> list[Reply]:
        self._require_edit()
        return [{"type": "ok", **await self._files.delete(*self._where, wanted.file_id, actor=self._connection.actor)}]

    async def _undo(self, wanted: Undo) -> list[Reply]:
        self._require_edit()
        done = await self._undo_actions.undo(*self._where, wanted, actor=self._connection.actor)
        return [{"type": "ok", **done}]

    async def _threads(self, _: Nothing) -> list[Reply]:
        shown = await self._comments.listed(*self._where)
        return [{"type": "comments", "threads": shown["items"], "version": shown["version"]}]

    async def _comment(self, wanted: Comment) -> list[Reply]:
        comment_id = wanted.comment_id or new_id()
        thread = await self._comments.add(*self._where, wanted, comment_id=comment_id, actor=self._connection.actor)
        return [{"type": "ok", "commentId": comment_id, "thread": thread}]

    async def _edit_comment(self, wanted: EditComment) -> list[Reply]:
        change = CommentChange(text=wanted.text)
        actor = self._connection.actor
        return [
            {"type": "ok", "thread": await self._comments.change(*self._where, wanted.comment_id, change, actor=actor)}
        ]

    async def _delete_comment(self, wanted: DeleteComment) -> list[Reply]:
        await self._comments.delete(*self._where, wanted.comment_id, actor=self._connection.actor)
        return [{"type": "ok"}]

    async def _resolve(self, wanted: ResolveThread) -> list[Reply]:
        change = ThreadChange(resolved=wanted.resolved)
        actor = self._connection.actor
        return [
            {"type": "ok", "thread": await self._comments.settle(*self._where, wanted.thread_id, change, actor=actor)}
        ]

    def _scan(self, wanted: ScanFiles, reply_to: str | int | None) -> list[Reply]:
        """Answered aside, when it is done: what is typed meanwhile must not wait for it."""

        async def work() -> None:
            try:
                reply: Reply = {"type": "ok", "findings": await self._scans.session(*self._where, wanted.file_id)}
            except Exception as error:
                problem = describe(error)
                if problem.status >= 500:
                    logger.exception("a scan broke off")
                reply = {"type": "error", "code": problem.code, "message": problem.message, **problem.extra}
            self._send(reply, reply_to)

        task = asyncio.create_task(work())
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)
        return []

    async def _ping(self, _: Nothing) -> list[Reply]:
        room = self._connection.room
        if room is None:
            return [{"type": "ok"}]
        # What this socket sent before is applied first, so the answer's version covers it: when `saved` has reached that
        # version, a client knows that all it typed is on disk.
        room.flush()
        return [{"type": "ok", "version": room.version, "savedVersion": room.saved_version}]

    def _presence(self, state: dict[str, Any]) -> list[Reply]:
        room, member = self._connection.room, self._connection.member
        if len(orjson.dumps(state)) > PRESENCE_BYTES_MAX:
            raise Invalid(f"presence has more than {PRESENCE_BYTES_MAX} bytes", name="presence", code="too_large")
        if room is not None and member is not None:
            room.set_presence(member, state)
        return [{"type": "ok"}]

    def _require_run(self) -> None:
        if not self._connection.may_run:
            self._executions.note_refused(*self._where, "run", self._connection.role)
            try:
                self._connection.access.require("run")
            except Forbidden as refusal:
                raise Refused(RefusedRun(code="forbidden", message=str(refusal))) from None

    def _require_edit(self) -> None:
        if not self._connection.may_edit:
            self._executions.note_refused(*self._where, "edit", self._connection.role)
            self._connection.access.require("edit")


def _done(file: dict[str, Any]) -> Reply:
    return {"type": "ok", "fileId": file["id"], "name": file["name"], "version": file["version"]}


def _frame(reply: Reply, reply_to: str | int | None) -> str:
    return orjson.dumps(reply if reply_to is None else {**reply, "replyTo": reply_to}).decode()


def _id_of(message: Any) -> str | int | None:
    """The `id` of whatever came, where it could be one."""
    given = message.get("id") if isinstance(message, dict) else None
    if isinstance(given, str):
        return given if len(given) <= MESSAGE_ID_CHARS_MAX else None
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _fault(error: ValidationError, message: Any) -> Reply:
    faults = faults_of(error.errors(include_url=False, include_input=False), message)
    first = faults[0]
    return {
        "type": "error",
        "code": "invalid",
        "message": f"{first['field'] or 'message'}: {first['message']}",
        "errors": faults,
    }
