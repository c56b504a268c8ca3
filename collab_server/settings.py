"""What an operator may set: environment variables with the prefix `COLLAB_`, read and checked once at the start.

No other module reads the environment, and nothing here is changed while the server runs.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from collab_server.proxies import Header as ProxyHeader
from collab_server.proxies import network_of
from executor.scan.policy import ScanPolicy

PROJECT_ROOT = Path(__file__).resolve().parent.parent
# A name, a name below `*.`, an IPv4 address, or an IPv6 address in brackets.
HOST_PATTERN = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:]+\]")
ANCESTOR_PATTERN = re.compile(r"\*|https?://(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:(\d{1,5}|\*))?")
BUILT = Path(__file__).resolve().parent / "built"


class SettingsError(Exception):
    """A setting is missing or wrong; the text names the variable, the fault and the mend, a line each."""


class Settings(BaseSettings):
    """Every setting with its default; `describe()` is the table that the README prints."""

    model_config = SettingsConfigDict(env_prefix="COLLAB_", extra="ignore", frozen=True)

    database_url: str = Field(
        "",
        description="Where sessions, history and the ledger are kept: `sqlite+aiosqlite:///…` "
        "or `postgresql+asyncpg://…`. Unset: an SQLite file in the data folder.",
    )
    redis_url: str = Field("", description="`redis://…` joins several nodes. Unset: an in-process bus, one node.")
    redis_cluster: bool = Field(
        False,
        description="That Redis is a cluster (7 or newer): each session goes through the server that owns its slot, by sharded "
        "pub/sub. `COLLAB_REDIS_URL` may then name several of its servers, with commas.",
    )
    worker_url: str = Field("", description="`https://…` of a deployed Worker. Unset: a local pool of Worker runtimes.")
    worker_secret: str = Field("", description="The bearer secret of that Worker (required with `COLLAB_WORKER_URL`).")
    workerd: Path | None = Field(
        None, description="The workerd program of the local pool. Unset: the checkout's, else one that is fetched once."
    )
    npm_registry: str = Field(
        "https://registry.npmjs.org", description="Where workerd is fetched from; its digest is known and checked."
    )
    cache_dir: Path | None = Field(
        None, description="The folder for what is fetched. Unset: `collab-server` in the user's cache folder."
    )
    data_dir: Path = Field(Path("data"), description="The folder for the SQLite file and what must outlive a restart.")
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    jwt_secret: str = Field("", description="Accept JWTs signed with this HS256 secret (32 bytes or more).")
    jwks_url: str = Field("", description="Accept JWTs signed by a key of this JWKS (RS256, ES256, EdDSA).")
    jwt_audience: str = Field("", description="The `aud` a JWT must carry (required with a secret or JWKS).")
    jwt_issuer: str = Field("", description="The `iss` a JWT must carry. Unset: any.")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Comma-separated origins, beside the server's own, whose pages may use its cookie."
    )
    embed_ancestors: Annotated[tuple[str, ...], NoDecode] = Field(
        ("*",),
        description="Comma-separated origins (`https://blog.example.com`, `https://*.example.com`) whose pages may frame "
        "`/embed/…`; `*`: any, nothing: none. Embedded sessions use no cookies.",
    )
    public_url: str = Field("", description="The address users see, when a proxy stands in front.")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.1", "::1"),
        description="Comma-separated networks of the proxies in front (`10.0.0.0/8`): what they say of a client's address "
        "and scheme counts for limits and records, what others say does not.",
    )
    proxy_header: ProxyHeader = Field(
        "x-forwarded-for",
        description="The header in which they say it: `x-forwarded-for` (with `X-Forwarded-Proto`) or `forwarded` (RFC 7239).",
    )
    metrics_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        description="Comma-separated networks whose clients may read `/metrics` without a token; empty: nobody's.",
    )
    metrics_token: str = Field("", description="The bearer token with which anybody may read `/metrics`. Unset: none.")
    node_id: str = Field("local", min_length=1, max_length=64, description="This node's name, shown to operators.")
    log_format: Literal["text", "json"] = Field("text", description="Log lines for people or for machines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least grave line logged.")

    access_log: bool = Field(False, description="Whether each HTTP request is a log line, without its query.")

    frame_bytes_max: int = Field(8 * 2**20, ge=1024, description="The largest WebSocket message, in bytes.")
    body_bytes_max: int = Field(16 * 2**20, ge=1024, description="The largest REST body, in bytes.")
    connections_max: int = Field(
        10_000, ge=1, description="Open WebSockets on a node; more are told to come again (1013)."
    )
    connections_per_address_max: int = Field(2000, ge=1, description="Open WebSockets per client address.")
    connections_per_session_max: int = Field(2000, ge=1, description="Open WebSockets per session on a node.")
    http_connections_max: int = Field(
        4096, ge=1, description="Open HTTP connections on a node; more are answered 503 at once, with `Retry-After`."
    )
    http_connections_per_address_max: int = Field(
        256,
        ge=1,
        description="Open HTTP connections per client address, trusted proxies excepted; more are answered 503.",
    )
    outbox_bytes_max: int = Field(
        4 * 2**20, ge=65536, description="Bytes queued for a slow reader before it is dropped."
    )
    room_idle_s: float = Field(60, ge=0, description="Seconds that an empty room stays in memory.")
    pool_size: int = Field(2, ge=0, le=64, description="Worker runtimes kept warm while nothing runs.")
    pool_memory_mb: int = Field(
        0,
        ge=0,
        description="MiB that all Worker runtimes may take, warm and running; 0: half of the machine's or container's.",
    )
    sandbox: Literal["auto", "off", "seccomp"] = Field(
        "auto",
        description="The kernel's layer (seccomp, Landlock) around every local runtime: where there is one, never, "
        "or no start without it.",
    )
    concurrent_runs_max: int = Field(
        0,
        ge=0,
        description="Executions at once on a node, more are queued; 0: four for each processor, eight at least.",
    )
    queued_runs_max: int = Field(100, ge=0, description="Executions waiting on a node; more are refused.")
    runs_per_user_max: int = Field(
        16, ge=1, description="Executions at once per user over all nodes, whatever the tier allows; more are queued."
    )
    runs_per_key_max: int = Field(
        16, ge=1, description="Executions at once by one API key or share link over all nodes; more are queued."
    )
    runs_per_session_max: int = Field(
        32, ge=1, description="Executions at once in one session over all nodes, whoever runs them; more are queued."
    )
    runs_per_session_per_minute: int = Field(600, ge=1, description="Executions per minute in one session.")
    runs_per_address_per_minute: int = Field(
        1200, ge=1, description="Executions per minute from one client address (of IPv6: one /64)."
    )
    program_edits_per_minute: int = Field(
        3000,
        ge=1,
        description="Changes of files per minute on a node by the programs (API keys, MCP, the text lane) of one account or agent; more "
        "are refused (429). What people type in editors is never counted.",
    )
    queue_timeout_s: float = Field(
        30,
        gt=0,
        description="Seconds that an execution waits for a place; then it is refused, free, with `retryAfter`.",
    )
    egress: Literal["on", "off"] = Field("on", description="Whether programs whose tier has http may use the network.")
    egress_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Comma-separated hosts (`*.example.com`: any below it), the only ones programs may reach."
    )
    egress_deny: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Comma-separated hosts that programs may not reach, even when they are allowed."
    )
    environment_bytes_max: int = Field(
        16 * 2**20, ge=65536, description="The largest kept environment as it is stored (compressed), in bytes."
    )
    environment_raw_bytes_max: int = Field(
        32 * 2**20, ge=65536, le=32 * 2**20, description="The same before it is compressed, in bytes."
    )
    environment_files_max: int = Field(200, ge=0, le=1000, description="Files that programs made, per environment.")
    environments_per_session_max: int = Field(8, ge=1, description="Kept environments per session, one per language.")
    environment_waiting_max: int = Field(
        8, ge=1, description="Runs on a node that want the same environment; more are refused."
    )
    artifacts_mb: int = Field(
        1024, ge=0, description="MiB of files that runs left behind, kept for download; the oldest go first."
    )
    history_days: float = Field(
        0,
        ge=0,
        description="Days that the history of sessions is kept for; 0: for ever. Texts and named versions stay.",
    )
    history_rows_max: int = Field(
        0, ge=0, description="Rows of history kept per session, the newest; 0: all. Texts and named versions stay."
    )
    scan_policy: ScanPolicy = Field(
        "warn",
        description="The least strict that a session's scan before a run may be: `warn`, `block-critical` or `block-high`.",
    )
    login_failures_per_minute: int = Field(
        120, ge=1, description="Failed sign-ins per minute and client address; more are refused (429)."
    )
    secret_key: str = Field(
        "",
        description="Seals what must be kept readable (webhook and session secrets): 32 bytes in base64, from `openssl rand "
        "-base64 32`. Unset: made once and kept in `secret.key` in the data folder; several nodes need the same one.",
    )
    secret_keys_accepted: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Comma-separated keys that open what was sealed under them, while `COLLAB_SECRET_KEY` is changed "
        "(`collab-server secrets reseal`).",
    )
    webhooks_private: bool = Field(
        False, description="Whether webhooks may go to private and loopback addresses, as inside a company network."
    )
    login_hours: float = Field(24, gt=0, description="Hours that the login URL printed at the start is good for.")

    @field_validator("trusted_proxies", "metrics_allow", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_proxies", "metrics_allow")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            network_of(network)
        return networks

    @field_validator("egress_allow", "egress_deny", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        return (
            tuple(host.strip().lower() for host in value.split(",") if host.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("egress_allow", "egress_deny")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not HOST_PATTERN.fullmatch(host):
                raise ValueError(f"{host!r} is no host: write api.example.com, *.example.com or an address, no port")
        return hosts

    @field_validator("allowed_origins", "embed_ancestors", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("embed_ancestors")
    @classmethod
    def _are_ancestors(cls, ancestors: tuple[str, ...]) -> tuple[str, ...]:
        for ancestor in ancestors:
            # They are written into a header: nothing else may stand in them.
            if not ANCESTOR_PATTERN.fullmatch(ancestor):
                raise ValueError(
                    f"{ancestor!r} is no origin: write https://blog.example.com, https://*.example.com or *"
                )
        return ancestors

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://")):
            raise ValueError("must start with sqlite+aiosqlite:// or postgresql+asyncpg://")
        return value

    @field_validator("npm_registry")
    @classmethod
    def _known_registry(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_bus(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("secret_keys_accepted", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("secret_key", "secret_keys_accepted")
    @classmethod
    def _whole_keys(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for key in (value,) if isinstance(value, str) else value:
            try:
                whole = not key or len(base64.b64decode(key, validate=True)) == 32
            except ValueError:
                whole = False
            if not whole:
                raise ValueError("must be 32 bytes in base64; make one with `openssl rand -base64 32`")
        return value

    @model_validator(mode="after")
    def _belongs_together(self) -> Settings:
        if self.worker_url and not self.worker_secret:
            raise ValueError("COLLAB_WORKER_URL needs COLLAB_WORKER_SECRET, the secret the Worker was deployed with")
        if self.jwt_secret and len(self.jwt_secret.encode()) < 32:
            raise ValueError(
                "COLLAB_JWT_SECRET must have 32 bytes or more (RFC 7518 §3.2); make one with `openssl rand -hex 32`"
            )
        urls = [url.strip() for url in self.redis_url.split(",")]
        if self.redis_cluster and not all(url.startswith(("redis://", "rediss://")) for url in urls):
            raise ValueError(
                "COLLAB_REDIS_CLUSTER needs COLLAB_REDIS_URL, redis:// or rediss:// of servers of the cluster"
            )
        if len(urls) > 1 and not self.redis_cluster:
            raise ValueError("COLLAB_REDIS_URL names several servers: that needs COLLAB_REDIS_CLUSTER=true")
        if (self.jwt_secret or self.jwks_url) and not self.jwt_audience:
            raise ValueError(
                "COLLAB_JWT_AUDIENCE must be set when JWTs are accepted, so that a token for another service is refused"
            )
        return self

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'collab.sqlite3'}"

    @property
    def cache_root(self) -> Path:
        """Where what was fetched is kept, for all data folders of this user."""
        return self.cache_dir or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "collab-server"

    @property
    def web_root(self) -> Path:
        """The built browser editor: inside an installed package, else in the checkout."""
        packaged = BUILT / "web"
        return packaged if packaged.is_dir() else PROJECT_ROOT / "web" / "dist"

    @property
    def worker_root(self) -> Path:
        """The built Worker: inside an installed package, else in the checkout."""
        packaged = BUILT / "worker"
        return packaged if packaged.is_dir() else PROJECT_ROOT / "cloudflare-worker" / "dist"


def load(**overrides: Any) -> Settings:
    """The settings from the environment, `overrides` (command-line flags) first.

    Raises SettingsError with one line per fault, each naming its variable.
    """
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})
    except ValidationError as error:
        lines = []
        for fault in error.errors():
            name = f"COLLAB_{str(fault['loc'][0]).upper()}: " if fault["loc"] else ""
            lines.append(name + fault["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines)) from error


def describe() -> list[tuple[str, str, str]]:
    """(variable, default, meaning) of every setting, in order; the README's table is made of it."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)
        rows.append((f"COLLAB_{name.upper()}", default or "unset", field.description or ""))
    return rows
