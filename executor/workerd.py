"""Writes the configuration of a local Worker from the build's manifest.

It starts nothing: processes are the pool's and the nursery's.
"""

import json
import re
import ssl
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi

from executor.workerd_program import ROOT, NotBuilt, find_workerd

# The built Worker beside the source, or inside an installed wheel.
DIST_CANDIDATES = (ROOT / "cloudflare-worker/dist", ROOT / "collab_server/built/worker")
MODULE_KINDS = frozenset({"esModule", "commonJsModule", "text", "data", "wasm"})
MANIFEST = "manifest.json"
# Near its own limit V8 collects garbage without end: the host, which measures the process, has to come first.
HEAP_HEADROOM_PERCENT = 150
# Where distributions keep the authorities they trust; an operator's own are in there too.
CA_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Reach:
    """What programs may reach beside the public networks, and whom they trust beside the known authorities (PEM).

    No setting leads here: it is for tests with servers of their own.
    """

    networks: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()


PUBLIC = Reach()


@dataclass(frozen=True)
class Installation:
    program: Path
    dist: Path


def find_dist(path: str | Path | None = None) -> Path:
    for candidate in [Path(path)] if path is not None else DIST_CANDIDATES:
        if (candidate / MANIFEST).is_file():
            return candidate
    raise NotBuilt("the Worker is not built: run `npm run build` in cloudflare-worker/ or `make run`")


def find(program: str | Path | None = None, dist: str | Path | None = None) -> Installation:
    return Installation(find_workerd(program), find_dist(dist))


def read_manifest(dist: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((dist / MANIFEST).read_text())
    return manifest


def variants(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The languages whose modules are too large for every process; they get processes of their own."""
    return frozenset(manifest.get("variants", {}))


def write_config(
    installation: Installation, folder: Path, secret: str, heap_mb: int, variant: str | None, reach: Reach = PUBLIC
) -> Path:
    """Compiles the configuration into one binary file with everything embedded: some 10 ms, once per heap size."""
    manifest = read_manifest(installation.dist)
    embedded = folder / "dist"
    if not embedded.exists():
        # embed takes paths relative to the config; the link keeps large modules from being copied.
        embedded.symlink_to(installation.dist.resolve())
    source = folder / f"config-{heap_mb}-{variant or 'base'}.capnp"
    source.write_text(_capnp(manifest, secret, heap_mb, variant, reach))
    compiled = source.with_suffix(".bin")
    with compiled.open("wb") as into:  # tens of megabytes for an interpreter: never through our memory
        done = subprocess.run(  # noqa: S603 — our own program and our own file
            [str(installation.program), "compile", "--config-only", str(source)],
            stdout=into, stderr=subprocess.PIPE, check=False, env={},
        )  # fmt: skip
    if done.returncode != 0 or not compiled.stat().st_size:
        said = done.stderr.decode(errors="replace")[:2000]
        raise NotBuilt(f"workerd does not take the Worker's configuration: {said}")
    return compiled


def _capnp(manifest: Mapping[str, Any], secret: str, heap_mb: int, variant: str | None, reach: Reach) -> str:
    main = {"name": manifest["main"], "type": "esModule", "path": manifest["main"]}
    more = manifest["variants"][variant] if variant is not None else []
    # The main module comes first; the build may or may not list it.
    ordered = [main, *(module for module in [*manifest["modules"], *more] if module["name"] != main["name"])]
    modules = ",\n    ".join(
        f"(name = {_text(module['name'])}, {_kind(module['type'])} = embed {_text('dist/' + module['path'])})"
        for module in ordered
    )
    flags = ", ".join(_text(flag) for flag in manifest["compatibilityFlags"])
    allowed = _texts(["public", *reach.networks])
    denied = _texts(manifest["deniedNetworks"])
    certificates = _texts([*_authorities(), *reach.certificates])
    exceptions = (
        f',\n    (name = "EGRESS_NETWORKS", text = {_text(json.dumps(reach.networks))})' if reach.networks else ""
    )
    return f"""using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--max-heap-size={heap_mb * HEAP_HEADROOM_PERCENT // 100}"],
  services = [(name = "main", worker = .mainWorker), (name = "internet", network = .internet)],
  sockets = [(name = "http", address = "*", http = (), service = "main")]
);
# Addresses are judged here once more, after names are resolved: this holds whatever the gateway before it believes.
const internet :Workerd.Network = (
  allow = [{allowed}], deny = [{denied}],
  tlsOptions = (trustedCertificates = [{certificates}])
);
const mainWorker :Workerd.Worker = (
  modules = [
    {modules}
  ],
  compatibilityDate = {_text(manifest["compatibilityDate"])},
  compatibilityFlags = [{flags}],
  bindings = [
    (name = "LOADER", workerLoader = ()),
    (name = "SECRET", text = {_text(secret)}),
    (name = "ECHO_FRAMES", text = "1"){exceptions}
  ]
);
"""


def _authorities() -> list[str]:
    """The certificates that this machine trusts. Embedded, because workerd does not start where it finds none itself."""
    places = ssl.get_default_verify_paths()
    for place in (places.cafile, *CA_BUNDLES, certifi.where()):
        if place and Path(place).is_file() and (found := _PEM.findall(Path(place).read_text())):
            return found
    return []


def _kind(kind: str) -> str:
    if kind not in MODULE_KINDS:
        raise NotBuilt(f"the Worker's manifest has a module of unknown type {kind!r}")
    return kind


def _texts(values: Iterable[str]) -> str:
    return ", ".join(_text(value) for value in values)


def _text(value: str) -> str:
    # JSON's escapes of plain ASCII are Cap'n Proto's too.
    return json.dumps(value)
