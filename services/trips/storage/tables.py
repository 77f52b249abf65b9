"""The tables of the trips database. Its constraints are design.md's promises, kept by the database itself."""

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
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from hansom.tables import idempotency_table, outbox_table


class Base(DeclarativeBase):
    """The trips database."""


RIDER_IS_BUSY = text("state IN ('requested', 'assigned', 'arrived', 'in_progress')")
DRIVER_IS_BUSY = text("state IN ('assigned', 'arrived', 'in_progress')")
IS_OPEN = text("state = 'open'")
IS_WAITING = text("state = 'requested'")
IS_UNSETTLED = text("settle_after IS NOT NULL")
IS_DONE = text("finished_at IS NOT NULL AND settle_after IS NULL")
NONE_YET = text("0")


def _time(name: str, nullable: bool = True) -> Column:
    return Column(name, DateTime(timezone=True), nullable=nullable)


trips = Table(
    "trips",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("rider_id", Text, nullable=False),
    Column("driver_id", Text),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("city", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("quote_id", Text, nullable=False),
    Column("payment_method", Text),
    Column("pickup_lat", Double, nullable=False),
    Column("pickup_lng", Double, nullable=False),
    Column("dropoff_lat", Double, nullable=False),
    Column("dropoff_lng", Double, nullable=False),
    Column("fare_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("fare_final", Boolean, nullable=False),
    Column("fare_reason", Text),
    Column("discount_minor", BigInteger, nullable=False, server_default=NONE_YET),
    Column("promo_code", Text),
    Column("terms", JSONB(none_as_null=True)),
    Column("cancellation_fee", JSONB(none_as_null=True)),
    Column("destination_changes", SmallInteger, nullable=False, server_default=NONE_YET),
    Column("distance_m", Double, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("pin", Text, nullable=False),
    Column("pin_failures", SmallInteger, nullable=False),
    _time("pin_locked_until"),
    Column("driver_card", JSONB(none_as_null=True)),
    Column("pickup_eta_s", Double),
    Column("returns", SmallInteger, nullable=False),
    Column("cancelled_by", Text),
    Column("cancel_reason", Text),
    Column("cancelled_by_operator", Text),
    Column("history", JSONB, nullable=False),
    _time("requested_at", nullable=False),
    _time("waiting_since", nullable=False),
    _time("assigned_at"),
    _time("arrived_at"),
    _time("started_at"),
    _time("completed_at"),
    _time("cancelled_at"),
    _time("expired_at"),
    _time("settle_after"),
    _time("settled_at"),
    _time("finished_at"),
    CheckConstraint(
        "state IN ('requested', 'assigned', 'arrived', 'in_progress', 'completed', 'cancelled', 'expired')",
        name="ck_trips_state",
    ),
    CheckConstraint(
        "CASE WHEN state IN ('requested', 'expired') THEN driver_id IS NULL"
        " WHEN state = 'cancelled' THEN true ELSE driver_id IS NOT NULL END",
        name="ck_trips_driver_fits_state",
    ),
    CheckConstraint("fare_minor >= 0", name="ck_trips_fare"),
    CheckConstraint(
        "settled_at IS NULL OR (state IN ('completed', 'cancelled') AND started_at IS NOT NULL AND fare_final)",
        name="ck_trips_settled",
    ),
    CheckConstraint("discount_minor BETWEEN 0 AND fare_minor", name="ck_trips_discount"),
    CheckConstraint(
        "cancellation_fee IS NULL OR (state = 'cancelled' AND started_at IS NULL)", name="ck_trips_cancellation_fee"
    ),
    CheckConstraint("cancelled_by_operator IS NULL OR cancelled_by = 'ops'", name="ck_trips_cancelled_by_operator"),
    Index("uq_trips_one_active_per_rider", "rider_id", unique=True, postgresql_where=RIDER_IS_BUSY),
    Index("uq_trips_one_active_per_driver", "driver_id", unique=True, postgresql_where=DRIVER_IS_BUSY),
    Index("ix_trips_rider_newest", "rider_id", "requested_at", "id"),
    Index("ix_trips_driver_newest", "driver_id", "requested_at", "id"),
    Index("ix_trips_newest", "requested_at", "id"),
    Index("ix_trips_waiting", "waiting_since", postgresql_where=IS_WAITING),
    Index("ix_trips_unsettled", "settle_after", postgresql_where=IS_UNSETTLED),
    Index("ix_trips_done", "finished_at", postgresql_where=IS_DONE),
)
"""Live trips: under way, unsettled, or finished less than ARCHIVE_AFTER_S ago."""

offers = Table(
    "offers",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("trip_id", Text, ForeignKey("trips.id", ondelete="CASCADE"), nullable=False),
    Column("driver_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("pickup_eta_s", Double, nullable=False),
    Column("card", JSONB, nullable=False),
    _time("made_at", nullable=False),
    _time("expires_at", nullable=False),
    _time("answered_at"),
    _time("shown_at"),
    CheckConstraint(
        "state IN ('open', 'accepted', 'declined', 'expired', 'withdrawn', 'released')", name="ck_offers_state"
    ),
    UniqueConstraint("trip_id", "driver_id", name="uq_offers_a_pair_once"),
    Index("uq_offers_one_open_per_trip", "trip_id", unique=True, postgresql_where=IS_OPEN),
    Index("uq_offers_one_open_per_driver", "driver_id", unique=True, postgresql_where=IS_OPEN),
    Index("uq_offers_one_accepted_per_trip", "trip_id", unique=True, postgresql_where=text("state = 'accepted'")),
    Index("ix_offers_open_until", "expires_at", postgresql_where=IS_OPEN),
)
"""Every offer of a live trip. A pair (trip, driver) is offered once, whatever became of it."""

approaches = Table(
    "approaches",
    Base.metadata,
    Column("trip_id", Text, ForeignKey("trips.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("nearest_m", Double, nullable=False),
    _time("nearer_at", nullable=False),
)
"""How near drivers came who are later than promised, by the trip's version when it was assigned: each driver anew."""

outbox = outbox_table(Base.metadata)
idempotency = idempotency_table(Base.metadata)
