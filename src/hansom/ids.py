"""Identifiers: opaque strings that sort by the time they were made."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from nameko.extensions import DependencyProvider
from uuid_utils import uuid7


def new_id() -> str:
    """A new identifier: a version 7 UUID (RFC 9562) as 32 hexadecimal digits."""
    return uuid7().hex


def made_at(id_: str) -> datetime | None:
    """When an identifier was made, to the millisecond; None for one that `new_id` did not make."""
    try:
        found = UUID(hex=id_)
        return datetime.fromtimestamp((found.int >> 80) / 1000, UTC) if found.version == 7 else None
    except (ValueError, OverflowError):
        return None


class IdSource:
    def new(self) -> str:
        return new_id()


class Ids(DependencyProvider):
    """Gives a worker new identifiers: `self.ids.new()`."""

    def get_dependency(self, worker_ctx: object) -> IdSource:
        return IdSource()
