"""Where the use cases meet other services and Redis: routes and cars, demand windows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from redis.exceptions import RedisError

from hansom.contracts.errors import HansomError
from hansom.events import Event
from hansom.segments import SegmentIndex
from hansom.values import Point
from hansom.wire import parse_time
from services.pricing.dependencies import SegmentCache
from services.pricing.domain.fare import whole
from services.pricing.domain.quote import Route
from services.pricing.domain.surge import Demand
from services.pricing.storage.redis import Asked, DemandWindows
from services.pricing.usecases import Supply

log = logging.getLogger(__name__)

ETA_DEADLINE_S = 1.0
"""A quote is given without pickup times rather than late."""

SEGMENTS_DEADLINE_S = 2.0

UNKNOWN_SUPPLY = Supply(None, {})


class LiveWorld:
    """maps, location and the demand windows."""

    def __init__(self, maps: Any, location: Any, windows: DemandWindows, segments: SegmentCache) -> None:
        self._maps, self._location, self._windows, self._segments = maps, location, windows, segments

    def survey(self, pickup: Point, dropoff: Point) -> tuple[Route, Supply]:
        """The route and the cars near, asked for at once. Raises what maps raises; location may stay silent."""
        cars = _started(lambda: self._location.call_async("pickup_etas", {"point": pickup.as_dict()}, ETA_DEADLINE_S))
        try:
            found = self._maps.route({"pickup": pickup.as_dict(), "dropoff": dropoff.as_dict()})
        finally:
            # waited for in any case, so that its reply has somewhere to go
            supply = _supply(cars)
        line = tuple(Point(point["lat"], point["lng"]) for point in found["line"])
        metres, seconds = whole(found["distance_m"]), whole(found["duration_s"])
        return Route(found["city"], metres, seconds, line, found.get("correction"), found["estimated"]), supply

    def demand(self, city: str, pickup: Point, now: datetime) -> Demand | None:
        """The demand in the pickup's segment and those that touch it; None when Redis or maps cannot say."""
        try:
            index = self.index(city)
            segment = index.segment_of(pickup.lat, pickup.lng)
            around = () if segment is None else (segment, *index.neighbours(segment))
            return self._windows.count(city, around, now) if around else Demand(0, 0, 1)
        except (RedisError, HansomError) as exc:
            log.warning("a quote without surge: demand is not known", extra={"error": str(exc)[:200]})
            return None

    def index(self, city: str) -> SegmentIndex:
        """The segments of a city. Raises HansomError."""

        def ask(name: str) -> list[str]:
            return self._maps.get_segments({"city": name}, deadline_s=SEGMENTS_DEADLINE_S)["cells"]

        return self._segments.of(city, ask)

    def note_demand(self, events: Iterable[Event], now: datetime) -> None:
        """Count the trips of `trips.trip_requested` and `trips.trip_expired`. Raises RedisError, HansomError."""
        asked = [one for one in (self._asked(event) for event in events) if one is not None]
        self._windows.note(asked, now)

    def _asked(self, event: Event) -> Asked | None:
        trip = event.data["trip"]
        pickup, at = trip["pickup"], parse_time(trip["requested_at"])
        segment = self.index(trip["city"]).segment_of(pickup["lat"], pickup["lng"])
        if segment is None or at is None:
            return None
        unmet = event.type == "trip_expired"
        # one that found nobody counts from when that was known
        return Asked(trip["city"], segment, trip["id"], event.occurred_at if unmet else at, unmet)


def _started(call: Callable[[], Any]) -> Any:
    """A call under way, or None when it could not even be sent."""
    try:
        return call()
    except HansomError as exc:
        log.info("location cannot be asked", extra={"error": exc.code})
        return None


def _supply(call: Any) -> Supply:
    if call is None:
        return UNKNOWN_SUPPLY
    try:
        reply = call.result()
    except HansomError as exc:
        log.info("a quote without pickup times", extra={"error": exc.code})
        return UNKNOWN_SUPPLY
    return Supply(int(reply["free_nearby"]), reply["categories"])
