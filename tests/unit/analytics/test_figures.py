"""What events add up to."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from hansom.contracts.topology import SUBSCRIPTIONS
from services.analytics.domain import reports
from services.analytics.domain.facts import Fact, Home, is_too_old, settle_home, settle_promise
from services.analytics.domain.figures import COUNTED, added, figures_by_segment, figures_of
from services.analytics.schemas import read_fact
from tests.support.dispatch import a_trip, an_event

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_fact(name: str, segment: str = "s1", **values: int | str | bool) -> Fact:
    return Fact("e", name, "t", NOON, "helsinki", segment=segment, values=values)


def test_every_subscribed_event_is_counted() -> None:
    heard = {f"{publisher}.{each}" for publisher, types in SUBSCRIPTIONS["analytics"].items() for each in types}
    assert heard == set(COUNTED)


def test_figures_do_not_depend_on_the_order_or_the_grouping_of_facts() -> None:
    random = Random(3)
    facts = [a_fact(random.choice(["trips.trip_requested", "trips.trip_expired"]), f"s{n % 3}") for n in range(60)]
    whole = added(figures_by_segment(facts).values())
    random.shuffle(facts)
    parts = [added(figures_by_segment(facts[start : start + 7]).values()) for start in range(0, 60, 7)]
    assert added(parts) == whole


def test_a_wait_is_from_request_to_assignment() -> None:
    trip = a_trip(requested_at="2026-01-01T12:00:00Z", assigned_at="2026-01-01T12:00:04.500Z", driver_id="d")
    figures = figures_of(read_fact(an_event("trip_assigned", trip["id"], {"trip": trip})))
    assert (figures["assigned"], figures["waits"], figures["wait_ms"]) == (1, 1, 4500)
    assert reports.mean_wait_s(figures) == 4.5


@pytest.mark.parametrize(
    ("by", "driver_id", "gave_up"), [("rider", None, 1), ("rider", "d", 0), ("ops", None, 0), ("driver", "d", 0)]
)
def test_only_a_rider_without_a_driver_gives_up(by: str, driver_id: str | None, gave_up: int) -> None:
    trip = a_trip(state="cancelled", cancelled_by=by)
    figures = figures_of(read_fact(an_event("trip_cancelled", trip["id"], {"trip": trip, "driver_id": driver_id})))
    assert (figures["cancelled"], figures["gave_up"]) == (1, gave_up)


def test_a_pickup_is_measured_against_what_was_promised_by_this_driver() -> None:
    trip = a_trip(driver_id="d", assigned_at="2026-01-01T12:00:00Z", arrived_at="2026-01-01T12:05:00Z")
    arrived = read_fact(an_event("driver_arrived", trip["id"], {"trip": trip}))
    assert figures_of(settle_promise(arrived, {(trip["id"], "another"): 1000})) == {"arrived": 1}
    figures = figures_of(settle_promise(arrived, {(trip["id"], "d"): 240_000}))
    assert figures["pickup_error_ms"] == 60_000
    assert reports.errors(figures, "pickup") == {
        "trips": 1,
        "mean_error_s": 60.0,
        "mean_abs_error_s": 60.0,
        "p50_abs_error_s": 60.0,
        "p90_abs_error_s": 60.0,
        "late_share": 1.0,
        "uncorrected": {"trips": 0, "mean_abs_error_s": None, "mean_abs_error_uncorrected_s": None},
    }


def test_quantiles_of_errors_are_of_their_size() -> None:
    figures: Counter[str] = Counter()
    for seconds in range(-300, 301, 15):
        figures.update(
            figures_of(a_fact("trips.trip_completed", promised_ms=300_000, actual_ms=300_000 + seconds * 1000))
        )
    found = reports.errors(figures, "trip")
    assert found["p50_abs_error_s"] == 150.0
    assert found["p90_abs_error_s"] == 270.0
    assert found["mean_error_s"] == 0.0


def test_nothing_measured_is_null_and_not_zero() -> None:
    assert reports.errors(Counter(), "trip")["p90_abs_error_s"] is None
    assert reports.mean_wait_s(Counter()) is None
    assert reports.share(0, 0) is None


def test_a_tip_is_no_payment_of_a_ride() -> None:
    for name in ("payments.payment_captured", "payments.payment_failed"):
        assert not figures_of(a_fact(name, amount_minor=200, currency="EUR", kind="tip"))


def test_money_is_summed_by_currency() -> None:
    figures = added(
        figures_of(a_fact("payments.payment_captured", amount_minor=amount, currency=currency))
        for amount, currency in [(1000, "EUR"), (250, "EUR"), (900, "CHF")]
    )
    assert [each.as_dict() for each in reports.money(figures, "captured")] == [
        {"amount_minor": 900, "currency": "CHF"},
        {"amount_minor": 1250, "currency": "EUR"},
    ]


def test_an_event_without_a_place_has_that_of_its_trips_request() -> None:
    declined = read_fact(an_event("offer_declined", "t", {"trip_id": "t", "driver_id": "d", "offer_id": "o"}))
    assert settle_home(declined, {"t": Home("helsinki", "s1")}).segment == "s1"
    assert settle_home(declined, {}).city == ""


def test_facts_of_closed_minutes_are_told_apart() -> None:
    keep = timedelta(days=35)
    assert not is_too_old(a_fact("trips.trip_requested"), NOON + timedelta(days=33), keep)
    assert is_too_old(a_fact("trips.trip_requested"), NOON + timedelta(days=35), keep)


def test_busy_segments_come_first_and_what_has_no_place_is_left_out() -> None:
    by_segment = {
        "none": Counter(requests=9),
        "b": Counter(requests=1),
        "a": Counter(requests=1),
        "c": Counter(unmet=2),
    }
    assert [line["segment"] for line in reports.demand(by_segment)] == ["a", "b", "c"]
