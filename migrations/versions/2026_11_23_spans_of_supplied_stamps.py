"""Spans of joins, leaves and answers that were supplied without their callback.

Expand only: nothing that the running version reads or writes is taken away, so there is no way down and no need of one.
"""

import sqlalchemy as sa
from alembic import op

revision = "spans_of_supplied_stamps"
down_revision = "audit_is_append_only"
branch_labels = None
depends_on = None

COLUMNS = {"calls": ("answered",), "legs": ("joined", "left")}


def upgrade() -> None:
    # A migration that waits for a lock blocks everyone behind it: give up and try again instead.
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table, names in COLUMNS.items():
        for name in names:
            for end in ("earliest", "latest"):
                op.add_column(table, sa.Column(f"{name}_{end}_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("the previous version runs on this schema; to undo data, restore a backup")
