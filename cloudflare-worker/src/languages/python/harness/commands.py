"""subprocess and os.system for the program: commands run in the isolate's shell on the program's own files; no process is started.
Whether a program may use them is policy.py's; what they may reach is what the program reaches."""

import io
import json
import os
import shlex
import subprocess
import sys

_PIPE, _STDOUT, _DEVNULL = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL
_EXIT_ABSENT = 127
_ABSENT_WORDS = ("command not found", "No such file or directory", "is not available here")
_FIRST_PID = 1001


class _Input(io.BytesIO):
    """What is written to a command until it is closed; then the command starts."""

    def __init__(self, start):
        super().__init__()
        self._start = start

    def close(self):
        if not self.closed:
            given = self.getvalue()
            super().close()
            self._start(given)


class _Output(io.RawIOBase):
    """What a command printed; reading it waits for its end."""

    def __init__(self, finish):
        self._finish = finish
        self._rest = None

    def readable(self):
        return True

    def readinto(self, buffer):
        if self._rest is None:
            self._rest = self._finish()
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _words(args, shell):
    """A text for the shell, or a program with its arguments."""
    if isinstance(args, (str, bytes, os.PathLike)):
        text = os.fsdecode(args)
        return text if shell else [text]
    words = [os.fsdecode(word) for word in args]
    return words[0] if shell else words


def _write(target, data, default):
    if not data or target == _DEVNULL:
        return
    if target is None:
        default.flush()
        default.buffer.write(data)
        default.flush()
        return
    descriptor = target if isinstance(target, int) else target.fileno()
    if not isinstance(target, int):
        target.flush()
    while data:
        data = data[os.write(descriptor, data) :]


def _read(source):
    if source is None or isinstance(source, int) and source in (_PIPE, _DEVNULL):
        return b""
    if isinstance(source, int):
        return b"".join(iter(lambda: os.read(source, 65536), b""))
    data = source.read()
    return data.encode() if isinstance(data, str) else data


def install(console, run_sync, can_run_sync, to_js):
    open_commands = []
    last_pid = _FIRST_PID - 1

    class Popen:
        """As subprocess.Popen documents it. A command goes on whenever the program waits for something."""

        __class_getitem__ = classmethod(lambda cls, _item: cls)

        def __init__(
            self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None, preexec_fn=None, close_fds=True,
            shell=False, cwd=None, env=None, universal_newlines=None, startupinfo=None, creationflags=0,
            restore_signals=True, start_new_session=False, pass_fds=(), *, encoding=None, errors=None, text=None, **_more,
        ):  # fmt: skip
            nonlocal last_pid
            sys.audit("subprocess.Popen", executable, args, cwd, env)
            if cwd is not None and not os.path.isdir(cwd):
                raise FileNotFoundError(2, "No such file or directory", os.fspath(cwd))
            last_pid += 1
            self.args, self.pid, self.returncode = args, last_pid, None
            self._text = encoding or errors or text or universal_newlines
            self._encoding, self._errors = encoding or "utf-8", errors or "strict"
            self._targets = stdout, stderr
            words = _words(args, shell)
            self._program = None if isinstance(words, str) else words[0]
            if stderr == _STDOUT:
                words = f"{{ {words if isinstance(words, str) else shlex.join(words)}\n}} 2>&1"
            names = {os.fsdecode(key): os.fsdecode(value) for key, value in (os.environ if env is None else env).items()}
            self._spec = {"command": words, "cwd": os.path.abspath(os.fsdecode(cwd or os.curdir)), "env": names}
            self._running = None
            self._printed = b"", b""
            self.stdin = self._opened(_Input(self._start)) if stdin == _PIPE else None
            self.stdout = self._opened(_Output(lambda: self._finish()[0])) if stdout == _PIPE else None
            self.stderr = self._opened(_Output(lambda: self._finish()[1])) if stderr == _PIPE else None
            sys.stdout.flush()
            open_commands.append(self)
            if self.stdin is None:
                self._start(_read(stdin))

        def _opened(self, raw):
            if isinstance(raw, _Input):
                return io.TextIOWrapper(raw, self._encoding, self._errors, write_through=True) if self._text else raw
            stream = io.BufferedReader(raw)
            return io.TextIOWrapper(stream, self._encoding, self._errors) if self._text else stream

        def _start(self, given):
            if self._running is None:
                self._running = console.command(json.dumps(self._spec), to_js(given))

        def _settle(self, seconds):
            """True when the command has ended within that time (None: whenever it does)."""
            if self.returncode is not None:
                return True
            if self.stdin is not None and not self.stdin.closed:
                self.stdin.close()
            if not can_run_sync():
                raise OSError("a command cannot be waited for here")
            if not run_sync(self._running.wait(-1 if seconds is None else max(0, seconds * 1000))):
                return False
            ending = self._running
            self._running = None
            out, err = ending.stdout.to_bytes(), ending.stderr.to_bytes()
            if self in open_commands:
                open_commands.remove(self)
            self.returncode = -ending.signal if ending.signal else ending.exitCode
            complaints = [f"{self._program}: {words}".encode() for words in _ABSENT_WORDS]
            if self._program and self.returncode == _EXIT_ABSENT and any(words in out + err for words in complaints):
                raise FileNotFoundError(2, "No such program in the shell of this isolate", self._program)
            stdout, stderr = self._targets
            if stdout != _PIPE:
                _write(stdout, out, sys.stdout)
            if stderr not in (_PIPE, _STDOUT):
                _write(stderr, err, sys.stderr)
            self._printed = out, err
            return True

        def _finish(self):
            self._settle(None)
            return self._printed

        def poll(self):
            if self._running is not None:
                self._settle(0)
            return self.returncode

        def wait(self, timeout=None):
            if not self._settle(timeout):
                raise subprocess.TimeoutExpired(self.args, timeout)
            return self.returncode

        def communicate(self, input=None, timeout=None):
            if self.stdin is not None and not self.stdin.closed:
                if input:
                    self.stdin.write(input)
                self.stdin.close()
            self.wait(timeout)
            return tuple(stream.read() if stream else None for stream in (self.stdout, self.stderr))

        def send_signal(self, signal):
            if self.returncode is None:
                self._start(b"")
                self._running.stop(int(signal))

        def terminate(self):
            self.send_signal(15)

        def kill(self):
            self.send_signal(9)

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            self._settle(None)

        def __repr__(self):
            return f"<Popen: returncode: {self.returncode} args: {self.args!r}>"

    def system(command):
        sys.audit("os.system", command)
        status = Popen(command, shell=True).wait()
        return status << 8 if status >= 0 else -status

    def popen(cmd, mode="r", buffering=-1):
        if mode == "r":
            return subprocess.Popen(cmd, shell=True, text=True, stdout=_PIPE).stdout
        return subprocess.Popen(cmd, shell=True, text=True, stdin=_PIPE).stdin

    def close():
        """What was started and not waited for comes to its end."""
        for command in list(open_commands):
            command._settle(None)

    subprocess.Popen = Popen
    os.system = system
    os.popen = popen
    return close
