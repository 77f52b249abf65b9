"""Who hears of what: the publishers' own examples of their events are read here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hansom.contracts.topology import SUBSCRIPTIONS
from services.notifications.domain.news import NEWS, news_of
from services.notifications.domain.texts import LETTERS, letter_of

EXAMPLES = Path(__file__).parents[2] / "contract" / "examples"


def example(name: str) -> dict[str, Any]:
    return json.loads((EXAMPLES / f"{name}.json").read_text())["data"]


BOTH = ["trip_assigned", "driver_arrived", "trip_started", "trip_completed", "trip_settled"]


@pytest.mark.parametrize("event", BOTH)
def test_rider_and_driver_both_hear_and_only_the_rider_sees_the_pin(event: str) -> None:
    data = example(f"trips.{event}")
    rider, driver = news_of(f"trips.{event}", data)
    assert (rider.user_id, rider.event) == (data["trip"]["rider_id"], event)
    assert (driver.user_id, driver.event) == (data["trip"]["driver_id"], event)
    assert rider.data["trip"] == data["trip"]
    assert rider.data["trip"]["pin"]
    assert driver.data["trip"] == {**data["trip"], "pin": None}


def test_a_cancel_is_told_to_the_driver_who_had_the_trip() -> None:
    data = example("trips.trip_cancelled")
    told = {news.user_id: news.event for news in news_of("trips.trip_cancelled", data)}
    assert told[data["trip"]["rider_id"]] == "trip_cancelled"
    assert told.get(data.get("driver_id") or data["trip"]["driver_id"], "trip_cancelled") == "trip_cancelled"


def test_a_cancel_before_there_was_a_driver_is_told_to_the_rider_alone() -> None:
    data = {"trip": {**example("trips.trip_requested")["trip"], "state": "cancelled"}, "driver_id": None}
    assert [news.user_id for news in news_of("trips.trip_cancelled", data)] == [data["trip"]["rider_id"]]


def test_a_driver_who_gives_the_trip_back_is_news_for_the_rider_and_for_his_own_devices() -> None:
    data = example("trips.trip_returned")
    rider, driver = news_of("trips.trip_returned", data)
    assert (rider.user_id, rider.event) == (data["trip"]["rider_id"], "driver_cancelled")
    assert (driver.user_id, driver.event) == (data["former_driver_id"], "trip_returned")
    assert rider.data["reason"] == driver.data["reason"] == data["reason"]
    assert rider.data["trip"] == data["trip"]
    assert driver.data["trip"] == {**data["trip"], "pin": None}


def test_an_offer_is_flat_and_for_its_driver_alone() -> None:
    data = example("trips.offer_made")
    (news,) = news_of("trips.offer_made", data)
    assert news.user_id == data["driver_id"]
    assert news.data.keys() == {
        "offer_id", "trip_id", "pickup", "dropoff", "pickup_eta_s", "fare", "expires_at"
    }  # fmt: skip


def test_what_nobody_needs_to_hear_is_nobodys_news() -> None:
    assert news_of("trips.trip_requested", example("trips.trip_requested")) == []


def test_everything_it_tells_it_also_hears() -> None:
    heard = {f"{publisher}.{type_}" for publisher, types in SUBSCRIPTIONS["notifications"].items() for type_ in types}
    assert NEWS.keys() <= heard


@pytest.mark.parametrize("name", sorted(NEWS))
def test_a_letter_can_be_written_about_every_news_that_is_worth_one(name: str) -> None:
    if not (EXAMPLES / f"{name}.json").exists():
        pytest.fail(f"{name} has no example")
    for news in news_of(name, example(name)):
        letter = letter_of(news.event, news.data)
        assert (letter is not None) == (news.event in LETTERS and news.event != "trip_returned")
        assert letter is None or (letter.title and letter.text)


@pytest.mark.parametrize("reason", ["driver_silent", "driver_no_show"])
def test_a_driver_whose_trip_was_taken_gets_a_letter_and_the_rider_reads_why(reason: str) -> None:
    rider, driver = news_of("trips.trip_returned", {**example("trips.trip_returned"), "reason": reason})
    to_rider, to_driver = letter_of(rider.event, rider.data), letter_of(driver.event, driver.data)
    assert to_rider and to_driver
    assert to_rider.title in ("Your driver cannot be reached", "Your driver did not come")
    assert "another driver" in to_driver.title


def test_a_tip_is_news_of_its_own_and_no_payment_of_the_ride() -> None:
    for name, event in (("payment_captured", "tip_charged"), ("payment_failed", "tip_failed")):
        data = example(f"payments.{name}")
        assert [news.event for news in news_of(f"payments.{name}", {**data, "kind": "tip"})] == [event]
        assert [news.event for news in news_of(f"payments.{name}", {**data, "kind": "no_show"})] == [name]
        before = {field: value for field, value in data.items() if field != "kind"}
        assert [news.event for news in news_of(f"payments.{name}", before)] == [name]


@pytest.mark.parametrize(("kind", "words"), [("ride", "for your ride"), ("cancellation", "cancelling"), (None, "ride")])
def test_a_receipts_letter_says_what_was_paid_for(kind: str | None, words: str) -> None:
    letter = letter_of("payment_captured", {**example("payments.payment_captured"), "kind": kind})
    assert letter is not None
    assert words in letter.text
