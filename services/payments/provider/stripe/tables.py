"""What Stripe was asked for: our key, and the id by which Stripe knows it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Index, MetaData, PrimaryKeyConstraint, Table, Text, text

metadata = MetaData(schema="stripe_provider")

asked = Table(
    "asked",
    metadata,
    # hold, charge, refund or payout
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    # the payment method; of a refund the charge's key, of a payout the account
    Column("party", Text, nullable=False),
    # of a charge: the hold that it alone may be captured from
    Column("hold_key", Text),
    # nothing until Stripe's answer was heard
    Column("object_id", Text),
    Column("first_asked_at", DateTime(timezone=True), nullable=False),
    Column("last_asked_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("kind", "key"),
)
Index("uq_asked_one_charge_a_hold", asked.c.hold_key, unique=True, postgresql_where=text("kind = 'charge'"))
