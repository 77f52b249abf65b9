"""Operators find people by the beginnings of their names' words, or of their e-mail address.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = sa.text("to_tsvector('simple'::regconfig, name)")
    op.create_index("ix_accounts_name_words", "accounts", [words], postgresql_using="gin")
    op.create_index("ix_accounts_email", "accounts", ["email"], postgresql_ops={"email": "text_pattern_ops"})


def downgrade() -> None:
    op.drop_index("ix_accounts_email", "accounts")
    op.drop_index("ix_accounts_name_words", "accounts")
