"""Runs one program as __main__ and says how it ended.
A process or isolate serves one program; in an environment that is kept, its memory is woken in another one for the next."""
# ruff: noqa: PTH108, PTH120, PTH123, S108, S307
# This runs inside the interpreter, where the program's own code runs anyway.

import __future__

import ast
import asyncio
import atexit
import builtins
import gc
import inspect
import json
import os
import random
import sys
from types import ModuleType

from _session import commands, display, environment, network, outcome, packages, policy, streams

ROOT = "/session/"
EXIT_UNCAUGHT = 1
EXIT_INTERRUPTED = 130
# Modules that CPython itself has loaded before any program: a session file of that name cannot take their place there either.
_STARTUP = frozenset(sys.builtin_module_names) | {
    "abc", "codecs", "encodings", "genericpath", "io", "os", "posixpath", "site", "stat", "zipimport", "_collections_abc",
}  # fmt: skip
_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag
del _name
# One of each for all runs of an interpreter: what an earlier run has kept of them still works.
_console = streams.Console()
_main_module = ModuleType("__main__")


def _own_names(files):
    """Top-level names that the session's files define."""
    names = set()
    for name in files:
        head, slash, _ = name.partition("/")
        if slash:
            names.add(head)
        elif head.endswith(".py"):
            names.add(head.removesuffix(".py"))
    return frozenset(names)


def _uncover(own_names, edited):
    """A session's random.py must win over the random that the memory snapshot has loaded, as it does in CPython.
    Its own modules of an earlier run stay, unless a file was edited since."""
    for name in own_names - _STARTUP:
        for loaded in [key for key in sys.modules if key == name or key.startswith(name + ".")]:
            if edited or not _is_own(sys.modules[loaded]):
                del sys.modules[loaded]


def _is_own(module):
    return str(getattr(module, "__file__", None)).startswith(ROOT)


def _context(values, scope):
    for name, value in values.items():
        if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("$function"), str):
            value = eval(value["$function"], scope)
        scope[name] = value


def _execute(source, filename, scope, run_until_complete):
    """Executes the module and answers the value of its last expression, or None."""
    tree = ast.parse(source, filename)
    last = tree.body.pop().value if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    if last is not None and not tree.body and isinstance(last, ast.Constant) and isinstance(last.value, str):
        scope["__doc__"] = last.value
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    def evaluate(node, mode):
        nonlocal flags
        code = compile(node, filename, mode, flags, dont_inherit=True)
        flags |= code.co_flags & _FUTURES
        value = eval(code, scope)
        return run_until_complete(value) if code.co_flags & inspect.CO_COROUTINE else value

    evaluate(tree, "exec")
    return None if last is None else evaluate(ast.Expression(last), "eval")


class _Loop:
    """Runs coroutines on Pyodide's event loop; an exit in any task ends the wait of the program, as CPython does."""

    def __init__(self, run_sync):
        self._run_sync = run_sync
        self._waiters = []
        self._exit = None
        loop = asyncio.get_event_loop_policy().get_event_loop()
        loop._system_exit_handler = lambda code: self._leave(SystemExit(code))
        loop._keyboard_interrupt_handler = lambda: self._leave(KeyboardInterrupt())
        loop.run_until_complete = self.run_until_complete
        self._loop = loop

    def _leave(self, error):
        self._exit = self._exit or error
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def run_until_complete(self, future):
        task = asyncio.ensure_future(future, loop=self._loop)
        waiter = self._loop.create_future()
        task.add_done_callback(lambda _: waiter.done() or waiter.set_result(None))
        self._loop._install_asyncgen_hooks()
        self._waiters.append(waiter)
        try:
            self._run_sync(waiter)
        finally:
            self._waiters.remove(waiter)
        if self._exit is not None:
            raise self._exit
        return task.result()


def _exit_code(error):
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    sys.stderr.write(f"{code}\n")
    return EXIT_UNCAUGHT


def _quiet(action):
    try:
        action()
    except BaseException:  # noqa: S110, SIM105 -- contextlib is the program's to break, this is not
        pass


_REHEARSAL = """
import json, re, sys
class Point:
    def __init__(self, x, y=0): self.x, self.y = x, y
    def __repr__(self): return f"Point({self.x!r}, {self.y:>3})"
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
words = sorted({w.lower(): len(w) for w in re.findall(r"[a-z]+", "The quick brown fox")}.items(), key=lambda p: (-p[1], p[0]))
for i, (word, size) in enumerate(words): print(i, word, size, fib(5), Point(i), [x * x for x in range(3)], 1.5 / 2, sep=" ")
print(json.dumps({"a": [1, 2.5, None, True], "b": "\u00e9"}), "%s %d %.2f" % ("a", 1, 2.0), "x".join("abc"), file=sys.stdout)
with open("/tmp/rehearsal", "w+") as file: file.write("line\\n"); file.seek(0); lines = list(file)
async def later(): return 1
await later()
try: {}["missing"]
except KeyError as error: print(repr(error))
raise ValueError("the end of the rehearsal")
"""


def rehearse(bridge):
    """Walks the paths of an ordinary run once, so that the wasm behind them is compiled. Leaves nothing behind."""
    from pyodide.ffi import can_run_sync, run_sync

    console = streams.Console(bridge, run_sync, can_run_sync, "typed\n", False, False)
    loop = asyncio.get_event_loop_policy().get_event_loop()
    kept = sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__, builtins.input
    streams.install(console)
    scope = ModuleType("__rehearsal__").__dict__
    try:
        builtins.input()
        _execute(_REHEARSAL.encode(), ROOT + "rehearsal.py", scope, loop.run_until_complete)
    except ValueError as error:
        outcome.encode(outcome.describe(error, ROOT))
        outcome.encode(outcome.plain([1, 2.5, "x", {"a": scope["words"]}]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__, builtins.input = kept
    os.unlink("/tmp/rehearsal")


def main(bridge, text, table):
    spec = json.loads(text)
    json_table = json.loads(table)
    from pyodide.ffi import can_run_sync, run_sync, to_js

    own_modules = {key: sys.modules.pop(key) for key in list(sys.modules) if key == "_session" or key.startswith("_session.")}
    if not spec["resumed"]:
        random.seed()
    _console.attach(bridge, run_sync, can_run_sync, spec["stdin"], spec["interactive"], spec["echoed"])
    streams.install(_console)
    network.install(_console, run_sync, can_run_sync, to_js)
    finish_commands = commands.install(_console, run_sync, can_run_sync, to_js)

    def show(*values, **_options):
        for value in values:
            _console.display(outcome.encode(display.bundle(value)))

    builtins.display = show
    entry = ROOT + spec["entry"]
    sys.argv = [spec["entry"], *spec["argv"]]
    os.environ.update(spec["env"])
    folder = os.path.dirname(entry)
    for place in ("", folder, ROOT.rstrip("/")):
        while place in sys.path:
            sys.path.remove(place)
    sys.path[:0] = list(dict.fromkeys((folder, ROOT.rstrip("/"))))
    sys.dont_write_bytecode = True
    for place in [key for key in sys.path_importer_cache if key.startswith(ROOT.rstrip("/")) or key == ""]:
        del sys.path_importer_cache[place]
    own_names = _own_names(spec["names"])
    _uncover(own_names, spec["edited"])
    packages.install_wheels(ROOT, spec["names"])
    module = _main_module
    module.__file__ = entry
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    scope = module.__dict__

    with open(entry, "rb") as file:
        source = file.read()
    rules = policy.Policy(json_table, spec["allowedModules"], spec["tier"], spec["tierOfModule"], own_names)
    said = {"exitCode": 0}
    value = None
    try:
        _context(spec["context"], scope)
        policy.install(rules)
        value = _execute(source, entry, scope, _Loop(run_sync).run_until_complete)
    except SystemExit as error:
        said["exitCode"] = _exit_code(error)
    except BaseException as error:
        bridge.relax()
        said["exitCode"] = EXIT_INTERRUPTED if isinstance(error, KeyboardInterrupt) else EXIT_UNCAUGHT
        said["error"] = outcome.describe(error, ROOT)
    if value is not None and "error" not in said:
        try:
            mime = display.rich(value)
            if mime is not None:
                bridge.display(outcome.encode(mime))
        except BaseException as error:
            sys.stderr.write(f"display failed: {type(error).__name__}\n")
        said["result"] = outcome.plain(value)
    _quiet(atexit._run_exitfuncs)
    _quiet(finish_commands)
    _quiet(lambda: sys.stdout.flush())
    _quiet(lambda: sys.stderr.flush())
    if spec["keep"] and "error" not in said and said["exitCode"] == 0:
        # What the session lends to each run is no part of what the runs leave.
        for name in spec["env"]:
            os.environ.pop(name, None)
        said["variables"] = environment.variables(scope)
        environment.close_files()
        policy.rest()
        gc.collect()
        sys.modules.update(own_modules)
    _console.detach()
    return outcome.encode(said)
