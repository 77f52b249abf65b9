"""Identifiers: opaque strings that sort by the time they were made."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from nameko.extensions import DependencyProvider
from uuid_utils import uuid7


def new_id() -> str:
    """A new identifier: a version 7 UUID (RFC 9562) as 32 hexadecimal digits."""
    return uuid7().hex


def id_for(*parts: str) -> str:
    """The identifier of what these words name: the same for the same words (RFC 9562's version 5), 32 hexadecimal
    digits. It does not sort by time."""
    return uuid5(NAMESPACE_OID, "\x1f".join(parts)).hex


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
