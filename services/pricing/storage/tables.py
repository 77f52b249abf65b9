"""The tables of the pricing database."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
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
    Column("surge_values", JSONB(none_as_null=True)),
    Column("options", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    Column("promo", JSONB(none_as_null=True)),
    Column("parent_id", Text),
    Column("trip_id", Text),
    CheckConstraint("distance_m >= 0 AND duration_s >= 0", name="ck_quotes_route"),
    CheckConstraint("surge_tenths >= 10", name="ck_quotes_surge"),
)
"""Quotes as they were given: a trigger refuses every change of a row. `options` carries each fare with its tariff.

`surge_reason` is the code, `surge_words` the sentence that the rider was given, `surge_values` what it says in numbers:
each null in quotes older than it.
`promo`: what the rider's code takes off. `parent_id`, `trip_id`: a quote for another destination of a trip."""

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

promo_codes = Table(
    "promo_codes",
    Base.metadata,
    Column("code", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("amount_minor", BigInteger),
    Column("percent", SmallInteger),
    Column("cap_minor", BigInteger),
    Column("currency", Text),
    Column("first_ride", Boolean, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_until", DateTime(timezone=True)),
    Column("uses_max", Integer),
    Column("uses_per_rider", Integer),
    Column("cities", JSONB(none_as_null=True)),
    Column("uses", Integer, nullable=False, server_default="0"),
    Column("note", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("disabled_at", DateTime(timezone=True)),
    Column("disabled_by", Text),
    CheckConstraint("uses >= 0 AND uses <= coalesce(uses_max, uses)", name="ck_promo_codes_uses"),
    CheckConstraint(
        "kind = 'fixed' AND amount_minor > 0 AND percent IS NULL AND cap_minor IS NULL"
        " OR kind = 'percent' AND percent BETWEEN 1 AND 100 AND amount_minor IS NULL"
        " AND coalesce(cap_minor, 1) > 0",
        name="ck_promo_codes_kind",
    ),
    CheckConstraint(
        "(currency IS NOT NULL) = (amount_minor IS NOT NULL OR cap_minor IS NOT NULL)", name="ck_promo_codes_currency"
    ),
    CheckConstraint("uses_max > 0 AND uses_per_rider > 0", name="ck_promo_codes_limits"),
    CheckConstraint("valid_from < valid_until", name="ck_promo_codes_time"),
    CheckConstraint("(disabled_at IS NULL) = (disabled_by IS NULL)", name="ck_promo_codes_disabled"),
    Index("ix_promo_codes_newest", "created_at", "code"),
)
"""Codes and their limits; null: no limit. What a code promises never changes; a trigger lets it only be disabled.

`uses`: how often it is reserved or used. A trigger of `promo_uses` counts, nobody else may, and the check holds the
limit: of two riders at the last use one is refused."""

promo_uses = Table(
    "promo_uses",
    Base.metadata,
    Column("trip_id", Text, primary_key=True),
    Column("code", Text, ForeignKey("promo_codes.code"), nullable=False),
    Column("rider_id", Text, nullable=False),
    Column("quote_id", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("discount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reserved_at", DateTime(timezone=True), nullable=False),
    Column("resolved_at", DateTime(timezone=True)),
    Column("look_after", DateTime(timezone=True), nullable=False),
    CheckConstraint("state IN ('reserved', 'used', 'given_back')", name="ck_promo_uses_state"),
    CheckConstraint("(state = 'reserved') = (resolved_at IS NULL)", name="ck_promo_uses_resolved"),
    CheckConstraint("discount_minor >= 0", name="ck_promo_uses_discount"),
    Index("ix_promo_uses_rider", "code", "rider_id"),
    Index("ix_promo_uses_reserved", "look_after", postgresql_where=text("state = 'reserved'")),
)
"""The code of each trip that was asked for with one. The trigger that counts them also holds a rider's own limit, and
refuses to give back what was taken off a fare. `look_after`: when trips is asked what became of the trip."""

riders_with_rides = Table(
    "riders_with_rides",
    Base.metadata,
    Column("rider_id", Text, primary_key=True),
    Column("trip_id", Text, nullable=False),
    Column("settled_at", DateTime(timezone=True), nullable=False),
)
"""Who has had a ride, and which was the first that was heard of: a code for first rides is not shown to them."""

idempotency = idempotency_table(Base.metadata)
