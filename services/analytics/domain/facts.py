"""What analytics keeps of an event, and what it must look up to understand it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hansom.values import Point

NOWHERE = "none"
"""Segment of a fact whose place is not known."""

Value = int | str | bool


@dataclass(frozen=True, slots=True)
class Fact:
    """One event, once. `city` None: the event does not say; it is that of the trip's request.

    `values` are what the figures are made of: milliseconds, metres, minor units. `at` is when it happened.
    """

    event_id: str
    name: str
    trip_id: str
    at: datetime
    city: str | None = None
    pickup: Point | None = None
    segment: str = NOWHERE
    driver_id: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def minute(self) -> datetime:
        """The minute in which it happened."""
        return self.at.replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Home:
    """Where a trip was asked for."""

    city: str
    segment: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A period whose figures one process makes. `revision`: of what was there when it was claimed."""

    city: str
    start: datetime
    revision: int


def settle_home(fact: Fact, homes: Mapping[str, Home]) -> Fact:
    """The fact with the city and segment of its trip's request, where the event itself does not say them."""
    if fact.city is not None:
        return fact
    home = homes.get(fact.trip_id, Home("", NOWHERE))
    return replace(fact, city=home.city, segment=home.segment)


def settle_promise(fact: Fact, promises: Mapping[tuple[str, str], int]) -> Fact:
    """An arrival with the pickup time that was promised. `promises`: (trip, driver) → milliseconds."""
    if fact.name != "trips.driver_arrived" or fact.driver_id is None:
        return fact
    promised_ms = promises.get((fact.trip_id, fact.driver_id))
    if promised_ms is None:
        return fact
    return replace(fact, values={**fact.values, "promised_ms": promised_ms})


def hour_of(moment: datetime) -> datetime:
    """The hour that holds it."""
    return moment.replace(minute=0, second=0, microsecond=0)


def is_too_old(fact: Fact, now: datetime, keep: timedelta) -> bool:
    """Whether the other facts of its minute may be gone already: its figures are closed."""
    return fact.at < now - keep + timedelta(days=1)
