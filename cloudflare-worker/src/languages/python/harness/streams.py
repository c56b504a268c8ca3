"""The program's stdin, stdout and stderr: text streams over the bridge to the isolate.
Nothing here interprets what passes through."""

import builtins
import io
import os
import sys

_real_write = os.write


class _Out(io.RawIOBase):
    def __init__(self, descriptor, console):
        self._descriptor = descriptor
        self._console = console

    def writable(self):
        return True

    def fileno(self):
        return self._descriptor

    def write(self, data):
        size = _real_write(self._descriptor, data)
        self._console.wrote()
        return size


class _In(io.RawIOBase):
    def __init__(self, console):
        self._console = console
        self._rest = b""

    def readable(self):
        return True

    def fileno(self):
        return 0

    def readinto(self, buffer):
        if not self._rest:
            self._rest = self._console.read()
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class Console:
    """Waits for input by suspending the interpreter, and lets output leave now and then while a loop runs."""

    WRITES_BETWEEN_PAUSES = 32

    def __init__(self, *given):
        self._bridge = None
        if given:
            self.attach(*given)

    def attach(self, bridge, run_sync, can_run_sync, prefilled, interactive, echoed):
        """A program may hold streams of an earlier run: they are this run's then."""
        self._bridge = bridge
        self._run_sync = run_sync
        self._can_run_sync = can_run_sync
        self._prefilled = prefilled.encode("utf-8", "surrogatepass") if prefilled else b""
        self._interactive = interactive
        self._echoed = echoed
        self._writes = 0
        self._prompt = ""

    def detach(self):
        self._bridge = None

    def display(self, bundle):
        self._bridge.display(bundle)

    def request(self, *request):
        return self._bridge.request(*request)

    def command(self, *command):
        if self._bridge.command is None:
            raise OSError("this program cannot run commands")
        return self._bridge.command(*command)

    def wrote(self):
        if self._echoed:
            return
        self._writes += 1
        if self._writes == 1 or self._writes % self.WRITES_BETWEEN_PAUSES == 0:
            self.pause()

    def pause(self):
        if not self._echoed and self._can_run_sync():
            self._run_sync(self._bridge.pause())

    def read(self):
        if self._prefilled:
            data, self._prefilled = self._prefilled, b""
            return data
        if not self._interactive:
            return b""
        prompt, self._prompt = self._prompt, ""
        sys.stdout.flush()
        if not self._can_run_sync():
            raise OSError("stdin cannot be waited for here")
        text = self._run_sync(self._bridge.input(prompt))
        if not isinstance(text, str):
            self._interactive = False
            return b""
        return text.encode("utf-8", "surrogatepass")

    def input(self, prompt="", /):
        """Read a line from standard input. The trailing newline is stripped."""
        sys.audit("builtins.input", prompt)
        text = str(prompt)
        if sys.stderr is not None:
            sys.stderr.flush()
        sys.stdout.write(text)
        sys.stdout.flush()
        self._prompt = text
        line = sys.stdin.readline()
        self._prompt = ""
        if not line:
            raise EOFError("EOF when reading a line")
        return line.removesuffix("\n")


def install(console):
    def text_out(descriptor, errors, name):
        stream = io.TextIOWrapper(
            io.BufferedWriter(_Out(descriptor, console)), encoding="utf-8", errors=errors, newline="\n", line_buffering=True
        )
        stream.mode = "w"
        return stream

    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(_In(console)), encoding="utf-8", errors="replace", newline=None)
    sys.stdout = sys.__stdout__ = text_out(1, "strict", "<stdout>")
    sys.stderr = sys.__stderr__ = text_out(2, "backslashreplace", "<stderr>")
    read = console.input

    def input(prompt="", /):
        return read(prompt)

    input.__doc__ = Console.input.__doc__
    builtins.input = input
