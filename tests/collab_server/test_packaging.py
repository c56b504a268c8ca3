"""Promises about the package: what it holds, that it serves by itself, and how it comes by the one program that it does not hold."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from executor import workerd_program
from executor.workerd_program import NotBuilt, fetch, find_workerd, platform_name
from tests.support.processes import Server

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("collab_server", "crdt", "executor")


def build(tree: Path, *targets: str) -> Path:
    """The build backend as pip calls it; returns the folder of what was made."""
    kinds = [argument for target in targets for argument in ("-t", target)]
    subprocess.run([sys.executable, "-m", "hatchling", "build", *kinds], cwd=tree, check=True, capture_output=True)
    return tree / "dist"


def test_a_wheel_made_of_the_source_distribution_holds_all_that_serving_takes(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "SECURITY.md", ".gitignore"):
        shutil.copy(ROOT / name, tree)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "built"))
    for asset in ("web/index.html", "worker/manifest.json"):
        (made := tree / "collab_server/built" / asset).parent.mkdir(parents=True)
        made.write_text("{}")
    expected = {str(path.relative_to(tree)) for name in PACKAGES for path in (tree / name).rglob("*") if path.is_file()}
    (source,) = build(tree, "sdist").iterdir()
    with tarfile.open(source) as packed:
        packed.extractall(tmp_path)
    (wheel,) = build(tmp_path / source.name.removesuffix(".tar.gz"), "wheel").iterdir()
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == expected
    assert {f"{name}/py.typed" for name in PACKAGES} <= held


def test_the_program_that_is_fetched_is_the_one_that_the_worker_is_built_with() -> None:
    pins = json.loads(workerd_program.PINS.read_text())
    locked = json.loads((ROOT / "cloudflare-worker/package-lock.json").read_text())["packages"]
    assert pins["version"] == locked["node_modules/workerd"]["version"]
    for platform, integrity in pins["integrity"].items():
        package = locked.get(f"node_modules/@cloudflare/workerd-{platform}")
        assert package is None or package["integrity"] == integrity
    assert {"linux-64", "linux-arm64"} <= set(pins["integrity"])


@dataclass
class Registry:
    """An npm registry with one package; `package` is what it answers with."""

    url: str
    package: bytes
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        info = tarfile.TarInfo("package/bin/workerd")
        info.size = 4
        packed.addfile(info, io.BytesIO(b"ELF!"))
    found = Registry("", buffer.getvalue())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.send_header("content-length", str(len(found.package)))
            self.end_headers()
            self.wfile.write(found.package)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is told."""

    digest = "sha512-" + base64.b64encode(hashlib.sha512(found.package).digest()).decode()
    pins = tmp_path / "pins.json"
    pins.write_text(json.dumps({"version": "1.2.3", "integrity": {platform_name(): digest}}))
    monkeypatch.setattr(workerd_program, "PINS", pins)
    monkeypatch.setattr(workerd_program, "PACKAGES", tmp_path / "no-checkout")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_program_is_fetched_once_and_kept(registry: Registry, tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(NotBuilt, match="COLLAB_WORKERD"):
        find_workerd(None, tmp_path / "cache")
    for _ in range(2):
        program = fetch(tmp_path / "cache", registry.url, told.append)
        assert program == find_workerd(None, tmp_path / "cache")
        assert program.read_bytes() == b"ELF!" and os.access(program, os.X_OK)
    name = f"workerd-{platform_name()}"
    assert registry.asked == [f"/@cloudflare/{name}/-/{name}-1.2.3.tgz"] and len(told) == 1


@pytest.mark.parametrize(("fault", "told"), [("altered", "its digest is"), ("away", "COLLAB_NPM_REGISTRY")])
def test_a_program_that_cannot_be_trusted_or_had_leaves_nothing_and_says_what_to_do(
    registry: Registry, tmp_path: Path, fault: str, told: str
) -> None:
    if fault == "altered":
        registry.package = registry.package[:-1] + b"x"
    url = registry.url if fault == "altered" else "http://127.0.0.1:1"
    with pytest.raises(NotBuilt, match=told):
        fetch(tmp_path / "cache", url, lambda _: None)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def install(environment: Path) -> Path:
    """What `make wheel` makes, in an environment of its own; returns the folder of its commands."""
    subprocess.run(["make", "wheel"], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (ROOT / "dist").glob("*.whl")
    venv.create(environment, with_pip=True)
    subprocess.run([environment / "bin/pip", "install", "--quiet", wheel], check=True, capture_output=True)
    return environment / "bin"


@pytest.mark.soak
async def test_the_installed_wheel_serves_and_runs_programs_in_an_empty_folder(tmp_path: Path) -> None:
    binaries = await asyncio.to_thread(install, tmp_path / "env")
    # No Node, no compiler, no checkout: PATH ends at the environment, and the folder is empty.
    (tmp_path / "empty").mkdir()
    command = ("/usr/bin/env", "-C", str(tmp_path / "empty"), f"PATH={binaries}", str(binaries / "collab-server"))
    server = Server(tmp_path / "data", {"COLLAB_WORKERD": str(find_workerd())}, command=command)
    await server.start()
    try:
        async with await server.http("ada", tier="enterprise") as http:
            for language, code in (("javascript", "return 6 * 7"), ("python", "6 * 7"), ("ruby", "6 * 7")):
                ran = (await http.post("/api/executions", json={"language": language, "code": code})).json()
                assert ran["result"] == 42, ran
            assert "<html" in (await http.get("/")).text
    finally:
        assert await server.stop() == 0
