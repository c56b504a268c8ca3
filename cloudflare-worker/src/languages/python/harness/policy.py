"""Which modules a program may import: a gate on import, a guard on denied modules, an audit hook on what they do.
Never the wall: the isolate without bindings or network is the wall, this is what makes a tier's promise hold."""

import builtins
import errno
import importlib
import sys
from types import ModuleType

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


def install(policy):
    """From here on every import of the program passes the policy."""

    def gate(name, globals=None, locals=None, fromlist=(), level=0):
        if level == 0 and _is_user(_frame(1)):
            policy.check(name)
            for item in fromlist or ():
                if isinstance(item, str) and item != "*":
                    policy.check(f"{name}.{item}")
        return _real_import(name, globals, locals, fromlist, level)

    def import_module(name, package=None):
        if _is_user(_frame(1)) and not name.startswith("."):
            policy.check(name)
        return _real_import_module(name, package)

    class Finder:
        @staticmethod
        def find_spec(fullname, path=None, target=None):
            if _importer_is_user():
                policy.check(fullname)

    class Guarded(ModuleType):
        def __getattribute__(self, name):
            if name not in _FREE and _is_user(_frame(1)):
                own = ModuleType.__getattribute__(self, "__name__")
                raise ImportError(policy.message(policy.denied(own) or own), name=own)
            return ModuleType.__getattribute__(self, name)

    def may(governor):
        return _EVERYTHING in policy.allowed or governor in policy.allowed

    def audit(event, args):
        family = event.partition(".")[0]
        if event == "compile" or event == "code.__new__":
            filename = args[1]
            if isinstance(filename, bytes):
                filename = filename.decode("utf-8", "replace")
            if isinstance(filename, str) and filename.startswith(TRUSTED) and _is_user(_frame(1)):
                raise PermissionError(f"{filename!r} is a reserved file name")
        elif event == "import":
            if _importer_is_user():
                policy.check(args[0])
        elif _child_process_events(event):
            if not may("child_process"):
                raise PermissionError(policy.message("subprocess"))
        elif family == "os" or family == "shutil" or family == "tempfile" or family == "glob":
            if not may("fs") and _is_user(_frame(1)):
                raise PermissionError(policy.message("os"))
        elif family == "socket":
            if not may("net") and not may("http") and not may("https"):
                raise PermissionError(policy.message("socket"))
            if event in {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}:
                raise OSError(errno.ENETUNREACH, "network_denied: raw sockets are not available; use urllib.request or http.client")
        elif family == "ctypes" and not may("vm"):
            raise PermissionError(policy.message("ctypes"))

    builtins.__import__ = gate
    importlib.import_module = import_module
    sys.meta_path.insert(0, Finder)
    for name, module in list(sys.modules.items()):
        if type(module) is ModuleType and policy.denied(name):
            module.__class__ = Guarded
    sys.addaudithook(audit)
