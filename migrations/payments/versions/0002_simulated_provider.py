"""The simulated provider's own books, in a schema of their own: they stand for what a real provider keeps elsewhere.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCHEMA = "simulated_provider"


def upgrade() -> None:
    op.execute(f"CREATE SCHEMA {SCHEMA}")
    for name, party in (("charges", "method"), ("payouts", "driver_id")):
        op.create_table(
            name,
            sa.Column("key", sa.Text, primary_key=True),
            sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
            sa.Column(party, sa.Text, nullable=False),
            sa.Column("amount_minor", sa.BigInteger, nullable=False),
            sa.Column("currency", sa.Text, nullable=False),
            sa.Column("state", sa.Text, nullable=False),
            sa.Column("reason", sa.Text),
            sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
            schema=SCHEMA,
        )


def downgrade() -> None:
    op.drop_table("payouts", schema=SCHEMA)
    op.drop_table("charges", schema=SCHEMA)
    op.execute(f"DROP SCHEMA {SCHEMA}")
