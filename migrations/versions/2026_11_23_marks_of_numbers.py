"""Numbers to which no limit applies, as people have said.

Expand only: a new table, so there is no way down and no need of one.
"""

import sqlalchemy as sa
from alembic import op

revision = "marks_of_numbers"
down_revision = "callers_passed_on"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration that waits for a lock blocks everyone behind it: give up and try again instead.
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "number_marks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hotline", sa.Text(), nullable=False),
        sa.Column("number_hash", sa.Text(), nullable=False),
        sa.Column("number_cipher", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why_cipher", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_marks")),
    )
    op.create_index("ix_number_marks_hotline_number_hash", "number_marks", ["hotline", "number_hash"])


def downgrade() -> None:
    raise NotImplementedError("the previous version runs on this schema; to undo data, restore a backup")
