"""From events and cars to forecasts, worths and hints, on real servers; repeated and interrupted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import amqp
import h3
import orjson
import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from pymongo.database import Database

from hansom.amqp import BrokerUnavailable, connect
from hansom.contracts.errors import Invalid
from hansom.contracts.topology import EVENTS_EXCHANGE
from hansom.events import Event
from hansom.ids import new_id
from hansom.mongo import mongo_database
from hansom.values import Point
from hansom.wire import iso
from services.analytics.assigning import assign
from services.analytics.domain.forecasting import Expected, Forecast
from services.analytics.domain.hints import Car, Sending, Sent
from services.analytics.outlooks import centre_of, parent_of
from services.analytics.storage.mongo import HOURS
from services.analytics.storage.supply import HINTS, LOOKS, Hints, Looks
from services.analytics.usecases import Hinting, Office, Town, hint_drivers, look_at_cars, tell_again
from tests.integration.analytics.conftest import StandInCars, TestedAnalytics
from tests.support.dispatch import PICKUP_SEGMENT, SEGMENTS, Teller, a_trip, an_event
from tests.support.waiting import eventually

IDLE_AT = SEGMENTS[1]
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def ask(analytics: ServiceContainer, method: str, **payload: Any) -> dict[str, Any]:
    with entrypoint_hook(analytics, method) as hook:
        return hook(payload)


def requests(count: int, **changes: Any) -> list[Event]:
    trips = [a_trip(**changes) for _ in range(count)]
    return [an_event("trip_requested", trip["id"], {"trip": trip}) for trip in trips]


def a_car(driver_id: str, segment: str, state: str = "free") -> dict[str, Any]:
    return {"driver_id": driver_id, "point": centre_of(segment).as_dict(), "state": state}


# -- forecasts -------------------------------------------------------------------------------------------------------
def test_requests_delivered_three_times_are_foreseen_once(analytics: ServiceContainer, teller: Teller) -> None:
    events = requests(20)
    for _ in range(3):
        teller.tell(*events)
    eventually(lambda: ask(analytics, "key_figures", city="helsinki")["requests"] == 20)
    # a later one is counted after all of these: whatever was delivered again is in the figures by now
    teller.tell(*requests(1))
    eventually(lambda: ask(analytics, "key_figures", city="helsinki")["requests"] == 21)
    found = eventually(lambda: _resting_on(ask(analytics, "forecast", city="helsinki"), recent=21))
    assert [line["segment"] for line in found["items"]] == [PICKUP_SEGMENT]
    assert found["total"] == pytest.approx(21 * 3, rel=0.05), "so many in ten minutes"
    assert found["history_weeks"] == 0.0


def _resting_on(found: dict[str, Any], recent: int) -> dict[str, Any] | None:
    """The forecast, once it is made of so many requests: one is kept for some seconds."""
    return found if sum(line["recent"] for line in found["items"]) == recent else None


def test_history_is_the_same_hour_of_weeks_before(
    analytics: ServiceContainer, database: Database[dict[str, Any]]
) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=5)
    for week in range(1, 5):
        for near in range(-3, 4):  # the clocks may have changed meanwhile
            start = hour + timedelta(hours=near) - timedelta(weeks=week)
            figures = {"segments": {PICKUP_SEGMENT: {"requests": 30}, "none": {"requests": 9}}, "made_of": 1}
            document = {"_id": f"helsinki|{start:%Y-%m-%dT%H:%MZ}", "city": "helsinki", "start": start, **figures}
            database[HOURS].insert_one(document)
    found = ask(analytics, "forecast", city="helsinki", at=iso(hour))
    assert found["from"] == iso(hour)
    assert found["until"] == iso(hour + timedelta(minutes=30))
    assert found["total"] == pytest.approx(15.0, rel=0.1)
    assert 2 < found["history_weeks"] < 4


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"city": "atlantis"}, "city"),
        ({}, "city"),
        ({"city": "helsinki", "at": "2020-01-01T00:00:00Z"}, "at"),
        ({"city": "helsinki", "at": "soon"}, "at"),
    ],
)
def test_a_forecast_of_nowhere_or_of_the_past_is_refused(
    analytics: ServiceContainer, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        ask(analytics, "forecast", **wrong)
    assert field in refused.value.details


# -- worths ----------------------------------------------------------------------------------------------------------
def test_it_is_worth_more_to_be_where_riders_ask(
    analytics: ServiceContainer, teller: Teller, live: list[dict[str, Any]]
) -> None:
    live += [a_car(f"d{number}", SEGMENTS[number % len(SEGMENTS)]) for number in range(20)]
    teller.tell(*requests(60))
    eventually(lambda: ask(analytics, "key_figures", city="helsinki")["requests"] == 60)
    found = eventually(lambda: _learnt(ask(analytics, "worths", city="helsinki")))
    assert found["items"][PICKUP_SEGMENT] > 0
    assert min(found["items"].values()) < 0
    assert 0.3 < found["trust"] < 0.7, "sixty requests are half believed"
    assert found["mean_wait_s"] > 0


def _learnt(found: dict[str, Any]) -> dict[str, Any] | None:
    return found if found["learnt_at"] is not None else None


def test_where_nothing_is_known_no_place_is_worth_more(analytics: ServiceContainer) -> None:
    found = ask(analytics, "worths", city="helsinki")
    assert (found["items"], found["learnt_at"], found["mean_wait_s"]) == ({}, None, None)
    with pytest.raises(Invalid):
        ask(analytics, "worths", city="atlantis")


# -- hints -----------------------------------------------------------------------------------------------------------
class Ear:
    """Hears the hints that analytics tells."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._connection = connect(config["AMQP_URI"])
        self._channel: amqp.Channel = self._connection.channel()
        self._channel.exchange_declare(EVENTS_EXCHANGE, "topic", durable=True, auto_delete=False)
        self._queue = self._channel.queue_declare("", exclusive=True).queue
        self._channel.queue_bind(self._queue, EVENTS_EXCHANGE, f"{TestedAnalytics.name}.demand_hinted.*")
        self.heard: list[dict[str, Any]] = []

    def listen(self) -> list[dict[str, Any]]:
        """All that was told until now."""
        while (message := self._channel.basic_get(self._queue, no_ack=True)) is not None:
            self.heard.append(orjson.loads(message.body))
        return self.heard

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def ear(settings: dict[str, Any]) -> Iterator[Ear]:
    ear = Ear(settings)
    yield ear
    ear.close()


def test_idle_drivers_are_told_once_by_either_replica(
    settings: dict[str, Any], analytics: ServiceContainer, teller: Teller, live: list[dict[str, Any]], ear: Ear
) -> None:
    """Two replicas look every 0.3 s; the hint that a driver has holds for ten minutes."""
    database = mongo_database(settings, "test")
    second = ServiceContainer(TestedAnalytics, settings)
    second.start()
    try:
        live += [*(a_car(f"d{number}", IDLE_AT) for number in range(12)), a_car("busy", IDLE_AT, "busy")]
        teller.tell(*requests(2))
        eventually(lambda: len(ear.listen()) >= 2, within_s=15, why="nobody was told")
        rounds = looked(database)
        eventually(lambda: looked(database) >= rounds + 3, within_s=15, why="no more rounds")
        told = [event["data"] for event in ear.listen()]
    finally:
        second.kill()
    assert {each["segment"] for each in told} == {PICKUP_SEGMENT}
    assert len(told) == len({each["driver_id"] for each in told}) == 2, "six in the half hour are two in ten minutes"
    assert told[-1]["point"] == centre_of(PICKUP_SEGMENT).as_dict()
    assert told[-1]["reason"].startswith("About 6 requests expected here")
    assert "busy" not in {each["driver_id"] for each in told}


def test_a_round_of_hints_that_failed_is_made_again_at_the_next_turn(
    analytics: ServiceContainer, database: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when whoever failed would be taken for dead."""
    with monkeypatch.context() as outage:
        outage.setattr(StandInCars, "is_away", True)
        before = StandInCars.refused
        eventually(lambda: StandInCars.refused > before)
    rounds = looked(database)
    eventually(lambda: looked(database) > rounds, why="no round after the outage")


def looked(database: Database[dict[str, Any]]) -> int:
    """How often free cars were looked at."""
    return database[LOOKS].count_documents({})


SENDING = Sending(assign, 600.0, parent_of, centre_of)
HINTING = Hinting(timedelta(seconds=60), timedelta(seconds=180), SENDING, lambda function, *args: function(*args))


class Told:
    """In place of the broker."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.down = False

    def __call__(self, sent: Sequence[Sent]) -> None:
        self.events.update(each.event_id for each in sent)
        if self.down:
            raise BrokerUnavailable()


def a_town(cars: list[Car]) -> Town:
    expected = Forecast(NOW, (Expected(PICKUP_SEGMENT, 9.0, 9.0, 9),))
    return Town("helsinki", cars, expected, {}, straight_mps=5.0)


def free_cars(count: int, segment: str = IDLE_AT) -> list[Car]:
    return [Car(f"d{number}", centre_of(segment), segment) for number in range(count)]


def an_office(database: Database[dict[str, Any]]) -> tuple[Office, Told]:
    told = Told()
    return Office(Looks(database), Hints(database), told, new_id), told


def look(office: Office, cars: list[Car], *minutes: int) -> None:
    for minute in minutes:
        look_at_cars("helsinki", cars, office.looks, NOW + timedelta(minutes=minute))


def test_who_was_busy_between_two_looks_is_not_idle(database: Database[dict[str, Any]]) -> None:
    office, _ = an_office(database)
    look(office, free_cars(6), -4, -3)
    look(office, free_cars(4), -2)
    look(office, free_cars(6), -1, 0)
    hinted = hint_drivers(a_town(free_cars(6)), HINTING, office, NOW)
    assert {each.hint.driver_id for each in hinted} <= {"d0", "d1", "d2", "d3"}
    assert len(hinted) == 3


def test_after_a_time_without_looks_nobody_is_taken_for_idle(database: Database[dict[str, Any]]) -> None:
    office, _ = an_office(database)
    look(office, free_cars(6), -9, -8, 0)
    assert hint_drivers(a_town(free_cars(6)), HINTING, office, NOW) == []


def test_no_second_hint_within_ten_minutes_and_those_on_their_way_count(database: Database[dict[str, Any]]) -> None:
    office, told = an_office(database)
    look(office, free_cars(8), -4, -3, -2, -1, 0)
    first = hint_drivers(a_town(free_cars(8)), HINTING, office, NOW)
    assert len(first) == 3
    look(office, free_cars(8), 1)
    assert hint_drivers(a_town(free_cars(8)), HINTING, office, NOW + timedelta(minutes=1)) == []
    look(office, free_cars(8), *range(2, 11))
    assert len(hint_drivers(a_town(free_cars(8)), HINTING, office, NOW + timedelta(minutes=10))) == 3
    assert set(told.events.values()) == {1}


def test_hints_that_a_dead_process_left_are_told_with_the_same_ids(database: Database[dict[str, Any]]) -> None:
    office, told = an_office(database)
    look(office, free_cars(8), -4, -3, -2, -1, 0)
    told.down = True
    with pytest.raises(BrokerUnavailable):
        hint_drivers(a_town(free_cars(8)), HINTING, office, NOW)
    told.down = False
    tell_again("helsinki", office, NOW + timedelta(seconds=30))
    assert sorted(told.events.values()) == [2, 2, 2], "the consumer knows a repeat by its id"
    tell_again("helsinki", office, NOW + timedelta(seconds=60))
    assert sorted(told.events.values()) == [2, 2, 2]
    assert database[HINTS].count_documents({"told": True}) == 3


def test_a_hint_that_is_over_is_not_told_any_more(database: Database[dict[str, Any]]) -> None:
    office, told = an_office(database)
    look(office, free_cars(8), -4, -3, -2, -1, 0)
    told.down = True
    with pytest.raises(BrokerUnavailable):
        hint_drivers(a_town(free_cars(8)), HINTING, office, NOW)
    told.down = False
    told.events.clear()
    tell_again("helsinki", office, NOW + timedelta(minutes=11))
    assert not told.events


def test_a_hint_is_read_as_it_was_kept(database: Database[dict[str, Any]]) -> None:
    office, _ = an_office(database)
    look(office, free_cars(8), -4, -3, -2, -1, 0)
    sent = hint_drivers(a_town(free_cars(8)), HINTING, office, NOW)
    assert sorted(office.given.in_force("helsinki", NOW), key=lambda each: each.event_id) == [
        replace(each, told=True) for each in sorted(sent, key=lambda each: each.event_id)
    ]
    assert isinstance(sent[0].hint.point, Point)
    assert h3.is_valid_cell(sent[0].hint.segment)
