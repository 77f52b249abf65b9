"""What crosses a border is checked: numbers are finite, times have a zone, points are on earth."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError

from hansom.values import Money, Point, distance_m
from hansom.wire import Finite, PointSchema, Rfc3339, iso, parse_time


class Reading(Schema):
    value = Finite(required=True)
    at = Rfc3339()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "1", True, None, [], {}, 10**400])
def test_what_is_no_finite_number_is_refused_at_its_field(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Reading().load({"value": value})
    assert "value" in caught.value.messages_dict


@pytest.mark.parametrize("at", ["yesterday", "2026-01-01T00:00:00", 12, None, "2026-13-01T00:00:00Z", "9" * 5000])
def test_what_is_no_time_with_a_zone_is_refused_at_its_field(at: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Reading().load({"value": 1, "at": at})
    assert "at" in caught.value.messages_dict


@pytest.mark.parametrize(
    "point", [{"lat": 91, "lng": 0}, {"lat": 0, "lng": -181}, {"lat": 1}, {"lat": float("nan"), "lng": 0}]
)
def test_a_point_off_the_earth_is_refused(point: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        PointSchema().load(point)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2999, 1, 1), timezones=st.just(UTC)))
def test_a_time_survives_the_wire_to_the_millisecond(moment: datetime) -> None:
    back = parse_time(iso(moment))
    assert back is not None
    assert abs((moment - back).total_seconds()) < 0.001


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    assert iso(parse_time("2026-06-01T12:00:00+03:00")) == "2026-06-01T09:00:00.000Z"


def test_a_known_distance() -> None:
    railway_station, cathedral = Point(60.1719, 24.9414), Point(60.1704, 24.9522)
    assert distance_m(railway_station, cathedral) == pytest.approx(620, rel=0.02)


def test_currencies_are_never_mixed() -> None:
    with pytest.raises(ValueError, match="cannot add"):
        Money(1, "EUR") + Money(1, "USD")
