"""Operators find trips by their payment: the newest debts, open and settled, and the newest refunds.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_debts_open_newest": ("debts", "settled_at IS NULL"),
    "ix_debts_settled_newest": ("debts", "settled_at IS NOT NULL"),
    "ix_refunds_done": ("refunds", "state = 'done'"),
}


def upgrade() -> None:
    for name, (table, which) in INDEXES.items():
        op.create_index(name, table, ["created_at"], postgresql_where=sa.text(which))


def downgrade() -> None:
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table)
