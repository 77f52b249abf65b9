"""Ratings, one a trip and a side, and each user's total.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hansom.tables import create_idempotency, create_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ratings",
        sa.Column("trip_id", sa.Text, primary_key=True),
        sa.Column("rater_role", sa.Text, primary_key=True),
        sa.Column("rater_id", sa.Text, nullable=False),
        sa.Column("rated_id", sa.Text, nullable=False),
        sa.Column("rated_role", sa.Text, nullable=False),
        sa.Column("stars", sa.SmallInteger, nullable=False),
        sa.Column("comment", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="ck_ratings_stars"),
        sa.CheckConstraint(
            "(rater_role, rated_role) IN (('rider', 'driver'), ('driver', 'rider'))", name="ck_ratings_the_other_party"
        ),
    )
    op.create_index("ix_ratings_rated", "ratings", ["rated_id", "created_at"])
    op.create_table(
        "totals",
        sa.Column("rated_id", sa.Text, primary_key=True),
        sa.Column("stars", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.CheckConstraint("stars BETWEEN count AND 5 * count", name="ck_totals_stars"),
    )
    create_outbox(op)
    create_idempotency(op)


def downgrade() -> None:
    for table in ("idempotency", "outbox", "totals", "ratings"):
        op.drop_table(table)
