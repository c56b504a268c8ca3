"""Keeps the serving processes alive: starts them on one listening socket, replaces those that die or are stuck, and ends all together.

It is small on purpose and runs nothing of the server: what serves is serving.py's, in processes that are forked here.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from collab_server import log_format
from collab_server.heartbeat import Pulse, State, page
from collab_server.settings import Settings, SettingsError
from crdt.watch import Doing

logger = logging.getLogger(__name__)

BACKLOG = 2048
RUNNING_FILE = "server.json"
POLL_S = 0.25
# A loop that has not turned for so long is stuck. One that has had little of a processor meanwhile (others took them all)
# gets longer: on a crowded machine a second's work, as a large collection of garbage, lasts many.
STUCK_S = 4.0
STARVED_S = 20.0
SPINNING_CPU_S = 1.5
# From so much silence on it is counted what it works.
SILENT_S = 1.0
# An operation that went on for so long when its process died is taken for the reason.
SUSPECT_S = 1.0
DRAIN_S = 30.0
BACKOFF_FIRST_S = 0.1
BACKOFF_LAST_S = 2.0
# Who lived for so long has recovered: the next fault is a first one again.
WELL_AFTER_S = 10.0
TRACE_S = 0.3
FAULTS_MAX = 100
CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE})
ENDING = (signal.SIGTERM, signal.SIGINT)
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Fault:
    """What a process was doing when it was stuck or crashed, and which of the two; `key` names the occurrence."""

    doing: Doing
    how: str
    key: str


@dataclass(frozen=True)
class Post:
    """What a serving process needs of its supervisor."""

    settings: Settings
    listening: socket.socket
    url: str
    number: int
    workers: int
    # Where the processes find each other's sockets; None when there is only one.
    folder: Path | None
    # The first process of the whole server brings the database up to date and prints the login URL.
    first: bool
    pulse: Pulse
    faults: tuple[Fault, ...]


@dataclass
class _Place:
    """One of the processes that there shall be."""

    number: int
    pulse: Pulse
    pid: int | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    backoff_s: float = 0.0
    killed: str | None = None
    ending_since: float | None = None
    # Seconds of processor time that it had used when it fell silent.
    silent_cpu_s: float | None = None
    # Not yet told to a process that serves.
    faults: deque[Fault] = field(default_factory=lambda: deque(maxlen=FAULTS_MAX))

    @property
    def serves(self) -> bool:
        return self.pid is not None and self.ending_since is None and self.pulse.state is State.READY


def supervise(settings: Settings, workers: int, prepare: Callable[[], Callable[[Post], int]]) -> int:
    """Serve until a signal; returns the exit code. What `prepare` returns is called in each forked process."""
    if workers > 1 and not settings.redis_url:
        raise SettingsError(
            "--workers needs COLLAB_REDIS_URL: several processes keep in step over Redis; set it (redis://host:6379/0), "
            "or leave --workers out"
        )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log_format.configure(settings)
    listening = _listen(settings)
    # Not in the data folder: the path of a socket may have some hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="collab-")) if workers > 1 else None
    for number in ENDING:
        signal.signal(number, lambda *_: sys.exit(0))  # while it is prepared there is nothing to end but this
    try:
        return Supervisor(settings, workers, listening, folder, prepare()).run()
    finally:
        listening.close()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        (settings.data_dir / RUNNING_FILE).unlink(missing_ok=True)


def running_url(data_dir: Path) -> str | None:
    """The address of the server that runs on this data folder, if one does."""
    try:
        note = json.loads((data_dir / RUNNING_FILE).read_text())
        os.kill(note["pid"], 0)
    except (OSError, ValueError, KeyError):
        return None
    return str(note["url"])


class Supervisor:
    def __init__(
        self,
        settings: Settings,
        workers: int,
        listening: socket.socket,
        folder: Path | None,
        serve: Callable[[Post], int],
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._listening = listening
        self._serve = serve
        shared = page(workers)
        self._places = [_Place(number, Pulse(shared, number)) for number in range(workers)]
        self._answered = False
        self._ending_since: float | None = None
        self._rolling: deque[int] = deque()
        self._signals: deque[int] = deque()
        self._looked_at = time.monotonic()
        self._code = 0

    @property
    def url(self) -> str:
        host, port = self._settings.host, self._listening.getsockname()[1]
        # Who listens everywhere is reached here; the address is compared, not bound.
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
        return f"http://{shown}:{port}"

    def run(self) -> int:
        wake, waker = os.pipe()
        for end in (wake, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda number, _: self._signals.append(number))
        try:
            while self._tend():
                quick = POLL_S if self._answered or len(self._places) == 1 else POLL_S / 10
                select.select([wake], [], [], quick)
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 4096)
        finally:
            signal.set_wakeup_fd(-1)
        return self._code

    def _tend(self) -> bool:
        """One look at everything; False when all is over."""
        now = time.monotonic()
        while self._signals:
            self._hear(self._signals.popleft(), now)
        for place in self._places:
            self._reap(place, now)
        if self._ending_since is None:
            self._look(now)
            self._roll(now)
            for place in self._places:
                self._start_if_due(place, now)
        alive = [place for place in self._places if place.pid is not None]
        for place in alive:
            began = place.ending_since
            if began is not None and now - began >= DRAIN_S:
                self._kill(place, "did not end in time")
        self._looked_at = now
        return bool(alive) or self._ending_since is None

    def _hear(self, number: int, now: float) -> None:
        if number == signal.SIGHUP and self._ending_since is None:
            self._rolling = deque(place.number for place in self._places)
        elif number in ENDING:
            if self._ending_since is not None and number == signal.SIGINT:
                for place in self._places:
                    self._kill(place, "was ended in a hurry")
            elif self._ending_since is None:
                self._end(now)

    def _end(self, now: float) -> None:
        """No new connection from now on; who is connected is told."""
        self._ending_since = now
        self._listening.close()
        for place in self._places:
            self._ask_to_end(place, now)

    def _ask_to_end(self, place: _Place, now: float) -> None:
        if place.pid is not None and place.ending_since is None:
            place.ending_since = now
            os.kill(place.pid, signal.SIGTERM)

    # -- starting ------------------------------------------------------------------------------------------------

    def _start_if_due(self, place: _Place, now: float) -> None:
        migrated = self._answered or self._places[0].pulse.state >= State.MIGRATED
        if place.pid is None and now >= place.due_at and (place.number == 0 or migrated):
            self._start(place, now)

    def _start(self, place: _Place, now: float) -> None:
        place.pulse.clear()
        place.killed = place.ending_since = place.silent_cpu_s = None
        place.started_at = now
        first = place.number == 0 and not self._answered
        post = Post(
            self._settings, self._listening, self.url, place.number, len(self._places), self._folder, first,
            place.pulse, tuple(place.faults),
        )  # fmt: skip
        parent = os.getpid()
        sys.stdout.flush()
        # Held back until the forked process has its own handlers: a signal in between would be noted here and done nowhere.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        pid = os.fork()
        if pid == 0:
            _become(post, parent, self._serve)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        place.pid = pid

    # -- watching ------------------------------------------------------------------------------------------------

    def _reap(self, place: _Place, now: float) -> None:
        if place.pid is None:
            return
        done, status = os.waitpid(place.pid, os.WNOHANG)
        if place.pulse.state >= State.READY:
            self._answered = True
            place.faults.clear()
        if not done:
            return
        code = os.waitstatus_to_exitcode(status)
        pid, place.pid = place.pid, None
        asked = place.ending_since is not None and place.killed is None
        if self._ending_since is not None:
            self._code = self._code or int(code != 0)
            return
        if not self._answered:
            # It never served: that is no accident to repeat. What was wrong is on its standard error.
            self._code = code if code > 0 else 1
            self._end(now)
            return
        if asked:
            place.due_at = now
            return
        self._suspect(place, code)
        if now - place.started_at >= WELL_AFTER_S:
            place.backoff_s = 0.0
        place.due_at = now + place.backoff_s
        place.backoff_s = min(max(2 * place.backoff_s, BACKOFF_FIRST_S), BACKOFF_LAST_S)
        how = place.killed or (f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}")
        logger.error("serving process %d (place %d) %s; another one takes its place", pid, place.number, how)

    def _suspect(self, place: _Place, code: int) -> None:
        underway = place.pulse.underway()
        if underway is None:
            return
        if place.killed is not None or -code in CRASHES or underway.since_s >= SUSPECT_S:
            how = "stuck" if place.killed is not None else "crashed"
            doing = underway.doing
            logger.error("it was at session %s (%s, version %d)", doing.session_id, doing.phase.name, doing.version)
            place.faults.append(Fault(doing, how, os.urandom(16).hex()))

    def _look(self, now: float) -> None:
        if now - self._looked_at > STUCK_S / 2:
            return  # this process was not run either: the machine slept, or has no time for anybody
        for place in self._places:
            if place.pid is None or place.killed is not None or place.pulse.state is State.LEAVING:
                continue
            silent_s = place.pulse.silent_s()
            if silent_s is None or silent_s < SILENT_S:
                place.silent_cpu_s = None
                continue
            starved = _starved(place)
            if silent_s < STUCK_S:
                continue
            # While it starts nobody waits for it yet, and much else is started with it.
            patient = place.pulse.state is not State.READY or starved
            if silent_s >= (STARVED_S if patient else STUCK_S):
                with contextlib.suppress(ProcessLookupError):
                    # faulthandler writes where it hangs; it does so even when no Python can run.
                    os.kill(place.pid, signal.SIGUSR1)
                    time.sleep(TRACE_S)
                self._kill(place, f"was stuck for {silent_s:.1f} s")

    def _kill(self, place: _Place, why: str) -> None:
        if place.pid is not None and place.killed is None:
            place.killed = why
            with contextlib.suppress(ProcessLookupError):
                os.kill(place.pid, signal.SIGKILL)

    def _roll(self, now: float) -> None:
        """One after the other, each as soon as the one before serves again."""
        if not self._rolling:
            return
        place = self._places[self._rolling[0]]
        if all(other.serves for other in self._places if other is not place):
            self._rolling.popleft()
            self._ask_to_end(place, now)


def _become(post: Post, parent: int, serve: Callable[[Post], int]) -> None:
    """The forked process: serves, and never returns into the supervisor's stack."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        for number in ENDING:
            signal.signal(number, lambda *_: os._exit(0))  # until there is something to close
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        _die_with(parent)
        code = serve(post)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        logger.exception("serving failed")
    finally:
        if post.pulse.state is State.READY:
            post.pulse.state = State.LEAVING
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _die_with(parent: int) -> None:
    """Whoever kills the supervisor has killed the server. Elsewhere than on Linux the loop notices it by itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _starved(place: _Place) -> bool:
    """Whether it would run and has got little of a processor since it fell silent, or waits for the disk; False where that
    cannot be told."""
    assert place.pid is not None
    try:
        cpu_s, waits = _standing(place.pid)
    except (OSError, ValueError, IndexError):
        return False
    if place.silent_cpu_s is None:
        place.silent_cpu_s = cpu_s
    return waits and cpu_s - place.silent_cpu_s < SPINNING_CPU_S


def _standing(pid: int) -> tuple[float, bool]:
    """(seconds of processor time so far, whether any thread runs, or would: the loop may wait for what that one holds)."""
    ticks, waits = 0, False
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = (thread / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
            waits = waits or fields[0] in "RD"
    return ticks / os.sysconf("SC_CLK_TCK"), waits


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"COLLAB_PORT: cannot listen on {settings.host}:{settings.port} ({error.strerror}); choose another port or stop what holds it"
        ) from error
    listening.listen(BACKLOG)
    return listening
