"""What runs said and left: brought into the store while they go on and when they end, and told again to who asks for it.

How a run goes, and who may hear of it, is decided elsewhere.
"""

import asyncio
import logging
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from executor import artifacts
from executor.ledger import UNFINISHED, Ledger
from executor.live_run import KeptEvent, LiveRun

logger = logging.getLogger(__name__)

FLUSH_INTERVAL_S = 1.0
SETTLE_BACKOFF_S = (0.1, 0.4, 1.0)
SETTLE_BACKOFF_MAX_S = 30.0
ELSEWHERE_POLL_S = 0.2

Events = list[dict[str, Any]]


class Keeping:
    """Of a run of this node, `live`, what it has said is in memory; of all others it is what the store has."""

    def __init__(
        self,
        engine: AsyncEngine,
        ledger: Ledger,
        live: Mapping[str, LiveRun],
        *,
        artifacts_bytes_max: int,
        now_ms: Callable[[], int],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        on_settled: Callable[[str], None],
    ) -> None:
        """`spawn` has work done beside everything else; `on_settled` is told the id of a run whose end is stored."""
        self._engine = engine
        self._ledger = ledger
        self._live = live
        self._artifacts_bytes_max = artifacts_bytes_max
        self._now_ms = now_ms
        self._spawn = spawn
        self._on_settled = on_settled
        self._closing = False

    def close(self) -> None:
        """Nobody waits for runs of other nodes any more, and no end that the store did not take is tried again."""
        self._closing = True

    async def events(self, execution_id: str, after: int = 0) -> AsyncIterator[KeptEvent]:
        """What was kept beyond index `after`, then what comes, until the run ends. LookupError when unknown.
        Of a run elsewhere it ends without the run's last event when this node leaves: the next one asked has the rest."""
        index = max(0, after)
        live = self._live.get(execution_id)
        while live is None:
            # Over, or run by another node, which stores what it keeps every second. Whether it is over is asked first:
            # the last events are stored in the same transaction, so they are there then.
            record = await self._ledger.get(execution_id)
            if record is None:
                raise LookupError(execution_id)
            for event in await self._ledger.events(execution_id, index):
                index += 1
                yield KeptEvent(index, event)
            if record.status not in UNFINISHED or self._closing:
                return
            await asyncio.sleep(ELSEWHERE_POLL_S)
        async for kept in live.follow(index):
            yield kept

    async def replay(self, execution_id: str, after_seq: int) -> Events:
        """The kept events that follow the output numbered `after_seq`; all of them for 0. LookupError when unknown."""
        live = self._live.get(execution_id)
        kept = list(live.kept) if live else await self._stored(execution_id)
        position = 0
        if after_seq > 0:
            for index, event in enumerate(kept, start=1):
                if event.get("seq", after_seq + 1) <= after_seq:
                    position = index
        return kept[position:]

    async def artifact(self, execution_id: str, name: str) -> tuple[bytes, str] | None:
        """(content, digest) of a file that a finished run left; None when there is none, or it is not kept."""
        kept = await self.replay(execution_id, 0)
        listed = kept[-1].get("artifacts", ()) if kept else ()
        for artifact in listed:
            if artifact["name"] == name and artifact["change"] != "deleted":
                inline = artifact.get("base64")
                content = (
                    await artifacts.read(self._engine, execution_id, name) if inline is None else b64decode(inline)
                )
                return None if content is None else (content, artifact["digest"])
        return None

    async def findings(self, execution_id: str) -> Events:
        """What the scan said of a run's files, as far as the run has come. LookupError when unknown."""
        live = self._live.get(execution_id)
        if live is not None:
            return [finding.to_json() for finding in live.admission.seen.findings]
        told = (event.get("findings") for event in await self._stored(execution_id))
        return next((findings for findings in told if findings), [])

    async def _stored(self, execution_id: str) -> Events:
        kept = await self._ledger.events(execution_id)
        if not kept and await self._ledger.get(execution_id) is None:
            raise LookupError(execution_id)
        return kept

    async def flush_forever(self, live: LiveRun) -> None:
        """Stores what a run says while it goes on; cancelled when it is over."""
        while True:
            await asyncio.sleep(FLUSH_INTERVAL_S)
            await self.flush(live)

    async def flush(self, live: LiveRun) -> bool:
        """What a run has said so far is stored when this returns; False when the store does not take it now."""
        async with live.storing:
            # Taken before the write: what is kept during it belongs to the next.
            tail = live.kept[live.stored_count :]
            if not tail or live.record.finished_at is not None:
                return True
            try:
                await self._ledger.progress(live.record.id, live.record.started_at, live.stored_count, tail)
            except (SQLAlchemyError, OSError):
                logger.warning("the output of run %s is not stored yet", live.record.id)
                return False
            live.stored_count += len(tail)
            return True

    async def end(self, live: LiveRun, billed: bool) -> None:
        """Stores the end of a run. A store that is away for a moment is waited for; after that people are told and the
        store is tried on."""
        async with live.storing:
            for backoff_s in (*SETTLE_BACKOFF_S, None):
                try:
                    await self._settle(live, billed)
                    return
                except (SQLAlchemyError, OSError):
                    if backoff_s is None:
                        logger.exception("run %s is not settled yet", live.record.id)
                        self._spawn(self.insist(live.record.id, partial(self._settle, live, billed)))
                        return
                    await asyncio.sleep(backoff_s)

    async def insist(self, execution_id: str, work: Callable[[], Awaitable[object]]) -> None:
        """Does what the store has to be told of a run until it is done or this node leaves: then whoever recovers the run
        ends it as lost."""
        backoff_s = SETTLE_BACKOFF_S[-1]
        while not self._closing:
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, SETTLE_BACKOFF_MAX_S)
            try:
                await work()
                return
            except (SQLAlchemyError, OSError) as error:
                logger.warning("the end of run %s is still not stored: %r", execution_id, error)

    async def _settle(self, live: LiveRun, billed: bool) -> None:
        tail = live.kept[live.stored_count :]
        await self._ledger.settle(
            live.record,
            billed=billed,
            first_index=live.stored_count,
            events=tail,
            files=live.files,
            settled_at=self._now_ms(),
        )
        live.stored_count = len(live.kept)
        self._on_settled(live.record.id)
        if live.files:
            live.files = ()
            await artifacts.prune(self._engine, self._artifacts_bytes_max)
