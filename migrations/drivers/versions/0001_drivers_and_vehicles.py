"""Drivers, their vehicles, and what ops decided about them.

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
    _create_drivers()
    _create_vehicles()
    _create_decisions()
    create_outbox(op)
    create_idempotency(op)


def downgrade() -> None:
    for table in ("idempotency", "outbox", "decisions", "vehicles", "drivers"):
        op.drop_table(table)


def _create_drivers() -> None:
    op.create_table(
        "drivers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("approval", sa.Text, nullable=False),
        sa.Column("suspended_for", sa.Text),
        sa.Column("online", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("went_online_at", sa.DateTime(timezone=True)),
        sa.Column("rating", sa.Double),
        sa.Column("rating_count", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("approval IN ('pending', 'approved', 'suspended')", name="ck_drivers_approval"),
        sa.CheckConstraint("NOT online OR approval = 'approved'", name="ck_drivers_only_approved_are_online"),
        sa.CheckConstraint("online = (went_online_at IS NOT NULL)", name="ck_drivers_went_online_at"),
        sa.CheckConstraint("(rating IS NULL) = (rating_count = 0)", name="ck_drivers_rating"),
    )
    op.create_index("ix_drivers_approval", "drivers", ["approval", "id"])
    op.create_index("ix_drivers_online", "drivers", ["id"], postgresql_where=sa.text("online"))


def _create_vehicles() -> None:
    op.create_table(
        "vehicles",
        sa.Column("driver_id", sa.Text, sa.ForeignKey("drivers.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("make", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("colour", sa.Text, nullable=False),
        sa.Column("plate", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
    )
    op.create_index("ix_vehicles_plate", "vehicles", ["plate"], postgresql_ops={"plate": "text_pattern_ops"})


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("driver_id", sa.Text, sa.ForeignKey("drivers.id", ondelete="CASCADE"), nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decision IN ('approve', 'suspend')", name="ck_decisions_decision"),
    )
    op.create_index("ix_decisions_driver", "decisions", ["driver_id", "id"])
