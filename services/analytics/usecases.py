"""What analytics does, one function a verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hansom.contracts.analytics import SeeDemand, SeeDemandByHour, SeeKeyFigures
from hansom.values import Point
from hansom.wire import iso
from services.analytics import schemas
from services.analytics.domain import reports
from services.analytics.domain.facts import NOWHERE, Fact, Home, hour_of, is_too_old, settle_home, settle_promise
from services.analytics.domain.figures import added, figures_by_segment
from services.analytics.storage.mongo import Facts, Periods

SegmentOf = Callable[[str, Point], str | None]
"""(city, point) → the segment that holds it, or None outside of all."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where facts and figures are."""

    facts: Facts
    minutes: Periods
    hours: Periods


@dataclass(frozen=True, slots=True)
class Noted:
    """How many facts were kept, and how many came too late to count."""

    kept: int
    too_late: int


def note_facts(facts: list[Fact], stores: Stores, segment_of: SegmentOf, now: datetime, keep: timedelta) -> Noted:
    """Keep what events say, and have the figures of their minutes made again. Safe to repeat.

    Raises PyMongoError, and what `segment_of` raises while segments are not to be had.
    """
    timely = [_place(fact, segment_of) for fact in facts if not is_too_old(fact, now, keep)]
    settled = _settle(timely, stores.facts)
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


def roll_up(stores: Stores, now: datetime, max_periods: int = 200) -> int:
    """Make the figures of dirty minutes, then of their hours; gives how many were made. Raises PyMongoError."""
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


def see_key_figures(request: SeeKeyFigures, stores: Stores, now: datetime) -> dict[str, Any]:
    """Figures from the hour that holds `since` on. Raises PyMongoError."""
    since = hour_of(request.since) if request.since is not None else hour_of(now).replace(hour=0)
    return dict(schemas.key_figures_reply(stores.hours.total(request.city, since), since, now))


def see_demand(request: SeeDemand, stores: Stores, now: datetime) -> dict[str, Any]:
    """Demand by segment in the last minutes, the present one included. Raises PyMongoError."""
    since = (now - timedelta(minutes=request.minutes)).replace(second=0, microsecond=0)
    by_segment = stores.minutes.by_segment(request.city, since, now)
    return {"city": request.city, "since": iso(since), "until": iso(now), "items": reports.demand(by_segment)}


def see_demand_by_hour(request: SeeDemandByHour, stores: Stores) -> dict[str, Any]:
    """Demand by hour and segment, the oldest hour first. Raises PyMongoError."""
    hours = stores.hours.each(request.city, request.since, request.until)
    items = [{"hour": iso(hour), **line} for hour, segments in hours for line in reports.demand(segments)]
    return {"city": request.city, "items": items}


def see_eta_errors(request: SeeKeyFigures, stores: Stores, now: datetime) -> dict[str, Any]:
    """How promised pickup and trip times were kept. Raises PyMongoError."""
    since = hour_of(request.since) if request.since is not None else hour_of(now).replace(hour=0)
    total = stores.hours.total(request.city, since)
    return {
        "since": iso(since),
        "until": iso(now),
        "pickup": reports.errors(total, "pickup"),
        "trip": reports.errors(total, "trip"),
    }
