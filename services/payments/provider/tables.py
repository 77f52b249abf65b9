"""The simulated provider's books: a schema of their own that nothing but the provider writes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Table, Text, func

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


charges = _book("charges", "method")
payouts = _book("payouts", "driver_id", Column("account", Text, nullable=False, server_default="usual"))
refunds = _book("refunds", "charge_key")
