"""Promises about the network of a local run: what a tier has goes out, with certificates checked, and this machine is never reached."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from executor.pool import LocalPool, PoolLimits
from executor.runner import Job
from executor.wire import TextFile, WireEgress, WireRequest
from executor.workerd import Reach
from tests.support.runs import Carried, carry, order

# Of this machine's many loopback addresses the one that the tests let through.
OPEN = "127.0.0.2"
PRIVATE = ["127.0.0.1", "0x7f.1", "localhost", socket.gethostname(), "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"]


def networked(code: str) -> WireRequest:
    return order(code, allowed_modules=["http", "https"], tier="standard", timeout_ms=8_000, egress=WireEgress(deny=[]))


def shell(script: str) -> WireRequest:
    files = [TextFile(name="main.sh", content=script)]
    return networked("").model_copy(update={"language": "shell", "entry": "main.sh", "files": files})


def said(carried: Carried) -> str:
    """What the program returned."""
    assert carried.end.frame is not None and isinstance(carried.end.frame.result, str)
    return carried.end.frame.result


@contextmanager
def serving(host: str, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str]]]:
    """A server's port, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps(sorted(name.lower() for name in self.headers)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def self_signed(folder: Path) -> tuple[ssl.SSLContext, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(OPEN))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "chain.pem").write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem")
    return context, pem.decode()


async def test_a_pool_as_operators_start_it_reaches_nothing_of_this_machine(pool: LocalPool) -> None:
    with serving("127.0.0.1") as (port, asked):
        code = f"const of = (host) => fetch('http://' + host + ':{port}/').catch((e) => e.code);"
        code += f" return (await Promise.all({json.dumps(PRIVATE)}.map(of))).join()"
        assert said(await carry(pool, Job(networked(code)))).split(",") == ["network_denied"] * len(PRIVATE)
        assert asked == []


async def test_https_works_and_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    tls, certificate = self_signed(tmp_path)
    code = "return await fetch('https://{}:{}/x').then((r) => r.text(), (e) => e.cause?.message)"
    curl = "curl -sS https://{}:{}/shell 2>&1"
    with serving(OPEN, tls) as (port, asked):
        for certificates, answer in [((certificate,), "user-agent"), ((), "certificate is not trusted")]:
            pool = LocalPool(limits=PoolLimits(idle_min=1), reach=Reach((f"{OPEN}/32",), certificates))
            await pool.start()
            try:
                carried = await carry(pool, Job(networked(code.format(OPEN, port))))
                in_shell = await carry(pool, Job(shell(curl.format(OPEN, port))))
            finally:
                await pool.close()
            assert answer in said(carried)
            assert answer in in_shell.text
        assert asked == ["/x", "/shell"]


async def test_without_the_operators_leave_there_is_no_network(pool: LocalPool) -> None:
    run = networked("return await fetch('http://example.com/').catch((e) => e.message)")
    carried = await carry(pool, Job(run.model_copy(update={"egress": None})))
    assert said(carried) == "network_denied: example.com is not reachable: the network is switched off on this server"
