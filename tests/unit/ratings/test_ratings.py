"""Who may rate whom, and what comes in."""

from __future__ import annotations

from typing import Any

import pytest

from hansom.contracts.errors import Invalid
from hansom.contracts.ratings import NotYourRide, TripNotCompleted
from hansom.validation import load
from services.ratings.domain.ratings import Parties, Total, rated_by
from services.ratings.schemas import RateTripSchema


def parties(**changes: Any) -> Parties:
    return Parties(**{"trip_id": "t", "rider_id": "ann", "driver_id": "dora", "state": "completed", **changes})


def test_each_party_rates_the_other() -> None:
    assert rated_by(parties(), "ann", "rider") == ("dora", "driver")
    assert rated_by(parties(), "dora", "driver") == ("ann", "rider")


@pytest.mark.parametrize(
    ("rater_id", "role"), [("bo", "rider"), ("bo", "driver"), ("ann", "driver"), ("dora", "rider"), ("ann", "ops")]
)
@pytest.mark.parametrize("state", ["requested", "completed"])
def test_nobody_else_rates(rater_id: str, role: str, state: str) -> None:
    with pytest.raises(NotYourRide):
        rated_by(parties(state=state), rater_id, role)


@pytest.mark.parametrize("state", ["requested", "assigned", "arrived", "in_progress", "cancelled", "expired"])
def test_only_completed_trips_are_rated(state: str) -> None:
    with pytest.raises(TripNotCompleted) as refusal:
        rated_by(parties(state=state, driver_id=None if state == "requested" else "dora"), "ann", "rider")
    assert refusal.value.details == {"state": state}


def test_a_ride_that_its_rider_ended_on_the_way_is_rated_like_any_other() -> None:
    ended = parties(state="cancelled", ended_early=True)
    assert rated_by(ended, "ann", "rider") == ("dora", "driver")
    assert rated_by(ended, "dora", "driver") == ("ann", "rider")


def test_nobody_is_the_driver_of_a_trip_without_one() -> None:
    with pytest.raises(NotYourRide):
        rated_by(parties(driver_id=None, state="expired"), "None", "driver")


def test_the_average_has_two_decimals() -> None:
    assert Total(stars=14, count=3).average == 4.67


@pytest.mark.parametrize("stars", [0, 6, -1, 4.5, 5.0, "5", True, None, [], {}])
def test_stars_are_whole_numbers_from_1_to_5(stars: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        load(RateTripSchema(), {"trip_id": "t", "actor": {"user_id": "u", "role": "rider"}, "stars": stars})
    assert list(refusal.value.details) == ["stars"]


def test_a_comment_is_text_of_at_most_1000_characters_and_may_be_left_out() -> None:
    payload = {"trip_id": "t", "actor": {"user_id": "u", "role": "rider"}, "stars": 5}
    assert load(RateTripSchema(), payload).comment is None
    assert load(RateTripSchema(), {**payload, "comment": " "}).comment is None
    assert load(RateTripSchema(), {**payload, "comment": " Good\nride "}).comment == "Good\nride"
    for comment in ("x" * 1001, "a\x00", "\ud800", 5):
        with pytest.raises(Invalid) as refusal:
            load(RateTripSchema(), {**payload, "comment": comment})
        assert list(refusal.value.details) == ["comment"]
