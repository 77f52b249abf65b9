"""What a ride costs beside its fare: discounts, cancellation, a ride that ended early, another destination.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SETTLED = "settled_at IS NULL OR (state IN ('completed', 'cancelled') AND started_at IS NOT NULL AND fare_final)"
SETTLED_BEFORE = "settled_at IS NULL OR (state = 'completed' AND fare_final)"


def upgrade() -> None:
    op.add_column("trips", sa.Column("discount_minor", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.add_column("trips", sa.Column("promo_code", sa.Text))
    op.add_column("trips", sa.Column("terms", JSONB))
    op.add_column("trips", sa.Column("cancellation_fee", JSONB))
    op.add_column(
        "trips", sa.Column("destination_changes", sa.SmallInteger, nullable=False, server_default=sa.text("0"))
    )
    op.create_check_constraint("ck_trips_discount", "trips", "discount_minor BETWEEN 0 AND fare_minor")
    op.create_check_constraint(
        "ck_trips_cancellation_fee",
        "trips",
        "cancellation_fee IS NULL OR (state = 'cancelled' AND started_at IS NULL)",
    )
    op.drop_constraint("ck_trips_settled", "trips")
    op.create_check_constraint("ck_trips_settled", "trips", SETTLED)
    _index("settle_after IS NOT NULL", "finished_at IS NOT NULL AND settle_after IS NULL")


def downgrade() -> None:
    _index(
        "state = 'completed' AND settled_at IS NULL",
        "finished_at IS NOT NULL AND (state <> 'completed' OR settled_at IS NOT NULL)",
    )
    op.drop_constraint("ck_trips_settled", "trips")
    # rides that were cancelled under way and charged are kept as they are
    op.create_check_constraint("ck_trips_settled", "trips", SETTLED_BEFORE, postgresql_not_valid=True)
    for name in ("ck_trips_cancellation_fee", "ck_trips_discount"):
        op.drop_constraint(name, "trips")
    for name in ("destination_changes", "cancellation_fee", "terms", "promo_code", "discount_minor"):
        op.drop_column("trips", name)


def _index(unsettled: str, done: str) -> None:
    """Which trips wait for their fare, and which never change any more."""
    op.drop_index("ix_trips_unsettled", "trips")
    op.drop_index("ix_trips_done", "trips")
    op.create_index("ix_trips_unsettled", "trips", ["settle_after"], postgresql_where=sa.text(unsettled))
    op.create_index("ix_trips_done", "trips", ["finished_at"], postgresql_where=sa.text(done))
