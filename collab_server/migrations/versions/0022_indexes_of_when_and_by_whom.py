"""indexes of when changes were made and of who did what."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_document_updates_created_at_ms", "document_updates", ["created_at_ms"], postgresql_using="brin")
    op.create_index("ix_audit_actor_id_id", "audit", ["actor_id", "id"])


def downgrade() -> None:
    raise NotImplementedError("go back by restoring the backup made before the upgrade")
