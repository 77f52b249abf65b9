"""What payments makes of the example messages of trips."""

from __future__ import annotations

from typing import Any

import pytest

from hansom.settings import load_config
from services.payments.dependencies import money_rules
from services.payments.domain.charge import parts_of
from services.payments.schemas import cancellation_fee, settled_ride
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


def test_a_tax_of_another_currency_or_of_half_cents_is_refused(rules: MoneyRules) -> None:
    for wrong in ({"amount_minor": 100, "currency": "SEK"}, {"amount_minor": 100.5, "currency": "EUR"}):
        data = a_settled_trip()
        data["tax"]["amount"] = wrong
        with pytest.raises(ValueError, match=r"currency|whole"):
            settled_ride(data, "event-1", rules)


def test_a_discount_is_the_platforms_and_never_more_than_the_fare(rules: MoneyRules) -> None:
    data = {**a_settled_trip(1000), "promo_code": "WELCOME"}
    ride = settled_ride({**data, "discount": {"amount_minor": 300, "currency": "EUR"}}, "event-1", rules)
    assert (ride.fare_minor, ride.to_pay_minor, ride.promo_code) == (1000, 700, "WELCOME")
    for wrong in ({"amount_minor": 1001, "currency": "EUR"}, {"amount_minor": 1, "currency": "SEK"}):
        with pytest.raises(ValueError, match=r"discount|currency"):
            settled_ride({**data, "discount": wrong}, "event-1", rules)


def test_a_ride_of_the_version_before_has_no_discount_and_nobody_said_how_high_a_tip_may_be(rules: MoneyRules) -> None:
    ride = settled_ride(a_settled_trip(1000), "event-1", rules)
    assert (ride.discount_minor, ride.promo_code, ride.tip_max_minor) == (0, None, None)
    assert settled_ride({**a_settled_trip(1000), "tip_max": None}, "event-1", rules).tip_max_minor == 0


def test_a_ride_that_its_rider_ended_on_the_way_ended_when_he_cancelled_it(rules: MoneyRules) -> None:
    ended = {"completed_at": None, "cancelled_at": "2026-03-02T12:00:03.000Z", "ended_early": True}
    ride = settled_ride(a_settled_trip(1000, **ended), "event-1", rules)
    assert ride.completed_at.isoformat() == "2026-03-02T12:00:03+00:00"


def test_the_example_of_a_cancelled_trip_is_a_fee_of_its_parts(rules: MoneyRules) -> None:
    data = example("trips.trip_cancelled")["data"]
    fee = cancellation_fee(data, "event-1", rules)
    assert fee is not None
    parts = parts_of(fee, rules.fee_share)
    amounts = (data["fee"]["amount"], data["fee"]["tax"], data["fee"]["driver_share"])
    assert [each["amount_minor"] for each in amounts] == [parts.fare_minor, parts.tax_minor, parts.share_minor]
    assert (fee.kind, fee.driver_id, fee.fare_reason) == ("cancellation", "driver-1", "cancelled_late")


def test_a_cancelled_trip_without_a_fee_costs_nothing(rules: MoneyRules) -> None:
    data = example("trips.trip_cancelled")["data"]
    assert cancellation_fee({**data, "fee": None}, "event-1", rules) is None
    assert cancellation_fee({name: data[name] for name in ("trip", "driver_id")}, "event-1", rules) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "ride"},
        {"kind": "tip"},
        {"kind": "fine"},
        {"tax": {"amount_minor": 301, "currency": "EUR"}},
        {"driver_share": {"amount_minor": 401, "currency": "EUR"}},
        {"driver_share": {"amount_minor": 300, "currency": "SEK"}},
        {"amount": {"amount_minor": -400, "currency": "EUR"}},
        {"amount": {"amount_minor": 400.0, "currency": "EUR"}},
    ],
)
def test_a_fee_that_does_not_add_up_is_refused(rules: MoneyRules, wrong: dict[str, Any]) -> None:
    data = example("trips.trip_cancelled")["data"]
    with pytest.raises(ValueError, match=r"."):
        cancellation_fee({**data, "fee": {**data["fee"], **wrong}}, "event-1", rules)
