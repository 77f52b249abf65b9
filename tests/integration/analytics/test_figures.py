"""Figures by minute and of the city's day: each event once, in its own minute, however late it comes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from pymongo.database import Database

from hansom.contracts.errors import Invalid
from hansom.ids import new_id
from hansom.wire import iso
from services.analytics.domain.facts import Fact, Value
from services.analytics.domain.promises import Terms
from services.analytics.storage.corrections import Corrections
from services.analytics.storage.mongo import HOURS, MINUTES, Facts, Periods
from services.analytics.storage.positions import Positions
from services.analytics.usecases import Place, Stores, note_facts, note_positions, roll_up, see_figures
from services.analytics.usecases.watching import Seen
from tests.support.dispatch import Teller, a_trip, an_event
from tests.support.shapes import shape
from tests.support.waiting import eventually

KEEP = timedelta(days=35)
TERMS = Terms({}, KEEP, timedelta(seconds=15), timedelta(seconds=120))
HELSINKI = Place("helsinki", ZoneInfo("Europe/Helsinki"), "EUR")
NOON = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "contract" / "examples" / "rpc" / "analytics.figures.json"

See = Callable[..., Seen]


@pytest.fixture
def stores(database: Database[dict[str, Any]]) -> Stores:
    return Stores(
        Facts(database, KEEP), Periods(database[MINUTES], KEEP), Periods(database[HOURS], None), Corrections(database)
    )


@pytest.fixture
def taken(database: Database[dict[str, Any]]) -> Positions:
    return Positions(database, KEEP)


def a_fact(name: str, at: datetime, city: str = "helsinki", **values: Value) -> Fact:
    return Fact(new_id(), name, new_id(), at, city, segment="s", values=values)


def tell(stores: Stores, *facts: Fact, now: datetime = NOON) -> None:
    note_facts(list(facts), stores, lambda city, point: None, TERMS, now)
    roll_up(stores, now)


def minutes_ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def test_each_figure_stands_in_its_minute_and_doubled_or_late_events_do_not_count_twice(
    stores: Stores, taken: Positions
) -> None:
    facts = [
        a_fact("trips.trip_requested", minutes_ago(2)),
        a_fact("trips.trip_assigned", minutes_ago(2), wait_ms=4000),
        a_fact("trips.trip_assigned", minutes_ago(2), wait_ms=9000),
        a_fact("trips.trip_completed", minutes_ago(1)),
        a_fact("trips.trip_cancelled", minutes_ago(1), by="ops"),
        a_fact("trips.trip_expired", minutes_ago(1)),
        a_fact("payments.payment_captured", minutes_ago(1), kind="ride", amount_minor=1250, currency="EUR"),
        a_fact("payments.payment_captured", minutes_ago(1), kind="tip", amount_minor=200, currency="EUR"),
        a_fact("payments.payment_captured", minutes_ago(1), kind="ride", amount_minor=999, currency="SEK"),
        a_fact("payments.payout_sent", minutes_ago(1), amount_minor=700, currency="EUR"),
        a_fact("trips.trip_requested", minutes_ago(2), city="turku"),
    ]
    tell(stores, *facts[:3], facts[0])
    tell(stores, *facts[3:])
    tell(stores, *facts)
    late = a_fact("trips.trip_requested", minutes_ago(2) + timedelta(seconds=1))
    tell(stores, late)
    seen = see_figures(HELSINKI, 3, stores, taken, NOON)
    assert [iso(start) for start in seen.starts] == [
        "2026-03-02T11:58:00.000Z", "2026-03-02T11:59:00.000Z", "2026-03-02T12:00:00.000Z",
    ]  # fmt: skip
    assert seen.lines == {
        "requests": [2, 0, 0],
        "assigned": [2, 0, 0],
        "completed": [0, 1, 0],
        "cancelled": [0, 1, 0],
        "unserved": [0, 1, 0],
        "wait_p50_s": [4.0, None, None],
        "wait_p90_s": [9.0, None, None],
        "positions_per_s": [None, None, None],
        "charged_minor": [0, 1250, 0],
    }
    assert seen.today == {
        "requests": 2, "assigned": 2, "completed": 1, "cancelled": 1, "unserved": 1, "wait_p50_s": 4.0,
        "wait_p90_s": 9.0, "charged_minor": 1250, "paid_out_minor": 700, "currency": "EUR",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("Europe/Helsinki", datetime(2026, 3, 1, 22, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 3, 1, 18, 15, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 3, 1, 18, 30, tzinfo=UTC)),
        ("UTC", datetime(2026, 3, 2, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_the_city_s_own_midnight(
    stores: Stores, taken: Positions, zone: str, midnight: datetime
) -> None:
    minute = timedelta(minutes=1)
    moments = [midnight - minute, midnight, midnight + minute, midnight + timedelta(hours=1), minutes_ago(0)]
    tell(stores, *(a_fact("trips.trip_requested", moment) for moment in moments))
    seen = see_figures(Place("helsinki", ZoneInfo(zone), "EUR"), 1, stores, taken, NOON)
    assert seen.since == midnight
    assert seen.today["requests"] == 4


def test_positions_are_a_rate_and_counts_told_again_or_late_change_nothing(stores: Stores, taken: Positions) -> None:
    minute, before, long_ago = (minutes_ago(n).replace(second=0) for n in (0, 1, 8))
    newest = {("helsinki", minute): 45, ("helsinki", before): 120, ("helsinki", long_ago): 60, ("turku", minute): 7}
    older = {("helsinki", before): 100}
    note_positions(["helsinki"], newest, NOON, taken)
    for _ in range(2):
        note_positions(["helsinki"], older, minute - timedelta(seconds=10), taken)
    rates = see_figures(HELSINKI, 10, stores, taken, NOON).lines["positions_per_s"]
    assert rates == [None, 1.0, None, None, 0.0, 0.0, 0.0, 0.0, 2.0, 1.5], "unknown is not none"


def test_a_minute_that_has_hardly_begun_has_no_rate_yet(stores: Stores, taken: Positions) -> None:
    now = NOON.replace(second=3)
    note_positions(["helsinki"], {("helsinki", now.replace(second=0)): 30}, now, taken)
    assert see_figures(HELSINKI, 1, stores, taken, now).lines["positions_per_s"] == [None]


def ask(analytics: ServiceContainer, **payload: Any) -> dict[str, Any]:
    with entrypoint_hook(analytics, "figures") as hook:
        return hook(payload)


def test_the_service_tells_the_figures_and_finds_them_again_when_it_comes_back(
    analytics: ServiceContainer,
    settings: dict[str, Any],
    teller: Teller,
    counted: list[list[Any]],
) -> None:
    now = datetime.now(UTC)
    minute_before = now.replace(second=0, microsecond=0) - timedelta(minutes=1)
    counted.append(["helsinki", iso(minute_before), 600])
    trip, old = a_trip(requested_at=iso(now)), a_trip()
    assigned = {**trip, "driver_id": "d", "assigned_at": iso(now + timedelta(seconds=12)), "driver": {"id": "d"}}
    amount = {"amount_minor": 900, "currency": "EUR"}
    payout = {"payout_id": new_id(), "driver_id": "d", "amount": amount, "until_day": "2026-03-01", "rides": 1}
    events = [
        an_event("trip_requested", trip["id"], {"trip": trip}),
        an_event("trip_requested", old["id"], {"trip": old}, occurred_at=now - timedelta(minutes=3)),
        an_event("trip_assigned", trip["id"], {"trip": assigned}),
        an_event("payout_sent", "d", {**payout, "city": "helsinki"}, publisher="payments"),
        an_event("payout_sent", "d", payout, publisher="payments"),  # of a version that did not say where
    ]
    for _ in range(3):
        teller.tell(*events)

    def told() -> dict[str, Any]:
        reply = ask(analytics, city="helsinki", minutes=10)
        series = reply["series"]
        assert (sum(series["requests"]), sum(series["assigned"]), 10.0 in series["positions_per_s"]) == (2, 1, True)
        assert reply["today"]["paid_out_minor"] == 900
        return reply

    reply = eventually(told, within_s=20)
    assert len(reply["at"]) == 10
    assert all(len(line) == 10 for line in reply["series"].values())
    assert [wait for wait in reply["series"]["wait_p50_s"] if wait is not None] == [12.0]
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))["reply"]
    assert reply.keys() == example.keys()
    assert reply["series"].keys() == example["series"].keys()
    assert shape(reply["today"]) == shape(example["today"])
    analytics.kill()
    again = ServiceContainer(type(analytics.service_cls.__name__, (analytics.service_cls,), {}), settings)
    again.start()
    try:
        assert sum(ask(again, city="helsinki", minutes=10)["series"]["requests"]) == 2
    finally:
        again.kill()


@pytest.mark.parametrize(
    ("payload", "field"),
    [({}, "city"), ({"city": "atlantis"}, "city"), ({"city": "helsinki", "minutes": 1441}, "minutes")],
)
def test_a_wrong_question_is_told_its_field(analytics: ServiceContainer, payload: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(analytics, **payload)
    assert field in refused.value.details
