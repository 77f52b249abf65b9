"""What analytics does, one function a verb."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from hansom.contracts.analytics import SeeDemand, SeeDemandByHour, SeeKeyFigures, SegmentDemand
from hansom.values import Point
from services.analytics.domain import reports
from services.analytics.domain.facts import (
    NOWHERE,
    Claimed,
    Fact,
    Home,
    hour_of,
    is_too_old,
    settle_home,
    settle_promise,
)
from services.analytics.domain.figures import Figures, added, figures_by_segment

SegmentOf = Callable[[str, Point], str | None]
"""(city, point) → the segment that holds it, or None outside of all."""


class Facts(Protocol):
    """Events, each once. Methods raise what the store raises while it is down."""

    def add(self, facts: Iterable[Fact]) -> None: ...

    def of_minute(self, city: str, minute: datetime) -> list[Fact]: ...

    def homes_and_promises(self, trip_ids: list[str]) -> tuple[dict[str, Home], dict[tuple[str, str], int]]: ...


class Periods(Protocol):
    """Figures of minutes, or of hours. Methods raise what the store raises while it is down."""

    def touch(self, periods: Iterable[tuple[str, datetime]]) -> None: ...

    def claim(self, now: datetime) -> Claimed | None: ...

    def write(self, claimed: Claimed, by_segment: Mapping[str, Figures], total: Figures) -> None: ...

    def finish(self, claimed: Claimed) -> None: ...

    def by_segment(self, city: str, since: datetime, until: datetime) -> Mapping[str, Figures]: ...

    def each(self, city: str, since: datetime, until: datetime) -> list[tuple[datetime, dict[str, dict[str, int]]]]: ...

    def total(self, city: str | None, since: datetime) -> Figures: ...


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

    Raises what `segment_of` raises while segments are not to be had.
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


def start_of(since: datetime | None, now: datetime) -> datetime:
    """The hour that holds `since`; None: the start of today, UTC."""
    return hour_of(now).replace(hour=0) if since is None else hour_of(since)


def see_total(request: SeeKeyFigures, hours: Periods, now: datetime) -> Figures:
    """Figures of one city or of all, from `start_of` the request's `since` on."""
    return hours.total(request.city, start_of(request.since, now))


def demand_since(request: SeeDemand, now: datetime) -> datetime:
    """The minute with which the asked time begins."""
    return (now - timedelta(minutes=request.minutes)).replace(second=0, microsecond=0)


def see_demand(request: SeeDemand, minutes: Periods, now: datetime) -> list[SegmentDemand]:
    """Demand by segment in the last minutes, the present one included."""
    return reports.demand(minutes.by_segment(request.city, demand_since(request, now), now))


def see_demand_by_hour(request: SeeDemandByHour, hours: Periods) -> list[tuple[datetime, list[SegmentDemand]]]:
    """Demand by hour and segment, the oldest hour first."""
    found = hours.each(request.city, request.since, request.until)
    return [(hour, reports.demand(segments)) for hour, segments in found]
