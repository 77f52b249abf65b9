"""The simulated provider's books: a schema of their own that nothing but the provider writes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, MetaData, Table, Text, func, text

metadata = MetaData(schema="simulated_provider")


def _book(name: str, party: str, *more: Column) -> Table:
    return Table(
        name,
        metadata,
        Column("key", Text, primary_key=True),
        Column("number", BigInteger, Identity(always=True), nullable=False),
        Column(party, Text, nullable=False),
        Column("amount_minor", BigInteger, nullable=False),
        Column("currency", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("reason", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        *more,
    )


charges = _book(
    "charges",
    "method",
    Column("hold_key", Text),
    # of a pending one: when it is taken
    Column("settles_at", DateTime(timezone=True)),
)
Index("ix_charges_pending", charges.c.settles_at, postgresql_where=text("state = 'pending'"))
holds = _book(
    "holds", "method", Column("rider_id", Text, nullable=False), Column("confirmed_at", DateTime(timezone=True))
)
payouts = _book("payouts", "driver_id", Column("account", Text, nullable=False, server_default="usual"))
refunds = _book("refunds", "charge_key")

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # doubled messages have one
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # when it is sent next; nothing once it was taken or given up
    Column("due_at", DateTime(timezone=True)),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("taken_at", DateTime(timezone=True)),
    Column("error", Text),
)
Index("ix_webhooks_due", webhooks.c.due_at, postgresql_where=text("due_at IS NOT NULL"))
