"""Ratings on the real servers; only the trips service is played."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import replace_dependencies
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from hansom.contracts.errors import DeadlineExceeded, IdempotencyKeyReused, Invalid
from hansom.contracts.ratings import AlreadyRated, NotYourRide, TripNotCompleted
from hansom.contracts.trips import UnknownTrip
from hansom.store import Transactions, engine_for, transactions
from services.ratings.service import RatingsService
from services.ratings.storage.tables import ratings, totals
from tests.support.identity import Call, a_key, an_ear, at_once, caller, example
from tests.support.waiting import eventually


class Trips:
    """What the trips service would answer: each trip's parties, none of an unknown one, nothing when it is down."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self.down = False

    def get_parties(self, payload: dict[str, Any]) -> dict[str, Any]:
        if self.down:
            raise DeadlineExceeded()
        if payload["trip_id"] not in self.known:
            raise UnknownTrip()
        return self.known[payload["trip_id"]]

    def add(self, **changes: Any) -> dict[str, Any]:
        """A completed trip of two people nobody has rated yet."""
        parties = {"trip_id": uuid4().hex, "rider_id": uuid4().hex, "driver_id": uuid4().hex, "state": "completed"}
        trip = {**parties, "completed_at": "2026-03-02T12:20:00.000Z", **changes}
        return self.known.setdefault(trip["trip_id"], trip)


@pytest.fixture(scope="module")
def trips() -> Trips:
    return Trips()


@pytest.fixture(scope="module")
def rate(config: dict[str, Any], trips: Trips) -> Iterator[Call]:
    container = ServiceContainer(RatingsService, config=config)
    replace_dependencies(container, trips=trips)
    container.start()
    yield partial(caller(container), "rate_trip")
    container.kill()


@pytest.fixture
def store(config: dict[str, Any]) -> Iterator[Transactions]:
    engine = engine_for(config, "ratings")
    yield transactions(engine)
    engine.dispose()


def rider_of(trip: dict[str, Any]) -> dict[str, str]:
    return {"user_id": trip["rider_id"], "role": "rider"}


def driver_of(trip: dict[str, Any]) -> dict[str, str]:
    return {"user_id": trip["driver_id"], "role": "driver"}


def ratings_of(store: Transactions, trip: dict[str, Any]) -> int:
    with store.begin() as session:
        return session.execute(select(func.count()).where(ratings.c.trip_id == trip["trip_id"])).scalar_one()


def test_both_rate_and_each_is_told(rate: Call, trips: Trips, config: dict[str, Any]) -> None:
    trip = trips.add()
    with an_ear(config, "ratings") as ear:
        by_rider = rate(trip_id=trip["trip_id"], actor=rider_of(trip), stars=4, comment=" Smooth\nride ")
        assert by_rider == {
            "trip_id": trip["trip_id"],
            "stars": 4,
            "comment": "Smooth\nride",
            "by": "rider",
            "created_at": by_rider["created_at"],
        }
        by_driver = rate(trip_id=trip["trip_id"], actor=driver_of(trip), stars=5, comment=None)
        assert (by_driver["by"], by_driver["comment"]) == ("driver", None)
        eventually(lambda: len(ear.heard("rating_given", trip_id=trip["trip_id"])) == 2)
        first, second = ear.heard("rating_given", trip_id=trip["trip_id"])
        assert first == {
            "trip_id": trip["trip_id"],
            "rated_user_id": trip["driver_id"],
            "rated_role": "driver",
            "rater_id": trip["rider_id"],
            "stars": 4,
            "average": 4.0,
            "count": 1,
        }
        assert (second["rated_user_id"], second["rated_role"], second["average"]) == (trip["rider_id"], "rider", 5.0)
        assert set(first) == set(example("ratings.rating_given")["data"])


def test_a_side_rates_once(rate: Call, trips: Trips, store: Transactions) -> None:
    trip = trips.add()
    results = at_once(*[partial(rate, trip_id=trip["trip_id"], actor=rider_of(trip), stars=n) for n in (1, 2, 3, 4, 5)])
    assert sorted(type(result).__name__ for result in results) == ["AlreadyRated"] * 4 + ["dict"]
    with pytest.raises(AlreadyRated):
        rate(trip_id=trip["trip_id"], actor=rider_of(trip), stars=5)
    assert ratings_of(store, trip) == 1
    with store.begin() as session:
        assert (
            session.execute(select(totals.c["count"]).where(totals.c.rated_id == trip["driver_id"])).scalar_one() == 1
        )


def test_a_rating_repeated_with_its_key_is_one_rating_even_while_trips_is_down(
    rate: Call, trips: Trips, store: Transactions
) -> None:
    trip = trips.add()
    request = {"trip_id": trip["trip_id"], "actor": rider_of(trip), "stars": 3, "idempotency": a_key()}
    replies = at_once(*[partial(rate, **request)] * 4)
    assert [reply == replies[0] for reply in replies] == [True] * 4
    trips.down = True
    try:
        assert rate(**request) == replies[0]
        with pytest.raises(DeadlineExceeded):
            rate(**{**request, "idempotency": None})
    finally:
        trips.down = False
    with pytest.raises(IdempotencyKeyReused):
        rate(**{**request, "idempotency": {**request["idempotency"], "fingerprint": "another"}})
    assert ratings_of(store, trip) == 1


def test_ratings_of_one_driver_at_once_are_all_in_his_average_and_told_in_order(
    rate: Call, trips: Trips, config: dict[str, Any]
) -> None:
    driver_id = uuid4().hex
    stars = [1 + n % 5 for n in range(15)]
    rides = [trips.add(driver_id=driver_id) for _ in stars]
    with an_ear(config, "ratings") as ear:
        results = at_once(
            *[
                partial(rate, trip_id=ride["trip_id"], actor=rider_of(ride), stars=given)
                for ride, given in zip(rides, stars, strict=True)
            ]
        )
        assert [type(result) for result in results] == [dict] * 15
        eventually(lambda: len(ear.heard("rating_given", rated_user_id=driver_id)) == 15)
        told = ear.heard("rating_given", rated_user_id=driver_id)
        assert [data["count"] for data in told] == list(range(1, 16))
        assert told[-1]["average"] == round(sum(stars) / 15, 2)


@pytest.mark.parametrize("state", ["requested", "assigned", "arrived", "in_progress", "cancelled", "expired"])
def test_a_trip_that_is_not_completed_is_not_rated(rate: Call, trips: Trips, store: Transactions, state: str) -> None:
    trip = trips.add(state=state)
    with pytest.raises(TripNotCompleted) as refusal:
        rate(trip_id=trip["trip_id"], actor=rider_of(trip), stars=5)
    assert refusal.value.details == {"state": state}
    assert ratings_of(store, trip) == 0


def test_strangers_ops_and_the_other_role_do_not_rate(rate: Call, trips: Trips, store: Transactions) -> None:
    trip = trips.add()
    for user_id, role in [
        ("stranger", "rider"),
        ("stranger", "driver"),
        (trip["rider_id"], "driver"),
        (trip["driver_id"], "rider"),
        (trip["rider_id"], "ops"),
    ]:
        with pytest.raises(NotYourRide):
            rate(trip_id=trip["trip_id"], actor={"user_id": user_id, "role": role}, stars=5)
    assert ratings_of(store, trip) == 0


def test_an_unknown_trip_is_unknown_here_too(rate: Call) -> None:
    with pytest.raises(UnknownTrip):
        rate(trip_id="nothing", actor={"user_id": "ann", "role": "rider"}, stars=5)


@pytest.mark.parametrize(
    ("field", "value"),
    [("stars", 0), ("stars", 6), ("stars", "5"), ("stars", None), ("comment", "x" * 1001), ("tip", 5)],
)
def test_wrong_input_names_its_field_and_changes_nothing(
    rate: Call, trips: Trips, store: Transactions, field: str, value: Any
) -> None:
    trip = trips.add()
    with pytest.raises(Invalid) as refusal:
        rate(**{"trip_id": trip["trip_id"], "actor": rider_of(trip), "stars": 5, field: value})
    assert list(refusal.value.details) == [field]
    assert ratings_of(store, trip) == 0


def test_the_database_itself_keeps_stars_in_range(rate: Call, trips: Trips, store: Transactions) -> None:
    trip = trips.add()
    rate(trip_id=trip["trip_id"], actor=rider_of(trip), stars=5)
    with pytest.raises(IntegrityError), store.begin() as session:
        session.execute(update(ratings).where(ratings.c.trip_id == trip["trip_id"]).values(stars=6))
