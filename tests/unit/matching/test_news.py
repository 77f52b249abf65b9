"""What events do to the waiting pool."""

from __future__ import annotations

from hansom.contracts.matching import Answer
from hansom.contracts.topology import SUBSCRIPTIONS
from services.matching.domain.news import ON_OFFER, ON_TRIP, effects_of
from services.matching.domain.outcome import MadeOffer, Outcome, RefusedOffer
from services.matching.domain.pool import Close, Exclude, Hold, Leave, Open, Release, Wait
from services.matching.schemas import read_news
from tests.support.dispatch import a_trip, an_event


def test_every_subscribed_event_has_a_meaning() -> None:
    heard = {f"{publisher}.{each}" for publisher, types in SUBSCRIPTIONS["matching"].items() for each in types}
    assert heard == set(ON_TRIP) | set(ON_OFFER)


def changes_of(type_: str, data: dict[str, object]) -> list[object]:
    return list(effects_of([read_news(an_event(type_, "key", data))]).changes)


def test_a_requested_trip_waits() -> None:
    trip = a_trip()
    [wait] = changes_of("trip_requested", {"trip": trip})
    assert isinstance(wait, Wait)
    assert (wait.trip.trip_id, wait.trip.city, wait.trip.returned) == (trip["id"], "helsinki", False)


def test_a_returned_trip_waits_at_the_head_and_without_the_driver_who_gave_it_back() -> None:
    trip = a_trip()
    leave, exclude, release, wait = changes_of("trip_returned", {"trip": trip, "former_driver_id": "d1"})
    assert leave == Leave(trip["id"], "helsinki")
    assert exclude == Exclude(trip["id"], ("d1",))
    assert release == Release("d1")
    assert isinstance(wait, Wait)
    assert wait.trip.returned


def test_an_assigned_trip_leaves_and_its_driver_is_held() -> None:
    trip = a_trip(driver_id="d1")
    effects = effects_of([read_news(an_event("trip_assigned", trip["id"], {"trip": trip}))])
    leave, hold = effects.changes
    assert leave == Leave(trip["id"], "helsinki")
    assert isinstance(hold, Hold)
    assert effects.answers[0].answer == Answer.ACCEPTED


def test_a_cancelled_trip_leaves_and_its_driver_may_be_looked_at_again() -> None:
    trip = a_trip()
    leave = Leave(trip["id"], "helsinki")
    assert changes_of("trip_cancelled", {"trip": {**trip, "driver_id": "d1"}}) == [leave, Release("d1")]
    assert changes_of("trip_cancelled", {"trip": trip}) == changes_of("trip_expired", {"trip": trip}) == [leave]


def test_a_driver_who_completed_a_ride_may_be_looked_at_again() -> None:
    trip = {**a_trip(), "driver_id": "d1"}
    assert changes_of("trip_completed", {"trip": trip}) == [Leave(trip["id"], "helsinki"), Release("d1")]


def test_an_open_offer_holds_trip_and_driver_until_its_end() -> None:
    data = {"trip_id": "t", "offer_id": "o", "driver_id": "d", "expires_at": "2026-01-01T00:00:15Z"}
    opened, hold = changes_of("offer_made", data)
    assert isinstance(opened, Open)
    assert isinstance(hold, Hold)
    assert opened.offer.until_ms == hold.until_ms > 1767225615000


def test_a_no_excludes_the_driver_and_a_withdrawal_does_not() -> None:
    data = {"trip_id": "t", "offer_id": "o", "driver_id": "d"}
    no = [Exclude("t", ("d",)), Close("t", "o"), Release("d")]
    assert changes_of("offer_declined", data) == no
    assert changes_of("offer_withdrawn", {**data, "reason": "expired"}) == no
    assert changes_of("offer_withdrawn", {**data, "reason": "trip_cancelled"}) == no[1:]


def test_a_refused_pair_is_not_proposed_again_at_once() -> None:
    busy = Outcome(refused=(RefusedOffer("t", "d", "driver_not_free"),))
    assert busy.changes(1000) == [Hold("d", 6000)]
    assert not busy.pool_is_stale
    wrong = Outcome(refused=(RefusedOffer("t", "d", "driver_excluded"),))
    assert wrong.changes(1000) == [Exclude("t", ("d",))]


def test_a_trip_that_no_longer_waits_makes_the_pool_stale() -> None:
    outcome = Outcome((MadeOffer("t1", "d1", "o", 5000),), (RefusedOffer("t", "d", "trip_not_waiting"),))
    assert outcome.pool_is_stale
    assert len(outcome.changes(1000)) == 2
