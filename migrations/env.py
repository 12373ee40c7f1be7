"""Runs the migrations inside the transaction, and under the lock, that `app.records.migrate` has opened."""

from alembic import context

from app.records.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=False,
    compare_server_default=True,
)

with context.begin_transaction():
    context.run_migrations()
