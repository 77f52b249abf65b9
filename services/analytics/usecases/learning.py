"""Corrections of road times: learnt from how promises were kept, in force from a moment on, and forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.analytics.domain.facts import hour_of
from services.analytics.domain.figures import Figures, added
from services.analytics.domain.learning import differ, evidence, factors
from services.analytics.domain.promises import Correction
from services.analytics.usecases.stores import Stores


@dataclass(frozen=True, slots=True)
class Learning:
    """From how long ago on is learnt, how often, and for how long past corrections are needed to judge late facts."""

    span: timedelta
    every: timedelta
    keep: timedelta


def learn_when_due(cities: Iterable[str], stores: Stores, learning: Learning, now: datetime) -> list[Correction]:
    """Learn, if nobody did for as long as `every`: whichever replica's timer comes first does it for all.

    One that dies over it is followed by another within a minute. Gives the corrections that are new.
    """
    if not stores.corrections.claim_learning(now):
        return []
    new = learn_etas(cities, stores, learning, now)
    stores.corrections.learnt(now, now + learning.every)
    return new


def learn_etas(cities: Iterable[str], stores: Stores, learning: Learning, now: datetime) -> list[Correction]:
    """Make each city's correction anew from the figures of the last days; gives those that are new, in force from now.

    A pure function of figures: repeated, or done by two at once, it changes nothing more.
    """
    new = [each for city in cities if (each := _learn(city, stores, learning.span, now)) is not None]
    for correction in new:
        stores.corrections.add(correction)
        stores.corrections.drop_before(correction.city, now - learning.keep)
    return new


def _learn(city: str, stores: Stores, span: timedelta, now: datetime) -> Correction | None:
    """A correction that differs from the one in force, or None."""
    last = stores.corrections.latest(city) or Correction(city, now - span)
    since = max(now - span, last.learn_from or now - span)
    figures = _figures_since(city, since, stores, now)
    pickup, trip = (factors(evidence(figures, kind)) for kind in ("pickup", "trip"))
    if not differ(pickup, last.pickup) and not differ(trip, last.trip):
        return None
    return Correction(city, now, pickup, trip, last.learn_from)


def _figures_since(city: str, since: datetime, stores: Stores, now: datetime) -> Figures:
    """Figures from the next full minute on: the first hour's by minutes, then by hours."""
    minute = since.replace(second=0, microsecond=0) + timedelta(minutes=1)
    hour = hour_of(since) + timedelta(hours=1)
    return added([stores.minutes.total(city, minute, hour), stores.hours.total(city, hour, now)])


def forget_etas(city: str, stores: Stores, learning: Learning, now: datetime) -> Correction:
    """No correction from now on, and nothing of what happened until now is learnt from. Gives what is in force."""
    blank = Correction(city, now, learn_from=now)
    stores.corrections.add(blank)
    stores.corrections.learnt(now, now + learning.every)
    return blank
