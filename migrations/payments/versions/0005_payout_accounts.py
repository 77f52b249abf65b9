"""Where drivers are paid to; payouts that fail or come back, and are owed again.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KINDS_BEFORE = "kind IN ('ride', 'payment', 'payout', 'refund', 'refund_payment', 'debt_payment')"
KINDS = "kind IN ('ride', 'payment', 'payout', 'refund', 'refund_payment', 'debt_payment', 'payout_returned')"


def upgrade() -> None:
    op.create_table(
        "payout_accounts",
        sa.Column("driver_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.add_column("payouts", sa.Column("reason", sa.Text))
    op.drop_constraint("ck_payouts_state", "payouts")
    op.create_check_constraint("ck_payouts_state", "payouts", "state IN ('reserved', 'sent', 'failed', 'returned')")
    op.drop_constraint("ck_payouts_sent", "payouts")
    op.create_check_constraint("ck_payouts_sent", "payouts", "(state IN ('sent', 'returned')) = (sent_at IS NOT NULL)")
    op.create_index("ix_payouts_sent", "payouts", ["sent_at"], postgresql_where=sa.text("state = 'sent'"))
    op.alter_column("payout_lines", "charge_id", nullable=True)
    op.alter_column("payout_lines", "trip_id", nullable=True)
    op.add_column("payout_lines", sa.Column("returned_payout_id", sa.Text, sa.ForeignKey("payouts.id")))
    op.create_unique_constraint("uq_payout_lines_returned", "payout_lines", ["returned_payout_id"])
    op.create_check_constraint(
        "ck_payout_lines_source", "payout_lines", "(charge_id IS NULL) = (returned_payout_id IS NOT NULL)"
    )
    op.drop_constraint("ck_ledger_transactions_kind", "ledger_transactions")
    op.create_check_constraint("ck_ledger_transactions_kind", "ledger_transactions", KINDS)
    op.add_column(
        "payouts", sa.Column("account", sa.Text, nullable=False, server_default="usual"), schema="simulated_provider"
    )


def downgrade() -> None:
    """Only while no payout failed: a ledger forgets nothing."""
    op.drop_column("payouts", "account", schema="simulated_provider")
    op.drop_constraint("ck_ledger_transactions_kind", "ledger_transactions")
    op.create_check_constraint("ck_ledger_transactions_kind", "ledger_transactions", KINDS_BEFORE)
    op.drop_constraint("ck_payout_lines_source", "payout_lines")
    op.drop_constraint("uq_payout_lines_returned", "payout_lines")
    op.drop_column("payout_lines", "returned_payout_id")
    op.alter_column("payout_lines", "trip_id", nullable=False)
    op.alter_column("payout_lines", "charge_id", nullable=False)
    op.drop_index("ix_payouts_sent", "payouts")
    op.drop_constraint("ck_payouts_sent", "payouts")
    op.create_check_constraint("ck_payouts_sent", "payouts", "(state = 'sent') = (sent_at IS NOT NULL)")
    op.drop_constraint("ck_payouts_state", "payouts")
    op.create_check_constraint("ck_payouts_state", "payouts", "state IN ('reserved', 'sent')")
    op.drop_column("payouts", "reason")
    op.drop_table("payout_accounts")
