"""The tables of the ratings database."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, SmallInteger, Table, Text
from sqlalchemy.orm import DeclarativeBase

from hansom.tables import idempotency_table, outbox_table


class Base(DeclarativeBase):
    """The ratings database."""


ratings = Table(
    "ratings",
    Base.metadata,
    Column("trip_id", Text, primary_key=True),
    Column("rater_role", Text, primary_key=True),
    Column("rater_id", Text, nullable=False),
    Column("rated_id", Text, nullable=False),
    Column("rated_role", Text, nullable=False),
    Column("stars", SmallInteger, nullable=False),
    Column("comment", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("stars BETWEEN 1 AND 5", name="ck_ratings_stars"),
    CheckConstraint(
        "(rater_role, rated_role) IN (('rider', 'driver'), ('driver', 'rider'))", name="ck_ratings_the_other_party"
    ),
    Index("ix_ratings_rated", "rated_id", "created_at"),
)
"""One a trip and a side: the primary key says so."""

totals = Table(
    "totals",
    Base.metadata,
    Column("rated_id", Text, primary_key=True),
    Column("stars", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    CheckConstraint("stars BETWEEN count AND 5 * count", name="ck_totals_stars"),
)
"""Sum and number of a user's ratings. Its row lock puts those given to one user in a row."""

outbox = outbox_table(Base.metadata)
idempotency = idempotency_table(Base.metadata)
