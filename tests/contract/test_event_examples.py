"""Every event has an example, which its publisher's and its consumers' tests read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NotRequired, get_origin, get_type_hints

import pytest

from hansom.contracts import analytics, drivers, payment_replies, ratings, trips, users
from hansom.contracts.topology import PUBLISHED
from hansom.events import Event

EXAMPLES = Path(__file__).with_name("examples")

EVENTS = [f"{publisher}.{each}" for publisher, types in PUBLISHED.items() for each in types]

DATA: dict[str, Any] = {
    "users.account_registered": users.AccountRegisteredData,
    "users.profile_changed": users.ProfileChangedData,
    "drivers.driver_availability_changed": drivers.AvailabilityChangedData,
    "trips.offer_made": trips.OfferMadeData,
    "trips.offer_withdrawn": trips.OfferEndedData,
    "trips.offer_declined": trips.OfferEndedData,
    "payments.payment_captured": payment_replies.PaymentData,
    "payments.payment_failed": payment_replies.PaymentData,
    "payments.payment_refunded": payment_replies.RefundData,
    "payments.debt_settled": payment_replies.DebtSettledData,
    "payments.tip_received": payment_replies.TipReceivedData,
    "payments.payout_sent": payment_replies.PayoutSentData,
    "payments.payout_failed": payment_replies.PayoutFailedData,
    "ratings.rating_given": ratings.RatingGivenData,
    "analytics.demand_hinted": analytics.DemandHintedData,
}
"""Event → what its publisher's contract says of its data; events of a trip's life carry the trip."""


def example(name: str) -> dict[str, Any]:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EVENTS)
def test_an_example_is_an_event_as_it_goes_over_the_wire(name: str) -> None:
    publisher, _, type_ = name.partition(".")
    wire = example(name)
    assert set(wire) == {"event_id", "type", "version", "occurred_at", "data"}
    assert wire["type"] == type_
    event = Event.from_message(json.dumps(wire).encode(), {"publisher": publisher, "key": "k"})
    assert event.name == name
    assert json.loads(event.to_message(4).body) == wire


@pytest.mark.parametrize("name", EVENTS)
def test_the_data_of_an_example_is_what_the_contract_says(name: str) -> None:
    contract, data = DATA.get(name, trips.TripEventData), example(name)["data"]
    must_have_the_fields_of(contract, data)
    if contract is trips.TripEventData:
        must_have_the_fields_of(trips.TripReply, data["trip"])


def must_have_the_fields_of(contract: Any, data: dict[str, Any]) -> None:
    """All that a typed dict requires, and nothing that it does not know."""
    hints = get_type_hints(contract, include_extras=True)
    required = {name for name, hint in hints.items() if get_origin(hint) is not NotRequired}
    assert required <= set(data) <= set(hints)


def test_there_is_no_example_of_an_event_that_nobody_publishes() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(EVENTS)
