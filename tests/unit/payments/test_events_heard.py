"""What payments makes of the example messages of trips."""

from __future__ import annotations

from typing import Any

import pytest

from hansom.settings import load_config
from services.payments.dependencies import money_rules
from services.payments.schemas import settled_ride
from services.payments.usecases.ports import MoneyRules
from tests.support.money import a_settled_trip, example


@pytest.fixture(scope="module")
def rules() -> MoneyRules:
    settings = ["AMQP_URI", "POSTGRES_URI", "REDIS_URI", "MONGO_URI", "OSRM_URL", "JWT_SECRET"]
    with pytest.MonkeyPatch.context() as patch:
        for name in settings:
            patch.setenv(name, "unused")
        return money_rules(load_config())


def test_the_example_of_trip_settled_is_a_ride_with_its_tax_and_lines(rules: MoneyRules) -> None:
    ride = settled_ride(example("trips.trip_settled")["data"], "event-1", rules)
    assert (ride.fare_minor, ride.tax_minor, ride.currency, ride.cause) == (1010, 120, "EUR", "event-1")
    assert [line.amount_minor for line in ride.lines] == [1010]


def test_without_a_breakdown_the_fare_is_one_line_and_the_tax_is_the_citys(rules: MoneyRules) -> None:
    data = a_settled_trip(1135)
    ride = settled_ride({"trip": data["trip"]}, "event-1", rules)
    assert [(line.code, line.amount_minor) for line in ride.lines] == [("fare", 1135)]
    assert ride.tax_minor == 135


@pytest.mark.parametrize(
    "change", [{"driver_id": None}, {"rider_id": ""}, {"completed_at": None}, {"city": "atlantis"}]
)
def test_a_trip_that_nobody_drove_or_that_never_ended_is_refused(rules: MoneyRules, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="trip"):
        settled_ride(a_settled_trip(**change), "event-1", rules)


def test_more_tax_than_fare_is_refused(rules: MoneyRules) -> None:
    data = a_settled_trip(1000)
    data["tax"]["amount"]["amount_minor"] = 1001
    with pytest.raises(ValueError, match="more tax than fare"):
        settled_ride(data, "event-1", rules)


@pytest.mark.parametrize("wrong", [-1, 10.5, True, "1010", None, 10**13])
def test_a_fare_that_is_not_whole_minor_units_is_refused(rules: MoneyRules, wrong: Any) -> None:
    data = a_settled_trip()
    data["trip"]["fare"] = {"amount_minor": wrong, "currency": "EUR"}
    with pytest.raises((ValueError, TypeError)):
        settled_ride({"trip": data["trip"], "tax": data["tax"]}, "event-1", rules)


def test_lines_of_another_sum_or_currency_are_refused(rules: MoneyRules) -> None:
    data = a_settled_trip()
    data["breakdown"][0]["amount"] = {"amount_minor": 1009, "currency": "EUR"}
    with pytest.raises(ValueError, match="do not add up"):
        settled_ride(data, "event-1", rules)
    data["breakdown"][0]["amount"] = {"amount_minor": 1010, "currency": "SEK"}
    with pytest.raises(ValueError, match="another currency"):
        settled_ride(data, "event-1", rules)
