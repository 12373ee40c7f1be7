"""Callers passed on between hotlines.

Expand only: two new columns that may be empty, so there is no way down and no need of one.
"""

import sqlalchemy as sa
from alembic import op

revision = "callers_passed_on"
down_revision = "versions_of_lines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration that waits for a lock blocks everyone behind it: give up and try again instead.
    op.execute("SET LOCAL lock_timeout = '2s'")
    for name in ("passed_on", "passed_from"):
        op.add_column("calls", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("the previous version runs on this schema; to undo data, restore a backup")
