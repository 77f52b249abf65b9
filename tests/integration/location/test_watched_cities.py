"""What operators see of a whole city, and how many positions were taken, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from redis import Redis

from hansom.contracts.errors import Invalid
from hansom.ids import new_id
from hansom.values import Point
from services.location.domain.positions import Position
from services.location.storage.live import Doubt, Known, LiveCars
from services.location.storage.tally import MINUTE_MS, Tally
from tests.support.location_world import CENTRE, FAR, Speaker, a_row, a_trip, at, now_ms
from tests.support.waiting import eventually

Call = Callable[[str, dict[str, Any]], dict[str, Any]]

BESIDE = Point(60.1705, 24.9390)

MINUTE = 29_000_000 * MINUTE_MS
"""In 2025: of these minutes nobody else counts."""


def states(call: Call) -> dict[str, str]:
    """Driver → the state in which his car is shown."""
    seen = call("see_city", {"city": "helsinki"})
    assert seen["more"] == 0
    return {row[0]: row[4] for row in seen["drivers"]}


def test_each_car_of_a_city_is_shown_once_with_what_its_driver_does(speaker: Speaker, call: Call) -> None:
    free, coming, there, riding, away, silent = (new_id() for _ in range(6))
    speaker.go_online(free, coming, there, riding, away, silent)
    speaker.report(*(a_row(each, CENTRE) for each in (free, coming, there, riding, away)))
    speaker.report(a_row(silent, FAR, at_ms=now_ms() - 60_000))
    steps = ("assigned", "trip_assigned"), ("arrived", "driver_arrived"), ("in_progress", "trip_started")
    for driver, (state, event) in zip((coming, there, riding), steps, strict=True):
        speaker.trip(event, a_trip(driver, state))
    speaker.go_offline(away)
    wanted = {free: "free", coming: "to_pickup", there: "at_pickup", riding: "riding", silent: "silent"}
    eventually(lambda: states(call) == wanted, within_s=20)
    (row,) = [row for row in call("see_city", {"city": "helsinki"})["drivers"] if row[0] == free]
    assert row == [free, CENTRE.lat, CENTRE.lng, 90.0, "free"]
    assert call("see_city", {"city": "elsewhere"}) == {"drivers": [], "more": 0}


def test_of_too_many_cars_those_on_a_ride_stay_and_the_others_do_not_come_and_go(speaker: Speaker, call: Call) -> None:
    drivers = [new_id() for _ in range(30)]
    speaker.go_online(*drivers)
    speaker.report(*(a_row(each, CENTRE) for each in drivers))
    speaker.trip("trip_assigned", a_trip(drivers[-1]))
    eventually(lambda: sorted(states(call).values()) == ["free"] * 29 + ["to_pickup"], within_s=20)
    first = call("see_city", {"city": "helsinki", "limit": 10})
    speaker.report(*(a_row(each, BESIDE, seq=1) for each in drivers[15:]))

    def moved() -> int:
        return sum(row[1] == BESIDE.lat for row in call("see_city", {"city": "helsinki"})["drivers"])

    eventually(lambda: moved() == 15, within_s=20)
    second = call("see_city", {"city": "helsinki", "limit": 10})
    assert (first["more"], second["more"]) == (20, 20)
    assert [row[0] for row in first["drivers"]] == [row[0] for row in second["drivers"]]
    assert drivers[-1] in {row[0] for row in first["drivers"]}


@pytest.mark.parametrize(
    ("method", "payload", "field"),
    [
        ("see_city", {}, "city"),
        ("see_city", {"city": "helsinki", "limit": 5001}, "limit"),
        ("count_positions", {}, "since"),
        ("count_positions", {"since": "noon"}, "since"),
    ],
)
def test_a_wrong_question_is_told_its_field(call: Call, method: str, payload: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        call(method, payload)
    assert field in refused.value.details


def test_the_service_counts_what_it_takes_and_not_what_it_had_before(speaker: Speaker, call: Call) -> None:
    driver, began_ms = new_id(), now_ms()

    def rows(seqs: range) -> list[list[Any]]:
        return [a_row(driver, CENTRE, at_ms=began_ms + seq, seq=seq) for seq in seqs]

    def counted() -> int:
        return sum(count for _, _, count in call("count_positions", {"since": at(began_ms)})["items"])

    speaker.go_online(driver)
    for _ in range(3):
        speaker.report(*rows(range(400)))
    # those of one driver are taken in turn: once these are counted, the others would be. A few of other tests may be
    speaker.report(*rows(range(500, 800)))
    eventually(lambda: counted() >= 700, within_s=20)
    assert counted() < 1000, "what came again was counted again"


# -- the count itself ------------------------------------------------------------------------------------------------
def positions(driver_id: str, seqs: Iterable[int], mark: str | None = None) -> list[Position]:
    return [
        Position(driver_id, CENTRE.lat, CENTRE.lng, MINUTE + seq, seq, None, None, None, mark) for seq in seqs
    ]  # fmt: skip


def take(cars: LiveCars, tally: Tally, taken: list[Position], at_ms: int = MINUTE) -> None:
    applied = cars.apply(taken, [("out", "spot")] * len(taken), at_ms, Doubt(1000, 60_000))
    tally.add(taken, applied, at_ms)


@pytest.fixture
def driver(cars: LiveCars) -> str:
    """One who is online, of whom nothing was heard."""
    driver_id = new_id()
    cars.learn([Known(driver_id, "/", True, ("standard",), None, None)], MINUTE)
    return driver_id


def test_a_position_that_comes_again_late_or_marked_is_not_counted(redis: Redis, cars: LiveCars, driver: str) -> None:
    tally = Tally(redis, lambda lat, lng: "town")
    take(cars, tally, positions(driver, range(5)))
    take(cars, tally, positions(driver, range(5)))
    take(cars, tally, positions(driver, [3, 6, 5]))
    take(cars, tally, positions(driver, [9], mark="teleport"))
    take(cars, tally, positions(new_id(), [1, 2]))  # nobody knows him: he is looked up, and his positions come again
    tally.flush()
    tally.flush()
    assert tally.since(MINUTE, MINUTE) == {(MINUTE, "town"): 6}


def test_counts_of_all_replicas_and_minutes_are_kept_and_a_lost_flush_is_not_made_up(
    redis: Redis, cars: LiveCars, driver: str
) -> None:
    one, other, dying = (Tally(redis, lambda lat, lng: "town" if lat < 61 else "north") for _ in range(3))
    take(cars, one, positions(driver, [1, 2]))
    take(cars, other, positions(driver, [3]))
    take(cars, other, positions(driver, [4]), at_ms=MINUTE + MINUTE_MS)
    take(cars, dying, positions(driver, [5]))
    one.flush()
    other.flush()
    take(cars, one, positions(driver, [5]))  # what a dead replica took comes again, and is no news
    one.flush()
    later_ms = MINUTE + 2 * MINUTE_MS
    assert one.since(MINUTE, later_ms) == {(MINUTE, "town"): 3, (MINUTE + MINUTE_MS, "town"): 1}
    assert one.since(MINUTE + MINUTE_MS, later_ms) == {(MINUTE + MINUTE_MS, "town"): 1}
    assert one.since(0, MINUTE + 10 * 3_600_000) == {}, "who asks for all of time gets two hours"
    assert 0 < redis.ttl(f"location:counted:{MINUTE}") <= 7200
