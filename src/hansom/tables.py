"""Tables that every service with Postgres has: outbox, inbox, idempotency keys."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import JSON, JSONB


def outbox_table(metadata: MetaData) -> Table:
    """Events committed and not yet confirmed by the broker, in the order of `id`."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("occurred_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("data", JSONB, nullable=False),
    )


def inbox_table(metadata: MetaData) -> Table:
    """Events whose effect is committed: one seen twice has no second one."""
    return Table(
        "inbox",
        metadata,
        Column("event_id", Text, primary_key=True),
        Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
    )


def idempotency_table(metadata: MetaData) -> Table:
    """Replies by the caller's idempotency key."""
    return Table(
        "idempotency",
        metadata,
        Column("scope", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", Text, nullable=False),
        # not JSONB, which sorts the keys: the same reply is the same to the byte
        Column("reply", JSON(none_as_null=True)),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
    )


def _create(op: Any, table: Table) -> None:
    columns = [column._copy() for column in table.columns]
    op.create_table(table.name, *columns)


def create_outbox(op: Any) -> None:
    """For a migration: the outbox."""
    _create(op, outbox_table(MetaData()))


def create_inbox(op: Any) -> None:
    """For a migration: the inbox and its index."""
    _create(op, inbox_table(MetaData()))


def create_idempotency(op: Any) -> None:
    """For a migration: the idempotency keys and their index."""
    _create(op, idempotency_table(MetaData()))
