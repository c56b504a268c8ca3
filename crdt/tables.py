"""The tables of the session documents: every change, the snapshots and the named versions.
No statement and no connection ever lives here."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, UniqueConstraint

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
    UniqueConstraint("row_key"),
)
Index(None, updates_table.c.session_id, updates_table.c.version, updates_table.c.id)

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
