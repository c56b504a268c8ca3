"""rules that alerts begin with."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Kind, how many of it, within how many seconds.
RULES = (
    ("login_failed", 50, 60),
    ("login_limited", 1, 60),
    ("access_refused", 200, 60),
    ("scan_finding", 50, 600),
    ("overflow", 1, 60),
    ("document_quarantined", 1, 60),
)
QUIET_S = 600


def upgrade() -> None:
    table = sa.table(
        "alert_rules",
        sa.column("id", sa.String),
        sa.column("kind", sa.String),
        sa.column("threshold", sa.Integer),
        sa.column("window_s", sa.Integer),
        sa.column("quiet_s", sa.Integer),
        sa.column("enabled", sa.Boolean),
        sa.column("last_fired_at", sa.BigInteger),
    )
    known = set(op.get_bind().execute(sa.select(table.c.id)).scalars())
    rows = [
        {"id": f"default-{kind}", "kind": kind, "threshold": threshold, "window_s": window_s}
        | {"quiet_s": QUIET_S, "enabled": True, "last_fired_at": 0}
        for kind, threshold, window_s in RULES
        if f"default-{kind}" not in known
    ]
    if rows:
        op.bulk_insert(table, rows)


def downgrade() -> None:
    raise NotImplementedError("go back by restoring the backup made before the upgrade")
