"""What clients send is checked to the letter of api.md, and the field at fault is named."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema

from hansom.contracts.errors import Invalid
from hansom.validation import load
from services.gateway import schemas

POINT = {"lat": 60.17, "lng": 24.94}
VEHICLE = {"make": "Toyota", "model": "Prius", "colour": "white", "plate": "ABC-123", "category": "standard"}
RIDER = {"email": "kaisa@example.org", "password": "correct horse", "name": "Kaisa", "phone": "+358401234567"}


@pytest.mark.parametrize(
    ("schema", "body", "fields"),
    [
        (schemas.QuoteRequest(), {"pickup": POINT}, ["dropoff"]),
        (schemas.QuoteRequest(), {"pickup": POINT, "dropoff": 5}, ["dropoff"]),
        (schemas.QuoteRequest(), {"pickup": POINT, "dropoff": None}, ["dropoff"]),
        (schemas.QuoteRequest(), {"pickup": {"lat": "6", "lng": True}, "dropoff": POINT}, ["pickup.lat", "pickup.lng"]),
        (schemas.QuoteRequest(), {"pickup": {**POINT, "x": 1}, "dropoff": POINT, "y": 2}, ["pickup.x", "y"]),
        (schemas.QuoteRequest(), {"pickup": {"lat": 91, "lng": -181}, "dropoff": POINT}, ["pickup.lat", "pickup.lng"]),
        (schemas.QuoteRequest(), {"pickup": {"lat": float("nan"), "lng": float("inf")}, "dropoff": POINT},
         ["pickup.lat", "pickup.lng"]),
        (schemas.NewDriver(), RIDER, ["vehicle"]),
        (schemas.NewDriver(), {**RIDER, "vehicle": {**VEHICLE, "plate": 5}}, ["vehicle.plate"]),
        (schemas.NewRider(), {**RIDER, "role": "ops"}, ["role"]),
        (schemas.NewRider(), {**RIDER, "name": "a\0b"}, ["name"]),
        (schemas.TripRequest(), {"quote_id": "a\0", "category": "standard"}, ["quote_id"]),
        (schemas.TripRequest(), {"quote_id": 7, "category": ["standard"]}, ["category", "quote_id"]),
        (schemas.NewRating(), {"stars": 6}, ["stars"]),
        (schemas.NewRating(), {"stars": 4.0}, ["stars"]),
        (schemas.NewRating(), {"stars": True}, ["stars"]),
        (schemas.NewRating(), {"stars": "5"}, ["stars"]),
        (schemas.Pin(), {"pin": 1234}, ["pin"]),
        (schemas.Pin(), {"pin": "12a4"}, ["pin"]),
        (schemas.Availability(), {"online": "true"}, ["online"]),
        (schemas.Availability(), {"online": 1}, ["online"]),
        (schemas.Resume(), {"after": True}, ["after"]),
        (schemas.Resume(), {"after": 1 << 70}, ["after"]),
        (schemas.PageQuery(), {"limit": "101"}, ["limit"]),
        (schemas.PageQuery(), {"limit": "1_0"}, ["limit"]),
        (schemas.PageQuery(), {"cursor": "a b"}, ["cursor"]),
        (schemas.NearbyQuery(), {"lat": "nan", "lng": "inf"}, ["lat", "lng"]),
        (schemas.NearbyQuery(), {"lat": "", "lng": "6_0"}, ["lat", "lng"]),
        (schemas.PeriodQuery(), {"from": "yesterday"}, ["from"]),
        (schemas.TripsQuery(), {"state": "lost"}, ["state"]),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(schema: Schema, body: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(Invalid) as raised:
        load(schema, body)
    assert sorted(raised.value.details) == fields


def test_what_is_right_comes_out_as_it_went_in() -> None:
    for schema, body in (
        (schemas.QuoteRequest(), {"pickup": POINT, "dropoff": POINT}),
        (schemas.NewDriver(), {**RIDER, "vehicle": VEHICLE}),
        (schemas.TripRequest(), {"quote_id": "q-1", "category": "standard", "payment_method": None}),
        (schemas.NewRating(), {"stars": 5, "comment": "kiitos"}),
    ):
        assert load(schema, body) == body


def test_a_period_takes_days_and_moments_and_leaves_out_what_is_empty() -> None:
    assert load(schemas.PeriodQuery(), {"from": "2026-03-01", "to": "2026-03-02T02:00:00 02:00"}) == {
        "from": "2026-03-01",
        "to": "2026-03-02T00:00:00.000Z",
        "limit": 20,
    }
    with pytest.raises(Invalid):
        load(schemas.PeriodQuery(), {"from": "2026-13-01"})
    assert load(schemas.PeriodQuery(), {"from": "", "to": ""}) == {"limit": 20}


def test_an_unknown_field_of_a_query_is_left_out() -> None:
    assert load(schemas.PlacesQuery(), {"q": "sto", "utm_source": "x"}) == {"q": "sto", "limit": 10}
