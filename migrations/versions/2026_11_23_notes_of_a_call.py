"""Notes of a call.

Expand only: a new table, so there is no way down and no need of one.
"""

import sqlalchemy as sa
from alembic import op

revision = "notes_of_a_call"
down_revision = "spans_of_supplied_stamps"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration that waits for a lock blocks everyone behind it: give up and try again instead.
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "call_notes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("text_cipher", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_notes")),
    )
    op.create_index("ix_call_notes_call_id_spec", "call_notes", ["call_id", "spec"])


def downgrade() -> None:
    raise NotImplementedError("the previous version runs on this schema; to undo data, restore a backup")
