"""Receipts, one a settled ride, and credit notes, one a refund: numbered without gaps in each city and year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """The number's year is that of `issued_at` by the city's own calendar."""

    id: str
    charge_id: str
    trip_id: str
    city: str
    year: int
    sequence: int
    issued_at: datetime
    refund_id: str | None = None

    @property
    def number(self) -> str:
        """Such as HELSINKI-2026-000042."""
        return f"{self.city.upper()}-{self.year}-{self.sequence:06d}"
