"""Surge as operators set it, who changed it, and a quote's reason in words.

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

KEEP_CHANGES = """
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was changed stays written: %', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER surge_changes_stay BEFORE UPDATE OR DELETE ON surge_changes
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
"""


def upgrade() -> None:
    # without a default, so that the table is not rewritten and its trigger not woken
    op.add_column("quotes", sa.Column("surge_words", sa.Text))
    op.create_table(
        "surge_settings",
        sa.Column("city", sa.Text, primary_key=True),
        sa.Column("enabled", sa.Boolean),
        sa.Column("cap_tenths", sa.SmallInteger),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.CheckConstraint("cap_tenths >= 10", name="ck_surge_settings_cap"),
    )
    op.create_table(
        "surge_changes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("old_enabled", sa.Boolean, nullable=False),
        sa.Column("new_enabled", sa.Boolean, nullable=False),
        sa.Column("old_cap_tenths", sa.SmallInteger, nullable=False),
        sa.Column("new_cap_tenths", sa.SmallInteger, nullable=False),
        sa.Column("note", sa.Text),
    )
    op.create_index("ix_surge_changes_city", "surge_changes", ["city", "id"])
    op.execute(KEEP_CHANGES)


def downgrade() -> None:
    op.drop_table("surge_changes")
    op.execute("DROP FUNCTION refuse_rewriting")
    op.drop_table("surge_settings")
    op.drop_column("quotes", "surge_words")
