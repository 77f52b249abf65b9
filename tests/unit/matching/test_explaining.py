"""What is gathered to explain a driver's hour, and what is said when a part is down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hansom.contracts.drivers import UnknownDriver
from hansom.contracts.errors import HansomError, Unavailable
from hansom.contracts.matching import Answer, SeeWhyNoRides
from hansom.segments import wide_cell
from hansom.wire import iso
from services.matching.explaining import Sources, Told, why_no_rides
from services.matching.record_schemas import write_why_no_rides

NOW = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
HERE = {"lat": 60.17, "lng": 24.94}


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


@dataclass
class Reply:
    """A call that is answered, or refused."""

    said: dict[str, Any] | HansomError

    def result(self) -> dict[str, Any]:
        if isinstance(self.said, HansomError):
            raise self.said
        return self.said


@dataclass
class AWorld:
    """What every source would say; a driver who has been online for long, free and near."""

    driver: dict[str, Any] = field(
        default_factory=lambda: {"approval": "approved", "online": True, "went_online_at": iso(ago(600))}
    )
    said: dict[str, Any] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    shifts: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def ask(self, service: str, method: str, payload: dict[str, Any]) -> Reply:
        self.asked.append(service)
        usual = {
            "drivers": self.driver,
            "trips": {"items": []},
            "location": {"why_not": None, "position": {"point": HERE}},
            "analytics": {"items": []},
        }
        return Reply(self.said.get(service, usual[service]))

    def of_driver(self, driver_id: str, since: datetime, until: datetime) -> tuple[Any, Any, Any]:
        assert until - since == timedelta(hours=1)
        return self.seen, self.offers, self.shifts

    def told(self, until: datetime | None = None) -> Told:
        sources = Sources(self, self.ask, lambda point: "helsinki")
        return why_no_rides(SeeWhyNoRides("d1", until), NOW, sources)


def seen(minutes: float, *trips: list[Any]) -> dict[str, Any]:
    return {"batch_at": ago(minutes), "trips": [*trips]}


def test_a_trip_counts_once_with_what_was_said_last_and_an_offer_counts_most() -> None:
    world = AWorld(
        seen=[
            seen(1, ["t1", "another_driver", 200.0, 90.0]),
            seen(2, ["t1", "too_far", 2000.0, None], ["t2", "another_trip", 90.0, None]),
            seen(3, ["t2", "offered", 80.0, None]),
        ],
        offers=[{"answer": "declined", "made_at": ago(3), "answered_at": ago(2.9)}],
    )
    told = world.told()
    assert told.hour.batches == 3
    assert {trip_id: trip.why for trip_id, trip in told.hour.trips.items()} == {"t1": "another_driver", "t2": "offered"}
    assert told.hour.answers == [Answer.DECLINED]
    assert told.hour.mean_answer_s == pytest.approx(6.0)
    assert told.missing == ()


def test_requests_near_are_counted_by_the_middle_of_their_segment() -> None:
    near, far = wide_cell(60.17, 24.94), wide_cell(60.30, 24.94)
    items = [{"segment": near, "requests": 5, "unmet": 2}, {"segment": far, "requests": 9, "unmet": 0}]
    told = AWorld(said={"analytics": {"items": items}}).told()
    assert (told.hour.requests, told.hour.unmet) == (5, 2)


def test_a_ride_is_part_of_the_hour_and_the_driver_is_not_idle_then() -> None:
    def ride(begins: float, ends: float | None) -> dict[str, Any]:
        return {
            "assigned_at": iso(ago(begins)),
            "completed_at": iso(ago(ends)) if ends is not None else None,
            "cancelled_at": None,
        }

    told = AWorld(said={"trips": {"items": [ride(5, None), ride(70, 50), ride(100, 80)]}}).told()
    assert (told.hour.rides, told.hour.riding_s) == (2, 900.0)


@pytest.mark.parametrize(
    ("driver", "location", "why_not"),
    [
        ({"approval": "suspended", "online": False, "went_online_at": None}, None, "suspended"),
        ({"approval": "approved", "online": False, "went_online_at": None}, None, "offline"),
        (None, {"why_not": "silent", "position": {"point": HERE}}, "silent"),
        (None, {"why_not": "no_position", "position": None}, "no_position"),
        (None, None, None),
    ],
)
def test_why_no_offer_comes_now_is_the_first_thing_that_stands_in_the_way(
    driver: dict[str, Any] | None, location: dict[str, Any] | None, why_not: str | None
) -> None:
    world = AWorld(said={"location": location} if location else {})
    world.driver = driver or world.driver
    assert world.told().hour.now == why_not


@pytest.mark.parametrize("service", ["trips", "location", "analytics"])
def test_what_is_down_is_named_and_the_rest_is_told(service: str) -> None:
    told = AWorld(said={service: Unavailable()}, seen=[seen(1, ["t1", "too_far", None, None])]).told()
    assert told.missing == (service,)
    reply = write_why_no_rides(SeeWhyNoRides("d1"), told)
    assert reply["considered"] == 1
    assert (reply["rides"] is None) == (service == "trips")
    assert (reply["near"]["requests"] is None) == (service != "trips")


def test_an_unknown_driver_is_unknown() -> None:
    with pytest.raises(UnknownDriver):
        AWorld(said={"drivers": UnknownDriver()}).told()


def test_an_hour_that_is_past_is_told_without_what_is_now() -> None:
    world = AWorld(shifts=[{"at": ago(200), "online": True}, {"at": ago(150), "online": False}])
    told = world.told(until=ago(120))
    assert told.hour.until == ago(120)
    assert (told.hour.online_s, told.hour.now, told.hour.requests) == (1800.0, None, None)
    assert set(world.asked) == {"drivers", "trips"}


def test_an_hour_to_come_ends_now() -> None:
    assert AWorld().told(until=NOW + timedelta(days=1)).hour.until == NOW
