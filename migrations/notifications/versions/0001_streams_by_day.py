"""Users' event streams in partitions by day, with a counter for each user.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from hansom.tables import create_inbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counters",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "stream_events",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("trip_id", sa.Text),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index("ix_stream_events_trip", "stream_events", ["trip_id"])
    # the days have a schema of their own: they come and go, and are no part of what migrations look after
    op.execute("CREATE SCHEMA days")
    # takes what no day has been made for, so that a timer that is late loses nothing
    op.execute("CREATE TABLE days.other PARTITION OF stream_events DEFAULT")
    create_inbox(op)


def downgrade() -> None:
    op.drop_table("inbox")
    op.drop_table("stream_events")
    op.execute("DROP SCHEMA days CASCADE")
    op.drop_table("counters")
