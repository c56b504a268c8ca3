"""The verbs on runs: execute in a session or without one, read, list, follow, feed input, cancel.

What a run is and costs is executor's; this decides who may start and see it, and lets a session's members hear it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import partial
from typing import Any

from collab_server.actions.sessions import SessionActions
from collab_server.errands import Errands
from collab_server.errors import Conflict, Forbidden, Invalid, NotFound
from collab_server.ids import derived_id
from collab_server.listings import BAD_CURSOR
from collab_server.members import Members, Role, Verb
from collab_server.payers import Budgets, headers_of
from collab_server.principal import Principal
from collab_server.revocation import Change
from collab_server.secrets import Secrets
from crdt.model import Actor
from crdt.room import Room
from executor import pricing
from executor.admission import Refused, Terms
from executor.events import FINAL, RefusedRun
from executor.executions import Executor
from executor.ledger import DuplicateExecution, ExecutionRecord, Page
from executor.live_run import KeptEvent
from executor.request import ExecuteRequest
from executor.scan.policy import ScanPolicy
from executor.snapshot import Snapshot, SourceFile, take

CANCEL_S = 1.0


class ExecutionActions:
    """Runs belong to the server: whoever asked may leave, and come back to the kept output."""

    def __init__(
        self,
        executor: Executor,
        sessions: SessionActions,
        members: Members,
        budgets: Budgets,
        secrets: Secrets,
        *,
        new_id: Callable[[], str],
        errands: Errands,
        say_cancel: Callable[[str], Awaitable[None]],
    ) -> None:
        self._budgets = budgets
        self._secrets = secrets
        self._executor = executor
        self._errands = errands
        self._say_cancel = say_cancel
        self._sessions = sessions
        self._members = members
        self._new_id = new_id
        self._tasks: set[asyncio.Task[None]] = set()

    async def execute(
        self,
        principal: Principal,
        request: ExecuteRequest,
        *,
        session_id: str | None = None,
        execution_id: str | None = None,
        actor: Actor | None = None,
        frozen: Snapshot | None = None,
        rerun_of: str | None = None,
    ) -> str:
        """Start a run and return its id at once; raises executor's Refused, Invalid, Forbidden or NotFound.

        With an `execution_id` that is there already (a repeated request), that run is answered and nothing is started,
        unless it was refused.
        `frozen` takes the place of the session's files as they are now.
        """
        while execution_id is not None and (known := await self._executor.get(execution_id)) is not None:
            await self.get(principal, execution_id)
            if known.status != "refused":
                return execution_id
            # It was turned away while it waited: the repetition is another run, the same one for all who repeat it.
            execution_id = derived_id(principal.user_id, execution_id)
        lent: Mapping[str, str] = {}
        if session_id is None:
            if principal.guest:
                raise Forbidden("a guest runs code in the session its link opened, not on its own")
            if "run" not in principal.scopes:
                raise Forbidden("this token is not for that: it lacks the scope 'run'")
            policy = None
        else:
            access = await self._members.access(principal, session_id, "run")
            policy = access.session["scan_policy"]
            # Who may not write the session's code could bring code that gives its secrets away, now or, by what it leaves
            # in the environment, in somebody else's run. A context may hold functions.
            if access.may("edit") or not (request.code is not None or request.files or request.context):
                lent = await self._secrets.lent(session_id)
            elif request.persist_environment:
                raise Forbidden(
                    "to leave what code, files or context of your own did in the environment, you need to be editor"
                )
        author = actor or principal.actor()
        if session_id is None:
            snapshot = _brought(request)
            return await self._submit(principal, author, request, snapshot, None, None, execution_id, None, None, {})
        # The room stays in memory until the run's last event has been announced in it.
        kept = self._sessions.room(session_id)
        room = await kept.__aenter__()
        try:
            snapshot = frozen or self._snapshot(room, request)
            let_go = partial(self._let_go, kept)
            return await self._submit(
                principal,
                author,
                request,
                snapshot,
                session_id,
                _announcer(room, let_go),
                execution_id,
                let_go,
                policy,
                lent,
                rerun_of=rerun_of,
            )
        except BaseException:
            await kept.__aexit__(None, None, None)
            raise

    async def _submit(
        self,
        principal: Principal,
        author: Actor,
        request: ExecuteRequest,
        snapshot: Snapshot,
        session_id: str | None,
        on_event: Callable[[dict[str, Any]], None] | None,
        execution_id: str | None,
        let_go: Callable[[], None] | None,
        policy: ScanPolicy | None,
        lent: Mapping[str, str],
        *,
        rerun_of: str | None = None,
    ) -> str:
        wanted = execution_id or self._new_id()
        payers = await self._budgets.of(principal, session_id)
        terms = Terms(
            principal.tier,
            price_percent=payers.price_percent,
            key_id=principal.key_id,
            claims=payers.claims,
            scan_policy=policy,
            env=lent,
        )
        try:
            return await self._executor.submit(
                request,
                snapshot,
                terms,
                actor_id=principal.user_id,
                actor_name=author.name,
                agent_id=principal.agent_id,
                session_id=session_id,
                execution_id=wanted,
                on_event=on_event,
                rerun_of=rerun_of,
            )
        except DuplicateExecution:
            # The same request came in twice at once, here or on another node: the first one is the run.
            if let_go is not None:
                let_go()
            return wanted

    async def estimate(self, principal: Principal, request: ExecuteRequest, session_id: str | None) -> dict[str, Any]:
        """What the run would cost at most, which is what it reserves, and what runs alike cost before."""
        if session_id is None:
            snapshot = _brought(request)
        else:
            await self._members.access(principal, session_id, "run")
            async with self._sessions.room(session_id) as room:
                snapshot = self._snapshot(room, request)
        wanted = pricing.Wanted(
            request.tier, request.timeout, request.memory_limit, snapshot.language, request.allowed_modules
        )
        tier = pricing.choose_tier(wanted, principal.tier, self._executor.tiers)
        if isinstance(tier, pricing.TierRefusal):
            raise Invalid(tier.message, name="tier") if tier.unknown_tier else Forbidden(tier.message)
        payers = await self._budgets.of(principal, session_id)
        worst = pricing.cost(tier, Fraction(request.timeout, 1000), request.memory_limit, payers.price_percent)
        left = await self._executor.left(payers.claims)
        typical = await self._executor.ledger.median_cost(principal.user_id, session_id, snapshot.language, tier.name)
        return {
            "tier": tier.name,
            "maxCost": worst.cost_dollars,
            "maxComputeUnits": worst.compute_units,
            "typicalCost": None if typical is None else typical / pricing.MICRO,
            "covered": all(one.covers(worst) for one in left),
            "currency": "USD",
        }

    async def limits(self, principal: Principal, session_id: str | None) -> dict[str, Any]:
        """What the caller may still use, here or anywhere."""
        return await self._budgets.left(principal, session_id)

    async def rate_headers(self, principal: Principal, session_id: str | None) -> dict[str, str]:
        """`RateLimit-*` as it is now."""
        return headers_of(await self._executor.left((await self._budgets.of(principal, session_id)).claims))

    def _snapshot(self, room: Room, request: ExecuteRequest) -> Snapshot:
        if request.if_version is not None and request.if_version != room.version:
            raise Conflict(
                f"the session is at version {room.version}, not {request.if_version}",
                code="stale",
                version=room.version,
            )
        files = {file.name: SourceFile.of_text(file.name, file.content) for file in room.files()}
        for extra in request.files or ():
            files[extra.name] = SourceFile.of_text(extra.name, extra.content)
        return take(files.values(), request.entry, request.code, request.language, room.version)

    def _let_go(self, kept: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(kept.__aexit__(None, None, None))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def get(self, principal: Principal, execution_id: str) -> ExecutionRecord:
        """A run that the caller started, or one of a session that it may watch; NotFound otherwise."""
        record = await self._executor.get(execution_id)
        if record is None:
            raise _missing(execution_id)
        if record.actor_id == principal.user_id and record.session_id is None:
            return record
        if record.session_id is None:
            raise _missing(execution_id)
        try:
            await self._members.access(principal, record.session_id)
        except NotFound:
            raise _missing(execution_id) from None
        return record

    async def listed(
        self, principal: Principal, session_id: str | None, *, limit: int = 20, cursor: str | None = None
    ) -> Page:
        """Runs newest first: of a session, or the caller's own."""
        if session_id is not None:
            await self._members.access(principal, session_id)
        mine = None if session_id is not None else principal.user_id
        try:
            return await self._executor.list(session_id=session_id, actor_id=mine, limit=limit, cursor=cursor)
        except ValueError as error:
            raise Invalid(BAD_CURSOR, name="cursor") from error

    async def result(self, principal: Principal, execution_id: str) -> dict[str, Any]:
        """The result object, as soon as the run is over."""
        await self.get(principal, execution_id)
        return await self._executor.result(execution_id)

    async def answer(self, principal: Principal, execution_id: str) -> dict[str, Any]:
        """The result for who asked for the run; raises Refused when it was turned away while it waited."""
        result = await self.result(principal, execution_id)
        last = (await self._executor.kept.replay(execution_id, 0))[-1]
        if last["type"] == "execution.refused":
            raise Refused(RefusedRun.model_validate(last))
        return result

    async def events(self, principal: Principal, execution_id: str, after: int = 0) -> AsyncIterator[KeptEvent]:
        """The kept events behind index `after`, then what comes, until the run is over."""
        await self.get(principal, execution_id)
        return self._executor.kept.events(execution_id, after)

    async def replay(self, principal: Principal, execution_id: str, after_seq: int) -> list[dict[str, Any]]:
        """What was kept behind output number `after_seq`."""
        record = await self.get(principal, execution_id)
        if (node := self._executor.elsewhere(record)) is not None:
            # It stores what it has by itself every second; who asks now is to miss nothing of what was told so far.
            with suppress(TimeoutError):
                await self._errands.ask(node, {"do": "store", "run": execution_id})
        return await self._executor.kept.replay(execution_id, after_seq)

    async def stdin(self, principal: Principal, execution_id: str, data: str, eof: bool) -> None:
        """Input for a program that waits for it, on whichever node."""
        record = await self._require_run(principal, execution_id)
        if (node := self._executor.elsewhere(record)) is None:
            taken = await self._executor.stdin(execution_id, data, eof)
        else:
            try:
                taken = await self._errands.ask(node, {"do": "stdin", "run": execution_id, "data": data, "eof": eof})
            except TimeoutError:
                message = "the node that runs this does not answer; what the run has got is seen by its output"
                raise Conflict(message, code="unreachable") from None
        if not taken:
            raise Conflict(
                "the run is over, takes no input, or has not read what it was given before", code="not_waiting"
            )

    async def cancel(self, principal: Principal, execution_id: str) -> bool:
        """End a run, on whichever node; False when it was over already."""
        record = await self._require_run(principal, execution_id)
        if (node := self._executor.elsewhere(record)) is None:
            return await self._executor.cancel(execution_id)
        try:
            return bool(await self._errands.ask(node, {"do": "cancel", "run": execution_id}, CANCEL_S))
        except TimeoutError:
            # It may hear of it from the database, which it reads by itself.
            await self._say_cancel(execution_id)
            return True

    async def carry_out(self, errand: dict[str, Any]) -> bool:
        """What another node asks for a run of this one; whether its caller may was looked at there."""
        execution_id = str(errand["run"])
        if errand["do"] == "stdin":
            return await self._executor.stdin(execution_id, str(errand["data"]), bool(errand["eof"]))
        if errand["do"] == "cancel":
            return await self._executor.cancel(execution_id)
        return await self._executor.store(execution_id)

    async def _require_run(self, principal: Principal, execution_id: str) -> ExecutionRecord:
        record = await self.get(principal, execution_id)
        if record.session_id is not None:
            await self._members.access(principal, record.session_id, "run")
        elif "run" not in principal.scopes:
            raise Forbidden("this token is not for that: it lacks the scope 'run'")
        return record

    async def announce_lost(self, ended: Sequence[tuple[ExecutionRecord, dict[str, Any]]]) -> None:
        """A session hears that a run of a node that is gone is over."""
        for record, event in ended:
            if record.session_id is not None:
                async with self._sessions.room(record.session_id) as room:
                    room.announce(event)

    def note_refused(self, principal: Principal, session_id: str, verb: Verb, role: Role) -> None:
        """A socket refused something by the role it knows, without asking the database again."""
        self._members.note_refused(principal, session_id, verb, role)

    async def end_runs_of(
        self, *, user_id: str | None = None, key_id: str | None = None, session_id: str | None = None
    ) -> None:
        """End everything that an account or a key runs on this node, in sessions and without one, or what runs in a session."""
        for run in self._executor.live():
            wanted = ((run.actor_id, user_id), (run.key_id, key_id), (run.session_id, session_id))
            if any(value is not None and has == value for has, value in wanted):
                await self._executor.cancel(run.id)

    async def rights_changed(self, change: Change, still_allowed: Callable[[str, str], Any]) -> None:
        """End the runs of somebody who may no longer run there."""
        for run in self._executor.live():
            if run.session_id is None or (change.session_id is not None and change.session_id != run.session_id):
                continue
            if change.user_id is not None and change.user_id != run.actor_id:
                continue
            if not await still_allowed(run.actor_id, run.session_id):
                await self._executor.cancel(run.id)


def _brought(request: ExecuteRequest) -> Snapshot:
    """What runs outside of a session: what the request brings."""
    files = [SourceFile.of_text(file.name, file.content) for file in request.files or ()]
    return take(files, request.entry, request.code, request.language, None)


def _announcer(room: Room, done: Callable[[], None]) -> Callable[[dict[str, Any]], None]:
    def announce(event: dict[str, Any]) -> None:
        room.announce(event)
        if event["type"] in FINAL:
            done()

    return announce


def _missing(execution_id: str) -> NotFound:
    return NotFound(f"there is no execution {execution_id[:64]!r}")
