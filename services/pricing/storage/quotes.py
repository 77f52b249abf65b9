"""Quotes in Postgres."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from hansom.contracts.pricing import SurgeCode, UnknownQuote
from hansom.values import Point
from services.pricing.domain.fare import Fare, FareLine
from services.pricing.domain.promo import Promo
from services.pricing.domain.quote import Option, Quote, Route
from services.pricing.domain.reasons import WORDS, Surge
from services.pricing.domain.tariff import Tariff
from services.pricing.storage.tables import quotes


class Quotes:
    """The quotes of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, quote: Quote) -> None:
        self._session.execute(insert(quotes), _row(quote))

    def get(self, quote_id: str) -> Quote:
        """Raises UnknownQuote."""
        row = self._session.execute(select(quotes).where(quotes.c.id == quote_id)).first()
        if row is None:
            raise UnknownQuote()
        return _quote(row)

    def line_of(self, quote_id: str, most: int = 20) -> list[Quote]:
        """A quote and those that it came from, the newest first; what was forgotten is left out."""
        found: list[Quote] = []
        wanted: str | None = quote_id
        while wanted is not None and len(found) < most:
            row = self._session.execute(select(quotes).where(quotes.c.id == wanted)).first()
            if row is None:
                break
            found.append(_quote(row))
            wanted = row.parent_id
        return found

    def forget_expired(self, before: datetime, limit: int) -> int:
        """Delete quotes that expired before a moment; gives how many."""
        old = select(quotes.c.id).where(quotes.c.expires_at < before).order_by(quotes.c.expires_at).limit(limit)
        return self._session.execute(delete(quotes).where(quotes.c.id.in_(old))).rowcount  # type: ignore[attr-defined]


def _row(quote: Quote) -> dict[str, Any]:
    return {
        "id": quote.id,
        "rider_id": quote.rider_id,
        "city": quote.route.city,
        "currency": quote.currency,
        "pickup_lat": quote.pickup.lat,
        "pickup_lng": quote.pickup.lng,
        "dropoff_lat": quote.dropoff.lat,
        "dropoff_lng": quote.dropoff.lng,
        "distance_m": quote.route.distance_m,
        "duration_s": quote.route.duration_s,
        "line": [[point.lat, point.lng] for point in quote.route.line],
        "surge_tenths": quote.surge.tenths,
        "surge_reason": quote.surge.code.value,
        "surge_words": quote.surge.reason,
        "surge_values": quote.surge.values,
        "options": [_option_row(option) for option in quote.options],
        "created_at": quote.created_at,
        "expires_at": quote.expires_at,
        "promo": None if quote.promo is None else quote.promo.as_dict(),
        "parent_id": quote.parent_id,
        "trip_id": quote.trip_id,
    }


def _option_row(option: Option) -> dict[str, Any]:
    return {
        "category": option.category,
        "lines": [_line_row(line) for line in option.fare.lines],
        "tax_minor": option.fare.tax_minor,
        "tariff": option.tariff.as_dict(),
        "pickup_eta_s": option.pickup_eta_s,
        "story": [_line_row(line) for line in option.story],
    }


def _line_row(line: FareLine) -> list[Any]:
    return [line.code, line.label, line.amount_minor, line.values and dict(line.values)]


def _option(raw: dict[str, Any]) -> Option:
    lines = tuple(FareLine(*line) for line in raw["lines"])
    tariff = Tariff.from_dict(raw["tariff"])
    story = tuple(FareLine(*line) for line in raw.get("story", ()))
    return Option(raw["category"], Fare(lines, raw["tax_minor"]), tariff, raw["pickup_eta_s"], story)


def _quote(row: Any) -> Quote:
    code = SurgeCode(row.surge_reason)
    line = tuple(Point(lat, lng) for lat, lng in row.line)
    return Quote(
        id=row.id,
        rider_id=row.rider_id,
        currency=row.currency,
        pickup=Point(row.pickup_lat, row.pickup_lng),
        dropoff=Point(row.dropoff_lat, row.dropoff_lng),
        route=Route(row.city, row.distance_m, row.duration_s, line),
        surge=Surge(row.surge_tenths, code, row.surge_words or WORDS[code], row.surge_values),
        options=tuple(_option(raw) for raw in row.options),
        created_at=row.created_at,
        expires_at=row.expires_at,
        promo=None if row.promo is None else Promo.from_dict(row.promo),
        parent_id=row.parent_id,
        trip_id=row.trip_id,
    )
