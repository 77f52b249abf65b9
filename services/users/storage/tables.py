"""The tables of the users database."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase

from hansom.tables import idempotency_table, outbox_table


class Base(DeclarativeBase):
    """The users database."""


accounts = Table(
    "accounts",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text),
    Column("locale", Text, nullable=False),
    Column("language", Text),
    Column("password_hash", Text, nullable=False),
    Column("rating", Double),
    Column("rating_count", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("email", name="uq_accounts_email"),
    CheckConstraint('email = lower(email COLLATE "C")', name="ck_accounts_email_normal"),
    CheckConstraint("language ~ '^[a-z]{2,3}$'", name="ck_accounts_language"),
    CheckConstraint("role IN ('rider', 'driver', 'ops')", name="ck_accounts_role"),
    CheckConstraint("(rating IS NULL) = (rating_count = 0)", name="ck_accounts_rating"),
    Index("ix_accounts_name_words", text("to_tsvector('simple'::regconfig, name)"), postgresql_using="gin"),
    Index("ix_accounts_email", "email", postgresql_ops={"email": "text_pattern_ops"}),
)

sessions = Table(
    "sessions",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("refreshed_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("end_reason", Text),
    CheckConstraint("generation >= 1", name="ck_sessions_generation"),
    CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ck_sessions_ended"),
    Index("ix_sessions_account", "account_id"),
    Index("ix_sessions_expires_at", "expires_at"),
)
"""Log-ins. No token is stored: both are derived from the row (see `hansom.tokens`)."""

outbox = outbox_table(Base.metadata)
idempotency = idempotency_table(Base.metadata)
