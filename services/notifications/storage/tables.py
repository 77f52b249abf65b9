"""The tables of the notifications database."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from hansom.tables import inbox_table


class Base(DeclarativeBase):
    """The notifications database."""


counters = Table(
    "counters",
    Base.metadata,
    Column("user_id", Text, primary_key=True),
    Column("last_seq", BigInteger, nullable=False),
)
"""The number of each user's last event. Kept for ever: numbers are never given twice."""

stream_events = Table(
    "stream_events",
    Base.metadata,
    Column("user_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("event", Text, nullable=False),
    Column("trip_id", Text),
    Column("data", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_stream_events_trip", "trip_id"),
    postgresql_partition_by="RANGE (day)",
)
"""What each user was told, in partitions of a day (UTC) in the schema `days`. An old day is dropped whole."""

inbox = inbox_table(Base.metadata)
