"""The tables of the payments database. What must hold of money, its constraints and triggers hold."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from hansom.tables import idempotency_table, outbox_table


class Base(DeclarativeBase):
    """The payments database."""


def _text(name: str, nullable: bool = False) -> Column:
    return Column(name, Text, nullable=nullable)


def _minor(name: str) -> Column:
    return Column(name, BigInteger, nullable=False)


def _time(name: str, nullable: bool = False) -> Column:
    return Column(name, DateTime(timezone=True), nullable=nullable)


_CHARGE_KINDS = "kind IN ('ride', 'cancellation', 'no_show', 'tip')"

charges = Table(
    "charges",
    Base.metadata,
    Column("id", Text, primary_key=True),
    _text("trip_id"),
    Column("kind", Text, nullable=False, server_default="ride"),
    _text("rider_id"),
    _text("driver_id"),
    _text("city"),
    _text("category"),
    _text("currency"),
    _minor("fare_minor"),
    _minor("tax_minor"),
    _minor("fee_minor"),
    Column("discount_minor", BigInteger, nullable=False, server_default="0"),
    _text("promo_code", nullable=True),
    Column("tip_max_minor", BigInteger),
    Column("lines", JSONB, nullable=False),
    _text("method"),
    _text("fare_reason", nullable=True),
    Column("distance_m", Double),
    Column("duration_s", Double),
    _time("completed_at"),
    _text("cause"),
    _text("state"),
    _text("provider_reference", nullable=True),
    _text("reason", nullable=True),
    _time("created_at"),
    _time("resolved_at", nullable=True),
    CheckConstraint("state IN ('pending', 'captured', 'failed')", name="ck_charges_state"),
    CheckConstraint("(state = 'pending') = (resolved_at IS NULL)", name="ck_charges_resolved"),
    CheckConstraint(
        "fare_minor >= 0 AND tax_minor BETWEEN 0 AND fare_minor AND fee_minor BETWEEN 0 AND fare_minor - tax_minor",
        name="ck_charges_parts",
    ),
    CheckConstraint(_CHARGE_KINDS, name="ck_charges_kind"),
    CheckConstraint(
        "discount_minor BETWEEN 0 AND fare_minor AND (discount_minor = 0 OR kind = 'ride')", name="ck_charges_discount"
    ),
    CheckConstraint("kind <> 'tip' OR (tax_minor = 0 AND fee_minor = 0 AND method <> 'cash')", name="ck_charges_tip"),
    Index("uq_charges_trip", "trip_id", unique=True, postgresql_where=text("kind <> 'tip'")),
    Index("uq_charges_tip", "trip_id", unique=True, postgresql_where=text("kind = 'tip' AND state <> 'failed'")),
    Index("ix_charges_tips", "trip_id", postgresql_where=text("kind = 'tip'")),
    Index("ix_charges_pending", "created_at", postgresql_where=text("state = 'pending'")),
    Index("ix_charges_resolved_at", "resolved_at"),
)
"""What a trip is charged for: its ride, or its cancellation, or that nobody came; and one tip that did not fail. The
row is committed before the provider is asked, and `id` is the key it is asked with. `fare_minor` is the whole
price; the rider pays `fare_minor - discount_minor`."""

debts = Table(
    "debts",
    Base.metadata,
    Column("charge_id", Text, ForeignKey("charges.id"), primary_key=True),
    _text("rider_id"),
    _minor("amount_minor"),
    _text("currency"),
    _text("reason"),
    _time("created_at"),
    _time("settled_at", nullable=True),
    CheckConstraint("amount_minor > 0", name="ck_debts_amount"),
    Index("ix_debts_open", "rider_id", postgresql_where=text("settled_at IS NULL")),
    Index("ix_debts_open_newest", "created_at", postgresql_where=text("settled_at IS NULL")),
    Index("ix_debts_settled_newest", "created_at", postgresql_where=text("settled_at IS NOT NULL")),
)
"""What a rider still owes because a charge failed."""

debt_payments = Table(
    "debt_payments",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("charge_id", Text, ForeignKey("debts.charge_id"), nullable=False),
    _text("rider_id"),
    _minor("amount_minor"),
    _text("currency"),
    _text("method"),
    _text("state"),
    _text("provider_reference", nullable=True),
    _text("reason", nullable=True),
    _time("created_at"),
    _time("resolved_at", nullable=True),
    CheckConstraint("amount_minor > 0", name="ck_debt_payments_amount"),
    CheckConstraint("state IN ('pending', 'captured', 'failed')", name="ck_debt_payments_state"),
    CheckConstraint("(state = 'pending') = (resolved_at IS NULL)", name="ck_debt_payments_resolved"),
    Index("uq_debt_payments_one", "charge_id", unique=True, postgresql_where=text("state <> 'failed'")),
    Index("ix_debt_payments_pending", "created_at", postgresql_where=text("state = 'pending'")),
    Index("ix_debt_payments_rider", "rider_id", "created_at"),
)
"""Attempts to settle a debt. `id` is the key that the provider is asked with; a debt has one that stands."""

refunds = Table(
    "refunds",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("charge_id", Text, ForeignKey("charges.id"), nullable=False),
    _minor("amount_minor"),
    _minor("tax_minor"),
    _minor("fee_minor"),
    _minor("share_minor"),
    _text("currency"),
    _text("reason"),
    _text("by_user_id"),
    _text("state"),
    _text("provider_reference", nullable=True),
    _text("failure", nullable=True),
    _time("created_at"),
    _time("resolved_at", nullable=True),
    Column("payment_id", Text, ForeignKey("debt_payments.id")),
    CheckConstraint("amount_minor > 0", name="ck_refunds_amount"),
    CheckConstraint(
        "tax_minor >= 0 AND fee_minor >= 0 AND share_minor >= 0 AND tax_minor + fee_minor + share_minor = amount_minor",
        name="ck_refunds_parts",
    ),
    CheckConstraint("state IN ('pending', 'done', 'failed')", name="ck_refunds_state"),
    CheckConstraint("(state = 'pending') = (resolved_at IS NULL)", name="ck_refunds_resolved"),
    Index("ix_refunds_charge", "charge_id", "created_at"),
    Index("ix_refunds_pending", "created_at", postgresql_where=text("state = 'pending'")),
    Index("ix_refunds_done", "created_at", postgresql_where=text("state = 'done'")),
)
"""What riders get back; tax office, platform and driver bear `tax_minor`, `fee_minor` and `share_minor`. `id`
is the key that the provider is asked with. `payment_id`: the debt's payment that is given back, of a charge that had
failed. A trigger lets no charge be refunded for more than was captured."""

accounts = Table(
    "accounts",
    Base.metadata,
    Column("id", Text, primary_key=True),
    _text("kind"),
    _text("owner"),
    _text("currency"),
    CheckConstraint(
        "kind IN ('rider', 'driver', 'clearing', 'revenue', 'tax', 'promo', 'payout')", name="ck_accounts_kind"
    ),
    UniqueConstraint("kind", "owner", "currency", name="uq_accounts_kind"),
    UniqueConstraint("id", "currency", name="uq_accounts_currency"),
)

ledger_transactions = Table(
    "ledger_transactions",
    Base.metadata,
    Column("id", Text, primary_key=True),
    _text("kind"),
    _text("reference"),
    _text("cause"),
    _time("at"),
    CheckConstraint(
        "kind IN ('ride', 'cancellation', 'no_show', 'tip', 'promo', 'payment', 'debt_payment', 'refund',"
        " 'refund_payment', 'payout_reserved', 'payout', 'payout_failed', 'payout_returned')",
        name="ck_ledger_transactions_kind",
    ),
    UniqueConstraint("kind", "reference", name="uq_ledger_transactions_reference"),
    Index("ix_ledger_transactions_at", "at"),
)
"""A posting. `reference` is the charge, refund or payout it is of, `cause` the event or request that caused it."""

ledger_entries = Table(
    "ledger_entries",
    Base.metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("transaction_id", Text, ForeignKey("ledger_transactions.id"), nullable=False, index=True),
    _text("account_id"),
    _minor("amount_minor"),
    _text("currency"),
    CheckConstraint("amount_minor <> 0", name="ck_ledger_entries_amount"),
    ForeignKeyConstraint(
        ["account_id", "currency"], ["accounts.id", "accounts.currency"], name="fk_ledger_entries_account"
    ),
    Index("ix_ledger_entries_account", "account_id", "id"),
)
"""Debits positive, credits negative. Triggers refuse update, delete and truncate, and let no transaction commit that
does not sum to zero in each currency."""

ledger_closings = Table(
    "ledger_closings",
    Base.metadata,
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True, index=True),
    _minor("balance_minor"),
)
"""Balances of the platform's own accounts at the end of each hour that moved them, of all that was posted before."""

receipt_counters = Table(
    "receipt_counters",
    Base.metadata,
    Column("city", Text, primary_key=True),
    Column("year", SmallInteger, primary_key=True),
    Column("last", Integer, nullable=False),
)
"""The last receipt number of each city and year. Its row lock makes the numbers gapless."""

receipts = Table(
    "receipts",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("charge_id", Text, ForeignKey("charges.id"), nullable=False),
    Column("trip_id", Text, nullable=False),
    _text("city"),
    Column("year", SmallInteger, nullable=False),
    Column("sequence", Integer, nullable=False),
    _time("issued_at"),
    Column("refund_id", Text, ForeignKey("refunds.id")),
    UniqueConstraint("city", "year", "sequence", name="uq_receipts_number"),
    Index("uq_receipts_charge", "charge_id", unique=True, postgresql_where=text("refund_id IS NULL")),
    Index("uq_receipts_refund", "refund_id", unique=True, postgresql_where=text("refund_id IS NOT NULL")),
    Index("ix_receipts_trip", "trip_id"),
)
"""Numbered documents: a charge's receipt, and a credit note for each of its refunds."""

payout_accounts = Table(
    "payout_accounts",
    Base.metadata,
    Column("driver_id", Text, primary_key=True),
    _text("account"),
    _time("changed_at"),
)
"""Where a driver is paid to: a token of the provider. Who is not here has his usual account."""

payouts = Table(
    "payouts",
    Base.metadata,
    Column("id", Text, primary_key=True),
    _text("driver_id"),
    _text("city"),
    _text("currency"),
    _minor("amount_minor"),
    Column("until_day", Date, nullable=False),
    _text("state"),
    _text("provider_reference", nullable=True),
    _time("created_at"),
    _time("sent_at", nullable=True),
    _text("reason", nullable=True),
    CheckConstraint("amount_minor > 0", name="ck_payouts_amount"),
    CheckConstraint("state IN ('reserved', 'sent', 'failed', 'returned')", name="ck_payouts_state"),
    CheckConstraint("(state IN ('sent', 'returned')) = (sent_at IS NOT NULL)", name="ck_payouts_sent"),
    Index("ix_payouts_sent", "sent_at", postgresql_where=text("state = 'sent'")),
    Index("ix_payouts_driver_newest", "driver_id", "id"),
    Index("ix_payouts_reserved", "created_at", postgresql_where=text("state = 'reserved'")),
)

payout_lines = Table(
    "payout_lines",
    Base.metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("charge_id", Text, ForeignKey("charges.id")),
    _text("trip_id", nullable=True),
    _text("driver_id"),
    _text("city"),
    _text("currency"),
    _minor("fare_minor"),
    _minor("tax_minor"),
    _minor("fee_minor"),
    _minor("cash_minor"),
    _minor("amount_minor"),
    Column("earned_on", Date, nullable=False),
    _time("earned_at"),
    Column("payout_id", Text, ForeignKey("payouts.id")),
    Column("refund_id", Text, ForeignKey("refunds.id")),
    Column("returned_payout_id", Text, ForeignKey("payouts.id")),
    Column("kind", Text, nullable=False, server_default="ride"),
    CheckConstraint(_CHARGE_KINDS, name="ck_payout_lines_kind"),
    UniqueConstraint("returned_payout_id", name="uq_payout_lines_returned"),
    CheckConstraint("(charge_id IS NULL) = (returned_payout_id IS NOT NULL)", name="ck_payout_lines_source"),
    CheckConstraint("amount_minor = fare_minor - tax_minor - fee_minor - cash_minor", name="ck_payout_lines_amount"),
    Index("uq_payout_lines_charge", "charge_id", unique=True, postgresql_where=text("refund_id IS NULL")),
    Index("uq_payout_lines_refund", "refund_id", unique=True, postgresql_where=text("refund_id IS NOT NULL")),
    Index("ix_payout_lines_driver_newest", "driver_id", "earned_at", "id"),
    Index("ix_payout_lines_payout", "payout_id"),
    Index(
        "ix_payout_lines_due",
        "city",
        "driver_id",
        "currency",
        "earned_on",
        postgresql_where=text("payout_id IS NULL"),
    ),
)
"""What each charge brought its driver, what he bears of refunds (negative), and payouts that he did not get. `kind` is
the charge's. A trigger lets `payout_id` be set once and nothing else change."""

audits = Table(
    "audits",
    Base.metadata,
    Column("id", Text, primary_key=True),
    _text("cause"),
    _time("started_at"),
    _time("finished_at"),
    _minor("checked"),
    _minor("broken"),
    Column("checks", JSONB, nullable=False),
    CheckConstraint("cause IN ('nightly', 'asked')", name="ck_audits_cause"),
    Index("ix_audits_cause", "cause", "started_at"),
)
"""What each audit found. `checks`: as `hansom.contracts.payment_replies.AuditCheck`."""

_STANDING = "state IN ('pending', 'held', 'needs_confirmation')"

holds = Table(
    "holds",
    Base.metadata,
    Column("id", Text, primary_key=True),
    _text("trip_id"),
    _text("rider_id"),
    _text("city"),
    _minor("amount_minor"),
    _text("currency"),
    _text("method"),
    _text("state"),
    _text("provider_reference", nullable=True),
    _text("reason", nullable=True),
    Column("confirmation", JSONB),
    Column("charge_id", Text, ForeignKey("charges.id")),
    _time("created_at"),
    *(_time(name, nullable=True) for name in ("confirmed_at", "granted_at", "let_go_at", "ended_at", "checked_at")),
    _time("resolved_at", nullable=True),
    CheckConstraint("amount_minor > 0", name="ck_holds_amount"),
    CheckConstraint(f"{_STANDING} OR state IN ('declined', 'captured', 'released')", name="ck_holds_state"),
    CheckConstraint(f"({_STANDING}) = (resolved_at IS NULL)", name="ck_holds_resolved"),
    Index("uq_holds_standing", "trip_id", unique=True, postgresql_where=text(_STANDING)),
    Index("ix_holds_rider", "rider_id", postgresql_where=text(_STANDING)),
    Index("ix_holds_trip", "trip_id"),
    Index("ix_holds_created_at", "created_at", postgresql_where=text(_STANDING)),
    Index("ix_holds_taken", "trip_id", postgresql_where=text("state = 'captured' AND charge_id IS NULL")),
    Index("uq_holds_charge", "charge_id", unique=True, postgresql_where=text("charge_id IS NOT NULL")),
)
"""What is kept back on riders' cards. The row is committed before the provider is asked, `id` is the key that it is
asked with; a trip has one that stands. `ended_at`: when its trip was first seen to be over."""

webhooks = Table(
    "webhooks",
    Base.metadata,
    Column("provider", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    _text("kind"),
    _text("key"),
    _time("received_at"),
    _time("handled_at", nullable=True),
    Index("ix_webhooks_waiting", "received_at", postgresql_where=text("handled_at IS NULL")),
)
"""What the provider hinted at, once for each of its messages; what is named is looked up by its key."""

outbox = outbox_table(Base.metadata)
idempotency = idempotency_table(Base.metadata)
