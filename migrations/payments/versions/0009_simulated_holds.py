"""The simulated provider holds money, takes some charges later, and tells of it by webhooks.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SCHEMA = "simulated_provider"


def upgrade() -> None:
    op.add_column("charges", sa.Column("hold_key", sa.Text), schema=SCHEMA)
    op.add_column("charges", sa.Column("settles_at", sa.DateTime(timezone=True)), schema=SCHEMA)
    pending = sa.text("state = 'pending'")
    op.create_index("ix_charges_pending", "charges", ["settles_at"], schema=SCHEMA, postgresql_where=pending)
    op.create_table(
        "holds",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("rider_id", sa.Text, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        schema=SCHEMA,
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("taken_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text),
        schema=SCHEMA,
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_webhooks_due", "webhooks", ["due_at"], schema=SCHEMA, postgresql_where=due)


def downgrade() -> None:
    op.drop_table("webhooks", schema=SCHEMA)
    op.drop_table("holds", schema=SCHEMA)
    op.drop_index("ix_charges_pending", "charges", schema=SCHEMA)
    op.drop_column("charges", "settles_at", schema=SCHEMA)
    op.drop_column("charges", "hold_key", schema=SCHEMA)
