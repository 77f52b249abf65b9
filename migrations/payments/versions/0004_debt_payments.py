"""Riders settle their debts: each attempt is a payment of its own.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS_BEFORE = "kind IN ('ride', 'payment', 'payout', 'refund', 'refund_payment')"
KINDS = "kind IN ('ride', 'payment', 'payout', 'refund', 'refund_payment', 'debt_payment')"

ONE_ANSWER_A_PAYMENT = """
CREATE FUNCTION refuse_second_payment_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'pending'
       OR to_jsonb(NEW) - ARRAY['state', 'provider_reference', 'reason', 'resolved_at']
       <> to_jsonb(OLD) - ARRAY['state', 'provider_reference', 'reason', 'resolved_at'] THEN
        RAISE EXCEPTION 'a payment of a debt is answered once and nothing else of it changes: %', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER one_answer_a_payment BEFORE UPDATE OR DELETE ON debt_payments
    FOR EACH ROW EXECUTE FUNCTION refuse_second_payment_answer();
"""


def upgrade() -> None:
    op.create_table(
        "debt_payments",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("charge_id", sa.Text, sa.ForeignKey("debts.charge_id"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("rider_id", "currency", "method", "state")),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("provider_reference", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("amount_minor > 0", name="ck_debt_payments_amount"),
        sa.CheckConstraint("state IN ('pending', 'captured', 'failed')", name="ck_debt_payments_state"),
        sa.CheckConstraint("(state = 'pending') = (resolved_at IS NULL)", name="ck_debt_payments_resolved"),
    )
    stands, waits = sa.text("state <> 'failed'"), sa.text("state = 'pending'")
    op.create_index("uq_debt_payments_one", "debt_payments", ["charge_id"], unique=True, postgresql_where=stands)
    op.create_index("ix_debt_payments_pending", "debt_payments", ["created_at"], postgresql_where=waits)
    op.create_index("ix_debt_payments_rider", "debt_payments", ["rider_id", "created_at"])
    op.execute(ONE_ANSWER_A_PAYMENT)
    op.drop_constraint("ck_ledger_transactions_kind", "ledger_transactions")
    op.create_check_constraint("ck_ledger_transactions_kind", "ledger_transactions", KINDS)


def downgrade() -> None:
    """Only while no debt was settled: a ledger forgets nothing."""
    op.drop_constraint("ck_ledger_transactions_kind", "ledger_transactions")
    op.create_check_constraint("ck_ledger_transactions_kind", "ledger_transactions", KINDS_BEFORE)
    op.drop_table("debt_payments")
    op.execute("DROP FUNCTION refuse_second_payment_answer")
