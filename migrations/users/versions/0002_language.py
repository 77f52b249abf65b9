"""The language that somebody chose for his documents; none for who has not chosen.

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


def upgrade() -> None:
    op.add_column("accounts", sa.Column("language", sa.Text))
    op.create_check_constraint("ck_accounts_language", "accounts", "language ~ '^[a-z]{2,3}$'")


def downgrade() -> None:
    op.drop_constraint("ck_accounts_language", "accounts")
    op.drop_column("accounts", "language")
