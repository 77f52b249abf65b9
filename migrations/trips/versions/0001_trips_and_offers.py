"""Trips and offers, with the constraints that keep one ride one ride.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from hansom.tables import create_idempotency, create_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_trips()
    _index_trips()
    _create_offers()
    create_outbox(op)
    create_idempotency(op)


def downgrade() -> None:
    for table in ("idempotency", "outbox", "offers", "trips"):
        op.drop_table(table)


def _time(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _create_trips() -> None:
    op.create_table(
        "trips",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("rider_id", sa.Text, nullable=False),
        sa.Column("driver_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("quote_id", sa.Text, nullable=False),
        sa.Column("payment_method", sa.Text),
        sa.Column("pickup_lat", sa.Double, nullable=False),
        sa.Column("pickup_lng", sa.Double, nullable=False),
        sa.Column("dropoff_lat", sa.Double, nullable=False),
        sa.Column("dropoff_lng", sa.Double, nullable=False),
        sa.Column("fare_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("fare_final", sa.Boolean, nullable=False),
        sa.Column("fare_reason", sa.Text),
        sa.Column("distance_m", sa.Double, nullable=False),
        sa.Column("duration_s", sa.Double, nullable=False),
        sa.Column("pin", sa.Text, nullable=False),
        sa.Column("pin_failures", sa.SmallInteger, nullable=False),
        _time("pin_locked_until"),
        sa.Column("driver_card", JSONB),
        sa.Column("pickup_eta_s", sa.Double),
        sa.Column("returns", sa.SmallInteger, nullable=False),
        sa.Column("cancelled_by", sa.Text),
        sa.Column("cancel_reason", sa.Text),
        sa.Column("history", JSONB, nullable=False),
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
        sa.CheckConstraint(
            "state IN ('requested', 'assigned', 'arrived', 'in_progress', 'completed', 'cancelled', 'expired')",
            name="ck_trips_state",
        ),
        sa.CheckConstraint(
            "CASE WHEN state IN ('requested', 'expired') THEN driver_id IS NULL"
            " WHEN state = 'cancelled' THEN true ELSE driver_id IS NOT NULL END",
            name="ck_trips_driver_fits_state",
        ),
        sa.CheckConstraint("fare_minor >= 0", name="ck_trips_fare"),
        sa.CheckConstraint("settled_at IS NULL OR (state = 'completed' AND fare_final)", name="ck_trips_settled"),
    )


def _index_trips() -> None:
    busy_rider = sa.text("state IN ('requested', 'assigned', 'arrived', 'in_progress')")
    busy_driver = sa.text("state IN ('assigned', 'arrived', 'in_progress')")
    done = sa.text("finished_at IS NOT NULL AND (state <> 'completed' OR settled_at IS NOT NULL)")
    unsettled = sa.text("state = 'completed' AND settled_at IS NULL")
    waiting = sa.text("state = 'requested'")
    op.create_index("uq_trips_one_active_per_rider", "trips", ["rider_id"], unique=True, postgresql_where=busy_rider)
    op.create_index("uq_trips_one_active_per_driver", "trips", ["driver_id"], unique=True, postgresql_where=busy_driver)
    op.create_index("ix_trips_rider_newest", "trips", ["rider_id", "requested_at", "id"])
    op.create_index("ix_trips_driver_newest", "trips", ["driver_id", "requested_at", "id"])
    op.create_index("ix_trips_newest", "trips", ["requested_at", "id"])
    op.create_index("ix_trips_waiting", "trips", ["waiting_since"], postgresql_where=waiting)
    op.create_index("ix_trips_unsettled", "trips", ["settle_after"], postgresql_where=unsettled)
    op.create_index("ix_trips_done", "trips", ["finished_at"], postgresql_where=done)


def _create_offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("trip_id", sa.Text, sa.ForeignKey("trips.id", ondelete="CASCADE"), nullable=False),
        sa.Column("driver_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("pickup_eta_s", sa.Double, nullable=False),
        sa.Column("card", JSONB, nullable=False),
        _time("made_at", nullable=False),
        _time("expires_at", nullable=False),
        _time("answered_at"),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'expired', 'withdrawn', 'released')", name="ck_offers_state"
        ),
        sa.UniqueConstraint("trip_id", "driver_id", name="uq_offers_a_pair_once"),
    )
    is_open, is_accepted = sa.text("state = 'open'"), sa.text("state = 'accepted'")
    op.create_index("uq_offers_one_open_per_trip", "offers", ["trip_id"], unique=True, postgresql_where=is_open)
    op.create_index("uq_offers_one_open_per_driver", "offers", ["driver_id"], unique=True, postgresql_where=is_open)
    op.create_index("uq_offers_one_accepted_per_trip", "offers", ["trip_id"], unique=True, postgresql_where=is_accepted)
    op.create_index("ix_offers_open_until", "offers", ["expires_at"], postgresql_where=is_open)
