"""Holds that were captured by a charge which is not recorded yet are found by their trip.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    taken = sa.text("state = 'captured' AND charge_id IS NULL")
    op.create_index("ix_holds_taken", "holds", ["trip_id"], postgresql_where=taken)
    # a charge is taken from one hold
    is_of_charge = sa.text("charge_id IS NOT NULL")
    op.create_index("uq_holds_charge", "holds", ["charge_id"], unique=True, postgresql_where=is_of_charge)


def downgrade() -> None:
    op.drop_index("uq_holds_charge", "holds")
    op.drop_index("ix_holds_taken", "holds")
