"""Events become figures, each once, however often they come and whoever dies on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from pymongo.database import Database

from hansom.contracts.errors import Invalid
from hansom.events import Event
from hansom.ids import new_id
from hansom.wire import iso
from services.analytics.domain.facts import Fact
from services.analytics.domain.promises import Terms
from services.analytics.storage.corrections import Corrections
from services.analytics.storage.mongo import FACTS, HOURS, MINUTES, Facts, Periods, ensure_indexes
from services.analytics.usecases import Stores, note_facts, roll_up
from tests.support.dispatch import PICKUP_SEGMENT, Teller, World, a_trip, an_event
from tests.support.waiting import eventually

KEEP = timedelta(days=35)
TERMS = Terms({}, KEEP, timedelta(seconds=15), timedelta(seconds=120))


def ask(analytics: ServiceContainer, method: str, **payload: Any) -> dict[str, Any]:
    with entrypoint_hook(analytics, method) as hook:
        return hook(payload)


def a_ride(**changes: Any) -> list[Event]:
    """The events of a whole ride that was declined once, waited 10 s for, came 30 s late and was paid."""
    now = datetime.now(UTC)

    def at(seconds: float) -> str | None:
        return iso(now + timedelta(seconds=seconds))

    trip = a_trip(requested_at=at(0), **changes)
    key = trip["id"]
    assigned = {**trip, "driver_id": "d", "assigned_at": at(10), "driver": {"id": "d", "pickup_eta_s": 120.0}}
    arrived = {**assigned, "arrived_at": at(160), "driver": {"id": "d", "pickup_eta_s": None}}
    completed = {**arrived, "started_at": at(200), "completed_at": at(500)}
    payment = {"trip_id": key, "rider_id": "r", "driver_id": "d", "amount": trip["fare"], "method": "card_ok"}
    return [
        an_event("trip_requested", key, {"trip": trip}),
        an_event("offer_declined", key, {"trip_id": key, "driver_id": "no", "offer_id": new_id()}),
        an_event("trip_assigned", key, {"trip": assigned}),
        an_event("driver_arrived", key, {"trip": arrived}),
        an_event("trip_started", key, {"trip": {**arrived, "started_at": at(200)}}),
        an_event("trip_completed", key, {"trip": completed}),
        an_event("trip_settled", key, {"trip": {**completed, "distance_m": 1700.0}}),
        an_event("payment_captured", key, {**payment, "receipt_id": "x"}, publisher="payments"),
    ]


def an_unmet_request() -> list[Event]:
    trip = a_trip()
    return [
        an_event("trip_requested", trip["id"], {"trip": trip}),
        an_event("trip_expired", trip["id"], {"trip": {**trip, "state": "expired"}}),
    ]


def test_a_ride_and_an_unmet_request_are_counted_where_they_happened(
    analytics: ServiceContainer, teller: Teller
) -> None:
    teller.tell(*a_ride(), *an_unmet_request())

    def told() -> dict[str, Any]:
        figures = ask(analytics, "key_figures", city="helsinki")
        assert figures["payments_captured"] == figures["unmet"] == 1
        return figures

    figures = eventually(told)
    counted = {name: figures[name] for name in ("requests", "assigned", "completed", "settled", "declined")}
    assert counted == {"requests": 2, "assigned": 1, "completed": 1, "settled": 1, "declined": 1}
    assert figures["mean_wait_s"] == 10.0
    assert figures["completion_share"] == 0.5
    assert figures["driven_m"] == 1700
    assert figures["captured"] == [{"amount_minor": 1250, "currency": "EUR"}]
    [line] = ask(analytics, "demand", city="helsinki")["items"]
    assert (line["segment"], line["requests"], line["unmet"], line["declined"]) == (PICKUP_SEGMENT, 2, 1, 1)
    errors = ask(analytics, "eta_errors")
    assert errors["pickup"]["mean_error_s"] == 30.0
    assert errors["trip"]["mean_error_s"] == 60.0


def test_events_delivered_three_times_count_once(analytics: ServiceContainer, teller: Teller) -> None:
    events = [event for _ in range(20) for event in a_ride()]
    for _ in range(3):
        teller.tell(*events)
    last = a_ride()
    teller.tell(*last)

    def told() -> dict[str, Any]:
        figures = ask(analytics, "key_figures")
        assert figures["payments_captured"] >= 21
        return figures

    figures = eventually(told, within_s=15)
    assert (figures["requests"], figures["completed"], figures["declined"]) == (21, 21, 21)
    assert figures["captured"] == [{"amount_minor": 21 * 1250, "currency": "EUR"}]


def test_figures_by_hour_are_those_of_the_hour(analytics: ServiceContainer, teller: Teller) -> None:
    now = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
    for hours_ago, many in ((2, 3), (1, 5)):
        for _ in range(many):
            trip = a_trip()
            at = now - timedelta(hours=hours_ago)
            teller.tell(an_event("trip_requested", trip["id"], {"trip": trip}, occurred_at=at))
    period = {"since": iso(now - timedelta(hours=4)), "until": iso(now)}

    def told() -> list[int]:
        items = ask(analytics, "demand_by_hour", city="helsinki", **period)["items"]
        assert [line["requests"] for line in items] == [3, 5]
        return items

    eventually(told)


def test_maps_being_down_delays_and_loses_nothing(analytics: ServiceContainer, world: World, teller: Teller) -> None:
    world.down.add("maps")
    teller.tell(*an_unmet_request())
    eventually(lambda: len(world.calls) >= 2, why="it did not try again")
    world.down.clear()
    eventually(lambda: ask(analytics, "key_figures")["unmet"] == 1)


def test_wrong_requests_name_the_field(analytics: ServiceContainer) -> None:
    with pytest.raises(Invalid) as told:
        ask(analytics, "demand", city="helsinki", minutes=0)
    assert "minutes" in told.value.details


# -- dying in the middle: the storage and the use cases by themselves --------------------------------------------------
@pytest.fixture
def stores(database: Database[dict[str, Any]]) -> Stores:
    return Stores(
        Facts(database, KEEP), Periods(database[MINUTES], KEEP), Periods(database[HOURS], None), Corrections(database)
    )


def facts(many: int) -> list[Fact]:
    at = datetime.now(UTC)
    return [Fact(new_id(), "trips.trip_requested", new_id(), at, "helsinki", segment="s") for _ in range(many)]


def requests(stores: Stores) -> int:
    now = datetime.now(UTC)
    roll_up(stores, now)
    return stores.hours.total("helsinki", now - timedelta(hours=2))["requests"]


def test_dying_between_facts_and_their_period_counts_them_when_told_again(stores: Stores) -> None:
    known = facts(3)
    stores.facts.add(known)
    note_facts(known, stores, lambda city, point: None, TERMS, datetime.now(UTC))
    assert requests(stores) == 3


def test_dying_while_making_figures_leaves_the_period_dirty(stores: Stores) -> None:
    known, now = facts(2), datetime.now(UTC)
    note_facts(known, stores, lambda city, point: None, TERMS, now)
    assert stores.minutes.claim(now) is not None
    assert stores.minutes.claim(now) is None
    later = now + timedelta(seconds=20)
    roll_up(stores, later)
    assert stores.hours.total("helsinki", now - timedelta(hours=2))["requests"] == 2


def test_figures_made_late_do_not_take_the_place_of_newer_ones(stores: Stores) -> None:
    first, now = facts(1), datetime.now(UTC)
    note_facts(first, stores, lambda city, point: None, TERMS, now)
    slow = stores.minutes.claim(now)
    assert slow is not None
    more = [Fact(new_id(), "trips.trip_requested", "t", first[0].at, "helsinki", segment="s")]
    note_facts(more, stores, lambda city, point: None, TERMS, now)
    later = now + timedelta(seconds=20)
    roll_up(stores, later)
    stores.minutes.write(slow, {"s": {"requests": 1}}, {"requests": 1})
    stores.hours.touch([("helsinki", first[0].minute.replace(minute=0))])
    stores.minutes.finish(slow)
    roll_up(stores, later)
    assert stores.hours.total("helsinki", now - timedelta(hours=2))["requests"] == 2


def test_something_added_while_figures_are_made_is_not_forgotten(stores: Stores) -> None:
    first, now = facts(1), datetime.now(UTC)
    note_facts(first, stores, lambda city, point: None, TERMS, now)
    claimed = stores.minutes.claim(now)
    assert claimed is not None
    more = [Fact(new_id(), "trips.trip_requested", "t", first[0].at, "helsinki", segment="s")]
    note_facts(more, stores, lambda city, point: None, TERMS, now)
    stores.minutes.write(claimed, {"s": {"requests": 1}}, {"requests": 1})
    stores.minutes.finish(claimed)
    assert requests(stores) == 2


def test_events_after_their_figures_were_closed_change_nothing(stores: Stores) -> None:
    [fact] = facts(1)
    noted = note_facts([fact], stores, lambda city, point: None, TERMS, fact.at + KEEP)
    assert (noted.kept, noted.too_late) == (0, 1)
    assert requests(stores) == 0


def test_indexes_are_made_once(database: Database[dict[str, Any]]) -> None:
    ensure_indexes(database)
    names = {index["name"] for index in database[FACTS].list_indexes()}
    assert names == {"_id_", "by_trip", "by_minute", "expires"}
