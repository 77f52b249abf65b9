"""Identifiers: opaque strings that sort by the time they were made."""

from __future__ import annotations

from nameko.extensions import DependencyProvider
from uuid_utils import uuid7


def new_id() -> str:
    """A new identifier: a version 7 UUID (RFC 9562) as 32 hexadecimal digits."""
    return uuid7().hex


class IdSource:
    def new(self) -> str:
        return new_id()


class Ids(DependencyProvider):
    """Gives a worker new identifiers: `self.ids.new()`."""

    def get_dependency(self, worker_ctx: object) -> IdSource:
        return IdSource()
