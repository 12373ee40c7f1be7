"""Shifts that recur, their changes and swaps, and credentials with an expiry.

Expand only: new tables and columns that may be empty, so there is no way down and no need of one. A weekly shift
written before, or meanwhile by the previous release, has no first day and is read as the weekly recurrence that it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "shifts_that_recur"
down_revision = "notes_of_a_call"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration that waits for a lock blocks everyone behind it: give up and try again instead.
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("shifts", sa.Column("first_on", sa.Date(), nullable=True))
    op.add_column("shifts", sa.Column("rule", sa.Text(), nullable=True))
    op.add_column("shifts", sa.Column("kind", sa.Text(), server_default="line", nullable=False))
    op.add_column("shifts", sa.Column("uid", sa.Text(), nullable=True))
    op.create_index("ix_shifts_specialist_id_uid", "shifts", ["specialist_id", "uid"], unique=True)
    _changes()
    _swaps()
    _credentials()


def _changes() -> None:
    op.create_table(
        "shift_changes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("shift_id", sa.BigInteger(), nullable=False),
        sa.Column("original", sa.DateTime(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        _foreign("shift_changes", "shift_id", "shifts"),
        _foreign("shift_changes", "holder", "specialists", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_changes")),
        sa.UniqueConstraint("shift_id", "original", name=op.f("uq_shift_changes_shift_id_original")),
    )


def _swaps() -> None:
    op.create_table(
        "shift_swaps",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("shift_id", sa.BigInteger(), nullable=False),
        sa.Column("original", sa.DateTime(), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("back_shift_id", sa.BigInteger(), nullable=True),
        sa.Column("back_original", sa.DateTime(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        _foreign("shift_swaps", "shift_id", "shifts"),
        _foreign("shift_swaps", "back_shift_id", "shifts"),
        _foreign("shift_swaps", "asker", "specialists"),
        _foreign("shift_swaps", "asked", "specialists"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_swaps")),
    )
    op.create_index(op.f("ix_shift_swaps_asker"), "shift_swaps", ["asker"])
    op.create_index(op.f("ix_shift_swaps_asked"), "shift_swaps", ["asked"])


def _credentials() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("specialist_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("number_cipher", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        _foreign("credentials", "specialist_id", "specialists"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
    )
    op.create_index(op.f("ix_credentials_specialist_id"), "credentials", ["specialist_id"])


def _foreign(table: str, column: str, to: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def downgrade() -> None:
    raise NotImplementedError("the previous version runs on this schema; to undo data, restore a backup")
