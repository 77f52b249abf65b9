"""What Stripe was asked for: our keys, and the ids by which Stripe knows what came of them.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SCHEMA = "stripe_provider"


def upgrade() -> None:
    op.execute(f"CREATE SCHEMA {SCHEMA}")
    op.create_table(
        "asked",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("hold_key", sa.Text),
        sa.Column("object_id", sa.Text),
        sa.Column("first_asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
        sa.CheckConstraint("kind IN ('hold', 'charge', 'refund', 'payout')", name="ck_asked_kind"),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_asked_one_charge_a_hold",
        "asked",
        ["hold_key"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("kind = 'charge'"),
    )


def downgrade() -> None:
    op.drop_table("asked", schema=SCHEMA)
    op.execute(f"DROP SCHEMA {SCHEMA}")
