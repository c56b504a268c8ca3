"""The subcommands that talk to a running server over REST: run a file, list, make, export and import sessions.

Without `--url` and `--token` they use the server that runs on the same data folder, with a key made for the moment.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from collab_server import database
from collab_server.identity import LOCAL_USER, Identity
from collab_server.settings import Settings

KEY_S = 600
REQUEST_S = 330.0


class RemoteError(Exception):
    """The server refused; the text is its own."""


def reach(settings: Settings, arguments: argparse.Namespace) -> tuple[str, str]:
    """(address, key) of the server that is meant."""
    from collab_server.serving import running_url

    url = arguments.url or running_url(settings.data_dir) or f"http://{settings.host}:{settings.port}"
    return url.rstrip("/"), arguments.token or os.environ.get("COLLAB_TOKEN") or asyncio.run(_key(settings))


@contextmanager
def client(settings: Settings, arguments: argparse.Namespace) -> Iterator[httpx.Client]:
    """An HTTP client for the server, signed in."""
    url, token = reach(settings, arguments)
    with httpx.Client(
        base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=REQUEST_S, trust_env=False
    ) as made:
        yield made


async def _key(settings: Settings) -> str:
    engine = database.connect(settings.database)
    try:
        return (
            await Identity(engine, settings, now=time.time).issue(
                LOCAL_USER, kind="api", label="command line", expires_at=int((time.time() + KEY_S) * 1000)
            )
        )[1]
    finally:
        await engine.dispose()


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        response.read()
        try:
            raise RemoteError(f"{response.json()['detail']} ({response.json()['code']})")
        except (ValueError, KeyError):
            raise RemoteError(f"the server answered {response.status_code}") from None
    return response


def run_file(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run a local file; its output goes to the same streams here, its exit code is ours (1 when it has none)."""
    body: dict[str, Any] = {"code": arguments.file.read_text(), "entry": arguments.file.name}
    if arguments.language:
        body["language"] = arguments.language
    if arguments.stdin:
        body["stdin"] = sys.stdin.read()
    if arguments.timeout:
        body["timeout"] = arguments.timeout
    with (
        client(settings, arguments) as http,
        http.stream("POST", "/api/executions", json=body, headers={"accept": "text/event-stream"}) as response,
    ):
        _checked(response)
        for line in response.iter_lines():
            if line.startswith("data: "):
                code = _show(json.loads(line.removeprefix("data: ")))
                if code is not None:
                    return code
    raise RemoteError("the stream ended before the run did")


def _show(event: dict[str, Any]) -> int | None:
    kind = event["type"]
    if kind == "execution.output":
        stream = sys.stderr if event["stream"] == "stderr" else sys.stdout
        stream.write(event["text"])
        stream.flush()
    elif kind == "execution.refused":
        raise RemoteError(f"{event['message']} ({event['code']})")
    elif kind == "execution.finished":
        if event.get("result") is not None:
            print(f"=> {json.dumps(event['result'], ensure_ascii=False)}")
        if event.get("error"):
            print(
                event["error"].get("stack") or f"{event['error']['type']}: {event['error']['message']}", file=sys.stderr
            )
        elif event["status"] not in ("completed", "failed"):
            print(f"collab-server: {event['status']}", file=sys.stderr)
        return 0 if event["status"] == "completed" and not event.get("exitCode") else event.get("exitCode") or 1
    return None


def list_sessions(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print id, change time, owner and name of each session."""
    cursor: str | None = None
    with client(settings, arguments) as http:
        while True:
            params = {"scope": arguments.scope, "limit": "100"} | ({"cursor": cursor} if cursor else {})
            page = _checked(http.get("/api/sessions", params=params)).json()
            for session in page["items"]:
                print(f"{session['id']}  {session['updatedAt']}  {session['ownerId']}  {session['name']}")
            cursor = page["nextCursor"]
            if cursor is None:
                return 0


def create_session(settings: Settings, arguments: argparse.Namespace) -> int:
    """Make a session of local files; print its id."""
    files = [{"name": file.name, "content": file.read_text()} for file in arguments.files]
    with client(settings, arguments) as http:
        body = {"name": arguments.name, "files": files, "isPublic": arguments.public}
        print(_checked(http.post("/api/sessions", json=body)).json()["id"])
    return 0


def export_session(settings: Settings, arguments: argparse.Namespace) -> int:
    """Save a session's zip; print where."""
    with client(settings, arguments) as http:
        packed = _checked(http.get(f"/api/sessions/{arguments.id}/export")).content
    target = arguments.output or f"{arguments.id}.zip"
    with open(target, "wb") as file:  # noqa: PTH123 - takes a Path or a name
        file.write(packed)
    print(target)
    return 0


def import_session(settings: Settings, arguments: argparse.Namespace) -> int:
    """Make a session of a zip; print its id."""
    with client(settings, arguments) as http:
        params = {"name": arguments.name} if arguments.name else {}
        headers = {"content-type": "application/zip"}
        print(
            _checked(
                http.post("/api/sessions/import", content=arguments.zip.read_bytes(), params=params, headers=headers)
            ).json()["id"]
        )
    return 0
