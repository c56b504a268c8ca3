"""The tables of the session documents: every change, the snapshots, the named versions, and what was at fault.
No statement and no connection ever lives here."""

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
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_Id = BigInteger().with_variant(Integer, "sqlite")

updates_table = Table(
    "document_updates",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    # Names the row for good, so that a commit whose answer was lost is not written twice.
    Column("row_key", String(64), nullable=False),
    Column("session_id", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("actor_id", String(255), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("update", LargeBinary, nullable=False),
    # Of an undo: what it took back (undoing.Undone, as JSON), so that it is taken back once.
    Column("undoes", LargeBinary),
    UniqueConstraint("row_key"),
)
Index(None, updates_table.c.session_id, updates_table.c.version, updates_table.c.id)
# For what is too old. Rows come in the order of time: PostgreSQL needs a few bytes for a thousand of them.
Index(None, updates_table.c.created_at_ms, postgresql_using="brin")

snapshots_table = Table(
    "document_snapshots",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("session_id", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("last_update_id", BigInteger, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("facts", LargeBinary, nullable=False),
)
Index(None, snapshots_table.c.session_id, snapshots_table.c.version)

versions_table = Table(
    "document_versions",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("session_id", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("actor_id", String(255), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
)
Index(None, versions_table.c.session_id, versions_table.c.version)

# What is left of the part of a log that was let go: whole states, of the version where the log begins and of named ones.
bases_table = Table(
    "document_bases",
    metadata,
    Column("session_id", String(64), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("is_floor", Boolean, primary_key=True),
    Column("last_update_id", BigInteger, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("facts", LargeBinary, nullable=False),
)

# What was done to a session when the process that did it was stuck or crashed.
faults_table = Table(
    "document_faults",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    # Names the fault, so that it counts once though it was told twice.
    Column("key", String(64), nullable=False),
    Column("session_id", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("how", String(16), nullable=False),
    Column("phase", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("decisive", Boolean, nullable=False),
    Column("lifted_at_ms", BigInteger),
    UniqueConstraint("key"),
)
Index(None, faults_table.c.session_id)

# How much whom a file kept busy, by day (its first millisecond): written every few seconds, for figures alone.
file_edits_table = Table(
    "file_edits",
    metadata,
    Column("session_id", String(64), primary_key=True),
    Column("file_id", String(128), primary_key=True),
    Column("actor_id", String(255), primary_key=True),
    Column("day_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(1024), nullable=False),
    Column("edits", BigInteger, nullable=False),
    Column("chars", BigInteger, nullable=False),
)
Index(None, file_edits_table.c.actor_id, file_edits_table.c.day_ms)
Index(None, file_edits_table.c.day_ms)

# Rows of the log that could not be applied and were taken out of it by a repair: kept as they were.
set_aside_table = Table(
    "document_updates_set_aside",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("row_key", String(64), nullable=False),
    Column("session_id", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("actor_id", String(255), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("update", LargeBinary, nullable=False),
    Column("undoes", LargeBinary),
    Column("set_aside_at_ms", BigInteger, nullable=False),
)
Index(None, set_aside_table.c.session_id)
