"""Promises are compared with what came of them, and teach corrections that bring later ones nearer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from pymongo.database import Database

from hansom.contracts.analytics import SeeEtaErrors
from hansom.contracts.errors import Invalid
from hansom.events import Event
from hansom.ids import new_id
from hansom.wire import iso
from services.analytics.domain import reports
from services.analytics.domain.facts import Fact
from services.analytics.domain.promises import NONE_YET, Correction, Terms
from services.analytics.storage.corrections import Corrections
from services.analytics.storage.mongo import HOURS, MINUTES, Facts, Periods
from services.analytics.usecases import (
    Learning,
    Stores,
    forget_etas,
    learn_etas,
    learn_when_due,
    note_facts,
    roll_up,
    see_eta_errors,
)
from tests.support.dispatch import PICKUP_SEGMENT, Teller, a_trip, an_event
from tests.support.waiting import eventually

KEEP = timedelta(days=35)
HELSINKI = ZoneInfo("Europe/Helsinki")
TERMS = Terms({"helsinki": HELSINKI}, KEEP, timedelta(seconds=15), timedelta(seconds=120))
LEARNING = Learning(timedelta(days=14), timedelta(minutes=15), KEEP)
MONDAY = datetime(2026, 3, 2, tzinfo=HELSINKI)
TRAFFIC = {3: 0.85, 8: 1.7, 17: 1.9}
"""Local hour → how much longer drives take than the roads say."""


@pytest.fixture
def stores(database: Database[dict[str, Any]]) -> Stores:
    minutes, hours = Periods(database[MINUTES], KEEP), Periods(database[HOURS], None)
    return Stores(Facts(database, KEEP), minutes, hours, Corrections(database))


def a_day(stores: Stores, day: datetime, rng: Random, rides: int = 20) -> list[Fact]:
    """What becomes known of a day's rides, promised with the corrections in force and driven in traffic."""
    in_force = stores.corrections.latest("helsinki") or Correction("helsinki", day)
    facts = []
    for hour, slower in TRAFFIC.items():
        made_at = day.replace(hour=hour, minute=30).astimezone(UTC)
        for kind, name in (("pickup", "trips.driver_arrived"), ("trip", "trips.trip_completed")):
            for _ in range(rides):
                base_ms = rng.uniform(60_000, 600_000)
                values = {
                    "promised_ms": round(base_ms * in_force.factors(kind)[hour]),
                    "actual_ms": round(base_ms * slower * rng.gauss(1.0, 0.1)),
                    "made_at_ms": round(1000 * made_at.timestamp()),
                }
                facts.append(Fact(new_id(), name, new_id(), made_at, "helsinki", segment="s", values=values))
    return facts


def note(stores: Stores, facts: list[Fact], now: datetime) -> None:
    note_facts(facts, stores, lambda city, point: None, TERMS, now)
    roll_up(stores, now)


def errors_s(stores: Stores, day: datetime, kind: str) -> dict[int | None, float]:
    """Local hour → mean error of the day's promises."""
    request = SeeEtaErrors(day, day + timedelta(days=1), "helsinki", ("hour",))
    lines, left_out = see_eta_errors(request, stores.hours, HELSINKI, day + timedelta(days=1))
    assert left_out == 0
    return {line.hour: reports.errors(line.figures, kind)["mean_abs_error_s"] or 0.0 for line in lines}


def test_from_day_to_day_promises_come_nearer_and_stay_there(stores: Stores) -> None:
    rng, days = Random(7), [MONDAY + timedelta(days=n) for n in range(3)]
    for day in days:
        facts = a_day(stores, day, rng)
        night = day + timedelta(hours=22)
        note(stores, facts, night)
        note(stores, facts, night)  # told again
        new = learn_etas(["helsinki"], stores, LEARNING, night)
        assert len(new) <= 1
        assert learn_etas(["helsinki"], stores, LEARNING, night) == []
    found = stores.corrections.latest("helsinki")
    assert found is not None
    for kind in ("pickup", "trip"):
        first, second, third = (errors_s(stores, day, kind) for day in days)
        for hour, slower in TRAFFIC.items():
            assert found.factors(kind)[hour] == pytest.approx(slower, rel=0.1)
        for hour in (8, 17):
            assert second[hour] < 0.5 * first[hour], (kind, hour)
            assert third[hour] < 0.3 * first[hour], (kind, hour)


def test_rides_told_late_teach_as_if_they_had_come_in_time(stores: Stores, database: Database[dict[str, Any]]) -> None:
    facts, night = a_day(stores, MONDAY, Random(7)), MONDAY + timedelta(hours=22)
    note(stores, facts[::2], night)
    assert learn_etas(["helsinki"], stores, LEARNING, night)
    two_days_late = night + timedelta(days=2)
    note(stores, facts, two_days_late)
    learn_etas(["helsinki"], stores, LEARNING, two_days_late)
    found = stores.corrections.latest("helsinki")
    assert found is not None
    # those told late were promised before the first correction, and are judged so
    assert found.trip[17] == pytest.approx(TRAFFIC[17], rel=0.08)
    assert database["analytics_facts"].count_documents({"values.base_ms": {"$exists": False}}) == 0


def test_what_is_forgotten_is_not_learnt_again(stores: Stores) -> None:
    night = MONDAY + timedelta(hours=22)
    note(stores, a_day(stores, MONDAY, Random(7)), night)
    assert learn_etas(["helsinki"], stores, LEARNING, night)
    forget_etas("helsinki", stores, LEARNING, night + timedelta(hours=1))
    later = night + timedelta(hours=2)
    assert learn_etas(["helsinki"], stores, LEARNING, later) == []
    in_force = stores.corrections.latest("helsinki")
    assert in_force is not None
    assert in_force.trip == NONE_YET
    tuesday = MONDAY + timedelta(days=1)
    note(stores, a_day(stores, tuesday, Random(8)), tuesday + timedelta(hours=22))
    [new] = learn_etas(["helsinki"], stores, LEARNING, tuesday + timedelta(hours=22))
    assert new.trip[8] == pytest.approx(TRAFFIC[8], rel=0.08)


def test_one_of_all_replicas_learns_and_another_when_it_died(stores: Stores) -> None:
    now = datetime.now(UTC)
    assert stores.corrections.claim_learning(now)  # and dies
    assert not stores.corrections.claim_learning(now)
    assert learn_when_due(["helsinki"], stores, LEARNING, now) == []
    later = now + timedelta(seconds=61)
    learn_when_due(["helsinki"], stores, LEARNING, later)
    assert not stores.corrections.claim_learning(later + timedelta(minutes=14))
    assert stores.corrections.claim_learning(later + timedelta(minutes=15))


def test_a_correction_is_known_for_as_long_as_promises_may_have_been_made_under_it(stores: Stores) -> None:
    starts = [MONDAY.astimezone(UTC) + timedelta(days=n) for n in range(4)]
    for factor, start in enumerate(starts, 1):
        stores.corrections.add(Correction("helsinki", start, (float(factor),) * 24, NONE_YET))
    stores.corrections.add(Correction("helsinki", starts[0], (9.0,) * 24, NONE_YET))  # told again: the first stands
    stores.corrections.drop_before("helsinki", starts[1] + timedelta(hours=5))
    known = stores.corrections.since("helsinki", starts[0])
    assert [each.pickup[0] for each in known] == [2.0, 3.0, 4.0]
    assert [each.pickup[0] for each in stores.corrections.since("helsinki", starts[2])] == [3.0, 4.0]
    assert [each.valid_from for each in stores.corrections.of_all()] == [starts[3]]


# -- through the service -----------------------------------------------------------------------------------------------
def ask(analytics: ServiceContainer, method: str, **payload: Any) -> dict[str, Any]:
    with entrypoint_hook(analytics, method) as hook:
        return hook(payload)


def quote_id_at(moment: datetime) -> str:
    """The id of a quote that was made then (RFC 9562, version 7)."""
    return UUID(int=round(1000 * moment.timestamp()) << 80 | 7 << 76 | 2 << 62 | Random(1).getrandbits(60)).hex


def a_slow_ride(now: datetime) -> list[Event]:
    """Twice as long to the rider, and half as long again with him, as was promised."""

    def at(seconds: float) -> str | None:
        return iso(now + timedelta(seconds=seconds))

    trip = a_trip(requested_at=at(0), quote_id=quote_id_at(now), duration_s=200.0, driver_id="d", assigned_at=at(0))
    assigned = {**trip, "driver": {"id": "d", "pickup_eta_s": 100.0}}
    arrived = {**trip, "arrived_at": at(200), "driver": {"id": "d", "pickup_eta_s": None}}
    completed = {**arrived, "started_at": at(300), "completed_at": at(600)}
    told = [("trip_assigned", assigned), ("driver_arrived", arrived), ("trip_completed", completed)]
    return [an_event(type_, trip["id"], {"trip": each}, occurred_at=now) for type_, each in told]


def test_analytics_learns_from_what_it_is_told_and_says_how_promises_were_kept(
    analytics: ServiceContainer, teller: Teller
) -> None:
    now = datetime.now(UTC) - timedelta(seconds=1)
    hour = now.astimezone(HELSINKI).hour
    assert ask(analytics, "eta_corrections") == {"items": {}, "made_at": None}
    teller.tell(*(event for _ in range(25) for event in a_slow_ride(now)))
    asked = {"city": "helsinki", "since": iso(now), "by": ["segment", "hour"]}

    def told() -> dict[str, Any]:
        found = ask(analytics, "eta_errors", **asked)
        assert found["trip"]["trips"] == 25
        return found

    errors = eventually(told, within_s=15)
    [line] = errors["items"]
    assert (line["segment"], line["hour"], errors["left_out"]) == (PICKUP_SEGMENT, hour, 0)
    assert line["pickup"]["mean_error_s"] == errors["pickup"]["p90_abs_error_s"] == 100.0
    assert line["trip"]["uncorrected"]["mean_abs_error_uncorrected_s"] == 100.0
    learnt = ask(analytics, "learn_etas", city="helsinki")["items"]["helsinki"]
    assert learnt["trip"][hour] == pytest.approx(1.45, abs=0.06)
    assert 1.7 < learnt["pickup"][hour] <= 2.0
    assert ask(analytics, "eta_corrections")["items"]["helsinki"] == learnt
    ask(analytics, "forget_etas", city="helsinki")
    assert ask(analytics, "eta_corrections")["items"]["helsinki"]["trip"] == list(NONE_YET)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"by": ["hour"]}, "city"),
        ({"by": ["street"], "city": "helsinki"}, "by"),
        ({"by": ["segment"], "city": "helsinki", "since": "2026-01-01T00:00:00Z"}, "since"),
        ({"by": ["hour"], "city": "helsinki", "limit": 5000}, "limit"),
        ({"until": "yesterday"}, "until"),
    ],
)
def test_wrong_questions_name_the_field(analytics: ServiceContainer, payload: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as told:
        ask(analytics, "eta_errors", **payload)
    assert field in told.value.details


def test_a_city_that_is_not_served_is_refused(analytics: ServiceContainer) -> None:
    for method, more in (("learn_etas", {}), ("forget_etas", {}), ("eta_errors", {"by": ["hour"]})):
        with pytest.raises(Invalid) as told:
            ask(analytics, method, city="atlantis", **more)
        assert [*told.value.details] == ["city"]
