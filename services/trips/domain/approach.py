"""Whether the driver of an assigned trip is still coming: told from what was heard of him, and of others, since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hansom.values import Point, distance_m
from services.trips.domain.trip import Trip

SILENT, NO_SHOW = "driver_silent", "driver_no_show"
"""Why a trip is taken from its driver."""

THERE_M = 150.0
"""This near to the pickup a driver is there, whether he has said so or not."""

NEARER_M = 100.0
"""He has come nearer when it is by so much: positions wander, and a car that turns in a yard is not on its way."""

MANY = 5
"""So many drivers of a city may fall silent at once and be believed; more, only if they are not most of all there."""


@dataclass(frozen=True, slots=True)
class WatchRule:
    """`silent`: nothing was heard of a driver for so long. `late`: so long after the promised time, and no nearer."""

    silent: timedelta
    late: timedelta


@dataclass(frozen=True, slots=True)
class Sighting:
    """A driver's last sign of life, and where he was when he was last believed; None where not known."""

    at: datetime | None = None
    point: Point | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """Drivers were heard from `since` until `until` without a pause: before that, silence was ours and not theirs."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Approach:
    """How near a late driver has come to the pickup, and when he last came nearer."""

    nearest_m: float
    nearer_at: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """An assigned trip, and what is remembered of its driver's way since the promised time."""

    trip: Trip
    approach: Approach | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason`: why the trip should be taken from its driver, None when it should not. `approach`: a new one, to be
    remembered."""

    trip: Trip
    reason: str | None
    approach: Approach | None


def judge(watched: Watched, seen: Sighting, listening: Listening, rule: WatchRule) -> Verdict:
    """What becomes of a trip whose driver has not arrived.

    All is reckoned up to when drivers were last heard, so that nobody is late or silent by our fault.
    """
    approach = _approach(watched, seen, listening.until)
    reason = None
    if is_silent(watched.trip, seen, listening, rule.silent):
        reason = SILENT
    elif is_no_show(watched.trip, approach, seen, listening, rule.late):
        reason = NO_SHOW
    return Verdict(watched.trip, reason, None if approach == watched.approach else approach)


def is_silent(trip: Trip, seen: Sighting, listening: Listening, silent: timedelta) -> bool:
    """Nothing was heard of the driver for so long, although he has the trip and others were heard all the while."""
    known_from = max(_assigned_at(trip), listening.since)
    return listening.until - max(known_from, seen.at or known_from) >= silent


def is_no_show(trip: Trip, approach: Approach | None, seen: Sighting, listening: Listening, late: timedelta) -> bool:
    """He is not there, so long after the promised time, and has not come nearer for as long."""
    if seen.point is not None and distance_m(seen.point, trip.pickup) <= THERE_M:
        return False
    since = max(promised_at(trip), listening.since)
    if approach is not None:
        since = max(since, approach.nearer_at)
    return listening.until - since >= late


def promised_at(trip: Trip) -> datetime:
    """When the driver was to be at the pickup."""
    return _assigned_at(trip) + timedelta(seconds=trip.pickup_eta_s or 0.0)


def believed(verdicts: Sequence[Verdict]) -> tuple[list[Verdict], int]:
    """The verdicts to act upon, and how many are not believed: where most drivers fall silent at once, we are deaf."""
    watched = Counter(verdict.trip.city for verdict in verdicts)
    silent = Counter(verdict.trip.city for verdict in verdicts if verdict.reason == SILENT)
    deaf = {city for city, count in silent.items() if count > max(MANY, watched[city] / 2)}
    lost = [verdict for verdict in verdicts if verdict.reason is not None]
    kept = [verdict for verdict in lost if not (verdict.reason == SILENT and verdict.trip.city in deaf)]
    return kept, len(lost) - len(kept)


def _approach(watched: Watched, seen: Sighting, now: datetime) -> Approach | None:
    """What to remember: a late driver's nearest distance. Before the promised time nobody needs it."""
    before = watched.approach
    if seen.point is None or now < promised_at(watched.trip):
        return before
    away_m = distance_m(seen.point, watched.trip.pickup)
    if before is not None and away_m > before.nearest_m - NEARER_M:
        return before
    return Approach(round(away_m, 1), now)


def _assigned_at(trip: Trip) -> datetime:
    assert trip.assigned_at is not None, "an assigned trip says since when"
    return trip.assigned_at
