"""The tables of the pricing database."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
)
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
    Column("surge_words", Text),
    Column("options", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    CheckConstraint("distance_m >= 0 AND duration_s >= 0", name="ck_quotes_route"),
    CheckConstraint("surge_tenths >= 10", name="ck_quotes_surge"),
)
"""Quotes as they were given: a trigger refuses every change of a row. `options` carries each fare with its tariff.

`surge_reason` is the code, `surge_words` the sentence that the rider was given: null in quotes older than it."""

surge_settings = Table(
    "surge_settings",
    Base.metadata,
    Column("city", Text, primary_key=True),
    Column("enabled", Boolean),
    Column("cap_tenths", SmallInteger),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
    CheckConstraint("cap_tenths >= 10", name="ck_surge_settings_cap"),
)
"""What operators have set for a city; null: as the settings of the service say. No row: nobody changed anything."""

surge_changes = Table(
    "surge_changes",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("city", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("old_enabled", Boolean, nullable=False),
    Column("new_enabled", Boolean, nullable=False),
    Column("old_cap_tenths", SmallInteger, nullable=False),
    Column("new_cap_tenths", SmallInteger, nullable=False),
    Column("note", Text),
    Index("ix_surge_changes_city", "city", "id"),
)
"""Who changed what and when; ids rise with time. A trigger refuses to rewrite or to delete one."""

idempotency = idempotency_table(Base.metadata)
