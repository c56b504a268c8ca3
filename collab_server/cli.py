"""The console script `collab-server`: each subcommand parses, calls one function and turns its outcome into an exit code.

Exit codes: 0 done, 1 failed, 2 usage.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import re
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from collab_server import offline
from collab_server.settings import Settings, SettingsError, load
from collab_server.supervisor import Post, supervise

FAILED, USAGE = 1, 2
UNIT_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def main(argv: Sequence[str] | None = None) -> None:
    """The entry point; always leaves by sys.exit."""
    arguments = parser().parse_args(argv)
    sys.exit(_code_of(lambda: arguments.do(arguments)))


def _code_of(work: Callable[[], int]) -> int:
    """The exit code of a command; what went wrong is told in a line, without a traceback."""
    try:
        return work()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return FAILED
    except Exception as error:
        # Imported only now, here and below: the supervisor lives in this process and stays small.
        from collab_server.backup import BackupError
        from collab_server.client import ClientError, Unreachable
        from collab_server.errors import ActionError
        from collab_server.migrations import NewerDatabase
        from collab_server.remote import RemoteError
        from executor.workerd_program import NotBuilt

        expected = (ActionError, BackupError, ClientError, NewerDatabase, RemoteError, NotBuilt, OSError)
        if isinstance(error, Unreachable):
            print(f"collab-server: {error}; is it running? `collab-server serve` starts one", file=sys.stderr)
        elif isinstance(error, expected):
            print(f"collab-server: {error}", file=sys.stderr)
        else:
            raise
        return FAILED


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="collab-server", description="Edit and run code together, people and agents, live."
    )
    top.add_argument("--version", action=_Version, help="say which version this is")
    commands = top.add_subparsers(required=True, metavar="command")

    serve = commands.add_parser("serve", help="run the server")
    serve.add_argument("--host", help="address to listen on (COLLAB_HOST)")
    serve.add_argument("--port", type=int, help="port to listen on (COLLAB_PORT)")
    serve.add_argument(
        "--workers", type=_positive, default=1, help="processes on this machine (needs COLLAB_REDIS_URL)"
    )
    serve.set_defaults(do=_serve)

    migrate = commands.add_parser("migrate", help="bring the database to this version's form")
    migrate.set_defaults(do=offline.migrate)

    token = commands.add_parser("token", help="make, list and revoke API keys").add_subparsers(
        required=True, metavar="action"
    )
    create = token.add_parser("create", help="make an API key; prints only the key")
    create.add_argument("--user", required=True, metavar="ID", help="the account; made when it is missing")
    create.add_argument("--name", default="", help="the name that others see")
    create.add_argument("--tier", help="the account's tier: basic, standard, premium, enterprise")
    create.add_argument("--admin", action="store_true", default=None, help="the account may administer the server")
    create.add_argument("--expires", type=_duration, metavar="30d", help="how long the key holds (s, m, h, d)")
    create.add_argument("--scopes", type=_scopes, default=(), metavar="edit,run", help="what the key is limited to")
    create.add_argument("--budget", type=_dollars, metavar="USD", help="what the key's runs may cost in a month")
    create.add_argument("--runs-per-minute", type=int, metavar="N", help="how many runs a minute the key may start")
    create.add_argument("--concurrent-runs", type=_positive, metavar="N", help="how many runs of the key go on at once")
    create.add_argument("--agent", metavar="NAME", help="the agent that has the key and acts for the account")
    create.set_defaults(do=offline.with_identity(offline.token_create))
    listed = token.add_parser("list", help="show the API keys, without their secrets")
    listed.add_argument("--user", metavar="ID")
    listed.set_defaults(do=offline.with_identity(offline.token_list))
    revoke = token.add_parser("revoke", help="revoke an API key, at once and everywhere")
    revoke.add_argument("id", help="the key's id, from `token list`")
    revoke.set_defaults(do=offline.with_identity(offline.token_revoke))

    run = commands.add_parser("run", help="run a local file through a server, output streamed")
    run.add_argument("file", type=Path)
    run.add_argument(
        "arguments", nargs="*", help="what the program gets as its arguments (behind `--` when they begin with -)"
    )
    run.add_argument("--stdin", action="store_true", help="give the program this command's standard input")
    run.add_argument("--timeout", type=_duration, metavar="5s", help="how long it may take")
    run.add_argument("--language", help="the language, when the file's ending does not tell")
    _server_options(run)
    run.set_defaults(do=_remote("run_file"))

    session = commands.add_parser("session", help="list, create, export and import sessions").add_subparsers(
        required=True, metavar="action"
    )
    sessions = session.add_parser("list", help="your sessions, newest first")
    sessions.add_argument("--scope", choices=("mine", "shared", "public"), default="mine")
    _server_options(sessions)
    sessions.set_defaults(do=_remote("list_sessions"))
    made = session.add_parser("create", help="make a session from files; prints its id")
    made.add_argument("name")
    made.add_argument("files", nargs="*", type=Path)
    made.add_argument("--public", action="store_true")
    _server_options(made)
    made.set_defaults(do=_remote("create_session"))
    export = session.add_parser("export", help="save a session as a zip")
    export.add_argument("id")
    export.add_argument("--output", type=Path, help="where to (default: <id>.zip)")
    _server_options(export)
    export.set_defaults(do=_remote("export_session"))
    imported = session.add_parser("import", help="make a session from a zip; prints its id")
    imported.add_argument("zip", type=Path)
    imported.add_argument("--name")
    _server_options(imported)
    imported.set_defaults(do=_remote("import_session"))

    branch = session.add_parser("branch", help="split a branch off a session; prints the id to edit and run in")
    branch.add_argument("id")
    branch.add_argument("--title")
    _server_options(branch)
    branch.set_defaults(do=_remote("make_branch"))
    branches = session.add_parser("branches", help="the branches of a session, newest first")
    branches.add_argument("id")
    _server_options(branches)
    branches.set_defaults(do=_remote("list_branches"))
    for action, told in (
        ("diff", "what merging a branch changes in its session"),
        ("propose", "say that a branch may be looked at"),
        ("merge", "look at what a branch changes and merge just that"),
        ("reject", "turn a branch down"),
    ):
        decided = session.add_parser(action, help=told)
        decided.add_argument("id", help="the session's id")
        decided.add_argument("branch", help="the branch's id")
        _server_options(decided)
        decided.set_defaults(do=_remote(f"{action}_branch"))
    undo = session.add_parser("undo", help="take back what one actor changed, and nothing of anybody else's")
    undo.add_argument("id")
    undo.add_argument("actor", help="the account whose changes they are")
    undo.add_argument("--count", type=int, help="the last so many changes (default: all)")
    _server_options(undo)
    undo.set_defaults(do=_remote("undo_changes"))

    repaired = session.add_parser("repair", help="let a quarantined session be edited again (admins)")
    repaired.add_argument("id")
    _server_options(repaired)
    repaired.set_defaults(do=_remote("repair_session"))

    mcp = commands.add_parser("mcp", help="an MCP server on stdin and stdout that talks to a running server")
    _server_options(mcp)
    mcp.set_defaults(do=_mcp)

    audit = commands.add_parser("audit", help="look after the chained record of who did what").add_subparsers(
        required=True, metavar="action"
    )
    verify = audit.add_parser("verify", help="walk the whole chain: exit code 0 when no row was changed or taken out")
    verify.add_argument("--head", metavar="HASH", help="an earlier end of the chain, which must still be in it")
    verify.set_defaults(do=offline.audit_verify)

    sealed = commands.add_parser("secrets", help="look after what is sealed in the database").add_subparsers(
        required=True, metavar="action"
    )
    reseal = sealed.add_parser("reseal", help="seal everything under the key in force, also while the server runs")
    reseal.add_argument("--new-key", action="store_true", help="make a new secret.key in the data folder first")
    reseal.set_defaults(do=offline.reseal)

    backup = commands.add_parser("backup", help="write the SQLite database and its key into a file, also while serving")
    backup.add_argument("file", type=Path)
    backup.set_defaults(do=offline.backup)
    restore = commands.add_parser("restore", help="put a backup into an empty data folder")
    restore.add_argument("file", type=Path)
    restore.add_argument("--force", action="store_true", help="replace what is in the data folder")
    restore.set_defaults(do=offline.restore)
    whole = commands.add_parser(
        "verify", help="look the SQLite database or a backup through: pages, text, audit, ledger"
    )
    whole.add_argument("file", type=Path, nargs="?", help="a backup (default: the database in force)")
    whole.set_defaults(do=offline.verify)

    switch = commands.add_parser(
        "switch",
        help="hold the whole server up: refuse executions, read-only; takes effect on all nodes within a second",
    ).add_subparsers(required=True, metavar="switch")
    switch.add_parser("list", help="how they stand").set_defaults(do=offline.with_board(offline.switch_list))
    for name, told in (
        ("read-only", "whether documents may be changed"),
        ("refuse-executions", "whether runs may begin"),
    ):
        one = switch.add_parser(name, help=told)
        one.add_argument("state", choices=("on", "off"))
        one.add_argument("--reason", default="", help="what everybody whom it holds up is told")
        one.set_defaults(do=offline.with_board(offline.switch_turn), name=name)
    stop = switch.add_parser("stop-executions", help="end everything that runs or waits; new runs may still begin")
    stop.add_argument("--reason", default="", help="for the audit")
    stop.set_defaults(do=offline.with_board(offline.switch_stop))

    bench = commands.add_parser("bench", help="measure this machine: sync, acknowledgement, joins and runs")
    bench.add_argument("--quick", action="store_true", help="fewer repetitions: half a minute")
    bench.add_argument("--only", choices=["sync", "runs"], help="the one half or the other")
    bench.add_argument(
        "--peers",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="only fan-out, beside the sync servers in these folders (node_modules, venv)",
    )
    bench.add_argument("--output", type=Path, metavar="FILE", help="write the figures as JSON, too")
    bench.set_defaults(do=_bench)

    check = commands.add_parser("doctor", help="what works here, what does not, and how to mend it")
    check.set_defaults(do=_doctor)
    return top


class _Version(argparse.Action):
    """Argparse's own wants the version, and with it the package's metadata read, at every start."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"{parser.prog} {version('collab-server')}")
        parser.exit()


def _server_options(to: argparse.ArgumentParser) -> None:
    to.add_argument("--url", help="the server (default: the one that runs on this data folder)")
    to.add_argument(
        "--token", help="the API key (default: one made for this command on the same data folder; or COLLAB_TOKEN)"
    )


def _settings() -> Settings:
    return load()


def _serve(arguments: argparse.Namespace) -> int:
    settings = load(host=arguments.host, port=arguments.port)
    _workerd(settings)
    return supervise(settings, arguments.workers, _prepared)


def _workerd(settings: Settings) -> None:
    """Sees to it that the local pool has its program, before there are processes that need it."""
    from executor.workerd_program import NotBuilt, fetch, find_workerd

    if settings.worker_url:
        return
    try:
        find_workerd(settings.workerd, settings.cache_root)
    except NotBuilt:
        if settings.workerd is not None:
            raise
        fetch(settings.cache_root, settings.npm_registry, lambda line: print(line, file=sys.stderr, flush=True))


def _prepared() -> Callable[[Post], int]:
    """What serves, imported once and for all: whoever takes the place of a process that died has only to be forked,
    which is a quarter of the processor time, and all of them share the memory."""
    from collab_server.serving import serve

    gc.collect()
    gc.freeze()
    return lambda post: _code_of(lambda: serve(post))


def _remote(name: str) -> Callable[[argparse.Namespace], int]:
    def do(arguments: argparse.Namespace) -> int:
        from collab_server import remote

        work: Callable[[Settings, argparse.Namespace], int] = getattr(remote, name)
        return work(_settings(), arguments)

    return do


def _doctor(_: argparse.Namespace) -> int:
    from collab_server import doctor

    return asyncio.run(doctor.examine(_settings()))


def _mcp(arguments: argparse.Namespace) -> int:
    from collab_server.mcp_stdio import serve

    return serve(_settings(), arguments)


def _bench(arguments: argparse.Namespace) -> int:
    from collab_server.bench import bench

    return bench(arguments)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return int(text)


def _duration(text: str) -> int:
    """`30d`, `12h`, `5m`, `10s` in milliseconds."""
    matched = re.fullmatch(r"(\d+)([smhd])", text)
    if matched is None or int(matched[1]) == 0:
        raise argparse.ArgumentTypeError("a number with s, m, h or d behind it, like 30d")
    return int(matched[1]) * UNIT_MS[matched[2]]


def _dollars(text: str) -> int:
    """An amount in dollars, in micro-dollars."""
    if not re.fullmatch(r"\d{1,7}(\.\d{1,6})?", text):
        raise argparse.ArgumentTypeError("an amount in dollars, like 2.50")
    return int(Decimal(text) * 1_000_000)


def _scopes(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


if __name__ == "__main__":
    main()
