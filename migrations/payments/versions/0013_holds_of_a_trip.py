"""All holds of a trip are found, those that were let go too: an operator reads what happened to a ride's money.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_holds_trip", "holds", ["trip_id"])


def downgrade() -> None:
    op.drop_index("ix_holds_trip", "holds")
