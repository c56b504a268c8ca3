"""Scans by worker processes: warm ones wait, each look has a budget, and a process that crashes or is late is replaced.

`scan` never raises for what a file holds: where looking fails, a finding says so and the run goes on to the sandbox.
"""

import asyncio
import contextlib
import logging
import marshal
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from executor.events import Finding, Severity
from executor.scan import LENGTH_BYTES
from executor.scan.policy import SEVERITIES
from executor.snapshot import Snapshot, SourceFile

logger = logging.getLogger(__name__)

FILE_BYTES_MAX = 2 * 2**20
TOTAL_BYTES_MAX = 10 * 2**20
ANSWER_BYTES_MAX = 4 * 2**20
# Where Python finds its packages and puts its files. What else the environment has, the server's keys, no parser needs.
KEPT_VARIABLES = ("HOME", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")


@dataclass(frozen=True)
class ScanLimits:
    workers_max: int = 2
    # Of a look, and of the wait for a process when all are busy.
    budget_s: float = 1.0
    # The part of it that the way there and back may take.
    transfer_s: float = 0.2
    # A look that takes so long may not end in time: the process that would replace its own is started by then.
    suspect_s: float = 0.3
    start_s: float = 15.0
    cached_scans_max: int = 256


@dataclass(frozen=True)
class Scan:
    """`secrets` are values that the source holds: for hiding them in what the run writes, never to be stored or told."""

    findings: tuple[Finding, ...]
    secrets: tuple[str, ...] = ()


class Scanner:
    def __init__(
        self,
        limits: ScanLimits | None = None,
        *,
        on_scanned: Callable[[float, Scan], None] = lambda seconds, scan: None,
    ) -> None:
        # Told of each look at files that were not known, with what the looking took, waiting included.
        self._on_scanned = on_scanned
        self._limits = limits or ScanLimits()
        self._idle: list[Process] = []
        self._all: set[Process] = set()
        self._places = asyncio.Semaphore(self._limits.workers_max)
        self._cached: OrderedDict[str, Scan] = OrderedDict()
        self._warming: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> None:
        """Begins to warm a process; nobody waits for it here."""
        if not self._all and not self._warming:
            self._warm()

    async def close(self) -> None:
        self._closed = True
        for task in self._warming:
            task.cancel()
        await asyncio.gather(*self._warming, return_exceptions=True)
        for process in list(self._all):
            await self._end(process)
        self._idle.clear()

    async def scan(self, snapshot: Snapshot) -> Scan:
        """What is to be said of a snapshot; the same files are looked at once."""
        known = self._cached.get(snapshot.digest)
        if known is not None:
            self._cached.move_to_end(snapshot.digest)
            return known
        done, whole = await self._scan(snapshot.files, snapshot.entry, snapshot.language)
        if whole:
            self._cached[snapshot.digest] = done
            while len(self._cached) > self._limits.cached_scans_max:
                self._cached.popitem(last=False)
        return done

    async def files(self, files: Sequence[SourceFile]) -> Scan:
        """The same for files of which none is the entry."""
        return (await self._scan(files, "", ""))[0]

    async def _scan(self, files: Sequence[SourceFile], entry: str, language: str) -> tuple[Scan, bool]:
        """The scan, and whether everything was looked at."""
        if too_large := _too_large(files, entry):
            return Scan(too_large), True
        if not files:
            return Scan(()), True
        began_s = time.monotonic()
        scan, whole = await self._look(files, entry, language)
        self._on_scanned(time.monotonic() - began_s, scan)
        return scan, whole

    async def _look(self, files: Sequence[SourceFile], entry: str, language: str) -> tuple[Scan, bool]:
        named = entry or files[0].name
        budget_s = self._limits.budget_s
        contents = [(file.name, file.content) for file in files]
        request = marshal.dumps((contents, entry, language, budget_s - self._limits.transfer_s))
        try:
            async with asyncio.timeout(budget_s):
                await self._places.acquire()
        except TimeoutError:
            return _unseen("scan.timeout", named, "the scanners were busy, so this was not scanned")
        try:
            return await self._by_process(request, named)
        finally:
            self._places.release()

    async def _by_process(self, request: bytes, named: str) -> tuple[Scan, bool]:
        try:
            async with asyncio.timeout(self._limits.start_s):
                process = await self._take()
        except (OSError, TimeoutError, EOFError):
            logger.exception("no process for scanning could be started")
            return _unseen("scan.failed", named, "the scanner could not be started, so this was not scanned")
        suspect = asyncio.get_running_loop().call_later(self._limits.suspect_s, self._have_another)
        try:
            async with asyncio.timeout(self._limits.budget_s):
                answer = orjson.loads(await _ask(process, request))
        except TimeoutError:
            await self._replace(process)
            return _unseen(
                "scan.timeout", named, f"the scan took longer than {self._limits.budget_s:g} s and was ended"
            )
        except (OSError, EOFError, ValueError):
            await self._replace(process)
            return _unseen("scan.failed", named, "the scanner broke off, so this was not scanned")
        except BaseException:
            # Nobody waits for the answer any more, and the next request must not get it.
            await self._replace(process)
            raise
        finally:
            suspect.cancel()
        self._idle.append(process)
        findings = [Finding(**found) for found in answer["findings"]]
        if answer["partial"]:
            findings.append(_note("scan.timeout", named, f"{answer['partial']}: what is above is not all"))
        findings.sort(key=lambda found: SEVERITIES.index(found.severity))
        return Scan(tuple(findings), tuple(dict.fromkeys(answer["secrets"]))), not answer["partial"]

    async def _take(self) -> Process:
        while self._warming and not self._idle:
            await asyncio.wait(set(self._warming), return_when="FIRST_COMPLETED")
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
            self._all.discard(process)
        return await self._start()

    async def _start(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "executor.scan.worker",
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=ANSWER_BYTES_MAX, start_new_session=True,
            env={name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
        )  # fmt: skip
        self._all.add(process)
        try:
            await _answer(process)  # it says that it is ready
        except BaseException:
            await self._end(process)
            raise
        return process

    def _warm(self) -> None:
        async def work() -> None:
            with contextlib.suppress(OSError, EOFError):  # said when a scan needs one
                self._idle.append(await self._start())

        task = asyncio.create_task(work())
        self._warming.add(task)
        task.add_done_callback(self._warming.discard)

    def _have_another(self) -> None:
        if not self._closed and not self._idle and not self._warming:
            self._warm()

    async def _replace(self, process: Process) -> None:
        await self._end(process)
        self._have_another()

    async def _end(self, process: Process) -> None:
        self._all.discard(process)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it has started
        await process.wait()


async def _ask(process: Process, request: bytes) -> bytes:
    assert process.stdin is not None
    process.stdin.write(len(request).to_bytes(LENGTH_BYTES, "big") + request)
    await process.stdin.drain()
    return await _answer(process)


async def _answer(process: Process) -> bytes:
    assert process.stdout is not None
    size = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES), "big")
    if size > ANSWER_BYTES_MAX:
        raise EOFError(f"an answer of {size} bytes")
    return await process.stdout.readexactly(size)


def _too_large(files: Sequence[SourceFile], entry: str) -> tuple[Finding, ...]:
    total = sum(len(file.content) for file in files)
    if total > TOTAL_BYTES_MAX:
        message = f"the files have {total} bytes together, the limit is {TOTAL_BYTES_MAX}"
        return (
            _note("size.total", entry or files[0].name, message, "run fewer or smaller files", "critical", "CWE-400"),
        )
    return tuple(
        _note("size.file", file.name, f"{len(file.content)} bytes, the limit is {FILE_BYTES_MAX}", "split the file", "critical", "CWE-400")
        for file in files
        if len(file.content) > FILE_BYTES_MAX
    )  # fmt: skip


def _unseen(rule: str, file: str, message: str) -> tuple[Scan, bool]:
    return Scan((_note(rule, file, message),)), False


def _note(
    rule: str, file: str, message: str, mend: str = "the sandbox holds all the same; nothing is to be done",
    severity: Severity = "info", cwe: str | None = None,
) -> Finding:  # fmt: skip
    return Finding(rule_id=rule, cwe=cwe, severity=severity, file=file, line=1, message=message, mend=mend)
