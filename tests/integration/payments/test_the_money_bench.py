"""What `./hansom bench money` rests on: copied books are clean, and each planted error is found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bench.paying import planted, rides
from bench.paying.books import breaches
from bench.paying.grow import grow
from services.payments import schemas
from services.payments.usecases.holding import authorize_ride
from tests.integration.payments.test_holds import a_request
from tests.support.money import MoneyDesk, a_ride

SEED = 1


@pytest.fixture
def busy(money: MoneyDesk) -> MoneyDesk:
    """Rides of all kinds that were paid out, one given back in part, one with a hold, and one that nobody has paid."""
    money.now = datetime.now(UTC)
    stories = rides.some_stories(SEED, 40, 5, "test", plain=True)
    rules = money.desk.rules
    money.charge(*(schemas.settled_ride(story.told()[1], story.trip_id, rules) for story in stories))
    authorize_ride(money.desk, a_request(trip_id="held", rider_id="rider-1"))
    money.charge(a_ride(900, trip_id="held"), a_ride(800, trip_id="given-back"))
    money.refund("given-back", 300)
    money.pay_out(days=2)
    money.charge(a_ride(700, trip_id="unpaid", method="card_declined"))
    return money


def test_copied_books_are_as_clean_as_those_they_were_copied_from(busy: MoneyDesk) -> None:
    assert busy.breaches() == {}
    before = busy.one("SELECT count(*) FROM ledger_entries")
    grow(busy.engine, 4, lambda _: None)
    assert busy.one("SELECT count(*) FROM ledger_entries") == 4 * before
    assert busy.breaches() == {}


def test_each_of_twenty_planted_errors_is_found_and_nothing_of_it_stays(busy: MoneyDesk) -> None:
    found = list(planted.plant_all(busy.engine))
    assert len(found) >= 20
    assert [each.name for each in found if not each.rows] == []
    assert [each.name for each in found if not each.broken] == []
    assert breaches(busy.engine) == {}


def test_a_seed_makes_the_same_trips_again_and_tells_each_at_least_once() -> None:
    stories = rides.some_stories(SEED, 300, 10, "test")
    again = rides.some_stories(SEED, 300, 10, "test")
    assert [story.trip_id for story in stories] == [story.trip_id for story in again]
    told = rides.order_of_telling(stories, rides.Random(SEED))
    assert {story.trip_id for story in told} == {story.trip_id for story in stories}
    assert len(told) > len(stories) and told[: len(stories)] != stories
