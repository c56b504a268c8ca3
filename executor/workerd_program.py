"""Where the workerd program is: the checkout's, or the pinned version, fetched once from an npm registry and checked.

Nothing is run here, and nothing unchecked is ever left in the cache folder.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import platform
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "cloudflare-worker/node_modules/@cloudflare"
PINS = Path(__file__).with_name("workerd_pins.json")
TARBALL_BYTES_MAX = 256 * 2**20
SILENCE_S = 30.0
PIECE_BYTES = 2**20
MEMBER = "package/bin/workerd"


class NotBuilt(Exception):
    """The Worker or the workerd program is not there; the message says how to get it."""


@dataclass(frozen=True)
class Pin:
    """One version for one platform, and what its package's bytes must be: npm's own `integrity`."""

    version: str
    platform: str
    integrity: str

    @property
    def package(self) -> str:
        return f"@cloudflare/workerd-{self.platform}@{self.version}"

    def place(self, cache: Path) -> Path:
        return cache / f"workerd-{self.version}-{self.platform}" / "workerd"

    def url(self, registry: str) -> str:
        name = f"workerd-{self.platform}"
        return f"{registry.rstrip('/')}/@cloudflare/{name}/-/{name}-{self.version}.tgz"


def pin() -> Pin | None:
    """What belongs to this machine, if it is known."""
    pins = json.loads(PINS.read_text())
    platform = platform_name()
    integrity = pins["integrity"].get(platform)
    return Pin(pins["version"], platform, integrity) if integrity else None


def platform_name() -> str:
    """This machine as workerd's packages name it."""
    machine = platform.machine().lower()
    bits = {"arm64": "arm64", "aarch64": "arm64", "x86_64": "64", "amd64": "64"}.get(machine, machine)
    return f"{sys.platform}-{bits}"


def find_workerd(path: str | Path | None = None, cache: Path | None = None) -> Path:
    """The program at `path` when one is given, else the checkout's, else the one that was fetched into `cache`."""
    if path is not None:
        given = Path(path)
        if not given.is_file():
            raise NotBuilt(f"there is no workerd program at {given}")
        return given
    program = PACKAGES / f"workerd-{platform_name()}" / "bin/workerd"
    if program.is_file():
        return program
    wanted = pin()
    if cache is not None and wanted is not None and (fetched := wanted.place(cache)).is_file():
        return fetched
    raise NotBuilt("workerd is not installed: `collab-server serve` fetches it, or set COLLAB_WORKERD to the program")


def fetch(cache: Path, registry: str, tell: Callable[[str], None]) -> Path:
    """The program in the cache folder, fetched if it is not there. Raises NotBuilt, whose text says how to do without."""
    wanted = pin()
    if wanted is None:
        raise NotBuilt(
            f"no digest of workerd is known for {platform_name()}: install it (`npm install workerd`) and set "
            "COLLAB_WORKERD to its program"
        )
    place = wanted.place(cache)
    if place.is_file():
        return place
    # Only now: whoever starts the server has it already, and stays small.
    import httpx

    by_hand = (
        "behind a mirror, set COLLAB_NPM_REGISTRY; behind a proxy with an authority of its own, name that in SSL_CERT_FILE; "
        "without a network, unpack the package elsewhere and set COLLAB_WORKERD to its bin/workerd"
    )
    url = wanted.url(registry)
    tell(f"Fetching {wanted.package} from {registry}, once, to {place.parent}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place.parent) as tarball:
            digest = _download(url, tarball)
            if not hmac.compare_digest(digest, wanted.integrity):
                raise NotBuilt(
                    f"{url} is not the {wanted.package} that this version was made for: its digest is {digest}"
                )
            tarball.seek(0)
            _unpack(tarball, place)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotBuilt(f"workerd cannot be fetched from {url} ({error or type(error).__name__}): {by_hand}") from error
    except OSError as error:
        raise NotBuilt(
            f"workerd cannot be kept in {place.parent} ({error}): set COLLAB_CACHE_DIR or mend it"
        ) from error
    return place


def _download(url: str, into: IO[bytes]) -> str:
    import httpx

    from executor.authorities import trusted

    digest = hashlib.sha512()
    size = 0
    with httpx.stream("GET", url, follow_redirects=True, timeout=SILENCE_S, verify=trusted()) as answer:
        answer.raise_for_status()
        for piece in answer.iter_raw(PIECE_BYTES):
            size += len(piece)
            if size > TARBALL_BYTES_MAX:
                raise NotBuilt(f"{url} is larger than {TARBALL_BYTES_MAX} bytes and no workerd package")
            digest.update(piece)
            into.write(piece)
    return "sha512-" + base64.b64encode(digest.digest()).decode()


def _unpack(tarball: IO[bytes], place: Path) -> None:
    """The one program of the package, which appears whole or not at all."""
    with tarfile.open(fileobj=tarball, mode="r:gz") as package:
        program = package.extractfile(MEMBER)
        if program is None:
            raise NotBuilt(f"the package holds no {MEMBER}")
        handle, name = tempfile.mkstemp(dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as made:
                while piece := program.read(PIECE_BYTES):
                    made.write(piece)
                os.fchmod(made.fileno(), 0o755)
            Path(name).replace(place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
