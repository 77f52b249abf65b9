"""What a quote's reason for a raised fare says, in numbers.

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


def upgrade() -> None:
    # without a default, so that the table is not rewritten and its trigger not woken
    op.add_column("quotes", sa.Column("surge_values", JSONB(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("quotes", "surge_values")
