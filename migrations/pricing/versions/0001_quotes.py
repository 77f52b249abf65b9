"""Quotes, which never change once given.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from hansom.tables import create_idempotency

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LOCK_QUOTES = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a quote is locked: % has rows that never change', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER quotes_are_locked BEFORE UPDATE ON quotes FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "quotes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("rider_id", sa.Text, nullable=False),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("pickup_lat", sa.Double, nullable=False),
        sa.Column("pickup_lng", sa.Double, nullable=False),
        sa.Column("dropoff_lat", sa.Double, nullable=False),
        sa.Column("dropoff_lng", sa.Double, nullable=False),
        sa.Column("distance_m", sa.BigInteger, nullable=False),
        sa.Column("duration_s", sa.Integer, nullable=False),
        sa.Column("line", JSONB, nullable=False),
        sa.Column("surge_tenths", sa.SmallInteger, nullable=False),
        sa.Column("surge_reason", sa.Text, nullable=False),
        sa.Column("options", JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("distance_m >= 0 AND duration_s >= 0", name="ck_quotes_route"),
        sa.CheckConstraint("surge_tenths >= 10", name="ck_quotes_surge"),
    )
    op.create_index("ix_quotes_expires_at", "quotes", ["expires_at"])
    op.execute(LOCK_QUOTES)
    create_idempotency(op)


def downgrade() -> None:
    op.drop_table("idempotency")
    op.drop_table("quotes")
    op.execute("DROP FUNCTION refuse_change")
