"""Holds at request, and what the provider hints at.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STANDING = "state IN ('pending', 'held', 'needs_confirmation')"

ONE_WAY = """
CREATE FUNCTION refuse_change_of_hold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY['state', 'provider_reference', 'reason', 'confirmation', 'charge_id', 'confirmed_at',
                               'granted_at', 'let_go_at', 'ended_at', 'checked_at', 'resolved_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a hold is kept: %', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.granted_at IS NULL THEN may_change := may_change || 'trip_id'::text; END IF;
    IF to_jsonb(NEW) - may_change <> to_jsonb(OLD) - may_change
       OR (OLD.charge_id IS NOT NULL AND NEW.charge_id IS DISTINCT FROM OLD.charge_id)
       OR (NEW.charge_id IS NOT NULL AND NEW.state <> 'captured') THEN
        RAISE EXCEPTION 'nothing but the state of a hold changes: %', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state NOT IN (NEW.state, 'pending')
       AND NOT (OLD.state = 'held' AND NEW.state IN ('captured', 'released'))
       AND NOT (OLD.state = 'needs_confirmation' AND NEW.state IN ('held', 'declined', 'captured', 'released')) THEN
        RAISE EXCEPTION 'a hold that is % does not become %: %', OLD.state, NEW.state, OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER one_way_a_hold BEFORE UPDATE OR DELETE ON holds
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_hold();
"""


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("trip_id", "rider_id", "city")),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("currency", "method", "state")),
        sa.Column("provider_reference", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("confirmation", JSONB),
        sa.Column("charge_id", sa.Text, sa.ForeignKey("charges.id")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True))
            for name in ("confirmed_at", "granted_at", "let_go_at", "ended_at", "checked_at", "resolved_at")
        ),
        sa.CheckConstraint("amount_minor > 0", name="ck_holds_amount"),
        sa.CheckConstraint(f"{STANDING} OR state IN ('declined', 'captured', 'released')", name="ck_holds_state"),
        sa.CheckConstraint(f"({STANDING}) = (resolved_at IS NULL)", name="ck_holds_resolved"),
    )
    stands = sa.text(STANDING)
    op.create_index("uq_holds_standing", "holds", ["trip_id"], unique=True, postgresql_where=stands)
    op.create_index("ix_holds_rider", "holds", ["rider_id"], postgresql_where=stands)
    op.create_index("ix_holds_created_at", "holds", ["created_at"], postgresql_where=stands)
    op.execute(ONE_WAY)
    op.create_table(
        "webhooks",
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "key")),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True)),
    )
    waits = sa.text("handled_at IS NULL")
    op.create_index("ix_webhooks_waiting", "webhooks", ["received_at"], postgresql_where=waits)


def downgrade() -> None:
    op.drop_table("webhooks")
    op.drop_table("holds")
    op.execute("DROP FUNCTION refuse_change_of_hold")
