"""The tables of the pricing database."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Double, Integer, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from hansom.tables import idempotency_table


class Base(DeclarativeBase):
    """The pricing database."""


quotes = Table(
    "quotes",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("rider_id", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("pickup_lat", Double, nullable=False),
    Column("pickup_lng", Double, nullable=False),
    Column("dropoff_lat", Double, nullable=False),
    Column("dropoff_lng", Double, nullable=False),
    Column("distance_m", BigInteger, nullable=False),
    Column("duration_s", Integer, nullable=False),
    Column("line", JSONB, nullable=False),
    Column("surge_tenths", SmallInteger, nullable=False),
    Column("surge_reason", Text, nullable=False),
    Column("options", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    CheckConstraint("distance_m >= 0 AND duration_s >= 0", name="ck_quotes_route"),
    CheckConstraint("surge_tenths >= 10", name="ck_quotes_surge"),
)
"""Quotes as they were given: a trigger refuses every change of a row. `options` carries each fare with its tariff."""

idempotency = idempotency_table(Base.metadata)
