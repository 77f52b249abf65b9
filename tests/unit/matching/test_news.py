"""What events do to the waiting pool."""

from __future__ import annotations

from hansom.contracts.matching import Answer
from hansom.contracts.topology import SUBSCRIPTIONS
from services.matching.domain.news import ON_DRIVER, ON_OFFER, ON_TRIP, effects_of
from services.matching.domain.outcome import MadeOffer, Outcome, RefusedOffer
from services.matching.domain.pool import (
    Close,
    Exclude,
    Habits,
    Hold,
    Idle,
    Leave,
    NotIdle,
    Open,
    OpenOffer,
    Release,
    Said,
    Wait,
)
from services.matching.schemas import read_news
from tests.support.dispatch import a_trip, an_event


def test_every_subscribed_event_has_a_meaning() -> None:
    heard = {f"{publisher}.{each}" for publisher, types in SUBSCRIPTIONS["matching"].items() for each in types}
    assert heard == set(ON_TRIP) | set(ON_OFFER) | set(ON_DRIVER)


def changes_of(type_: str, data: dict[str, object], publisher: str = "trips", **more: object) -> list[object]:
    return list(effects_of([read_news(an_event(type_, "key", data, publisher, **more))]).changes)


AT, AT_MS = "2026-01-01T00:00:00Z", 1767225600000


def test_a_requested_trip_waits() -> None:
    trip = a_trip()
    [wait] = changes_of("trip_requested", {"trip": trip})
    assert isinstance(wait, Wait)
    assert (wait.trip.trip_id, wait.trip.city, wait.trip.returned) == (trip["id"], "helsinki", False)


def test_a_returned_trip_waits_at_the_head_and_without_the_driver_who_gave_it_back() -> None:
    trip = a_trip()
    data = {"trip": trip, "former_driver_id": "d1"}
    *before, wait = changes_of("trip_returned", data, occurred_at=AT)
    out = [Leave(trip["id"], "helsinki"), Exclude(trip["id"], ("d1",))]
    assert before == [*out, Release("d1"), Idle("d1", AT_MS)]
    assert isinstance(wait, Wait)
    assert wait.trip.returned


def test_an_assigned_trip_leaves_and_its_driver_is_held() -> None:
    trip = a_trip(driver_id="d1")
    effects = effects_of([read_news(an_event("trip_assigned", trip["id"], {"trip": trip}, occurred_at=AT))])
    leave, hold, not_idle, said = effects.changes
    assert leave == Leave(trip["id"], "helsinki")
    assert isinstance(hold, Hold)
    assert (not_idle, said) == (NotIdle("d1"), Said("d1", True, AT_MS))
    assert effects.answers[0].answer == Answer.ACCEPTED


def test_a_cancelled_trip_leaves_and_its_driver_may_be_looked_at_again() -> None:
    trip = a_trip()
    leave = Leave(trip["id"], "helsinki")
    had = {"trip": {**trip, "driver_id": "d1"}}
    assert changes_of("trip_cancelled", had, occurred_at=AT) == [leave, Release("d1"), Idle("d1", AT_MS)]
    assert changes_of("trip_cancelled", {"trip": trip}) == changes_of("trip_expired", {"trip": trip}) == [leave]


def test_a_driver_who_completed_a_ride_may_be_looked_at_again() -> None:
    trip = {**a_trip(), "driver_id": "d1"}
    free = [Release("d1"), Idle("d1", AT_MS)]
    assert changes_of("trip_completed", {"trip": trip}, occurred_at=AT) == [Leave(trip["id"], "helsinki"), *free]


def test_a_driver_is_idle_from_when_he_begins_to_work_until_he_stops() -> None:
    begins, stops = ({"driver_id": "d1", "online": online, "categories": ["standard"]} for online in (True, False))
    name = "driver_availability_changed"
    assert changes_of(name, begins, "drivers", occurred_at=AT) == [Idle("d1", AT_MS)]
    assert changes_of(name, stops, "drivers", occurred_at=AT) == [NotIdle("d1")]


def test_a_drivers_share_of_accepted_offers_is_not_believed_after_a_single_answer() -> None:
    assert Habits(took=1, asked=1).accept_rate is None
    assert Habits(took=0, asked=20).accept_rate == 1 / 22
    assert Habits(took=20, asked=20).accept_rate == 21 / 22


def test_an_open_offer_holds_trip_and_driver_until_its_end() -> None:
    data = {"trip_id": "t", "offer_id": "o", "driver_id": "d", "expires_at": "2026-01-01T00:00:15Z", "pickup_eta_s": 90}
    opened, hold = changes_of("offer_made", data, occurred_at=AT)
    assert isinstance(opened, Open)
    assert isinstance(hold, Hold)
    assert opened.offer.until_ms == hold.until_ms > 1767225615000
    assert (opened.offer.made_ms, opened.offer.pickup_eta_s) == (AT_MS, 90.0)


def test_who_lost_his_offer_is_out_for_the_trip_and_only_a_no_or_silence_counts_against_him() -> None:
    data = {"trip_id": "t", "offer_id": "o", "driver_id": "d"}
    over = [Close("t", "o"), Release("d")]
    out = [Exclude("t", ("d",)), *over]
    no = [*out, Said("d", False, AT_MS)]
    assert changes_of("offer_declined", data, occurred_at=AT) == no
    for reason, follows in {"expired": no, "replaced": out, "trip_cancelled": over}.items():
        assert changes_of("offer_withdrawn", {**data, "reason": reason}, occurred_at=AT) == follows


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


def test_a_better_pair_frees_the_driver_who_has_not_seen_his_offer_and_puts_him_out_for_the_trip() -> None:
    former = OpenOffer("t1", "o1", "d1", 9000)
    changes = Outcome((MadeOffer("t1", "d2", "o2", 5000, 40.0),), (), {"t1": former}).changes(1000)
    assert changes[0] == Open(OpenOffer("t1", "o2", "d2", 8000, 1000, 40.0))
    assert changes[1:] == [Hold("d2", 8000), Exclude("t1", ("d1",)), Release("d1")]


def test_an_offer_that_turns_out_to_be_seen_or_answered_leaves_everybody_as_he_is() -> None:
    refused = tuple(RefusedOffer("t", "d", reason) for reason in ("offer_shown", "offer_gone"))
    assert Outcome(refused=refused).changes(1000) == []
