"""The parent of all runtime processes: a small program of its own that starts, reaps and kills them for the server.

It is run by path with the standard library alone and never imports the rest of this package: it must stay small and
single-threaded, so that fork is safe and so that its children's parent-death signal means the death of this program.
When the server's end of the control socket closes, for whatever reason, it kills what is left and removes the folder.
"""

import base64
import contextlib
import ctypes
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE_BYTES_MAX = 65_536
FDS_PER_SPAWN = 5  # stdout, stderr, control, listening socket, program
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
NOBODY = 65_534
OPEN_FILES_MAX = 256
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_EXECUTE, LANDLOCK_READ_FILE, LANDLOCK_READ_DIR = 1, 4, 8
# How many kinds of file access each version of Landlock knows, from the first.
LANDLOCK_ACCESSES = (13, 14, 15, 15, 16, 16)
LANDLOCK_SCOPES = 3  # signals and abstract sockets reach no further than the process itself
# Where the child finds what it was given, after stdin, stdout and stderr.
CONTROL_FD = 3
SOCKET_FD = 4
PROGRAM_FD = 5


def libc() -> "ctypes.CDLL | None":
    if not sys.platform.startswith("linux"):  # the control socket alone must do
        return None
    try:
        return ctypes.CDLL(None, use_errno=True)
    except OSError:
        return None


LIBC = libc()
PRCTL = LIBC.prctl if LIBC is not None else None


def landlock_version() -> int:
    """0 where the kernel has none."""
    return max(0, LIBC.syscall(LANDLOCK_CREATE, None, 0, 1)) if LIBC is not None else 0


class Confining:
    """The second layer as it was told by the server; applied in a child that becomes a runtime."""

    def __init__(self, told: "dict[str, dict[str, object]]") -> None:
        self.filters = {name: base64.b64decode(str(text)) for name, text in (told["filters"] or {}).items()}
        self.ruleset = self._ruleset(told["landlock"]) if told["landlock"] else -1

    @staticmethod
    def _ruleset(told: "dict[str, object]") -> int:
        """Made once: every file access is governed but the listing of folders, and allowed only where it is needed."""
        assert LIBC is not None
        version = landlock_version()
        accesses = LANDLOCK_ACCESSES[min(version, len(LANDLOCK_ACCESSES)) - 1]
        governed = ((1 << accesses) - 1) & ~LANDLOCK_READ_DIR
        scopes = LANDLOCK_SCOPES if version >= 6 else 0
        attributes = struct.pack("=QQQ", governed, 0, scopes)[: 24 if version >= 6 else 16 if version >= 4 else 8]
        ruleset = int(LIBC.syscall(LANDLOCK_CREATE, attributes, len(attributes), 0))
        if ruleset < 0:
            raise OSError(ctypes.get_errno(), "no Landlock ruleset")
        for name, access in (("read", LANDLOCK_READ_FILE), ("execute", LANDLOCK_READ_FILE | LANDLOCK_EXECUTE)):
            for path in list(told[name]):  # type: ignore[call-overload]
                try:
                    beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
                except OSError:
                    continue  # not on this system
                LIBC.syscall(LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", access, beneath), 0)
                os.close(beneath)
        return ruleset

    def apply(self, profile: str) -> None:
        """From here on, and for whatever this process becomes. Needs NO_NEW_PRIVS."""
        if LIBC is None:
            return
        if self.ruleset >= 0 and LIBC.syscall(LANDLOCK_RESTRICT, self.ruleset, 0):
            raise OSError(ctypes.get_errno(), "Landlock refused its rules")
        if self.filters:
            code = ctypes.create_string_buffer(self.filters[profile])
            program = ctypes.create_string_buffer(
                struct.pack("@HP", len(self.filters[profile]) // 8, ctypes.addressof(code))
            )
            if LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0):
                raise OSError(ctypes.get_errno(), "seccomp refused its filter")


def become(argv: list[str], cwd: str, fds: list[int], parent: int, confining: Confining, profile: str) -> None:
    """In the child: give up everything but the five descriptors, then become the runtime. Never returns."""
    os.setsid()
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(cwd)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if PRCTL is not None:
        # After the change of user, which would clear it.
        PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)
        PRCTL(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # the nursery died between fork and prctl
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES_MAX, OPEN_FILES_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    confining.apply(profile)
    # Moved above all targets first, so that no dup2 closes one that is still needed.
    high = [os.dup(fd) for fd in fds]
    while min(high) <= PROGRAM_FD:
        high = [os.dup(fd) for fd in high]
    stdin = os.open(os.devnull, os.O_RDONLY)
    for source, target in zip([stdin, *high], [0, 1, 2, CONTROL_FD, SOCKET_FD, PROGRAM_FD], strict=True):
        os.dup2(source, target, inheritable=target != PROGRAM_FD)
    os.closerange(PROGRAM_FD + 1, 4096)
    os.execve(PROGRAM_FD, argv, {})  # noqa: S606 — no shell is the point


class Nursery:
    def __init__(self, control: socket.socket, confining: Confining) -> None:
        self.control = control
        self.confining = confining
        self.pid_of: dict[int, int] = {}
        self.pid = os.getpid()
        self.buffer = b""

    def tell(self, message: dict[str, object]) -> None:
        with contextlib.suppress(OSError):
            self.control.sendall(json.dumps(message).encode() + b"\n")

    def spawn(self, message: dict[str, object], fds: list[int]) -> None:
        number, argv, cwd = int(str(message["id"])), message["argv"], str(message["cwd"])
        profile = str(message["profile"])
        try:
            pid = os.fork()
        except OSError as error:
            self.tell({"exit": number, "status": 255, "error": str(error)})
            return
        if pid == 0:
            try:
                become(list(argv), cwd, fds, self.pid, self.confining, profile)  # type: ignore[call-overload]
            except BaseException as error:
                with contextlib.suppress(OSError):
                    os.write(2, f"cannot start: {error}\n".encode())
            finally:
                os._exit(127)
        self.pid_of[number] = pid
        self.tell({"id": number, "pid": pid})

    def reap(self) -> None:
        for number, pid in list(self.pid_of.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                del self.pid_of[number]
                self.tell({"exit": number, "status": os.waitstatus_to_exitcode(status)})

    def hear(self) -> bool:
        """Carries out what the server says; False when the server is gone."""
        try:
            data, fds, _, _ = socket.recv_fds(self.control, MESSAGE_BYTES_MAX, FDS_PER_SPAWN)
        except ConnectionError:
            return False
        if not data:
            return False
        # The kernel never joins bytes beyond a message that carries descriptors, so they belong to the last line.
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message["op"] == "spawn":
                self.spawn(message, fds)
            elif message["op"] == "kill" and message["id"] in self.pid_of:
                os.kill(self.pid_of[message["id"]], signal.SIGKILL)
        for fd in fds:
            os.close(fd)
        return True

    def kill_all(self) -> None:
        for pid in self.pid_of.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in self.pid_of.values():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def prevented(attempt: "Callable[[], object]") -> bool:
    try:
        attempt()
    except OSError:
        return True
    return False


def prove(confining: Confining, profile: str) -> None:
    """Tries what a runtime must not be able to do, and says by name whether it was prevented."""
    if PRCTL is not None:
        PRCTL(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    parent = os.getppid()
    confining.apply(profile)

    def call(function: str, *arguments: object) -> None:
        assert LIBC is not None
        if getattr(LIBC, function)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), function)

    def child() -> None:
        if os.fork() == 0:
            os._exit(0)

    attempts: dict[str, Callable[[], object]] = {
        "a network socket": lambda: socket.socket(socket.AF_INET).close(),
        "a new process": child,
        "another program": lambda: os.execve("/bin/true", ["true"], {}),  # noqa: S606
        "tracing": lambda: call("ptrace", 16, parent, 0, 0),  # PTRACE_ATTACH
        "a signal to another process": lambda: os.kill(parent, 0),
        "writing a file": lambda: os.close(os.open("/tmp/confined", os.O_WRONLY | os.O_CREAT)),  # noqa: S108
        "a namespace": lambda: call("unshare", 0x10000000),  # CLONE_NEWUSER
    }
    if confining.ruleset >= 0:
        attempts["reading other files"] = lambda: os.close(os.open("/etc/passwd", os.O_RDONLY))
    sys.stdout.write(json.dumps({name: prevented(attempt) for name, attempt in attempts.items()}))


def main() -> None:
    if sys.argv[1] == "prove":
        prove(Confining(json.loads(sys.argv[2])), sys.argv[3])
        return
    control = socket.socket(fileno=int(sys.argv[1]))
    folder = sys.argv[2]
    nursery = Nursery(control, Confining(json.loads(sys.argv[3])))
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # The server decides when this ends, by closing the socket: a Ctrl-C at the terminal reaches the server first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    alive = True
    while alive:
        for key, _ in selector.select():
            if key.fileobj is control:
                alive = nursery.hear()
            else:
                os.read(wake_read, 4096)
        nursery.reap()
    nursery.kill_all()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
