"""Promo codes, whose limits the database holds, and quotes that know their code and whose place they take.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HOLD_LIMITS = """
CREATE FUNCTION count_promo_use() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was_taken boolean := TG_OP = 'UPDATE' AND OLD.state <> 'given_back';
    is_taken boolean := NEW.state <> 'given_back';
    per_rider integer;
    taken integer;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'used' AND NEW.state <> 'used' THEN
        RAISE EXCEPTION 'trip %: what was taken off a fare is not given back', OLD.trip_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF was_taken AND is_taken AND (OLD.code, OLD.rider_id) = (NEW.code, NEW.rider_id) THEN
        RETURN NULL;
    END IF;
    IF was_taken THEN
        UPDATE promo_codes SET uses = uses - 1 WHERE code = OLD.code;
    END IF;
    IF is_taken THEN
        -- holds the code's row: of two at the last use the second sees the first one's, and ck_promo_codes_uses refuses
        UPDATE promo_codes SET uses = uses + 1 WHERE code = NEW.code RETURNING uses_per_rider INTO per_rider;
        SELECT count(*) INTO taken FROM promo_uses
            WHERE code = NEW.code AND rider_id = NEW.rider_id AND state <> 'given_back';
        IF taken > per_rider THEN
            RAISE EXCEPTION 'code %: the rider has used it as often as he may', NEW.code
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_promo_uses_per_rider';
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER promo_uses_are_counted AFTER INSERT OR UPDATE ON promo_uses
    FOR EACH ROW EXECUTE FUNCTION count_promo_use();
CREATE TRIGGER promo_uses_stay BEFORE DELETE ON promo_uses FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

CREATE FUNCTION keep_promo_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) - '{uses,disabled_at,disabled_by}'::text[]
        <> to_jsonb(NEW) - '{uses,disabled_at,disabled_by}'::text[] OR OLD.disabled_at IS NOT NULL
        AND (OLD.disabled_at, OLD.disabled_by) IS DISTINCT FROM (NEW.disabled_at, NEW.disabled_by) THEN
        RAISE EXCEPTION 'code %: what it promises never changes; it may be disabled', OLD.code
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.uses <> NEW.uses AND pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'code %: uses are counted by what is in promo_uses', OLD.code
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER promo_codes_are_kept BEFORE UPDATE ON promo_codes FOR EACH ROW EXECUTE FUNCTION keep_promo_code();
CREATE TRIGGER promo_codes_stay BEFORE DELETE ON promo_codes FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
"""


def upgrade() -> None:
    # without defaults, so that the table is not rewritten and its trigger not woken
    op.add_column("quotes", sa.Column("promo", JSONB(none_as_null=True)))
    op.add_column("quotes", sa.Column("parent_id", sa.Text))
    op.add_column("quotes", sa.Column("trip_id", sa.Text))
    op.create_table(
        "promo_codes",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("percent", sa.SmallInteger),
        sa.Column("cap_minor", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("first_ride", sa.Boolean, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("uses_max", sa.Integer),
        sa.Column("uses_per_rider", sa.Integer),
        sa.Column("cities", JSONB(none_as_null=True)),
        sa.Column("uses", sa.Integer, nullable=False, server_default="0"),
        sa.Column("note", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.Column("disabled_by", sa.Text),
        sa.CheckConstraint("uses >= 0 AND uses <= coalesce(uses_max, uses)", name="ck_promo_codes_uses"),
        sa.CheckConstraint(
            "kind = 'fixed' AND amount_minor > 0 AND percent IS NULL AND cap_minor IS NULL"
            " OR kind = 'percent' AND percent BETWEEN 1 AND 100 AND amount_minor IS NULL"
            " AND coalesce(cap_minor, 1) > 0",
            name="ck_promo_codes_kind",
        ),
        sa.CheckConstraint(
            "(currency IS NOT NULL) = (amount_minor IS NOT NULL OR cap_minor IS NOT NULL)",
            name="ck_promo_codes_currency",
        ),
        sa.CheckConstraint("uses_max > 0 AND uses_per_rider > 0", name="ck_promo_codes_limits"),
        sa.CheckConstraint("valid_from < valid_until", name="ck_promo_codes_time"),
        sa.CheckConstraint("(disabled_at IS NULL) = (disabled_by IS NULL)", name="ck_promo_codes_disabled"),
    )
    op.create_index("ix_promo_codes_newest", "promo_codes", ["created_at", "code"])
    op.create_table(
        "promo_uses",
        sa.Column("trip_id", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, sa.ForeignKey("promo_codes.code"), nullable=False),
        sa.Column("rider_id", sa.Text, nullable=False),
        sa.Column("quote_id", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("discount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("look_after", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('reserved', 'used', 'given_back')", name="ck_promo_uses_state"),
        sa.CheckConstraint("(state = 'reserved') = (resolved_at IS NULL)", name="ck_promo_uses_resolved"),
        sa.CheckConstraint("discount_minor >= 0", name="ck_promo_uses_discount"),
    )
    op.create_index("ix_promo_uses_rider", "promo_uses", ["code", "rider_id"])
    op.create_index(
        "ix_promo_uses_reserved", "promo_uses", ["look_after"], postgresql_where=sa.text("state = 'reserved'")
    )
    op.create_table(
        "riders_with_rides",
        sa.Column("rider_id", sa.Text, primary_key=True),
        sa.Column("trip_id", sa.Text, nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute(HOLD_LIMITS)


def downgrade() -> None:
    op.drop_table("riders_with_rides")
    op.drop_table("promo_uses")
    op.drop_table("promo_codes")
    op.execute("DROP FUNCTION keep_promo_code")
    op.execute("DROP FUNCTION count_promo_use")
    op.drop_column("quotes", "trip_id")
    op.drop_column("quotes", "parent_id")
    op.drop_column("quotes", "promo")
