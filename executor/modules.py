"""The one table of who may import what: Node's names by tier, and their counterparts in the other languages.

The table is data; the Worker enforces it inside the runtime, and nothing here looks at code.
"""

from collections.abc import Collection, Mapping

# Each tier adds to the one before it; a name in no row needs the tier that allows all.
BASIC = ("path", "util", "crypto")
STANDARD = ("fs", "http", "https", "zlib")
PREMIUM = ("stream", "child_process")
EVERYTHING = "*"

# Node's other builtins, named so that a refusal can say which tier would allow them.
_OTHER_NODE = (
    "async_hooks", "cluster", "dgram", "diagnostics_channel", "dns", "domain", "http2", "inspector", "net", "os",
    "perf_hooks", "repl", "sqlite", "test", "tls", "trace_events", "tty", "v8", "vm", "wasi", "worker_threads",
)  # fmt: skip
# What the runtime has nothing of, or what would lead out of the isolate: in JavaScript no tier can give it.
ABSENT_NODE = frozenset((
    "cluster", "domain", "inspector", "repl", "sqlite", "test", "trace_events", "vm", "wasi", "worker_threads",
))  # fmt: skip
# Computation only, needed by everyday code and reaching nothing: never gated, in no tier's row.
PURE_NODE = frozenset((
    "assert", "buffer", "console", "constants", "events", "process", "punycode", "querystring", "readline",
    "string_decoder", "timers", "url",
))  # fmt: skip

# language → its module → the Node name that governs it. What is in no row is harmless there and always allowed.
COUNTERPARTS: Mapping[str, Mapping[str, str]] = {
    "python": {
        "os": "fs", "shutil": "fs", "tempfile": "fs", "pathlib": "fs", "glob": "fs", "fileinput": "fs", "nt": "fs",
        "posix": "fs", "http": "http", "urllib.request": "http", "pyodide.http": "http", "requests": "http", "httpx": "http", "aiohttp": "http",
        "urllib3": "http", "zlib": "zlib", "gzip": "zlib", "bz2": "zlib", "lzma": "zlib", "zipfile": "zlib",
        "tarfile": "zlib", "compression": "zlib", "hashlib": "crypto", "hmac": "crypto", "secrets": "crypto", "subprocess": "child_process",
        "pty": "child_process", "multiprocessing": "child_process", "socket": "net", "socketserver": "net",
        "ssl": "tls", "ftplib": "net", "smtplib": "net", "telnetlib": "net", "imaplib": "net", "poplib": "net",
        "asyncio.subprocess": "child_process", "ctypes": "vm", "js": "vm", "pyodide": "vm", "pyodide_js": "vm",
        "_pyodide": "vm", "sqlite3": "sqlite", "threading": "worker_threads",
    },
    "ruby": {
        "fileutils": "fs", "tempfile": "fs", "tmpdir": "fs", "pathname": "path", "digest": "crypto",
        "openssl": "crypto", "securerandom": "crypto", "net/http": "http", "open-uri": "http", "zlib": "zlib",
        "socket": "net", "open3": "child_process", "pty": "child_process", "js": "vm", "fiddle": "vm",
        "net/protocol": "http", "system": "child_process",
    },
    "lua": {"io.popen": "child_process", "os.execute": "child_process"},
    "shell": {
        "curl": "http", "wget": "http", "gzip": "zlib", "gunzip": "zlib", "zcat": "zlib", "tar": "zlib",
        "sha256sum": "crypto", "sha1sum": "crypto", "md5sum": "crypto", "nc": "net", "ssh": "net",
        "python": "child_process", "python3": "child_process", "node": "child_process", "ruby": "child_process",
        "xargs": "child_process", "bash": "child_process", "sh": "child_process",
    },
}  # fmt: skip

_NODE_NAMES = frozenset((*BASIC, *STANDARD, *PREMIUM, *_OTHER_NODE))


def plain_name(name: str) -> str:
    """`node:fs/promises` and `fs` are one module to the table."""
    bare = name.removeprefix("node:")
    head = bare.split("/", 1)[0]
    return head if head in _NODE_NAMES or head in PURE_NODE else bare


def governed_by(language: str, name: str) -> str:
    return COUNTERPARTS.get(language, {}).get(name) or plain_name(name)


def known_names(language: str) -> frozenset[str]:
    return _NODE_NAMES | COUNTERPARTS.get(language, {}).keys()


def allows(modules: Collection[str], language: str, name: str) -> bool:
    governing = governed_by(language, name)
    if governing in ABSENT_NODE and language in ("javascript", "typescript"):
        return False
    return EVERYTHING in modules or governing in modules or governing in PURE_NODE
