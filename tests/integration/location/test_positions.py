"""Positions, from a gateway's queue to who is near."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from hansom.cities.files import read_measures
from hansom.ids import new_id
from hansom.values import Point
from services.location.storage.live import Known, LiveCars
from tests.support.location_world import CENTRE, FAR, Speaker, World, a_row, a_trip, now_ms
from tests.support.waiting import eventually

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
OUT_OF_TOWN = Point(60.1960, 24.9440)
"""Outside all segments, 1.9 km from the service area: roads run out of a city."""

BESIDE = Point(60.1705, 24.9390)


def _candidates(
    call: Call, point: Point = CENTRE, category: str = "standard", exclude: tuple[str, ...] = ()
) -> list[str]:
    request = {"trip_id": "t", "point": point.as_dict(), "category": category, "exclude": list(exclude)}
    return [row[0] for row in call("find_candidates", {"requests": [request], "limit": 30})["items"]["t"]]


def test_a_free_driver_who_reports_is_seen_nearby_without_his_identity(speaker: Speaker, call: Call) -> None:
    driver = new_id()
    speaker.go_online(driver, categories=("comfort", "standard"))
    speaker.report(a_row(driver, CENTRE))
    items = eventually(lambda: call("nearby", {"point": CENTRE.as_dict()})["items"])
    assert [item["category"] for item in items] == ["comfort"]
    assert items[0]["bearing_deg"] == 90
    assert isinstance(items[0]["pickup_eta_s"], int)
    assert driver not in str(items)


def test_the_newest_position_wins_though_an_older_one_comes_later(speaker: Speaker, call: Call) -> None:
    driver, now = new_id(), now_ms()
    speaker.go_online(driver)
    speaker.report(a_row(driver, CENTRE, at_ms=now, seq=5))
    speaker.report(a_row(driver, BESIDE, at_ms=now - 1000, seq=4), a_row(driver, BESIDE, at_ms=now, seq=4))
    speaker.report(a_row(other := new_id(), FAR))
    speaker.go_online(other)
    eventually(lambda: _candidates(call, FAR) and other in _candidates(call, FAR))
    position = call("get_positions", {"driver_ids": [driver]})["items"][driver]
    assert position["point"] == {"lat": CENTRE.lat, "lng": CENTRE.lng}


def test_positions_that_are_nowhere_on_earth_never_enter_live_state(speaker: Speaker, call: Call, redis: Redis) -> None:
    good, bad = new_id(), new_id()
    speaker.go_online(good, bad)
    rows = [
        a_row(bad, Point(math.nan, 24.9)),
        a_row(bad, Point(60.1, math.inf)),
        a_row(bad, Point(91, 24.9)),
        a_row(bad, at_ms=now_ms() - 90_000_000),
        [bad, "60.1", 24.9, now_ms(), 1, None, None, None],
        [bad, 60.1],
        a_row(bad, seq=-1),
    ]
    # NaN is no JSON: it can only come as null or as a word that a lenient writer puts
    speaker.report(*rows, a_row(good))
    speaker.report_raw(b'{"positions": [["' + bad.encode() + b'", NaN, 24.9, 1, 1, null, null, null]]}')
    speaker.report_raw(b"\xff not json")
    eventually(lambda: _candidates(call) == [good])
    assert redis.hget(f"location:driver:{bad}", "pos") is None


def test_a_driver_who_crosses_a_border_is_listed_in_one_segment_only(
    speaker: Speaker, call: Call, redis: Redis
) -> None:
    driver, now = new_id(), now_ms()
    speaker.go_online(driver)
    speaker.report(*[a_row(driver, Point(60.165 + i / 1000, 24.940), at_ms=now + i, seq=i) for i in range(12)])
    eventually(lambda: _candidates(call) == [driver])
    listed, segment = redis.hmget(f"location:driver:{driver}", "listed", "cell")
    _, _, spot = listed.split(":")
    assert [key for key in redis.scan_iter("location:free:*") if redis.hexists(key, driver)] == [
        f"location:free:{spot}"
    ]
    spots = {key: redis.hgetall(key) for key in redis.scan_iter("location:spots:*")}
    assert spots == {f"location:spots:free:{segment}": {spot: "1"}}
    assert call("count_live", {}) == {"free": 1, "busy": 0, "shown": 1}
    assert call("supply_by_segment", {})["items"] == {segment: {"free": 1, "busy": 0}}


def test_only_free_drivers_who_may_carry_the_category_and_are_not_excluded_are_candidates(
    speaker: Speaker, call: Call
) -> None:
    standard, van, comfort, busy, excluded = (new_id() for _ in range(5))
    speaker.go_online(standard, busy, excluded)
    speaker.go_online(van, categories=("van",))
    speaker.go_online(comfort, categories=("comfort", "standard"))
    speaker.trip("trip_assigned", a_trip(busy))
    speaker.report(*[a_row(driver) for driver in (standard, van, comfort, busy, excluded)])
    eventually(lambda: call("count_live", {}) == {"free": 4, "busy": 1, "shown": 5})
    assert set(_candidates(call, exclude=(excluded,))) == {standard, comfort}
    assert _candidates(call, category="van") == [van]
    states = call("get_positions", {"driver_ids": [busy, standard, "nobody"]})["items"]
    assert (states[busy]["state"], states[standard]["state"], states["nobody"]) == ("busy", "free", None)


def test_candidates_come_nearest_first_from_the_rings_around(speaker: Speaker, call: Call) -> None:
    drivers = [new_id() for _ in range(12)]
    speaker.go_online(*drivers)
    speaker.report(
        *[a_row(driver, Point(60.1650 + i * 0.001, 24.9400)) for i, driver in enumerate(drivers)],
    )
    eventually(lambda: call("count_live", {})["free"] == 12)
    found = _candidates(call, Point(60.1650, 24.9400))
    assert found == drivers
    request = {"trip_id": "t", "point": Point(60.1650, 24.9400).as_dict(), "category": "standard", "exclude": []}
    few = call("find_candidates", {"requests": [request], "limit": 3})["items"]["t"]
    assert [row[0] for row in few] == drivers[:3]


def test_a_driver_who_goes_offline_is_gone_at_once(speaker: Speaker, call: Call) -> None:
    driver = new_id()
    speaker.go_online(driver)
    speaker.report(a_row(driver))
    eventually(lambda: _candidates(call) == [driver])
    speaker.go_offline(driver)
    eventually(lambda: call("count_live", {})["shown"] == 0)
    assert _candidates(call) == []


def test_a_stale_driver_is_not_offered_and_later_not_shown(speaker: Speaker, call: Call, redis: Redis) -> None:
    quiet, silent = new_id(), new_id()
    speaker.go_online(quiet, silent)
    speaker.report(a_row(quiet, at_ms=now_ms() - 60_000), a_row(silent, at_ms=now_ms() - 200_000))
    # listed nowhere, though his position is known: put on the map and taken off it again
    eventually(lambda: redis.hmget(f"location:driver:{silent}", "listed", "seq") == ["", "0"])
    assert _candidates(call) == []
    assert len(call("nearby", {"point": CENTRE.as_dict()})["items"]) == 1
    assert redis.zscore("location:free", silent) is None
    assert redis.ttl(f"location:driver:{silent}") > 0
    speaker.report(a_row(silent))
    eventually(lambda: _candidates(call) == [silent])
    assert redis.ttl(f"location:driver:{silent}") == -1


def test_a_driver_out_of_town_is_on_the_map_and_found_by_nobody(speaker: Speaker, call: Call) -> None:
    driver = new_id()
    speaker.go_online(driver)
    speaker.report(a_row(driver, OUT_OF_TOWN))
    eventually(lambda: call("count_live", {})["free"] == 1)
    assert _candidates(call) == []
    assert [item["driver_id"] for item in call("list_live", {})["items"]] == [driver]
    assert call("list_live", {"city": "helsinki"})["items"] == []


def test_emptied_redis_is_right_again_after_the_next_positions(
    speaker: Speaker, call: Call, redis: Redis, world: World
) -> None:
    free, busy = new_id(), new_id()
    speaker.go_online(free, busy)
    trip = a_trip(busy, "in_progress")
    speaker.trip("trip_assigned", trip)
    speaker.report(a_row(free), a_row(busy))
    eventually(lambda: call("count_live", {}) == {"free": 1, "busy": 1, "shown": 2})
    world.available = {free: {"online": True, "categories": ["van"]}, busy: {"online": True, "categories": []}}
    world.riding = {
        busy: {
            "trip_id": trip["id"],
            "rider_id": trip["rider_id"],
            "state": "in_progress",
            "target": FAR.as_dict(),
            "started_at": None,
        }
    }
    world.asked.clear()
    redis.flushdb()
    speaker.report(a_row(free), a_row(busy))
    eventually(lambda: call("count_live", {}) == {"free": 1, "busy": 1, "shown": 2})
    assert _candidates(call, category="van") == [free]
    assert len(world.asked) == 2, "one look-up of each service for all unknown drivers together"
    assert call("get_positions", {"driver_ids": [busy]})["items"][busy]["trip_id"] == trip["id"]


def test_positions_do_not_wait_for_drivers_who_cannot_be_looked_up(speaker: Speaker, call: Call, world: World) -> None:
    known, unknown = new_id(), new_id()
    speaker.go_online(known)
    speaker.report(a_row(known, CENTRE))
    eventually(lambda: _candidates(call) == [known])
    world.down = {"drivers"}
    speaker.report(a_row(unknown), a_row(known, BESIDE))
    point = {"lat": BESIDE.lat, "lng": BESIDE.lng}
    eventually(lambda: call("get_positions", {"driver_ids": [known]})["items"][known]["point"] == point)
    assert _candidates(call) == [known]
    world.down = set()
    world.available[unknown] = {"online": True, "categories": ["standard"]}
    # without another report of his
    eventually(lambda: set(_candidates(call)) == {known, unknown}, within_s=10)


def test_what_went_astray_is_put_right_by_comparing_with_drivers_and_trips(
    speaker: Speaker, call: Call, redis: Redis, world: World
) -> None:
    gone, riding = new_id(), new_id()
    speaker.go_online(gone, riding)
    speaker.report(a_row(gone), a_row(riding))
    eventually(lambda: call("count_live", {})["free"] == 2)
    world.available[gone] = {"online": False, "categories": ["standard"]}
    world.riding[riding] = {
        "trip_id": new_id(),
        "rider_id": new_id(),
        "state": "assigned",
        "target": FAR.as_dict(),
        "started_at": None,
    }
    redis.delete("location:reconciling")
    eventually(lambda: call("count_live", {}) == {"free": 0, "busy": 1, "shown": 1})


def test_who_is_compared_is_not_passed_by_while_others_report(cars: LiveCars, redis: Redis) -> None:
    redis.zadd("location:free", {f"driver-{number}": number for number in range(2000)})
    seen: set[str] = set()
    for page in cars.listed("free", 100):
        seen.update(page)
        # those not seen yet report, and are last in the order of reports
        redis.zadd("location:free", {f"driver-{number}": 5000 + number for number in range(0, 2000, 7)})
    assert len(seen) == 2000


@pytest.mark.parametrize("online", [True, False])
def test_an_event_that_comes_during_a_look_up_is_not_overwritten(cars: LiveCars, redis: Redis, online: bool) -> None:
    changes = cars.transaction()
    changes.availability("d", online, ["standard"], now_ms())
    changes.send()
    cars.learn([Known("d", "/", not online, ("van",), None, None)], now_ms())
    assert redis.hget("location:driver:d", "online") == ("1" if online else "0")


def test_categories_have_the_soonest_free_car_and_nothing_for_those_without(speaker: Speaker, call: Call) -> None:
    comfort = new_id()
    speaker.go_online(comfort, categories=("comfort", "standard"))
    speaker.report(a_row(comfort, Point(60.1720, 24.9400)))
    answer = eventually(
        lambda: found if (found := call("pickup_etas", {"point": CENTRE.as_dict()}))["free_nearby"] else None
    )
    assert answer["free_nearby"] == 1
    assert answer["categories"]["standard"] == answer["categories"]["comfort"] > 0
    assert answer["categories"]["van"] is None


def test_watchers_get_the_cars_around_each_of_them_in_one_call(
    speaker: Speaker, call: Call, config: dict[str, Any]
) -> None:
    here, there = new_id(), new_id()
    speaker.go_online(here, there)
    speaker.report(a_row(here, CENTRE), a_row(there, FAR))
    eventually(lambda: call("count_live", {})["free"] == 2)
    points = [[CENTRE.lat, CENTRE.lng], [FAR.lat - 0.001, FAR.lng], [0.0, 0.0]]
    near_centre, near_far, nowhere = call("nearby_many", {"points": points, "limit": 1})["items"]
    assert near_centre[0]["point"] == CENTRE.as_dict()
    assert near_far[0]["point"] == FAR.as_dict()
    assert nowhere == []
    measured = read_measures(Path(config["CITY_DATA"]) / "helsinki")
    assert near_far[0]["pickup_eta_s"] == pytest.approx(111.2 * measured.detour / measured.speed_mps, abs=1)
