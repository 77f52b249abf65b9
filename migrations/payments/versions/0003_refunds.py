"""Refunds, their credit notes, and what drivers bear of them; keys of requests that may come twice.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hansom.tables import create_idempotency

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS_BEFORE = "kind IN ('ride', 'payment', 'payout')"
KINDS = "kind IN ('ride', 'payment', 'payout', 'refund', 'refund_payment')"

NEVER_MORE_THAN_CAPTURED = """
CREATE FUNCTION refuse_too_large_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    charge record;
    others bigint;
BEGIN
    IF NEW.state = 'failed' THEN RETURN NEW; END IF;
    -- whoever refunds the same charge waits here, and sees this refund afterwards
    SELECT fare_minor, currency, state, method INTO charge FROM charges WHERE id = NEW.charge_id FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO others
      FROM refunds WHERE charge_id = NEW.charge_id AND state <> 'failed' AND id <> NEW.id;
    IF charge.state <> 'captured' OR charge.method = 'cash' OR charge.currency <> NEW.currency
       OR others + NEW.amount_minor > charge.fare_minor THEN
        RAISE EXCEPTION 'more is refunded than was captured: %', NEW.charge_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER never_more_than_captured BEFORE INSERT OR UPDATE ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_too_large_refund();
"""

ONE_ANSWER_A_REFUND = """
CREATE FUNCTION refuse_second_refund_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'pending'
       OR to_jsonb(NEW) - ARRAY['state', 'provider_reference', 'failure', 'resolved_at']
       <> to_jsonb(OLD) - ARRAY['state', 'provider_reference', 'failure', 'resolved_at'] THEN
        RAISE EXCEPTION 'a refund is answered once and nothing else of it changes: %', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER one_answer_a_refund BEFORE UPDATE OR DELETE ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_second_refund_answer();
"""


def upgrade() -> None:
    create_idempotency(op)
    _create_refunds()
    _let_receipts_be_credit_notes()
    _let_payout_lines_be_of_refunds()
    op.drop_constraint("ck_ledger_transactions_kind", "ledger_transactions")
    op.create_check_constraint("ck_ledger_transactions_kind", "ledger_transactions", KINDS)
    op.create_table(
        "refunds",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("charge_key", "currency", "state")),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="simulated_provider",
    )


def downgrade() -> None:
    """Only while nothing was refunded: a ledger forgets nothing."""
    op.drop_table("refunds", schema="simulated_provider")
    op.drop_constraint("ck_ledger_transactions_kind", "ledger_transactions")
    op.create_check_constraint("ck_ledger_transactions_kind", "ledger_transactions", KINDS_BEFORE)
    op.drop_index("ix_payout_lines_driver_newest", "payout_lines")
    op.drop_index("uq_payout_lines_refund", "payout_lines")
    op.drop_index("uq_payout_lines_charge", "payout_lines")
    op.drop_constraint("payout_lines_pkey", "payout_lines")
    op.drop_column("payout_lines", "refund_id")
    op.drop_column("payout_lines", "id")
    op.create_primary_key("payout_lines_pkey", "payout_lines", ["charge_id"])
    op.create_index("ix_payout_lines_driver_newest", "payout_lines", ["driver_id", "earned_at", "charge_id"])
    op.drop_index("ix_receipts_trip", "receipts")
    op.drop_index("uq_receipts_refund", "receipts")
    op.drop_index("uq_receipts_charge", "receipts")
    op.drop_column("receipts", "refund_id")
    op.create_unique_constraint("receipts_charge_id_key", "receipts", ["charge_id"])
    op.create_unique_constraint("receipts_trip_id_key", "receipts", ["trip_id"])
    op.drop_table("refunds")
    op.drop_table("idempotency")
    for function in ("refuse_too_large_refund", "refuse_second_refund_answer"):
        op.execute(f"DROP FUNCTION {function}")


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("charge_id", sa.Text, sa.ForeignKey("charges.id"), nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("amount_minor", "tax_minor", "fee_minor", "share_minor")
        ),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("currency", "reason", "by_user_id", "state")),
        sa.Column("provider_reference", sa.Text),
        sa.Column("failure", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("amount_minor > 0", name="ck_refunds_amount"),
        sa.CheckConstraint(
            "tax_minor >= 0 AND fee_minor >= 0 AND share_minor >= 0"
            " AND tax_minor + fee_minor + share_minor = amount_minor",
            name="ck_refunds_parts",
        ),
        sa.CheckConstraint("state IN ('pending', 'done', 'failed')", name="ck_refunds_state"),
        sa.CheckConstraint("(state = 'pending') = (resolved_at IS NULL)", name="ck_refunds_resolved"),
    )
    op.create_index("ix_refunds_charge", "refunds", ["charge_id", "created_at"])
    op.create_index("ix_refunds_pending", "refunds", ["created_at"], postgresql_where=sa.text("state = 'pending'"))
    op.execute(NEVER_MORE_THAN_CAPTURED)
    op.execute(ONE_ANSWER_A_REFUND)


def _let_receipts_be_credit_notes() -> None:
    op.add_column("receipts", sa.Column("refund_id", sa.Text, sa.ForeignKey("refunds.id")))
    op.drop_constraint("receipts_charge_id_key", "receipts")
    op.drop_constraint("receipts_trip_id_key", "receipts")
    of_a_charge, of_a_refund = sa.text("refund_id IS NULL"), sa.text("refund_id IS NOT NULL")
    op.create_index("uq_receipts_charge", "receipts", ["charge_id"], unique=True, postgresql_where=of_a_charge)
    op.create_index("uq_receipts_refund", "receipts", ["refund_id"], unique=True, postgresql_where=of_a_refund)
    op.create_index("ix_receipts_trip", "receipts", ["trip_id"])


def _let_payout_lines_be_of_refunds() -> None:
    op.drop_index("ix_payout_lines_driver_newest", "payout_lines")
    op.drop_constraint("payout_lines_pkey", "payout_lines")
    op.add_column("payout_lines", sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False))
    op.create_primary_key("payout_lines_pkey", "payout_lines", ["id"])
    op.add_column("payout_lines", sa.Column("refund_id", sa.Text, sa.ForeignKey("refunds.id")))
    of_a_charge, of_a_refund = sa.text("refund_id IS NULL"), sa.text("refund_id IS NOT NULL")
    op.create_index("uq_payout_lines_charge", "payout_lines", ["charge_id"], unique=True, postgresql_where=of_a_charge)
    op.create_index("uq_payout_lines_refund", "payout_lines", ["refund_id"], unique=True, postgresql_where=of_a_refund)
    op.create_index("ix_payout_lines_driver_newest", "payout_lines", ["driver_id", "earned_at", "id"])
