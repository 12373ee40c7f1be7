"""Runs the migrations on the connection that `app.records.migrate` hands over: one transaction, one at a time."""

from alembic import context
from sqlalchemy import text

from app.records.models import Base

#: Any constant: whoever holds this advisory lock is migrating.
LOCK = 0x686F746C696E65
#: A migration that takes longer must be written in smaller steps.
STATEMENT_TIMEOUT = "60s"

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transaction_per_migration=False,
    compare_server_default=True,
)

with context.begin_transaction():
    # Waits for the other runner without a limit of its own, then finds nothing left to do; ends with the transaction.
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
    context.run_migrations()
