"""Where the use cases meet other services and Redis: routes and cars, demand and surge."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from redis.exceptions import RedisError

from hansom.contracts.errors import HansomError
from hansom.contracts.pricing import SurgeCode
from hansom.events import Event
from hansom.values import Point
from hansom.wire import money_of, parse_time
from services.pricing.dependencies import Ground, SegmentCache
from services.pricing.domain.fare import whole
from services.pricing.domain.quote import Route
from services.pricing.domain.reasons import Reckoned, Surge, no_surge, surge_of
from services.pricing.domain.surge import SegmentSurge
from services.pricing.storage.redis import Became, Heard, LiveDemand, LiveSurge
from services.pricing.usecases.promos import Settled
from services.pricing.usecases.surging import Seen

log = logging.getLogger(__name__)

ETA_DEADLINE_S = 1.0
"""A quote is given without pickup times rather than late."""

SEGMENTS_DEADLINE_S = 2.0
SUPPLY_DEADLINE_S = 2.0

BECAME = {
    "trip_requested": Became.ASKED,
    "trip_returned": Became.WAITING,
    "trip_assigned": Became.TAKEN,
    "trip_cancelled": Became.TAKEN,
    "trip_expired": Became.UNMET,
}
"""What each event of a trip says of the demand where it begins."""


class Grounds:
    """The segments of cities, as maps knows them."""

    def __init__(self, maps: Any, segments: SegmentCache) -> None:
        self._maps, self._segments = maps, segments

    def of(self, city: str) -> Ground:
        """Raises HansomError."""

        def ask(name: str) -> list[str]:
            return self._maps.get_segments({"city": name}, deadline_s=SEGMENTS_DEADLINE_S)["cells"]

        return self._segments.of(city, ask)

    def segment_of(self, city: str, point: Mapping[str, float]) -> str | None:
        """Raises HansomError."""
        return self.of(city).index.segment_of(point["lat"], point["lng"])


class LiveWorld:
    """What a quote needs: maps, location, and surge as it was last reckoned."""

    def __init__(self, maps: Any, location: Any, surges: LiveSurge, grounds: Grounds, stale: timedelta) -> None:
        self._maps, self._location, self._surges, self._grounds = maps, location, surges, grounds
        self._stale = stale

    def survey(self, pickup: Point, dropoff: Point) -> tuple[Route, Mapping[str, float | None]]:
        """The route and the cars near, asked for at once. Raises what maps raises; location may stay silent."""
        cars = _started(lambda: self._location.call_async("pickup_etas", {"point": pickup.as_dict()}, ETA_DEADLINE_S))
        try:
            found = self._maps.route({"pickup": pickup.as_dict(), "dropoff": dropoff.as_dict()})
        finally:
            # waited for in any case, so that its reply has somewhere to go
            etas_s = _etas_s(cars)
        return _route(found), etas_s

    def way(self, start: Point, end: Point) -> Route:
        """The route alone. Raises what maps raises."""
        return _route(self._maps.route({"pickup": start.as_dict(), "dropoff": end.as_dict()}))

    def surge(self, city: str, pickup: Point, now: datetime) -> Surge:
        """The surge at a pickup, by one read of Redis; 1.0 when Redis or maps cannot say."""
        try:
            segment = self._grounds.segment_of(city, pickup.as_dict())
            reckoned, state = self._surges.at(city, segment)
        except (RedisError, HansomError) as exc:
            log.warning("a quote without surge: demand is not known", extra={"error": str(exc)[:200]})
            return no_surge(SurgeCode.DEMAND_UNKNOWN)
        return surge_of(reckoned, state, now, self._stale)


class LiveStreets:
    """What surge is reckoned from: demand in Redis, free cars of location. Made anew for each step."""

    def __init__(self, location: Any, demand: LiveDemand, surges: LiveSurge, grounds: Grounds) -> None:
        self._location, self._demand, self._surges, self._grounds = location, demand, surges, grounds
        self._cars: Mapping[str, Mapping[str, int]] | None = None

    def look_at(self, city: str, now: datetime) -> Seen | SurgeCode:
        """A city now, or what of it is not known. Raises RedisError."""
        try:
            ground = self._grounds.of(city)
        except HansomError as exc:
            log.info("a city's segments are not known", extra={"city": city, "error": exc.code})
            return SurgeCode.DEMAND_UNKNOWN
        try:
            cars = self._all_cars()
        except HansomError as exc:
            log.info("location does not say where cars are", extra={"error": exc.code})
            return SurgeCode.SUPPLY_UNKNOWN
        mine = {segment: cars[segment] for segment in ground.index if segment in cars}
        if not mine:
            # location has just lost its cars, or nobody drives: a higher fare would bring no car either
            return SurgeCode.SUPPLY_UNKNOWN
        free = {segment: count["free"] for segment, count in mine.items()}
        return Seen(self._demand.by_segment(city, now), free, ground.around)

    def _all_cars(self) -> Mapping[str, Mapping[str, int]]:
        if self._cars is None:
            self._cars = self._location.supply_by_segment({}, deadline_s=SUPPLY_DEADLINE_S)["items"]
        return self._cars

    def last(self, city: str) -> tuple[Reckoned | None, Mapping[str, SegmentSurge]]:
        return self._surges.of(city)

    def keep(self, city: str, reckoned: Reckoned, segments: Mapping[str, SegmentSurge]) -> None:
        self._surges.keep(city, reckoned, segments)

    def note_trouble(self, city: str, reckoned: Reckoned) -> None:
        self._surges.note_trouble(city, reckoned)


def _route(found: Mapping[str, Any]) -> Route:
    line = tuple(Point(point["lat"], point["lng"]) for point in found["line"])
    metres, seconds = whole(found["distance_m"]), whole(found["duration_s"])
    return Route(found["city"], metres, seconds, line, found.get("correction"), found["estimated"])


def settled_of(events: Iterable[Event]) -> list[Settled]:
    """The trips whose fare became final."""
    return [_settled(event) for event in events if event.type == "trip_settled"]


def _settled(event: Event) -> Settled:
    trip, says = event.data["trip"], None
    if "promo_code" in event.data:
        # not told by the version before
        discount = event.data.get("discount")
        says = event.data["promo_code"], 0 if discount is None else money_of(discount).amount_minor
    return Settled(trip["id"], trip["rider_id"], event.occurred_at, says)


def ended_without_ride(events: Iterable[Event]) -> list[str]:
    """Trips that will have no fare. What was ended on the way is settled on what was driven: that is waited for."""
    over = (event.data["trip"] for event in events if event.type in ("trip_cancelled", "trip_expired"))
    # the version before did not tell whether one that had started is settled: the sweep finds those
    return [trip["id"] for trip in over if trip["started_at"] is None or trip.get("ended_early") is False]


def heard_of(events: Iterable[Event], served: Container[str], grounds: Grounds) -> list[Heard]:
    """What trips' events say of demand in the cities that are served, in their order.

    Raises HansomError while a city's segments are not known.
    """
    ours = (event for event in events if event.type in BECAME and event.data["trip"]["city"] in served)
    return [one for one in (_heard(event, grounds) for event in ours) if one is not None]


def _heard(event: Event, grounds: Grounds) -> Heard | None:
    trip, became = event.data["trip"], BECAME[event.type]
    segment = grounds.segment_of(trip["city"], trip["pickup"])
    # asked for when it was; anything else counts from when it became so
    at = parse_time(trip["requested_at"]) if became is Became.ASKED else event.occurred_at
    return None if segment is None or at is None else Heard(trip["city"], segment, trip["id"], at, became)


def _started(call: Callable[[], Any]) -> Any:
    """A call under way, or None when it could not even be sent."""
    try:
        return call()
    except HansomError as exc:
        log.info("location cannot be asked", extra={"error": exc.code})
        return None


def _etas_s(call: Any) -> Mapping[str, float | None]:
    if call is None:
        return {}
    try:
        return call.result()["categories"]
    except HansomError as exc:
        log.info("a quote without pickup times", extra={"error": exc.code})
        return {}
