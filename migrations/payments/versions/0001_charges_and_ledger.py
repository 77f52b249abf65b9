"""Charges, debts, ledger, receipts and payouts, and what the database itself forbids.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from hansom.tables import create_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "outbox",
    "payout_lines",
    "payouts",
    "receipts",
    "receipt_counters",
    "ledger_entries",
    "ledger_transactions",
    "accounts",
    "debts",
    "charges",
)

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_transactions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON receipts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger_transactions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

SUMS_TO_ZERO = """
CREATE FUNCTION require_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    posting text;
    entries bigint;
    uneven text;
BEGIN
    IF TG_TABLE_NAME = 'ledger_entries' THEN posting := NEW.transaction_id; ELSE posting := NEW.id; END IF;
    SELECT sum(per_currency.entries), min(per_currency.currency) FILTER (WHERE per_currency.total <> 0)
      INTO entries, uneven
      FROM (SELECT currency, sum(amount_minor) AS total, count(*) AS entries
              FROM ledger_entries WHERE transaction_id = posting GROUP BY currency) AS per_currency;
    IF uneven IS NOT NULL OR coalesce(entries, 0) < 2 THEN
        RAISE EXCEPTION 'ledger transaction % does not sum to zero in %', posting, coalesce(uneven, 'two entries')
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER sums_to_zero AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_zero_sum();
CREATE CONSTRAINT TRIGGER sums_to_zero AFTER INSERT ON ledger_transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_zero_sum();
"""

ONE_PAYOUT_A_LINE = """
CREATE FUNCTION refuse_second_payout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.payout_id IS NOT NULL
       OR to_jsonb(NEW) - 'payout_id' <> to_jsonb(OLD) - 'payout_id' THEN
        RAISE EXCEPTION 'a payout line is paid once and never changes: %', OLD.charge_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER one_payout_a_line BEFORE UPDATE OR DELETE ON payout_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_second_payout();
"""

ONE_ANSWER_A_CHARGE = """
CREATE FUNCTION refuse_second_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'pending' OR (NEW.id, NEW.trip_id, NEW.fare_minor, NEW.currency)
       IS DISTINCT FROM (OLD.id, OLD.trip_id, OLD.fare_minor, OLD.currency) THEN
        RAISE EXCEPTION 'a charge is answered once and its amount never changes: %', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER one_answer_a_charge BEFORE UPDATE OR DELETE ON charges
    FOR EACH ROW EXECUTE FUNCTION refuse_second_answer();
"""

FUNCTIONS = ("refuse_change", "require_zero_sum", "refuse_second_payout", "refuse_second_answer")


def upgrade() -> None:
    _create_charges()
    _create_debts()
    _create_ledger()
    _create_receipts()
    _create_payouts()
    create_outbox(op)
    for statements in (APPEND_ONLY, SUMS_TO_ZERO, ONE_PAYOUT_A_LINE, ONE_ANSWER_A_CHARGE):
        op.execute(statements)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")


def _text(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=nullable)


def _minor(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _create_charges() -> None:
    op.create_table(
        "charges",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("trip_id", sa.Text, nullable=False, unique=True),
        *(_text(name) for name in ("rider_id", "driver_id", "city", "category", "currency")),
        *(_minor(name) for name in ("fare_minor", "tax_minor", "fee_minor")),
        sa.Column("lines", JSONB, nullable=False),
        _text("method"),
        _text("fare_reason", nullable=True),
        sa.Column("distance_m", sa.Double),
        sa.Column("duration_s", sa.Double),
        _time("completed_at"),
        _text("cause"),
        _text("state"),
        _text("provider_reference", nullable=True),
        _text("reason", nullable=True),
        _time("created_at"),
        _time("resolved_at", nullable=True),
        sa.CheckConstraint("state IN ('pending', 'captured', 'failed')", name="ck_charges_state"),
        sa.CheckConstraint("(state = 'pending') = (resolved_at IS NULL)", name="ck_charges_resolved"),
        sa.CheckConstraint(
            "fare_minor >= 0 AND tax_minor BETWEEN 0 AND fare_minor AND fee_minor BETWEEN 0 AND fare_minor - tax_minor",
            name="ck_charges_parts",
        ),
    )
    op.create_index("ix_charges_pending", "charges", ["created_at"], postgresql_where=sa.text("state = 'pending'"))
    op.create_index("ix_charges_resolved_at", "charges", ["resolved_at"])


def _create_debts() -> None:
    op.create_table(
        "debts",
        sa.Column("charge_id", sa.Text, sa.ForeignKey("charges.id"), primary_key=True),
        _text("rider_id"),
        _minor("amount_minor"),
        _text("currency"),
        _text("reason"),
        _time("created_at"),
        _time("settled_at", nullable=True),
        sa.CheckConstraint("amount_minor > 0", name="ck_debts_amount"),
    )
    op.create_index("ix_debts_open", "debts", ["rider_id"], postgresql_where=sa.text("settled_at IS NULL"))


def _create_ledger() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, primary_key=True),
        *(_text(name) for name in ("kind", "owner", "currency")),
        sa.CheckConstraint("kind IN ('rider', 'driver', 'clearing', 'revenue', 'tax')", name="ck_accounts_kind"),
        sa.UniqueConstraint("kind", "owner", "currency", name="uq_accounts_kind"),
        sa.UniqueConstraint("id", "currency", name="uq_accounts_currency"),
    )
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.Text, primary_key=True),
        *(_text(name) for name in ("kind", "reference", "cause")),
        _time("at"),
        sa.CheckConstraint("kind IN ('ride', 'payment', 'payout')", name="ck_ledger_transactions_kind"),
        sa.UniqueConstraint("kind", "reference", name="uq_ledger_transactions_reference"),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("transaction_id", sa.Text, sa.ForeignKey("ledger_transactions.id"), nullable=False),
        _text("account_id"),
        _minor("amount_minor"),
        _text("currency"),
        sa.CheckConstraint("amount_minor <> 0", name="ck_ledger_entries_amount"),
        sa.ForeignKeyConstraint(
            ["account_id", "currency"], ["accounts.id", "accounts.currency"], name="fk_ledger_entries_account"
        ),
    )
    op.create_index("ix_ledger_entries_transaction_id", "ledger_entries", ["transaction_id"])
    op.create_index("ix_ledger_entries_account", "ledger_entries", ["account_id", "id"])


def _create_receipts() -> None:
    op.create_table(
        "receipt_counters",
        sa.Column("city", sa.Text, primary_key=True),
        sa.Column("year", sa.SmallInteger, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("charge_id", sa.Text, sa.ForeignKey("charges.id"), nullable=False, unique=True),
        sa.Column("trip_id", sa.Text, nullable=False, unique=True),
        _text("city"),
        sa.Column("year", sa.SmallInteger, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        _time("issued_at"),
        sa.UniqueConstraint("city", "year", "sequence", name="uq_receipts_number"),
    )


def _create_payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("id", sa.Text, primary_key=True),
        *(_text(name) for name in ("driver_id", "city", "currency")),
        _minor("amount_minor"),
        sa.Column("until_day", sa.Date, nullable=False),
        _text("state"),
        _text("provider_reference", nullable=True),
        _time("created_at"),
        _time("sent_at", nullable=True),
        sa.CheckConstraint("amount_minor > 0", name="ck_payouts_amount"),
        sa.CheckConstraint("state IN ('reserved', 'sent')", name="ck_payouts_state"),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="ck_payouts_sent"),
    )
    op.create_index("ix_payouts_driver_newest", "payouts", ["driver_id", "id"])
    op.create_index("ix_payouts_reserved", "payouts", ["created_at"], postgresql_where=sa.text("state = 'reserved'"))
    op.create_table(
        "payout_lines",
        sa.Column("charge_id", sa.Text, sa.ForeignKey("charges.id"), primary_key=True),
        *(_text(name) for name in ("trip_id", "driver_id", "city", "currency")),
        *(_minor(name) for name in ("fare_minor", "tax_minor", "fee_minor", "cash_minor", "amount_minor")),
        sa.Column("earned_on", sa.Date, nullable=False),
        _time("earned_at"),
        sa.Column("payout_id", sa.Text, sa.ForeignKey("payouts.id")),
        sa.CheckConstraint(
            "amount_minor = fare_minor - tax_minor - fee_minor - cash_minor", name="ck_payout_lines_amount"
        ),
    )
    unpaid = sa.text("payout_id IS NULL")
    op.create_index("ix_payout_lines_driver_newest", "payout_lines", ["driver_id", "earned_at", "charge_id"])
    op.create_index("ix_payout_lines_payout", "payout_lines", ["payout_id"])
    op.create_index("ix_payout_lines_unpaid", "payout_lines", ["city", "earned_on"], postgresql_where=unpaid)
