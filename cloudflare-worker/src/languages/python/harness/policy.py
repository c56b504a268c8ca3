"""Which modules a program may import: a gate on import, a guard on denied modules, an audit hook on what they do.
Never the wall: the isolate without bindings or network is the wall, this is what makes a tier's promise hold."""

import builtins
import errno
import importlib
import sys
from types import ModuleType

from _session import packages

TRUSTED = ("/lib/python314.zip/", "/lib/python3.14/", "<frozen ", "<session ")
_IMPORTERS = ("<frozen ", "<session ", "/lib/python314.zip/importlib/", "/lib/python314.zip/pkgutil.py")
# Names that importlib and repr() read of any module; everything else of a denied module is closed.
_FREE = frozenset({"__name__", "__spec__", "__class__"})
_EVERYTHING = "*"
_real_import = builtins.__import__
_real_import_module = importlib.import_module
_frame = sys._getframe


class Policy:
    def __init__(self, table, allowed, tier, tier_of_module, own_names):
        self.table = table
        self.allowed = frozenset(allowed)
        self.tier = tier
        self.tier_of_module = tier_of_module
        self.own_names = own_names
        self.refused = {}

    def denied(self, name):
        """The table's name that refuses `name`, or None. The session's own modules are never governed."""
        parts = name.split(".")
        if _EVERYTHING in self.allowed or parts[0] in self.own_names:
            return None
        for length in range(len(parts), 0, -1):
            prefix = ".".join(parts[:length])
            governor = self.table.get(prefix)
            if governor is not None:
                return None if governor in self.allowed or prefix in self.allowed else prefix
        return None

    def message(self, name):
        governor = self.table.get(name, name)
        tier = self.tier_of_module.get(name) or self.tier_of_module.get(governor)
        hint = f"tier {tier!r} allows it" if tier and tier != self.tier else "it is not among this run's allowed modules"
        return f"module {name!r} is not allowed in tier {self.tier!r}: {hint}"

    def check(self, name):
        prefix = self.denied(name)
        if prefix is not None:
            raise ImportError(self.message(prefix), name=name)


def _is_user(frame):
    return not frame.f_code.co_filename.startswith(TRUSTED)


def _importer_is_user():
    frame = _frame(2)
    while frame is not None and frame.f_code.co_filename.startswith(_IMPORTERS):
        frame = frame.f_back
    return frame is not None and _is_user(frame)


def _child_process_events(event):
    return event in {"os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "subprocess.Popen", "pty.spawn"}


_active = None


def _gate(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and _is_user(_frame(1)):
        _active.check(name)
        for item in fromlist or ():
            if isinstance(item, str) and item != "*":
                _active.check(f"{name}.{item}")
    try:
        return _real_import(name, globals, locals, fromlist, level)
    except ModuleNotFoundError as error:
        packages.explain(error)
        raise


def _import_module(name, package=None):
    if _is_user(_frame(1)) and not name.startswith("."):
        _active.check(name)
    try:
        return _real_import_module(name, package)
    except ModuleNotFoundError as error:
        packages.explain(error)
        raise


class _Finder:
    @staticmethod
    def find_spec(fullname, path=None, target=None):
        if _importer_is_user():
            _active.check(fullname)


class _Guarded(ModuleType):
    def __getattribute__(self, name):
        if name not in _FREE and _is_user(_frame(1)):
            own = ModuleType.__getattribute__(self, "__name__")
            raise ImportError(_active.message(_active.denied(own) or own), name=own)
        return ModuleType.__getattribute__(self, name)


def _may(governor):
    return _EVERYTHING in _active.allowed or governor in _active.allowed


def _audit(event, args):
    family = event.partition(".")[0]
    if event == "compile" or event == "code.__new__":
        filename = args[1]
        if isinstance(filename, bytes):
            filename = filename.decode("utf-8", "replace")
        if isinstance(filename, str) and filename.startswith(TRUSTED) and _is_user(_frame(1)):
            raise PermissionError(f"{filename!r} is a reserved file name")
    elif event == "import":
        if _importer_is_user():
            _active.check(args[0])
    elif _child_process_events(event):
        if not _may("child_process"):
            raise PermissionError(_active.message("subprocess"))
    elif family == "os" or family == "shutil" or family == "tempfile" or family == "glob":
        if not _may("fs") and _is_user(_frame(1)):
            raise PermissionError(_active.message("os"))
    elif family == "socket":
        if not _may("net") and not _may("http") and not _may("https"):
            raise PermissionError(_active.message("socket"))
        if event in {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}:
            raise OSError(errno.ENETUNREACH, "network_denied: raw sockets are not available; use urllib.request or http.client")
    elif family == "ctypes" and not _may("vm"):
        raise PermissionError(_active.message("ctypes"))


def install(policy):
    """From here on every import of the program passes the policy, also in an interpreter that another policy ruled before."""
    global _active
    fresh, _active = _active is None, policy
    builtins.__import__ = _gate
    importlib.import_module = _import_module
    if _Finder in sys.meta_path:
        sys.meta_path.remove(_Finder)
    sys.meta_path.insert(0, _Finder)
    for name, module in list(sys.modules.items()):
        if type(module) is ModuleType or type(module) is _Guarded:
            module.__class__ = _Guarded if policy.denied(name) else ModuleType
    if fresh:
        sys.addaudithook(_audit)


def rest():
    """Between two runs nobody is governed: the isolate itself looks at modules then."""
    for module in list(sys.modules.values()):
        if type(module) is _Guarded:
            module.__class__ = ModuleType
