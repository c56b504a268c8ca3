"""The parent of all runtime processes: a small program of its own that starts, reaps and kills them for the server.

It is run by path with the standard library alone and never imports the rest of this package: it must stay small and
single-threaded, so that fork is safe and so that its children's parent-death signal means the death of this program.
When the server's end of the control socket closes, for whatever reason, it kills what is left and removes the folder.
"""

import contextlib
import ctypes
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import sys

MESSAGE_BYTES_MAX = 65_536
FDS_PER_SPAWN = 5  # stdout, stderr, control, listening socket, program
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
NOBODY = 65_534
OPEN_FILES_MAX = 256
# Where the child finds what it was given, after stdin, stdout and stderr.
CONTROL_FD = 3
SOCKET_FD = 4
PROGRAM_FD = 5


def libc_prctl() -> "ctypes._NamedFuncPointer | None":
    try:
        return ctypes.CDLL(None).prctl
    except (OSError, AttributeError):  # not Linux: the control socket alone must do
        return None


PRCTL = libc_prctl()


def become(argv: list[str], cwd: str, fds: list[int], parent: int) -> None:
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
    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.pid_of: dict[int, int] = {}
        self.pid = os.getpid()
        self.buffer = b""

    def tell(self, message: dict[str, object]) -> None:
        with contextlib.suppress(OSError):
            self.control.sendall(json.dumps(message).encode() + b"\n")

    def spawn(self, message: dict[str, object], fds: list[int]) -> None:
        number, argv, cwd = int(str(message["id"])), message["argv"], str(message["cwd"])
        try:
            pid = os.fork()
        except OSError as error:
            self.tell({"exit": number, "status": 255, "error": str(error)})
            return
        if pid == 0:
            try:
                become(list(argv), cwd, fds, self.pid)  # type: ignore[call-overload]
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


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    folder = sys.argv[2]
    nursery = Nursery(control)
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
