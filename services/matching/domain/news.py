"""What each event of `trips` means for the pool and for the decision records: pure, and safe to hear twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hansom.contracts.matching import Answer
from services.matching.domain.pool import (
    Answered,
    Change,
    Close,
    Exclude,
    Hold,
    Idle,
    Leave,
    NotIdle,
    Open,
    OpenOffer,
    PooledTrip,
    Release,
    Said,
    Wait,
)

TRIP_ENDED = frozenset({"trip_cancelled", "trip_expired"})
"""Why an offer was taken back when nobody needs a driver any more."""

OFFER_SLACK_MS = 3000
"""How long after an offer's end its withdrawal may still be on its way."""

ASSIGNED_HOLD_MS = 10_000
"""How long `location` may take to hear that a driver has a trip."""


@dataclass(frozen=True, slots=True)
class TripNews:
    """Data of a trip event. `former_driver_id`: who gave it back. `at`: when it happened, RFC 3339 and milliseconds."""

    name: str
    trip: PooledTrip
    driver_id: str | None
    former_driver_id: str | None
    at: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class OfferNews:
    """Data of an offer event. `until_ms`: when the offer ends by itself; 0 where that is not said."""

    name: str
    trip_id: str
    offer_id: str
    driver_id: str
    reason: str
    until_ms: int
    at: str
    at_ms: int
    pickup_eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class DriverNews:
    """A driver begins to work, or stops."""

    name: str
    driver_id: str
    online: bool
    at_ms: int


News = TripNews | OfferNews | DriverNews


@dataclass(frozen=True, slots=True)
class Effects:
    """What follows from some news, in their order."""

    changes: tuple[Change, ...] = ()
    answers: tuple[Answered, ...] = ()


def requested(news: TripNews) -> Effects:
    return Effects((Wait(news.trip),))


def returned(news: TripNews) -> Effects:
    """Back at the head of the pool, never again for the driver who gave it back."""
    trip_id, former = news.trip.trip_id, news.former_driver_id
    if former is None:
        return Effects((Leave(trip_id, news.trip.city), Wait(news.trip)))
    gone = Leave(trip_id, news.trip.city)
    free = (Release(former), Idle(former, news.at_ms))
    return Effects((gone, Exclude(trip_id, (former,)), *free, Wait(news.trip)))


def assigned(news: TripNews) -> Effects:
    leave = Leave(news.trip.trip_id, news.trip.city)
    if news.driver_id is None:
        return Effects((leave,))
    answer = Answered(news.trip.trip_id, news.driver_id, None, Answer.ACCEPTED, news.at)
    busy = (Hold(news.driver_id, news.at_ms + ASSIGNED_HOLD_MS), NotIdle(news.driver_id))
    return Effects((leave, *busy, Said(news.driver_id, True, news.at_ms)), (answer,))


def ended(news: TripNews) -> Effects:
    """Nobody waits any more, and the driver is free: after a short ride his hold would keep him idle for nothing."""
    leave = Leave(news.trip.trip_id, news.trip.city)
    if news.driver_id is None:
        return Effects((leave,))
    return Effects((leave, Release(news.driver_id), Idle(news.driver_id, news.at_ms)))


def offer_made(news: OfferNews) -> Effects:
    until_ms = news.until_ms + OFFER_SLACK_MS
    offer = OpenOffer(news.trip_id, news.offer_id, news.driver_id, until_ms, news.at_ms, news.pickup_eta_s)
    made = Answered(news.trip_id, news.driver_id, news.offer_id, None, news.at)
    return Effects((Open(offer), Hold(news.driver_id, until_ms)), (made,))


def offer_declined(news: OfferNews) -> Effects:
    return _offer_over(news, Answer.DECLINED, exclude=True, said_no=True)


def offer_withdrawn(news: OfferNews) -> Effects:
    """Not answered in time counts as a no; taken back for any other reason does not.

    A pair is offered once: who lost his offer is out for this trip, whyever he did, unless the trip is over anyway.
    """
    expired = news.reason == "expired"
    answer = Answer.EXPIRED if expired else Answer.WITHDRAWN
    return _offer_over(news, answer, exclude=news.reason not in TRIP_ENDED, said_no=expired)


def _offer_over(news: OfferNews, answer: Answer, *, exclude: bool, said_no: bool) -> Effects:
    changes: list[Change] = [Close(news.trip_id, news.offer_id), Release(news.driver_id)]
    if exclude:
        changes.insert(0, Exclude(news.trip_id, (news.driver_id,)))
    if said_no:
        changes.append(Said(news.driver_id, False, news.at_ms))
    answered = Answered(news.trip_id, news.driver_id, news.offer_id, answer, news.at, news.reason)
    return Effects(tuple(changes), (answered,))


def availability_changed(news: DriverNews) -> Effects:
    """Idle from the moment that he begins to work; who stops is not idle."""
    return Effects((Idle(news.driver_id, news.at_ms) if news.online else NotIdle(news.driver_id),))


ON_TRIP: dict[str, Callable[[TripNews], Effects]] = {
    "trips.trip_requested": requested,
    "trips.trip_returned": returned,
    "trips.trip_assigned": assigned,
    "trips.trip_completed": ended,
    "trips.trip_cancelled": ended,
    "trips.trip_expired": ended,
}
ON_OFFER: dict[str, Callable[[OfferNews], Effects]] = {
    "trips.offer_made": offer_made,
    "trips.offer_declined": offer_declined,
    "trips.offer_withdrawn": offer_withdrawn,
}
ON_DRIVER: dict[str, Callable[[DriverNews], Effects]] = {
    "drivers.driver_availability_changed": availability_changed,
}


def effects_of(news: list[News]) -> Effects:
    """What all of them change, one after the other. Raises KeyError for news nobody knows."""
    changes: list[Change] = []
    answers: list[Answered] = []
    for each in news:
        effects = _effects(each)
        changes.extend(effects.changes)
        answers.extend(effects.answers)
    return Effects(tuple(changes), tuple(answers))


def _effects(news: News) -> Effects:
    match news:
        case TripNews():
            return ON_TRIP[news.name](news)
        case OfferNews():
            return ON_OFFER[news.name](news)
        case DriverNews():
            return ON_DRIVER[news.name](news)
