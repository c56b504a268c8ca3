"""The tables of executions: their rows, their kept events, environments, usage, tiers by version, what payers may use, the audit chain.

No query lives here. Usage, events, tier versions and audit are only ever appended to.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
ID = String(64)
SERIAL = BigInteger().with_variant(Integer, "sqlite")

executions = Table(
    "executions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("session_id", ID),
    Column("actor_id", String(255), nullable=False),
    Column("actor_name", String(255), nullable=False),
    # The agent that acted for the account, and the key or link that asked, where there was one.
    Column("agent_id", String(255)),
    Column("key_id", ID),
    Column("node_id", String(255), nullable=False),
    Column("language", String(64), nullable=False),
    Column("entry", String(1024), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("version", BigInteger),
    Column("tier", String(64), nullable=False),
    Column("tier_version", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("exit_code", BigInteger),
    Column("wall_ms", BigInteger, nullable=False, server_default="0"),
    Column("memory_bytes", BigInteger, nullable=False, server_default="0"),
    Column("compute_micro_units", BigInteger, nullable=False, server_default="0"),
    Column("cost_micro_dollars", BigInteger, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    # The run whose version this one ran again, and what a run was asked for beside its files (run.Asked, as JSON).
    Column("rerun_of", ID),
    Column("asked", LargeBinary),
    # Why it did not complete: the type of the program's error, the limit that ended it, the code of a refusal.
    Column("fault", String(64)),
    Index(None, "session_id", "created_at"),
    Index(None, "actor_id", "created_at"),
    Index(None, "node_id", "status"),
    Index(None, "created_at"),
    # The few that are not over, among all that ever were.
    Index(
        "ix_executions_unfinished",
        "created_at",
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    ),
)
# Kept events in pieces: one row holds a run of lines, because a row for each would cost more than the run.
execution_events = Table(
    "execution_events",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("execution_id", ID, nullable=False),
    Column("first_index", Integer, nullable=False),
    Column("events", LargeBinary, nullable=False),
    UniqueConstraint("execution_id", "first_index"),
)
# A row without a state is a first run under way. Whoever has the lease may store the next generation, and nobody else.
environments = Table(
    "environments",
    metadata,
    Column("session_id", ID, primary_key=True),
    Column("language", String(64), primary_key=True),
    Column("generation", BigInteger, nullable=False),
    Column("state", LargeBinary),
    Column("raw_bytes", BigInteger, nullable=False, server_default="0"),
    Column("stored_bytes", BigInteger, nullable=False, server_default="0"),
    Column("contents", LargeBinary),
    Column("execution_id", ID),
    Column("actor_id", String(255)),
    Column("actor_name", String(255)),
    Column("kept_at", BigInteger),
    Column("lease_id", ID),
    Column("lease_until", BigInteger),
    Index(None, "lease_id"),
)
execution_artifacts = Table(
    "execution_artifacts",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("execution_id", ID, nullable=False),
    Column("name", String(1024), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("execution_id", "name"),
)
usage = Table(
    "usage",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("execution_id", ID, nullable=False, unique=True),
    Column("session_id", ID),
    Column("actor_id", String(255), nullable=False),
    Column("agent_id", String(255)),
    Column("key_id", ID),
    Column("language", String(64), nullable=False),
    Column("tier", String(64), nullable=False),
    Column("tier_version", Integer, nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    Column("compute_micro_units", BigInteger, nullable=False),
    Column("cost_micro_dollars", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "actor_id", "created_at"),
    Index(None, "session_id", "created_at"),
    Index(None, "key_id", "created_at"),
    Index(None, "created_at"),
)
tiers = Table(
    "tiers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("price_per_second_micro_dollars", BigInteger, nullable=False),
    Column("price_per_mb_micro_dollars", BigInteger, nullable=False),
    Column("max_time_ms", BigInteger, nullable=False),
    Column("max_memory_bytes", BigInteger, nullable=False),
    Column("modules", Text, nullable=False),
    # Null in versions from before there were such limits: those of the tier as it came.
    Column("quota", Text),
    Column("actor_id", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
# How far each payer has run ahead of its rate, and the last number given out in its line: one row, moved by one statement each.
rates = Table(
    "rates",
    metadata,
    Column("subject", String(300), primary_key=True),
    Column("busy_until_us", BigInteger, nullable=False),
    Column("last_number", BigInteger, nullable=False, server_default="0"),
)
# What a payer has used of a month (or `ever`) and what its unfinished runs may still use at most.
allowances = Table(
    "allowances",
    metadata,
    Column("subject", String(300), primary_key=True),
    Column("period", String(8), primary_key=True),
    Column("spent_micro_dollars", BigInteger, nullable=False),
    Column("spent_micro_units", BigInteger, nullable=False),
    Column("reserved_micro_dollars", BigInteger, nullable=False),
    Column("reserved_micro_units", BigInteger, nullable=False),
)
# What an unfinished run holds of which allowance; gone when it is settled.
reservations = Table(
    "reservations",
    metadata,
    Column("execution_id", ID, primary_key=True),
    Column("subject", String(300), primary_key=True),
    Column("period", String(8), nullable=False),
    Column("micro_dollars", BigInteger, nullable=False),
    Column("micro_units", BigInteger, nullable=False),
    # Its place in the payer's line: whoever has fewer unfinished runs before it than may go on at once goes on.
    Column("number", BigInteger, nullable=False, server_default="0"),
    Index(None, "subject", "number"),
)
# Written once, when its month is over; only what was credited of it grows.
issued_invoices = Table(
    "issued_invoices",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("actor_id", String(255), nullable=False),
    Column("month", String(7), nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("lines", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("cost_micro_dollars", BigInteger, nullable=False),
    Column("credited_micro_dollars", BigInteger, nullable=False),
    UniqueConstraint("actor_id", "month"),
)
credit_notes = Table(
    "credit_notes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("invoice_number", Integer, nullable=False, index=True),
    Column("micro_dollars", BigInteger, nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
# The last number given out of each kind.
billing_numbers = Table(
    "billing_numbers",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("last", Integer, nullable=False),
)
# Ids come from the chain and have no gap: a row that is missing is found, and so is one that was changed.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor_id", String(255), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("origin", String(64), nullable=False),
    Column("detail", LargeBinary, nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "subject", "at"),
    Index(None, "actor_id", "id"),
)
# One row: the end of the chain, locked by whoever appends to it.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
