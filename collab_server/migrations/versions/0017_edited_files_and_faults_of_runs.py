"""edited files and faults of runs."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_edits",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("file_id", sa.String(length=128), nullable=False),
        sa.Column("actor_id", sa.String(length=255), nullable=False),
        sa.Column("day_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("edits", sa.BigInteger(), nullable=False),
        sa.Column("chars", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "file_id", "actor_id", "day_ms", name=op.f("pk_file_edits")),
    )
    with op.batch_alter_table("file_edits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_file_edits_actor_id_day_ms"), ["actor_id", "day_ms"], unique=False)
        batch_op.create_index(batch_op.f("ix_file_edits_day_ms"), ["day_ms"], unique=False)

    with op.batch_alter_table("executions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fault", sa.String(length=64), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("go back by restoring the backup made before the upgrade")
