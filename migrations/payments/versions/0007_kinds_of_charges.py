"""Charges of four kinds, discounts, and the accounts of what is given away and of money on its way to drivers.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CHARGE_KINDS = "kind IN ('ride', 'cancellation', 'no_show', 'tip')"

ACCOUNTS_BEFORE = "kind IN ('rider', 'driver', 'clearing', 'revenue', 'tax')"
ACCOUNTS = "kind IN ('rider', 'driver', 'clearing', 'revenue', 'tax', 'promo', 'payout')"

KINDS_BEFORE = "kind IN ('ride', 'payment', 'payout', 'refund', 'refund_payment', 'debt_payment', 'payout_returned')"
KINDS = (
    "kind IN ('ride', 'cancellation', 'no_show', 'tip', 'promo', 'payment', 'debt_payment', 'refund',"
    " 'refund_payment', 'payout_reserved', 'payout', 'payout_failed', 'payout_returned')"
)

ONE_ANSWER_BEFORE = """
CREATE OR REPLACE FUNCTION refuse_second_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'pending' OR (NEW.id, NEW.trip_id, NEW.fare_minor, NEW.currency)
       IS DISTINCT FROM (OLD.id, OLD.trip_id, OLD.fare_minor, OLD.currency) THEN
        RAISE EXCEPTION 'a charge is answered once and its amount never changes: %', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
"""

ONE_ANSWER = """
CREATE OR REPLACE FUNCTION refuse_second_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'pending'
       OR (NEW.id, NEW.trip_id, NEW.kind, NEW.rider_id, NEW.driver_id, NEW.currency, NEW.fare_minor, NEW.tax_minor,
           NEW.fee_minor, NEW.discount_minor, NEW.promo_code, NEW.method)
       IS DISTINCT FROM (OLD.id, OLD.trip_id, OLD.kind, OLD.rider_id, OLD.driver_id, OLD.currency, OLD.fare_minor,
           OLD.tax_minor, OLD.fee_minor, OLD.discount_minor, OLD.promo_code, OLD.method) THEN
        RAISE EXCEPTION 'a charge is answered once and its amount never changes: %', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
"""

NEVER_MORE_BEFORE = """
CREATE OR REPLACE FUNCTION refuse_too_large_refund() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""

NEVER_MORE = """
CREATE OR REPLACE FUNCTION refuse_too_large_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    charge record;
    others bigint;
    is_paid boolean;
BEGIN
    IF NEW.state = 'failed' THEN RETURN NEW; END IF;
    -- whoever refunds the same charge waits here, and sees this refund afterwards
    SELECT fare_minor - discount_minor AS to_pay, currency, state, method INTO charge
      FROM charges WHERE id = NEW.charge_id FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO others
      FROM refunds WHERE charge_id = NEW.charge_id AND state <> 'failed' AND id <> NEW.id;
    IF NEW.payment_id IS NULL THEN
        is_paid := charge.state = 'captured' AND charge.method <> 'cash';
    ELSE
        -- its charge failed: it goes back the way on which its debt was paid
        is_paid := EXISTS (SELECT 1 FROM debt_payments
                            WHERE id = NEW.payment_id AND charge_id = NEW.charge_id AND state = 'captured');
    END IF;
    IF NOT is_paid OR charge.currency <> NEW.currency OR others + NEW.amount_minor > charge.to_pay THEN
        RAISE EXCEPTION 'more is refunded than was captured: %', NEW.charge_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
"""


def upgrade() -> None:
    op.add_column("charges", sa.Column("kind", sa.Text, nullable=False, server_default="ride"))
    op.add_column("charges", sa.Column("discount_minor", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("charges", sa.Column("promo_code", sa.Text))
    op.add_column("charges", sa.Column("tip_max_minor", sa.BigInteger))
    op.create_check_constraint("ck_charges_kind", "charges", CHARGE_KINDS)
    op.create_check_constraint(
        "ck_charges_discount",
        "charges",
        "discount_minor BETWEEN 0 AND fare_minor AND (discount_minor = 0 OR kind = 'ride')",
    )
    op.create_check_constraint(
        "ck_charges_tip", "charges", "kind <> 'tip' OR (tax_minor = 0 AND fee_minor = 0 AND method <> 'cash')"
    )
    op.drop_constraint("charges_trip_id_key", "charges")
    is_tip, is_none = sa.text("kind = 'tip'"), sa.text("kind <> 'tip'")
    stands = sa.text("kind = 'tip' AND state <> 'failed'")
    op.create_index("uq_charges_trip", "charges", ["trip_id"], unique=True, postgresql_where=is_none)
    op.create_index("uq_charges_tip", "charges", ["trip_id"], unique=True, postgresql_where=stands)
    op.create_index("ix_charges_tips", "charges", ["trip_id"], postgresql_where=is_tip)
    op.add_column("payout_lines", sa.Column("kind", sa.Text, nullable=False, server_default="ride"))
    op.create_check_constraint("ck_payout_lines_kind", "payout_lines", CHARGE_KINDS)
    op.add_column("refunds", sa.Column("payment_id", sa.Text, sa.ForeignKey("debt_payments.id")))
    _know_kinds(ACCOUNTS, KINDS)
    op.execute(ONE_ANSWER)
    op.execute(NEVER_MORE)


def downgrade() -> None:
    """Only while there are no charges but of rides: a ledger forgets nothing."""
    op.execute(NEVER_MORE_BEFORE)
    op.execute(ONE_ANSWER_BEFORE)
    _know_kinds(ACCOUNTS_BEFORE, KINDS_BEFORE)
    op.drop_column("refunds", "payment_id")
    op.drop_column("payout_lines", "kind")
    for index in ("uq_charges_trip", "uq_charges_tip", "ix_charges_tips"):
        op.drop_index(index, "charges")
    op.create_unique_constraint("charges_trip_id_key", "charges", ["trip_id"])
    for column in ("kind", "discount_minor", "promo_code", "tip_max_minor"):
        op.drop_column("charges", column)


def _know_kinds(accounts: str, transactions: str) -> None:
    op.drop_constraint("ck_accounts_kind", "accounts")
    op.create_check_constraint("ck_accounts_kind", "accounts", accounts)
    op.drop_constraint("ck_ledger_transactions_kind", "ledger_transactions")
    op.create_check_constraint("ck_ledger_transactions_kind", "ledger_transactions", transactions)
