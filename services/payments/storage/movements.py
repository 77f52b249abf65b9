"""Money that moved through the payment provider, as this database has it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.payments.domain.clearing import Movement

_MOVED = """
    SELECT kind, key, amount_minor, currency, at FROM (
        SELECT 'charge' AS kind, id AS key, fare_minor - discount_minor AS amount_minor, currency, created_at AS at
          FROM charges WHERE state = 'captured' AND method <> 'cash' AND fare_minor > discount_minor
         UNION ALL
        SELECT 'charge', id, amount_minor, currency, created_at FROM debt_payments WHERE state = 'captured'
         UNION ALL
        SELECT 'refund', id, amount_minor, currency, created_at FROM refunds WHERE state = 'done'
         UNION ALL
        SELECT 'payout', id, amount_minor, currency, created_at FROM payouts WHERE state IN ('sent', 'returned')
    ) moved
"""

_SINCE = text(f"{_MOVED} WHERE at >= :moment")
_OF_KEYS = text(f"{_MOVED} WHERE key = ANY(CAST(:keys AS text[]))")


def moved_since(session: Session, moment: datetime) -> list[Movement]:
    """What was begun at or after a moment."""
    return [Movement(*row) for row in session.execute(_SINCE, {"moment": moment})]


def moved_of(session: Session, keys: Collection[str]) -> dict[str, Movement]:
    """What is known of these keys of the provider, by key."""
    return {row.key: Movement(*row) for row in session.execute(_OF_KEYS, {"keys": sorted(keys)})}
