"""The subcommands that talk to a running server, by way of the client: run a file, list, make, export and import sessions.

Without `--url` and `--token` they use the server that runs on the same data folder, with a key made for the moment.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import httpx

from collab_server.client import Branch, Client, Limits, Run, connect
from collab_server.client.execution import Execution
from collab_server.settings import Settings
from collab_server.supervisor import running_url
from executor.authorities import trusted
from executor.events import Event, Finished, Output, RefusedRun

T = TypeVar("T")
KEY_S = 600
REQUEST_S = 330.0
# Somebody at a terminal wants to know at once that no server is there; one that restarts is waited for.
LIMITS = Limits(retry_s=2.0, request_s=REQUEST_S)


class RemoteError(Exception):
    """The run was refused; the text is the server's own."""


def reach(settings: Settings, arguments: argparse.Namespace) -> tuple[str, str]:
    """(address, key) of the server that is meant."""
    url = arguments.url or running_url(settings.data_dir) or f"http://{settings.host}:{settings.port}"
    return url.rstrip("/"), arguments.token or os.environ.get("COLLAB_TOKEN") or asyncio.run(_key(settings))


async def _key(settings: Settings) -> str:
    if not settings.database_url and not settings.data_dir.is_dir():
        raise RemoteError(f"nothing was served from {settings.data_dir} yet; `collab-server serve` starts a server")
    # Only who brings no key opens the database, and waits until the program knows how.
    from sqlalchemy.exc import DBAPIError

    from collab_server import database
    from collab_server.identity import LOCAL_USER, Identity

    engine = database.connect(settings.database)
    try:
        return (
            await Identity(engine, settings, now=time.time).issue(
                LOCAL_USER, kind="api", label="command line", expires_at=int((time.time() + KEY_S) * 1000)
            )
        )[1]
    except DBAPIError as error:
        raise RemoteError(
            f"the database is not there or not ready ({error.orig}); `collab-server serve` makes it, and prints an address when it is"
        ) from error
    finally:
        await engine.dispose()


def _with_client(settings: Settings, arguments: argparse.Namespace, work: Callable[[Client], Awaitable[T]]) -> T:
    """What some work with the server gives."""
    url, token = reach(settings, arguments)

    async def act() -> T:
        async with connect(url, token, limits=LIMITS) as client:
            return await work(client)

    return asyncio.run(act())


def run_file(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run a local file; its output goes to the same streams here, its exit code is ours (1 when it has none)."""
    wanted = Execution(code=arguments.file.read_text(), entry=arguments.file.name)
    if arguments.language:
        wanted["language"] = arguments.language
    if arguments.arguments:
        wanted["argv"] = arguments.arguments
    if arguments.stdin:
        wanted["stdin"] = sys.stdin.read()
    if arguments.timeout:
        wanted["timeout"] = arguments.timeout

    async def work(client: Client) -> int:
        return await _shown(await client.execute(**wanted))

    return _with_client(settings, arguments, work)


async def _shown(run: Run) -> int:
    code = None
    try:
        async for event in run:
            code = _show(event)
    except asyncio.CancelledError:
        # Ctrl-C ends the program there, too.
        await run.cancel()
        raise
    return 1 if code is None else code


def _show(event: Event) -> int | None:
    """Print an event; the exit code when it is the last."""
    if isinstance(event, Output):
        stream = sys.stderr if event.stream == "stderr" else sys.stdout
        stream.write(event.text)
        stream.flush()
    elif isinstance(event, RefusedRun):
        raise RemoteError(f"{event.message} ({event.code})")
    elif isinstance(event, Finished):
        if event.result is not None:
            print(f"=> {json.dumps(event.result, ensure_ascii=False)}")
        if event.error:
            print(event.error.stack or f"{event.error.type}: {event.error.message}", file=sys.stderr)
        elif event.status not in ("completed", "failed"):
            print(f"collab-server: {event.status}", file=sys.stderr)
        return 0 if event.status == "completed" and not event.exit_code else event.exit_code or 1
    return None


def list_sessions(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print id, change time, owner and name of each session."""

    async def work(client: Client) -> None:
        async for session in client.sessions.list(arguments.scope):
            print(f"{session.id}  {session.updated_at}  {session.owner_id}  {session.name}")

    _with_client(settings, arguments, work)
    return 0


def repair_session(settings: Settings, arguments: argparse.Namespace) -> int:
    """Let a quarantined session be edited again; print what was taken out of its log."""
    url, token = reach(settings, arguments)
    answer = httpx.post(
        f"{url}/api/admin/sessions/{arguments.id}/repair",
        headers={"authorization": f"Bearer {token}"},
        timeout=REQUEST_S,
        trust_env=False,
        verify=trusted(),
    )
    if answer.is_error:
        raise RemoteError(answer.json().get("detail", answer.reason_phrase))
    taken = answer.json()["setAside"]
    print(f"{arguments.id} can be edited" + (f"; set aside: versions {', '.join(map(str, taken))}" if taken else ""))
    return 0


def make_branch(settings: Settings, arguments: argparse.Namespace) -> int:
    """Split a branch off a session; print its id."""

    async def work(client: Client) -> str:
        return (await client.branches.create(arguments.id, arguments.title)).id

    print(_with_client(settings, arguments, work))
    return 0


def list_branches(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print id, status, author and title of each branch."""

    async def work(client: Client) -> None:
        for branch in await client.branches.list(arguments.id):
            print(f"{branch.id}  {branch.status}  {branch.author_id}  {branch.title}")

    _with_client(settings, arguments, work)
    return 0


def diff_branch(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print what merging changes, as `patch` reads it."""

    async def work(client: Client) -> None:
        proposal = await client.branches.diff(await client.branches.get(arguments.id, arguments.branch))
        sys.stdout.write("".join(file.unified or f"{file.status}: {file.name}\n" for file in proposal.files))

    _with_client(settings, arguments, work)
    return 0


def _decide(
    settings: Settings, arguments: argparse.Namespace, verb: Callable[[Client, Branch], Awaitable[Branch]]
) -> int:
    async def work(client: Client) -> Branch:
        return await verb(client, await client.branches.get(arguments.id, arguments.branch))

    print(f"{arguments.branch} {_with_client(settings, arguments, work).status}")
    return 0


def propose_branch(settings: Settings, arguments: argparse.Namespace) -> int:
    """Say that a branch may be looked at."""
    return _decide(settings, arguments, lambda client, branch: client.branches.propose(branch))


def merge_branch(settings: Settings, arguments: argparse.Namespace) -> int:
    """Merge a branch as it is now."""

    async def merge(client: Client, branch: Branch) -> Branch:
        return await client.branches.merge(await client.branches.diff(branch))

    return _decide(settings, arguments, merge)


def reject_branch(settings: Settings, arguments: argparse.Namespace) -> int:
    """Turn a branch down."""
    return _decide(settings, arguments, lambda client, branch: client.branches.reject(branch))


def undo_changes(settings: Settings, arguments: argparse.Namespace) -> int:
    """Take an actor's changes back; print what became of each file."""

    async def work(client: Client) -> None:
        session = await client.open(arguments.id)
        for file in (await session.undo(arguments.actor, count=arguments.count)).files:
            print(f"{file.status}: {file.name}")

    _with_client(settings, arguments, work)
    return 0


def create_session(settings: Settings, arguments: argparse.Namespace) -> int:
    """Make a session of local files; print its id."""
    files = {file.name: file.read_text() for file in arguments.files}

    async def work(client: Client) -> str:
        return (await client.sessions.create(arguments.name, files=files, is_public=arguments.public)).id

    print(_with_client(settings, arguments, work))
    return 0


def export_session(settings: Settings, arguments: argparse.Namespace) -> int:
    """Save a session's zip; print where."""
    target = Path(arguments.output or f"{arguments.id}.zip")

    async def work(client: Client) -> bytes:
        return await client.sessions.export(arguments.id)

    target.write_bytes(_with_client(settings, arguments, work))
    print(target)
    return 0


def import_session(settings: Settings, arguments: argparse.Namespace) -> int:
    """Make a session of a zip; print its id."""
    packed = arguments.zip.read_bytes()

    async def work(client: Client) -> str:
        return (await client.sessions.import_(packed, arguments.name)).id

    print(_with_client(settings, arguments, work))
    return 0
