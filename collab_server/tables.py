"""The tables of who may do what: users, tokens, sessions, what is listed of them, roles, links, idempotency keys and the
feed of access changes; and what operators look at: security events and nodes.

The document's tables are crdt's, the runs' and the money's are executor's.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    select,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Serial = BigInteger().with_variant(Integer, "sqlite")

users = Table(
    "users",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("tier", String(32), nullable=False),
    Column("admin", Boolean, nullable=False, default=False),
    Column("suspended", Boolean, nullable=False, default=False),
    # What an admin gave this account beside its tier (shapes.Overrides), and what it lets itself spend in a month.
    Column("overrides", Text),
    Column("budget_micro_dollars", BigInteger),
    Column("created_at", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("prefix", String(16), nullable=False),
    Column("user_id", String(128), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(200), nullable=False, default=""),
    Column("scopes", String(200), nullable=False, default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("budget_micro_dollars", BigInteger),
    Column("runs_per_minute", Integer),
    Column("concurrent_runs", Integer),
    # The name of the agent that has the key and acts for the user.
    Column("agent", String(64)),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("owner_id", String(128), nullable=False, index=True),
    Column("is_public", Boolean, nullable=False, default=False),
    Column("environment", LargeBinary, nullable=False),
    # None: what the tier of whoever runs says.
    Column("scan_policy", String(32)),
    # Whether programs edit in branches only, for people to merge.
    Column("agents_propose", Boolean, nullable=False, server_default=false()),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("deleted_at", BigInteger),
    # When its owner put it away: left out of listings, and otherwise as before.
    Column("archived_at", BigInteger),
    Column("budget_micro_dollars", BigInteger),
    # What an operator has put it into (custody.py): "readOnly" may be watched only, "closed" is out of everybody's reach; None: open.
    Column("state", String(16)),
    Index("ix_sessions_listed", "deleted_at", "is_public", "created_at"),
)

# What listings show of a session's document, so that they need not open it; derived, and good while `mark` is the log's.
listings = Table(
    "listings",
    metadata,
    Column("session_id", String(64), primary_key=True),
    Column("mark", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    # The names of the files in small letters, a line each, for searching.
    Column("names", Text, nullable=False),
    Column("files", LargeBinary, nullable=False),
    # The texts, compressed; none where they are many.
    Column("texts", LargeBinary),
)

roles = Table(
    "roles",
    metadata,
    Column("session_id", String(64), primary_key=True),
    Column("user_id", String(128), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_roles_user", "user_id"),
)

# A session that was split off another one, to be merged into it or not: its document, runs and name are a session's,
# its roles and its budget are those of the one that it is of.
branches = Table(
    "branches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("session_id", String(64), nullable=False),
    Column("author_id", String(255), nullable=False),
    Column("author_kind", String(16), nullable=False),
    Column("message", Text, nullable=False),
    # open, proposed, merged, rejected, closed
    Column("status", String(16), nullable=False),
    Column("base_version", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("proposed_at", BigInteger),
    Column("decided_at", BigInteger),
    Column("decided_by", String(255)),
    Column("reason", Text),
    # The session's version that the merge made, and the branch's that it took.
    Column("merged_version", BigInteger),
    Column("merged_branch_version", BigInteger),
    Index("ix_branches_session", "session_id", "created_at"),
)

# Of rows of sessions: those that are no branch of another one.
NO_BRANCH = sessions.c.id.not_in(select(branches.c.id))

links = Table(
    "links",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("session_id", String(64), nullable=False, index=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("cap_micro_dollars", BigInteger),
)

# What a session lends to its runs; sealed (sealing.py), never shown again, no part of the document, of forks or exports.
secrets = Table(
    "secrets",
    metadata,
    Column("session_id", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("set_by", String(128), nullable=False),
    Column("set_at", BigInteger, nullable=False),
)

# Every change that takes a right away, in order: each node reads on from the last id it saw, so a revocation that was
# said on another node, or by the command line, reaches its open sockets and runs within a second, with or without Redis.
access_changes = Table(
    "access_changes",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("user_id", String(128)),
    Column("session_id", String(64)),
    Column("token_id", String(64)),
    # Other news that every node has to hear soon goes the same way: a tier that changed, a run that is to end.
    Column("topic", String(16)),
    Column("subject", String(64)),
    Column("created_at", BigInteger, nullable=False),
    # Ids are never used again, also not after old rows were deleted: readers go by them.
    sqlite_autoincrement=True,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("user_id", String(128), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer),
    Column("body", LargeBinary),
    # JSON of the answer's headers that belong to what it says.
    Column("headers", Text),
    Column("created_at", BigInteger, nullable=False, index=True),
)

# Only appended to. Alike ones that came in quick succession are one row with a count.
security_events = Table(
    "security_events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("actor_id", String(255)),
    Column("origin", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("detail", LargeBinary, nullable=False),
    Column("count", Integer, nullable=False),
    Column("node_id", String(64), nullable=False),
)

# Where events go to. The secret is sealed (sealing.py), because signing needs it whole.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(64), primary_key=True),
    # "server": everything; "account": what the owner owns or runs; "session": one session.
    Column("scope", String(16), nullable=False),
    Column("owner_id", String(128), nullable=False, index=True),
    Column("session_id", String(64)),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("types", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    Column("disabled_why", String(200)),
)

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("type", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("webhook_id", String(64), nullable=False),
    Column("event_id", String(80), nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("answered", Integer),
    Column("error", String(200)),
    Column("created_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    Index("ix_webhook_deliveries_due", "status", "next_at"),
    Index("ix_webhook_deliveries_webhook", "webhook_id", "id"),
)

# When many security events of a kind within a time are an alert.
alert_rules = Table(
    "alert_rules",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("window_s", Integer, nullable=False),
    Column("quiet_s", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("last_fired_at", BigInteger, nullable=False, default=0),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("rule_id", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("window_s", Integer, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("acknowledged_by", String(128)),
    Column("acknowledged_at", BigInteger),
)

# What holds the whole server up (switches.py): a row each, there from the migration on.
switches = Table(
    "switches",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("is_on", Boolean, nullable=False),
    Column("reason", String(500), nullable=False),
    Column("changed_by", String(128)),
    Column("changed_at", BigInteger),
)

# What MCP clients of older protocols want to hear of, by the id that each was given (mcp_streams.py).
mcp_subscriptions = Table(
    "mcp_subscriptions",
    metadata,
    Column("client_id", String(32), primary_key=True),
    Column("uri", String(2048), primary_key=True),
    Column("owner_id", String(255), nullable=False),
    Column("session_id", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
)

# One row per process that serves; it says every few seconds that it is there.
nodes = Table(
    "nodes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("node_id", String(64), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("figures", LargeBinary, nullable=False),
)
