"""Events become facts, and facts become figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.analytics.domain.facts import NOWHERE, Fact, Home, hour_of, is_too_old, settle_home, settle_promise
from services.analytics.domain.figures import added, figures_by_segment
from services.analytics.domain.promises import KINDS, LONGEST_PROMISE, Terms, judged
from services.analytics.usecases.stores import Corrections, Facts, SegmentOf, Stores


@dataclass(frozen=True, slots=True)
class Noted:
    """How many facts were kept, and how many came too late to count."""

    kept: int
    too_late: int


def note_facts(facts: list[Fact], stores: Stores, segment_of: SegmentOf, terms: Terms, now: datetime) -> Noted:
    """Keep what events say, and have the figures of their minutes made again. Safe to repeat.

    Raises what `segment_of` raises while segments are not to be had.
    """
    timely = [_place(fact, segment_of) for fact in facts if not is_too_old(fact, now, terms.keep)]
    settled = _judge(_settle(timely, stores.facts), stores.corrections, terms)
    stores.facts.add(settled)
    # after the facts: a process that dies in between is told them again
    stores.minutes.touch((fact.city or "", fact.minute) for fact in settled)
    return Noted(len(settled), len(facts) - len(settled))


def _place(fact: Fact, segment_of: SegmentOf) -> Fact:
    if fact.city is None or fact.pickup is None:
        return fact
    return replace(fact, segment=segment_of(fact.city, fact.pickup) or NOWHERE)


def _settle(facts: list[Fact], store: Facts) -> list[Fact]:
    """Complete facts with what earlier ones of their trips say, in the store or in this batch."""
    asking = [fact for fact in facts if fact.city is None or fact.name == "trips.driver_arrived"]
    homes, promises = store.homes_and_promises(sorted({fact.trip_id for fact in asking}))
    settled = []
    for fact in facts:
        if fact.name == "trips.trip_requested" and fact.city is not None:
            homes[fact.trip_id] = Home(fact.city, fact.segment)
        promised_ms = fact.values.get("promised_ms")
        if fact.name == "trips.trip_assigned" and fact.driver_id is not None and isinstance(promised_ms, int):
            promises[fact.trip_id, fact.driver_id] = promised_ms
        settled.append(settle_promise(settle_home(fact, homes), promises))
    return settled


def _judge(facts: list[Fact], store: Corrections, terms: Terms) -> list[Fact]:
    """Kept promises with what they would have been without correction."""
    earliest: dict[str, datetime] = {}
    for fact in facts:
        if fact.city is not None and fact.city in terms.zones and fact.name in KINDS:
            earliest[fact.city] = min(fact.at, earliest.get(fact.city, fact.at))
    histories = {city: store.since(city, at - LONGEST_PROMISE) for city, at in earliest.items()}
    return [judged(fact, histories.get(fact.city or "", []), terms) for fact in facts]


def roll_up(stores: Stores, now: datetime, max_periods: int = 200) -> int:
    """Make the figures of dirty minutes, then of their hours; gives how many were made."""
    minutes = _roll_up_minutes(stores, now, max_periods)
    return minutes + _roll_up_hours(stores, now, max_periods)


def _roll_up_minutes(stores: Stores, now: datetime, max_periods: int) -> int:
    for done in range(max_periods):
        claimed = stores.minutes.claim(now)
        if claimed is None:
            return done
        by_segment = figures_by_segment(stores.facts.of_minute(claimed.city, claimed.start))
        stores.minutes.write(claimed, by_segment, added(by_segment.values()))
        stores.hours.touch([(claimed.city, hour_of(claimed.start))])
        stores.minutes.finish(claimed)
    return max_periods


def _roll_up_hours(stores: Stores, now: datetime, max_periods: int) -> int:
    for done in range(max_periods):
        claimed = stores.hours.claim(now)
        if claimed is None:
            return done
        until = claimed.start + timedelta(hours=1)
        by_segment = stores.minutes.by_segment(claimed.city, claimed.start, until)
        stores.hours.write(claimed, by_segment, added(by_segment.values()))
        stores.hours.finish(claimed)
    return max_periods
