"""Which operator cancelled a trip; of those that were cancelled before, nobody knows.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trips", sa.Column("cancelled_by_operator", sa.Text))
    op.create_check_constraint(
        "ck_trips_cancelled_by_operator", "trips", "cancelled_by_operator IS NULL OR cancelled_by = 'ops'"
    )


def downgrade() -> None:
    op.drop_constraint("ck_trips_cancelled_by_operator", "trips")
    op.drop_column("trips", "cancelled_by_operator")
