"""what a scan blocks in a session."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scan_policy", sa.String(length=32), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("go back by restoring the backup made before the upgrade")
