"""The audit log is append only.

Expand only: nothing that the running version reads or writes is taken away, so there is no way down and no need of one.
"""

from alembic import op

revision = "audit_is_append_only"
down_revision = "the_first_record"
branch_labels = None
depends_on = None

REFUSE = """
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append only' USING ERRCODE = 'insufficient_privilege';
END $$
"""
TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only()
"""
TRUNCATE = """
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()
"""


def upgrade() -> None:
    # A migration that waits for a lock blocks everyone behind it: give up and try again instead.
    op.execute("SET LOCAL lock_timeout = '2s'")
    for statement in (REFUSE, TRIGGER, TRUNCATE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the previous version runs on this schema; to undo data, restore a backup")
