"""The tables of the drivers database."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase

from hansom.tables import idempotency_table, outbox_table


class Base(DeclarativeBase):
    """The drivers database."""


drivers = Table(
    "drivers",
    Base.metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_version", Integer, nullable=False, server_default="1"),
    Column("approval", Text, nullable=False),
    Column("suspended_for", Text),
    Column("online", Boolean, nullable=False, server_default="false"),
    Column("went_online_at", DateTime(timezone=True)),
    Column("rating", Double),
    Column("rating_count", Integer, nullable=False, server_default="0"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("approval IN ('pending', 'approved', 'suspended')", name="ck_drivers_approval"),
    CheckConstraint("NOT online OR approval = 'approved'", name="ck_drivers_only_approved_are_online"),
    CheckConstraint("online = (went_online_at IS NOT NULL)", name="ck_drivers_went_online_at"),
    CheckConstraint("(rating IS NULL) = (rating_count = 0)", name="ck_drivers_rating"),
    Index("ix_drivers_approval", "approval", "id"),
    Index("ix_drivers_online", "id", postgresql_where=text("online")),
)
"""Accounts with the role driver, by their user id."""

vehicles = Table(
    "vehicles",
    Base.metadata,
    Column("driver_id", Text, ForeignKey("drivers.id", ondelete="CASCADE"), primary_key=True),
    Column("make", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("colour", Text, nullable=False),
    Column("plate", Text, nullable=False),
    Column("category", Text, nullable=False),
    Index("ix_vehicles_plate", "plate", postgresql_ops={"plate": "text_pattern_ops"}),
)
"""What each driver drives. A plate may come twice: two drivers share a car in shifts."""

decisions = Table(
    "decisions",
    Base.metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("driver_id", Text, ForeignKey("drivers.id", ondelete="CASCADE"), nullable=False),
    Column("decision", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("reason", Text),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("decision IN ('approve', 'suspend')", name="ck_decisions_decision"),
    Index("ix_decisions_driver", "driver_id", "id"),
)
"""Who let whom work, and why not: kept for ever."""

documents = Table(
    "documents",
    Base.metadata,
    Column("driver_id", Text, ForeignKey("drivers.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("expires_on", Date),
    Column("state", Text, nullable=False),
    Column("submitted_at", DateTime(timezone=True), nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("reason", Text),
    CheckConstraint("state IN ('submitted', 'accepted', 'rejected')", name="ck_documents_state"),
    CheckConstraint(
        "(state = 'submitted') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
        name="ck_documents_decided",
    ),
)
"""What each driver has handed in of each kind, the last one."""

document_verdicts = Table(
    "document_verdicts",
    Base.metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("driver_id", Text, ForeignKey("drivers.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("reason", Text),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("verdict IN ('accept', 'reject')", name="ck_document_verdicts_verdict"),
    Index("ix_document_verdicts_driver", "driver_id", "id"),
)
"""Who accepted and who rejected what: kept for ever."""

outbox = outbox_table(Base.metadata)
idempotency = idempotency_table(Base.metadata)
