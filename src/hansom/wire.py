"""Marshmallow fields for api.md's conventions: times, points, money, finite numbers."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields, validate

from hansom.values import Money, Point


def iso(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds and `Z`; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str | None) -> datetime | None:
    """An aware UTC datetime from RFC 3339; None stays None. Raises ValueError: not a time, or without a zone, or one
    that UTC does not have."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError(f"{text!r} is before the first year or after the last in UTC") from exc


class Rfc3339(fields.Field):
    """Aware UTC datetime ↔ `2026-01-01T00:00:00.123Z`."""

    default_error_messages = {"invalid": "Not an RFC 3339 time with a zone, such as 2026-01-01T12:00:00Z."}

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return iso(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime | None:
        if not isinstance(value, str) or len(value) > 40:
            raise self.make_error("invalid")
        try:
            return parse_time(value)
        except ValueError as exc:
            raise self.make_error("invalid") from exc


class Finite(fields.Field):
    """A finite JSON number. Refuses strings, booleans, NaN and infinities."""

    default_error_messages = {"invalid": "Not a finite number."}

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> float | None:
        return value

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        try:
            number = float(value)
        except OverflowError as exc:
            raise self.make_error("invalid") from exc
        if not math.isfinite(number):
            raise self.make_error("invalid")
        return number


class PointSchema(Schema):
    """`{"lat", "lng"}` ↔ `Point`, WGS 84 degrees."""

    lat = Finite(required=True, validate=validate.Range(-90, 90))
    lng = Finite(required=True, validate=validate.Range(-180, 180))


class MoneySchema(Schema):
    """`{"amount_minor", "currency"}`."""

    amount_minor = fields.Integer(required=True, strict=True)
    currency = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{3}$"))


def point_of(data: dict[str, Any]) -> Point:
    """A `Point` from its wire form."""
    return Point(float(data["lat"]), float(data["lng"]))


def money_of(data: dict[str, Any]) -> Money:
    """A `Money` from its wire form."""
    return Money(int(data["amount_minor"]), str(data["currency"]))
