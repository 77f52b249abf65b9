"""What trips asks and answers is what the examples of its RPC say; those who are asked read the same files."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hansom.contracts.trip_terms import QuoteDestination
from hansom.contracts.trips import RequestTrip, Role, TripState
from hansom.values import Money, Point
from services.trips import schemas
from services.trips.domain.destination import WaySoFar, so_far
from services.trips.domain.quote import Wish
from services.trips.domain.settlement import Driven
from services.trips.domain.trip import Trip, completed
from services.trips.outgoing import RoadsAndPrices
from services.trips.usecases import changing
from services.trips.usecases.cancelling import preview
from services.trips.usecases.requesting import taken
from tests.support.trips_builders import GRACE, NOON, a_trip, some_money, some_terms

EXAMPLES = Path(__file__).resolve().parents[2] / "contract" / "examples" / "rpc"
TRIP_ID, RIDER_ID, QUOTE_ID = (f"0195541b2c0070008000000000000{end}" for end in ("c01", "a01", "b01"))


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


class Asked:
    """Notes what another service is asked, and answers as its example says."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.requests: dict[str, dict[str, Any]] = {}

    def call_async(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> Any:
        self.requests[method] = payload
        return self

    def result(self) -> dict[str, Any]:
        return {}

    def final_fare(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.requests["final_fare"] = payload
        return example("pricing.final_fare")["reply"]


def a_ride(state: TripState = TripState.IN_PROGRESS, **changes: Any) -> Trip:
    return a_trip(
        state, **{"id": TRIP_ID, "rider_id": RIDER_ID, "quote_id": QUOTE_ID, "terms": some_terms(), **changes}
    )


def test_another_destination_is_asked_for_as_pricing_reads_it() -> None:
    wanted = example("pricing.requote")["request"]
    trip = a_ride()
    assert trip.started_at is not None
    command = QuoteDestination(TRIP_ID, RIDER_ID, Point(**wanted["dropoff"]))
    way = WaySoFar(wanted["driven_m"], Point(**wanted["via"]))
    asked = changing.question(command, trip, lambda _: way, trip.started_at + timedelta(seconds=wanted["driven_s"]))
    assert asked == {**wanted, "idempotency": None}


def test_another_destination_is_read_as_pricing_tells_it() -> None:
    quote = schemas.quote_of(example("pricing.requote")["reply"])
    assert (quote.trip_id, quote.parent_id, quote.rider_id) == (TRIP_ID, QUOTE_ID, RIDER_ID)
    assert quote.terms["standard"]["cancellation"] and quote.terms["standard"]["tip_max"]


def test_a_promo_code_is_kept_as_pricing_reads_it_and_what_is_left_is_held() -> None:
    wanted = example("pricing.reserve_promo")
    told = example("pricing.quote")["reply"]
    option = next(option for option in told["options"] if option["category"] == "standard")
    promo = {**wanted["reply"], "label": "Spring", "to_pay": option["fare"]}
    quote = schemas.quote_of({**told, "id": QUOTE_ID, "options": [{**option, "promo": promo}]})
    pricing, payments = Asked("pricing"), Asked("payments")
    wish = Wish(TRIP_ID, RequestTrip(RIDER_ID, QUOTE_ID, "standard"), quote)
    with taken(pricing, payments, wish, lambda _: True) as kept:
        assert kept is not None and kept.code == wanted["reply"]["code"]
    assert pricing.requests == {"reserve_promo": wanted["request"]}
    left = option["fare"]["amount_minor"] - wanted["reply"]["discount"]["amount_minor"]
    assert payments.requests["authorize_ride"]["amount"] == some_money(left)


def test_a_final_fare_is_asked_for_as_pricing_reads_it() -> None:
    pricing = Asked("pricing")
    trip = completed(a_ride(), NOON + timedelta(seconds=60), NOON + GRACE)
    fare = RoadsAndPrices(Asked("location"), pricing).final_fare(trip, Driven(2000.0, True))
    reply = example("pricing.final_fare")["reply"]
    assert (fare.fare, fare.discount) == (Money(**reply["fare"]), Money(**reply["discount"]))
    assert set(example("pricing.final_fare")["request"]) <= set(pricing.requests["final_fare"])


def test_what_cancelling_costs_is_told_as_the_example_says() -> None:
    cost, fee = preview(a_ride(TripState.ASSIGNED), Role.RIDER, None, NOON + timedelta(seconds=30))  # type: ignore[arg-type]
    assert schemas.preview_reply(cost, fee) == example("trips.cancel_preview")["reply"]


def test_the_way_so_far_is_that_of_the_ride_alone() -> None:
    fixes = [(NOON + timedelta(seconds=each), Point(60.17 + each / 10_000, 24.94)) for each in range(10)]
    way = so_far(fixes, NOON + timedelta(seconds=2), NOON + timedelta(seconds=4))
    assert way.point == Point(60.1704, 24.94) and way.driven_m == pytest.approx(22.24, abs=0.1)
    assert so_far(fixes, NOON + timedelta(seconds=60), None) == WaySoFar()
