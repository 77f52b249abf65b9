"""Trips held against charges, both ways, without a database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hansom.contracts.payments import AuditCause
from services.payments.auditing import promo_use, trip_money
from services.payments.domain.clearing import LOOKED_BACK, Movement
from services.payments.domain.proof import SLACK, ChargeMoney, Comparison, PromoUse, TripMoney
from services.payments.usecases import auditing
from services.payments.usecases.auditing import compare_provider, last_due, run_audit
from services.payments.usecases.ports import ProviderRecord

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
HELSINKI = ZoneInfo("Europe/Helsinki")


def a_trip(trip_id: str = "trip-1", **changes: Any) -> TripMoney:
    """A settled trip of 10.10."""
    known: dict[str, Any] = {
        "trip_id": trip_id,
        "rider_id": "rider-1",
        "driver_id": "driver-1",
        "currency": "EUR",
        "fare_minor": 1010,
        "discount_minor": 0,
        "settled_at": NOON,
        "cancelled_at": None,
        "fee": None,
        "promo_code": None,
    }
    return TripMoney(**{**known, **changes})


def a_charge(trip_id: str = "trip-1", **changes: Any) -> ChargeMoney:
    known: dict[str, Any] = {
        "trip_id": trip_id,
        "kind": "ride",
        "rider_id": "rider-1",
        "driver_id": "driver-1",
        "currency": "EUR",
        "fare_minor": 1010,
        "discount_minor": 0,
        "created_at": NOON,
    }
    return ChargeMoney(**{**known, **changes})


CANCELLED = {"settled_at": None, "cancelled_at": NOON, "fee": ("cancellation", 400)}
FEE = {"kind": "cancellation", "fare_minor": 400}


def broken(trips: Sequence[TripMoney], charges: Sequence[ChargeMoney]) -> list[str]:
    comparison = Comparison(LATER)
    comparison.compare(trips, charges)
    return [breach for tally in comparison.tallies for breach in tally.breaches]


@pytest.mark.parametrize(
    ("trips", "charges"),
    [
        ([a_trip()], [a_charge()]),
        ([a_trip()], [a_charge(), a_charge(kind="tip", fare_minor=200)]),
        ([a_trip(**CANCELLED)], [a_charge(**FEE)]),
        ([a_trip(settled_at=None)], []),
        ([a_trip(settled_at=LATER)], []),  # its event is on its way
        ([], [a_charge(created_at=LATER)]),
    ],
)
def test_what_agrees_is_no_breach(trips: list[TripMoney], charges: list[ChargeMoney]) -> None:
    assert broken(trips, charges) == []


@pytest.mark.parametrize(
    ("trips", "charges", "says"),
    [
        ([a_trip()], [], "trip trip-1: 0 charges of kind ride"),
        ([a_trip()], [a_charge(), a_charge()], "trip trip-1: 2 charges of kind ride"),
        ([a_trip()], [a_charge(fare_minor=1011)], "due"),
        ([a_trip(discount_minor=100)], [a_charge()], "due"),
        ([a_trip()], [a_charge(driver_id="driver-2")], "due"),
        ([a_trip()], [a_charge(currency="SEK")], "due"),
        ([], [a_charge()], "there is no such trip"),
        ([a_trip(settled_at=None)], [a_charge()], "nothing of it is due"),
        ([a_trip(**CANCELLED)], [], "0 charges of kind cancellation"),
        ([a_trip(**CANCELLED)], [a_charge(**{**FEE, "fare_minor": 401})], "due"),
        ([a_trip(), a_trip("trip-2")], [a_charge(), a_charge("trip-2"), a_charge("trip-2", kind="no_show")], "trip-2"),
    ],
)
def test_what_differs_is_found(trips: list[TripMoney], charges: list[ChargeMoney], says: str) -> None:
    found = broken(trips, charges)
    assert len(found) == 1 and says in found[0]


class World:
    """Everybody who is asked: trips and charges in two lists."""

    def __init__(self, trips: Sequence[TripMoney], charges: Sequence[ChargeMoney]) -> None:
        self.trips, self.charges = sorted(trips, key=lambda trip: trip.trip_id), charges
        self.listed: list[ProviderRecord] | None = None
        self.moved: list[Movement] = []

    def own_checks(self) -> list[Any]:
        return [{"name": "sums", "checked": 3, "broken": 0, "breaches": []}]

    def checks_of_others(self) -> Mapping[str, Sequence[Any]]:
        return {"trips": [{"name": "history_is_legal", "checked": 2, "breaches": ["trip-9: wrong"]}]}

    def promo_uses(self) -> Mapping[str, PromoUse]:
        return {}

    def providers_list(self, moment: datetime) -> list[ProviderRecord] | None:
        return None if self.listed is None else [each for each in self.listed if each.at >= moment]

    def movements(self, moment: datetime, keys: Collection[str]) -> tuple[list[Movement], dict[str, Movement]]:
        recent = [each for each in self.moved if each.at >= moment]
        return recent, {each.key: each for each in self.moved if each.key in keys}

    def trips_after(self, trip_id: str, limit: int) -> list[TripMoney]:
        return [trip for trip in self.trips if trip.trip_id > trip_id][:limit]

    def charges_between(self, after: str, until: str | None) -> list[ChargeMoney]:
        return [each for each in self.charges if each.trip_id > after and (until is None or each.trip_id <= until)]


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_an_audit_holds_every_page_of_trips_against_its_charges(monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(auditing, "PAGE", page)
    ids = [f"trip-{number}" for number in range(6)]
    world = World([a_trip(id_) for id_ in ids[1:]], [a_charge(id_) for id_ in ids[:-1]])
    audit = run_audit(world, AuditCause.NIGHTLY, lambda: NOON + 2 * SLACK, lambda: "audit-1")
    found = {check["name"]: (check["service"], check["checked"], check["broken"]) for check in audit.checks}
    assert found == {
        "sums": ("payments", 3, 0),
        "history_is_legal": ("trips", 2, 1),
        "every settled trip has one charge of its fare and discount": ("payments", 5, 1),
        "every cancellation that costs has one charge of its fee": ("payments", 0, 0),
        "every charge is of a trip that was driven, or costs a fee": ("payments", 5, 1),
        "every discount is a promo code used, and every such code one": ("payments", 0, 0),
    }
    assert (audit.checked, audit.broken) == (15, 3)


USED = PromoUse("WELCOME", "rider-1", 100, NOON)
DISCOUNTED = {"promo_code": "WELCOME", "discount_minor": 100}


@pytest.mark.parametrize(
    ("trips", "uses", "found"),
    [
        ([a_trip(**DISCOUNTED)], {"trip-1": USED}, 0),
        ([], {"trip-1": PromoUse("WELCOME", "rider-1", 100, LATER)}, 0),  # the trip is on its way
        ([a_trip(**DISCOUNTED)], {}, 1),
        ([a_trip()], {"trip-1": USED}, 1),
        ([], {"trip-1": USED}, 1),
        ([a_trip(**{**DISCOUNTED, "discount_minor": 99})], {"trip-1": USED}, 1),
        ([a_trip(**DISCOUNTED, rider_id="rider-2")], {"trip-1": USED}, 1),
        ([a_trip(**{**DISCOUNTED, "promo_code": "OTHER"})], {"trip-1": USED}, 1),
    ],
)
def test_discounts_and_used_codes_are_held_against_each_other(
    trips: list[TripMoney], uses: dict[str, PromoUse], found: int
) -> None:
    comparison = Comparison(LATER, uses)
    comparison.compare(trips, [])
    comparison.end()
    assert (comparison.promos.broken, comparison.promos.checked >= found) == (found, True)


def moved(key: str = "c1", **changes: Any) -> Movement:
    return Movement(**{"kind": "charge", "key": key, "amount_minor": 1010, "currency": "EUR", "at": NOON, **changes})


def listed(key: str = "c1", **changes: Any) -> ProviderRecord:
    known = {"kind": "charge", "key": key, "state": "captured", "amount_minor": 1010, "currency": "EUR", "at": NOON}
    return ProviderRecord(**{**known, "reference": "ch_1", **changes})


WEEK_AGO = LATER - LOOKED_BACK


@pytest.mark.parametrize(
    ("theirs", "ours", "breaches"),
    [
        ([listed()], [moved()], 0),
        ([listed(state="failed"), listed("p1", kind="payout", state="returned")], [moved("p1", kind="payout")], 0),
        ([listed(at=WEEK_AGO - timedelta(hours=2))], [moved(at=WEEK_AGO - timedelta(hours=1))], 0),  # held before
        ([listed(at=LATER)], [], 0),  # too young
        ([], [moved(at=LATER)], 0),
        ([], [moved(at=WEEK_AGO - timedelta(hours=1))], 0),  # before what is looked at
        ([listed()], [], 1),  # only the provider knows it
        ([], [moved()], 1),  # only we do
        ([listed(state="pending")], [moved()], 1),
        ([listed()], [moved(amount_minor=1011)], 1),
        ([listed()], [moved(currency="SEK")], 1),
        ([listed(kind="refund", state="done")], [moved()], 1),
        ([listed(), listed("c2")], [moved(), moved("c3")], 2),
    ],
)
def test_the_providers_own_list_is_held_against_what_moved_here(
    theirs: list[ProviderRecord], ours: list[Movement], breaches: int
) -> None:
    world = World([], [])
    world.listed, world.moved = theirs, ours
    tally = compare_provider(world, LATER)
    assert tally is not None and tally.broken == breaches, tally
    assert tally.checked >= breaches


def test_a_code_that_was_given_back_is_no_use_of_it() -> None:
    use = {"code": "WELCOME", "rider_id": "rider-1", "discount": {"amount_minor": 100, "currency": "EUR"}}
    assert promo_use({**use, "state": "used", "resolved_at": "2026-03-02T12:00:00.000Z"}) == USED
    assert promo_use({**use, "state": "given_back", "resolved_at": "2026-03-02T12:00:00.000Z"}) is None
    assert promo_use({**use, "state": "reserved", "resolved_at": None}) is None


def test_a_trip_is_read_from_the_wire() -> None:
    eur = {"currency": "EUR"}
    fee = {"kind": "no_show", "amount": {"amount_minor": 600, **eur}}
    wire = {
        "trip_id": "trip-1",
        "rider_id": "rider-1",
        "driver_id": "driver-1",
        "fare": {"amount_minor": 1010, **eur},
        "discount": {"amount_minor": 0, **eur},
        "promo_code": None,
        "settled_at": None,
        "cancelled_at": "2026-03-02T12:00:00.000Z",
        "fee": fee,
    }
    assert trip_money(wire) == a_trip(settled_at=None, cancelled_at=NOON, fee=("no_show", 600))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 3, 2, 3, tzinfo=HELSINKI), datetime(2026, 3, 1, 4, tzinfo=HELSINKI)),
        (datetime(2026, 3, 2, 4, tzinfo=HELSINKI), datetime(2026, 3, 2, 4, tzinfo=HELSINKI)),
        (datetime(2026, 3, 29, 23, tzinfo=HELSINKI), datetime(2026, 3, 29, 4, tzinfo=HELSINKI)),  # clocks go forward
        (datetime(2026, 10, 25, 2, tzinfo=HELSINKI), datetime(2026, 10, 24, 4, tzinfo=HELSINKI)),  # and back
    ],
)
def test_an_audit_is_due_each_night_by_the_citys_clock(now: datetime, due: datetime) -> None:
    assert last_due(now.astimezone(UTC), 4, HELSINKI) == due
