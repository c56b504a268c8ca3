"""Promises about keys of an outside identity provider: they may be rotated, revoked and away, and nobody else's are taken."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from collab_server import database, migrations
from collab_server.errors import Unauthorized
from collab_server.identity import Identity
from collab_server.jwks import FRESH_S, KEPT_S, MISSING_S, Jwks, UnknownKey
from collab_server.settings import Settings
from tests.support.patience import PATIENCE_S

RSA = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("old", "new")}
EC, ED = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()


def public(kid: str, **more: Any) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(RSA[kid].public_key()))
    return {**shown, "kid": kid, "alg": "RS256", **more}


class Provider:
    """A real HTTP server with keys."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [public("old")]
        self.asked = 0
        self.status = 200
        self.url = ""

    async def answer(self, _: Request) -> Response:
        self.asked += 1
        return JSONResponse({"keys": self.keys}, self.status)


@asynccontextmanager
async def serving_keys() -> AsyncIterator[Provider]:
    provider, listener = Provider(), socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/keys", provider.answer)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve([listener]))
    provider.url = f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
    yield provider
    server.should_exit = True
    await task


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with serving_keys() as started:
        yield started


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def token(kid: str = "old", key: Any = None, alg: str = "RS256", **claims: Any) -> str:
    body = {"sub": "ada", "aud": "collab", "exp": int(time.time()) + 60} | claims
    return jwt.encode(body, key or RSA[kid], alg, headers={"kid": kid})


@pytest.fixture
async def identity(provider: Provider, tmp_path: Path) -> AsyncIterator[Identity]:
    engine = database.connect(f"sqlite+aiosqlite:///{tmp_path / 'db.sqlite3'}")
    await migrations.upgrade(engine)
    settings = Settings(jwks_url=provider.url, jwt_audience="collab", data_dir=tmp_path)
    yield Identity(engine, settings, now=time.time)
    await engine.dispose()


async def test_a_provider_rotates_its_keys_and_each_holds_as_long_as_it_is_listed(provider: Provider) -> None:
    clock = Clock()
    jwks = Jwks(provider.url, clock=clock)
    assert (await jwks.key_of(token("old"))).key_id == "old" and provider.asked == 1
    provider.keys = [public("old"), public("new")]
    clock.now += MISSING_S
    assert (await jwks.key_of(token("new"))).key_id == "new" and provider.asked == 2
    provider.keys = [public("new")]
    clock.now += FRESH_S + 1
    await jwks.key_of(token("new"))
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(UnknownKey):
            while True:
                # The request for the keys goes on beside this.
                await asyncio.sleep(0)
                await jwks.key_of(token("old"))
    assert provider.asked == 3


async def test_made_up_key_ids_cause_one_request_in_ten_seconds(provider: Provider) -> None:
    clock = Clock()
    jwks = Jwks(provider.url, clock=clock)
    for _ in range(2):
        made_up = [jwks.key_of(token(f"k{index}", RSA["old"])) for index in range(50)]
        told = await asyncio.gather(*made_up, return_exceptions=True)
        assert {type(each) for each in told} == {UnknownKey}
        clock.now += MISSING_S
    assert provider.asked == 2


async def test_known_keys_hold_while_the_provider_is_away_but_not_for_ever(provider: Provider) -> None:
    clock = Clock()
    jwks = Jwks(provider.url, clock=clock)
    await jwks.key_of(token("old"))
    provider.status = 503
    clock.now += KEPT_S - 1
    assert (await jwks.key_of(token("old"))).key_id == "old"
    clock.now += MISSING_S + 2
    with pytest.raises(UnknownKey):
        await jwks.key_of(token("old"))


@pytest.mark.parametrize(
    ("kid", "key", "alg", "shown"),
    [
        ("ec", EC, "ES256", json.loads(ECAlgorithm.to_jwk(EC.public_key()))),
        ("ed", ED, "EdDSA", json.loads(OKPAlgorithm.to_jwk(ED.public_key()))),
    ],
)
async def test_elliptic_keys_are_taken_too(
    identity: Identity, provider: Provider, kid: str, key: Any, alg: str, shown: dict[str, Any]
) -> None:
    provider.keys = [{"kty": "unknown", "kid": "x"}, shown | {"kid": kid, "alg": alg}]
    assert (await identity.authenticate(token(kid, key, alg), "bearer")).user_id == "ada"


async def test_what_the_provider_did_not_sign_gets_the_one_answer(identity: Identity, provider: Provider) -> None:
    provider.keys = [public("old"), public("new", use="enc")]
    assert (await identity.authenticate(token("old"), "bearer")).user_id == "ada"
    # The public key is no secret: a token "signed" with it by HMAC must not pass for the provider's.
    pem = RSA["old"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head, body, _ = token("old").split(".")
    hmac_head = jwt.utils.base64url_encode(b'{"alg":"HS256","kid":"old"}').decode()
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(f"{hmac_head}.{body}".encode(), pem)
    wrong = [
        f"{hmac_head}.{body}.{jwt.utils.base64url_encode(mac).decode()}",
        f"{head}.{body}.",
        token("old", RSA["new"]),
        token("new"),
        token("old", aud="another"),
        token("old", exp=int(time.time()) - 1),
        token("old", alg="RS512"),
        jwt.encode({"sub": "ada", "aud": "collab", "exp": int(time.time()) + 60}, "", "none"),
    ]
    for each in wrong:
        with pytest.raises(Unauthorized) as refused:
            await identity.authenticate(each, "bearer")
        assert str(refused.value) == str(Unauthorized())
