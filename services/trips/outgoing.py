"""Where the use cases meet plumbing: a transaction with its outbox, and the services that are asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

import eventlet
from sqlalchemy.orm import Session

from hansom.contracts.errors import HansomError, Unavailable
from hansom.contracts.trips import Role
from hansom.store import Transactions
from hansom.values import Money, Point
from hansom.wire import iso, parse_time
from services.trips.domain.approach import Listening, Sighting
from services.trips.domain.cancelling import Whereabouts
from services.trips.domain.destination import WaySoFar, so_far
from services.trips.domain.settlement import Driven, FinalFare, ride_duration_s, waited_s
from services.trips.domain.trip import Trip, cancelled, shows_live_position, to_the_millisecond
from services.trips.schemas import trip_reply
from services.trips.storage.trips import TripRows
from services.trips.usecases.ports import Happening, OfferEvent, TripEvent, Unit

log = logging.getLogger(__name__)

POSITION_DEADLINE_S = 0.5
"""A trip is shown without its car's position rather than late."""

HEARD_DEADLINE_S = 3.0

SEEN_DEADLINE_S = 2.0

TRACE_DEADLINE_S = 25
"""Matching a long ride to the roads takes a while."""

SETTLED_AT_ONCE = 8
"""Fares settled at the same time: mostly waiting for location and pricing."""


class Now(Protocol):
    def now(self) -> datetime: ...


class EventWriter(Protocol):
    """See `hansom.events.OutboxWriter`."""

    def add_many(self, session: Session, events: Iterable[tuple[str, str, dict[str, Any]]]) -> list[str]: ...


def event_of(happening: Happening, now: datetime) -> tuple[str, str, dict[str, Any]]:
    """Type, key and data of the event that tells of a happening: see contracts."""
    if isinstance(happening, TripEvent):
        trip = happening.trip
        return happening.type, trip.id, {"trip": trip_reply(trip, now, with_pin=True), **happening.more}
    return happening.type, happening.offer.trip_id, _offer_data(happening)


def _offer_data(happening: OfferEvent) -> dict[str, Any]:
    offer, trip = happening.offer, happening.trip
    data: dict[str, Any] = {"offer_id": offer.id, "driver_id": offer.driver_id, "trip_id": offer.trip_id}
    if happening.reason is not None:
        data["reason"] = happening.reason
    if trip is not None:
        data |= {
            "pickup": trip.pickup.as_dict(),
            "dropoff": trip.dropoff.as_dict(),
            "pickup_eta_s": offer.pickup_eta_s,
            "fare": trip.fare.as_dict(),
            "expires_at": iso(offer.expires_at),
        }
    return data


class UnitsOfWork:
    """Opens transactions: `with units() as unit:`, or `with units.with_session() as (unit, session):`."""

    def __init__(self, store: Transactions, outbox: EventWriter, clock: Now) -> None:
        self._store, self._outbox, self._clock = store, outbox, clock

    @contextmanager
    def with_session(self) -> Iterator[tuple[Unit, Session]]:
        with self._store.begin() as session:

            def tell(happenings: Sequence[Happening]) -> None:
                self._outbox.add_many(session, [event_of(each, unit.now) for each in happenings])

            unit = Unit(TripRows(session), tell, lambda: to_the_millisecond(self._clock.now()))
            yield unit, session

    @contextmanager
    def __call__(self) -> Iterator[Unit]:
        with self.with_session() as (unit, _):
            yield unit


class RoadsAndPrices:
    """What was driven, asked of location, and what it costs, asked of pricing."""

    def __init__(self, location: Any, pricing: Any) -> None:
        self._location, self._pricing = location, pricing

    def survey(self, trip: Trip) -> Driven:
        """Raises HansomError, and TraceUnfinished while the last positions are on their way."""
        span = {"from": iso(trip.started_at), "until": iso(trip.finished_at)}
        asked = {"trip_id": trip.id, "driver_id": trip.driver_id, **span}
        found = self._location.finish_trace(asked, deadline_s=TRACE_DEADLINE_S)
        ended_at = way_so_far(self._location, trip).point if trip.ended_early else None
        return Driven(found["distance_m"], found["credible"], ended_at)

    def final_fare(self, trip: Trip, driven: Driven) -> FinalFare:
        """Raises HansomError."""
        asked = {
            "quote_id": trip.quote_id,
            "category": trip.category,
            "distance_m": driven.distance_m,
            "duration_s": ride_duration_s(trip),
            "credible": driven.credible,
            "waited_s": waited_s(trip),
            "ended_early": trip.ended_early,
            "ended_at": driven.ended_at and driven.ended_at.as_dict(),
            "destination_changed": trip.destination_changes > 0,
        }
        found = self._pricing.final_fare(asked)
        discount = Money(**found["discount"]) if found.get("discount") else None
        return FinalFare(Money(**found["fare"]), found["reason"], found["breakdown"], found.get("tax"), discount)

    def fare_so_far(self, trip: Trip, now: datetime) -> Money:
        """What a rider would pay who ended his ride now, by the positions as they came in; the fare as agreed while
        nobody can say."""
        try:
            way = way_so_far(self._location, trip)
            driven = Driven(way.driven_m, way.driven_m is not None, way.point)
            fare = self.final_fare(cancelled(trip, Role.RIDER, None, now, settle_after=now), driven)
        except HansomError as exc:
            log.info("what cancelling costs is guessed", extra={"trip_id": trip.id, "error": exc.code})
            return trip.to_pay
        return fare.fare + -(fare.discount or Money(0, fare.fare.currency))


def in_parallel(work: Callable[[Trip], bool], trips: Iterable[Trip]) -> list[bool]:
    """`work` on each trip, several at a time. Raises what the first failing one raised, once all have ended."""
    return list(eventlet.GreenPool(SETTLED_AT_ONCE).imap(work, trips))


def last_heard(location: Any, driver_ids: Sequence[str]) -> tuple[dict[str, Sighting], Listening | None]:
    """What was heard of drivers, and for how long anybody's sign of life would have been. Raises HansomError."""
    reply = location.last_heard({"driver_ids": list(driver_ids)}, deadline_s=HEARD_DEADLINE_S)
    seen = {
        driver_id: Sighting(parse_time(found["at"]), Point(**found["point"]) if found["point"] else None)
        for driver_id, found in reply["items"].items()
    }
    since, until = parse_time(reply["listening_since"]), parse_time(reply["listening_until"])
    return seen, Listening(since, until) if since is not None and until is not None else None


def live_position(location: Any, trip: Trip) -> dict[str, Any] | None:
    """Where the trip's car is: `{lat, lng, bearing_deg, at}`; None when it has none or nobody can say in time."""
    if trip.driver_id is None or not shows_live_position(trip):
        return None
    try:
        reply = location.get_positions({"driver_ids": [trip.driver_id]}, deadline_s=POSITION_DEADLINE_S)
    except Unavailable as exc:
        log.info("a trip is shown without its car's position", extra={"trip_id": trip.id, "error": exc.code})
        return None
    found = reply["items"].get(trip.driver_id)
    return found and {**found["point"], "bearing_deg": found.get("bearing_deg"), "at": found.get("at")}


def way_so_far(location: Any, trip: Trip) -> WaySoFar:
    """How far a ride has come, or had when it ended, by its trace as it came in. Raises HansomError."""
    assert trip.started_at is not None
    reader = {"user_id": trip.rider_id, "role": "rider"}
    found = location.get_trace({"trip_id": trip.id, "driver_id": trip.driver_id, "actor": reader})
    return so_far(fixes_of(found), trip.started_at, trip.finished_at)


@contextmanager
def under_way(call: Any) -> Iterator[Any]:
    """A call whose reply may turn out not to be needed."""
    try:
        yield call
    finally:
        call.give_up()


def answered(call: Any) -> Callable[[], dict[str, Any]]:
    """A call's reply, waited for now, before a transaction begins; a refusal is raised when the reply is wanted."""
    try:
        reply = call.result()
    except HansomError as exc:
        refusal = exc

        def refuse() -> dict[str, Any]:
            raise refusal

        return refuse
    return lambda: reply


def whereabouts(location: Any, trip_id: str, driver_id: str) -> Callable[[], Whereabouts]:
    """Where a driver is, and where he was on this trip, both asked for at once. Of the trace nobody needs to know; what
    it gives raises HansomError when nobody could say where he is."""
    reader = {"user_id": driver_id, "role": "driver"}
    tracing = location.call_async(
        "get_trace", {"trip_id": trip_id, "driver_id": driver_id, "actor": reader}, SEEN_DEADLINE_S
    )
    seen = answered(location.call_async("get_positions", {"driver_ids": [driver_id]}, SEEN_DEADLINE_S))
    traced = answered(tracing)

    def where() -> Whereabouts:
        found = seen()["items"].get(driver_id)
        if not found:
            return Whereabouts()
        return Whereabouts(Point(**found["point"]), parse_time(found["at"]), _fixes(traced, trip_id))

    return where


def _fixes(traced: Callable[[], dict[str, Any]], trip_id: str) -> list[tuple[datetime, Point]]:
    try:
        return fixes_of(traced())
    except HansomError as exc:
        log.warning("a no-show is judged without its trace", extra={"trip_id": trip_id, "error": exc.code})
        return []


def fixes_of(trace: dict[str, Any]) -> list[tuple[datetime, Point]]:
    """The believed positions of a trace, oldest first."""
    fixes = [(parse_time(each["at"]), Point(each["lat"], each["lng"])) for each in trace["points"]]
    return [(at, point) for at, point in fixes if at is not None]


def cards_of(drivers: Any, driver_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Driver → card {id, name, rating, vehicle, categories}, of those that drivers knows. Raises HansomError."""
    return drivers.get_cards({"driver_ids": list(driver_ids)})["items"] if driver_ids else {}
