"""Balances at any moment, and payout runs from driver to driver.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_closings
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger_closings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON receipts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "ledger_closings",
        sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("balance_minor", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_ledger_closings_at", "ledger_closings", ["at"])
    op.create_index("ix_ledger_transactions_at", "ledger_transactions", ["at"])
    op.execute(APPEND_ONLY)
    unpaid = sa.text("payout_id IS NULL")
    op.create_index(
        "ix_payout_lines_due", "payout_lines", ["city", "driver_id", "currency", "earned_on"], postgresql_where=unpaid
    )
    op.drop_index("ix_payout_lines_unpaid", "payout_lines")


def downgrade() -> None:
    unpaid = sa.text("payout_id IS NULL")
    op.create_index("ix_payout_lines_unpaid", "payout_lines", ["city", "earned_on"], postgresql_where=unpaid)
    op.drop_index("ix_payout_lines_due", "payout_lines")
    op.execute("DROP TRIGGER never_emptied ON receipts")
    op.drop_index("ix_ledger_transactions_at", "ledger_transactions")
    op.drop_table("ledger_closings")
