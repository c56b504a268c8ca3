"""What the command line does by itself, on the data folder and the database: keys, switches, backups, migrations.
No server has to run for it; each function answers an exit code. Imports stay inside, so that the supervisor is small."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from collab_server.settings import load

if TYPE_CHECKING:
    from collab_server.identity import Identity
    from collab_server.switches import Board

DONE, FAILED = 0, 1


def migrate(_: argparse.Namespace) -> int:
    from collab_server import database, migrations

    async def work() -> None:
        settings = load()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        engine = database.connect(settings.database)
        try:
            await migrations.upgrade(engine)
        finally:
            await engine.dispose()

    asyncio.run(work())
    return DONE


def reseal(arguments: argparse.Namespace) -> int:
    from collab_server.resealing import OLD_STAYS, reseal

    settings = load()
    report = asyncio.run(reseal(settings, new_key=arguments.new_key, now_ms=lambda: int(time.time() * 1000)))
    print(f"{report.resealed} were sealed anew, {report.kept} were so already")
    if report.lost:
        print(f"{report.lost} are sealed under none of the keys, and were left as they are", file=sys.stderr)
        return FAILED
    if arguments.new_key:
        print(OLD_STAYS)
    return DONE


def backup(arguments: argparse.Namespace) -> int:
    from collab_server.backup import backup

    with_key = backup(load(), arguments.file)
    kept = "with secret.key: keep it as safe as the server" if with_key else "without COLLAB_SECRET_KEY: keep that, too"
    print(f"{arguments.file}, {arguments.file.stat().st_size} bytes, {kept}")
    return DONE


def restore(arguments: argparse.Namespace) -> int:
    from collab_server.backup import restore

    settings = load()
    with_key = restore(settings, arguments.file, force=arguments.force)
    note = "" if with_key else "; it holds no secret.key: set COLLAB_SECRET_KEY to the one of then"
    print(f"restored to {settings.data_dir}{note}")
    return DONE


def verify(arguments: argparse.Namespace) -> int:
    from collab_server import checkup

    report = asyncio.run(checkup.examine(load(), arguments.file))
    for problem in report.problems:
        print(problem, file=sys.stderr)
    if report.problems:
        return FAILED
    print(
        f"{report.sessions} sessions and {report.audit_rows} audit rows, whole; the audit's end is {report.audit_head or 'empty'}"
    )
    return DONE


def audit_verify(arguments: argparse.Namespace) -> int:
    from collab_server import database
    from executor.audit import Audit

    async def work() -> int:
        engine = database.connect(load().database)
        try:
            found = await Audit(engine).verify(arguments.head)
        finally:
            await engine.dispose()
        if found.broken_id is not None:
            print(f"broken at row {found.broken_id}: {found.reason}", file=sys.stderr)
            return FAILED
        print(f"{found.rows} rows, whole; its end is {found.head or 'empty'}")
        return DONE

    return asyncio.run(work())


def with_identity(
    work: Callable[[Identity, argparse.Namespace], Coroutine[Any, Any, int]],
) -> Callable[[argparse.Namespace], int]:
    async def act(arguments: argparse.Namespace) -> int:
        from collab_server import database, migrations
        from collab_server.identity import Identity

        settings = load()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        engine = database.connect(settings.database)
        try:
            await migrations.upgrade(engine)
            return await work(Identity(engine, settings, now=time.time), arguments)
        finally:
            await engine.dispose()

    return lambda arguments: asyncio.run(act(arguments))


def with_board(
    work: Callable[[Board, argparse.Namespace], Coroutine[Any, Any, int]],
) -> Callable[[argparse.Namespace], int]:
    """On the database itself: it takes effect also where no server answers."""

    async def act(arguments: argparse.Namespace) -> int:
        from collab_server import database, migrations
        from collab_server.switches import Board

        engine = database.connect(load().database)
        try:
            await migrations.upgrade(engine)
            return await work(Board(engine, now=time.time), arguments)
        finally:
            await engine.dispose()

    return lambda arguments: asyncio.run(act(arguments))


async def switch_list(board: Board, _: argparse.Namespace) -> int:
    from collab_server.shapes.base import timestamp_or_none

    for switch in (await board.read()).values():
        since = timestamp_or_none(switch.changed_at)
        print(
            f"{switch.name:20}{'on' if switch.on else 'off':5}{since or '':26}{switch.changed_by or '':20}{switch.reason}".rstrip()
        )
    return DONE


async def switch_turn(board: Board, arguments: argparse.Namespace) -> int:
    from collab_server.acts import OPERATOR

    turned = await board.turn(OPERATOR, arguments.name, arguments.state == "on", arguments.reason)
    print(f"{turned.name} is {'on' if turned.on else 'off'}{turned.reason and ': '}{turned.reason}")
    return DONE


async def switch_stop(board: Board, arguments: argparse.Namespace) -> int:
    from collab_server.acts import OPERATOR

    print(f"{await board.stop_executions(OPERATOR, arguments.reason)} runs were told to end")
    return DONE


async def token_create(identity: Identity, arguments: argparse.Namespace) -> int:
    from collab_server.acts import OPERATOR

    expires_at = None if arguments.expires is None else int(time.time() * 1000) + arguments.expires
    _, token = await identity.issue(
        arguments.user,
        kind="api",
        name=arguments.name,
        tier=arguments.tier,
        admin=arguments.admin,
        scopes=arguments.scopes,
        expires_at=expires_at,
        budget_micro_dollars=arguments.budget,
        runs_per_minute=arguments.runs_per_minute,
        concurrent_runs=arguments.concurrent_runs,
        agent=arguments.agent,
        by=OPERATOR,
    )
    print(token)
    return DONE


async def token_list(identity: Identity, arguments: argparse.Namespace) -> int:
    from collab_server.shapes.base import timestamp, timestamp_or_none

    for token in await identity.listed(arguments.user):
        expires = timestamp_or_none(token["expiresAt"]) or "never"
        agent = f"  agent: {token['agent']}" if token["agent"] else ""
        print(
            f"{token['id']}  {token['prefix']}…  {token['userId']}  scopes: {','.join(token['scopes']) or 'all'}  "
            f"made: {timestamp(token['createdAt'])}  expires: {expires}{agent}"
        )
    return DONE


async def token_revoke(identity: Identity, arguments: argparse.Namespace) -> int:
    await identity.revoke(arguments.id)
    return DONE
