"""The payments service under test, for `nameko run` in a process of its own."""

from __future__ import annotations

from tests.support.payments_world import PaymentsUnderTest, listen

listen()

__all__ = ["PaymentsUnderTest"]
