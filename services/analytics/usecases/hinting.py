"""Idle drivers are told where cars are missing: one replica, every so often, for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from services.analytics.domain.forecasting import Forecast
from services.analytics.domain.hints import HOLDS_S, Car, Hint, Outlook, Sending, Sent, hints
from services.analytics.domain.supply import Look, idle_since
from services.analytics.usecases.stores import Compute, GivenHints, Looks, Periods

UNMET_SPAN = timedelta(minutes=15)
"""Riders whom nobody served so lately are named in the reason."""

LOOKED_BACK = timedelta(minutes=30)
"""Who was free in every look of so long was idle for that long, at least."""


class Tell(Protocol):
    """Publishes hints as events. Raises BrokerUnavailable; then any may or may not have been told."""

    def __call__(self, sent: Sequence[Sent]) -> None: ...


@dataclass(frozen=True, slots=True)
class Hinting:
    """How often is looked, who counts as idle, how drivers are sent, and where that is reckoned."""

    every: timedelta
    idle: timedelta
    sending: Sending
    compute: Compute


@dataclass(frozen=True, slots=True)
class Office:
    """Where looks and hints are kept, how hints get out, and their ids."""

    looks: Looks
    given: GivenHints
    tell: Tell
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Town:
    """A city as it is: its free cars, requests expected, by segment those that nobody served lately, and how many
    metres of the straight line a car leaves behind in a second."""

    city: str
    cars: Sequence[Car]
    expected: Forecast
    unmet: Mapping[str, int]
    straight_mps: float


def look_at_cars(city: str, cars: Sequence[Car], looks: Looks, now: datetime) -> None:
    """Note the free cars of the city, for means and for who is idle. Safe to repeat."""
    free = Counter(car.segment for car in cars)
    looks.add(Look(city, now, free, sorted(car.driver_id for car in cars)))


def tell_again(city: str, office: Office, now: datetime) -> None:
    """Hints that a process which died, or a broker that was down, left untold. Repeats are known by their ids."""
    _tell([each for each in office.given.in_force(city, now) if not each.told], office)


def hint_drivers(town: Town, hinting: Hinting, office: Office, now: datetime) -> list[Sent]:
    """Tell idle drivers where cars are missing; gives what they were told.

    They are kept before they are told: one that dies in between is followed by `tell_again`.
    """
    since = idle_since(office.looks.since(town.city, now - LOOKED_BACK), hinting.every)
    in_force = {each.hint.driver_id: each.hint for each in office.given.in_force(town.city, now)}
    known = [_idle(car, since.get(car.driver_id, now), car.driver_id in in_force, hinting, now) for car in town.cars]
    outlook = Outlook(town.expected.by_segment(), town.unmet, _coming(town.cars, in_force), town.straight_mps)
    found = hinting.compute(hints, outlook, known, hinting.sending)
    sent = [Sent(hint, office.new_id(), town.city, now, now + timedelta(seconds=HOLDS_S)) for hint in found]
    office.given.add(sent)
    _tell(sent, office)
    return sent


def unmet_lately(city: str, minutes: Periods, now: datetime) -> dict[str, int]:
    """Segment → requests that nobody served."""
    found = minutes.by_segment(city, now - UNMET_SPAN, now)
    return {segment: count for segment, figures in found.items() if (count := figures.get("unmet", 0))}


def _tell(sent: Sequence[Sent], office: Office) -> None:
    if sent:
        office.tell(sent)
        office.given.told([each.event_id for each in sent])


def _idle(car: Car, since: datetime, hinted: bool, hinting: Hinting, now: datetime) -> Car:
    idle = now - since
    return replace(car, idle_s=idle.total_seconds(), idle=idle >= hinting.idle and not hinted)


def _coming(cars: Sequence[Car], in_force: Mapping[str, Hint]) -> list[tuple[str, str]]:
    """Of each free car with a hint in force: the segment where it shall be, and the one where it is."""
    return [(in_force[car.driver_id].segment, car.segment) for car in cars if car.driver_id in in_force]
