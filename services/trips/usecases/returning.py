"""A trip leaves its driver and looks for another: he gave it back, fell silent, or did not come."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from hansom.contracts.errors import Unavailable
from hansom.contracts.trips import Role
from services.trips.domain.approach import Listening, Sighting, Verdict, Watched, WatchRule, believed, judge
from services.trips.domain.trip import Trip, released
from services.trips.usecases.ports import TripEvent, Unit, Units

log = logging.getLogger(__name__)

AT_ONCE = 500
"""Drivers that location is asked about together."""

Look = Callable[[Sequence[str]], tuple[dict[str, Sighting], Listening | None]]
"""What was heard of drivers, and since when anybody would have been; None: nobody can say. Raises Unavailable."""


def give_back(unit: Unit, trip: Trip, by: Role | str, reason: str | None) -> Trip:
    """The locked trip waits for another driver, at the head; its own is not asked again. Raises IllegalTransition."""
    driver_id = trip.driver_id
    assert driver_id is not None, "only a trip with a driver can leave him"
    after = released(trip, unit.now, by)
    unit.rows.save(trip, after)
    unit.rows.release_offer(trip.id, driver_id)
    unit.tell([TripEvent("trip_returned", after, {"former_driver_id": driver_id, "reason": reason})])
    return after


def return_abandoned(units: Units, look: Look, rule: WatchRule) -> int:
    """Take assigned trips from drivers who fell silent or do not come; gives how many.

    While location is away, or has heard nobody for long enough, nobody is judged. Two replicas at once, and a driver
    who arrives or a rider who cancels meanwhile, do no harm: whoever holds the trip first.
    """
    verdicts: list[Verdict] = []
    try:
        for watched in _portions(units, rule):
            verdicts += _judged(watched, look, rule)
    except Unavailable as exc:
        log.warning("drivers on their way are not watched", extra={"error": exc.code})
        return 0
    _remember(units, verdicts)
    lost, doubted = believed(verdicts)
    if doubted:
        log.error("most drivers fell silent at once: not believed", extra={"drivers": doubted, "of": len(verdicts)})
    return sum(_take_from_driver(units, verdict) for verdict in lost)


def _portions(units: Units, rule: WatchRule) -> Iterator[list[Watched]]:
    """The trips whose drivers have been on their way for longer than anybody may be silent, so many at a time."""
    after_id = ""
    while True:
        with units() as unit:
            watched = unit.rows.watched(unit.now - rule.silent, after_id, AT_ONCE)
        if watched:
            yield watched
        if len(watched) < AT_ONCE:
            return
        after_id = watched[-1].trip.id


def _judged(watched: Sequence[Watched], look: Look, rule: WatchRule) -> list[Verdict]:
    seen, listening = look([each.trip.driver_id for each in watched if each.trip.driver_id])
    if listening is None:
        return []
    return [judge(each, seen.get(each.trip.driver_id or "", Sighting()), listening, rule) for each in watched]


def _remember(units: Units, verdicts: Sequence[Verdict]) -> None:
    new = [(verdict.trip, verdict.approach) for verdict in verdicts if verdict.approach is not None]
    if new:
        with units() as unit:
            unit.rows.remember_approaches(new)


def _take_from_driver(units: Units, verdict: Verdict) -> bool:
    """True when the trip was still as it was judged: not arrived at, cancelled or given back meanwhile."""
    with units() as unit:
        trip = unit.rows.lock(verdict.trip.id)
        if trip is None or trip.version != verdict.trip.version:
            return False
        assert verdict.reason is not None
        give_back(unit, trip, verdict.reason, verdict.reason)
    told = {"trip_id": trip.id, "user_id": trip.driver_id, "reason": verdict.reason}
    log.info("a trip was taken from its driver", extra=told)
    return True
