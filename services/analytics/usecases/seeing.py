"""Figures, as they are asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from hansom.contracts.analytics import SeeDemand, SeeDemandByHour, SeeEtaErrors, SeeKeyFigures, SegmentDemand
from services.analytics.domain import reports
from services.analytics.domain.facts import hour_of
from services.analytics.domain.figures import Figures
from services.analytics.usecases.stores import Periods

PROMISES = ("pickup_", "trip_")
"""How the names of figures of kept promises begin."""


def start_of(since: datetime | None, now: datetime) -> datetime:
    """The hour that holds `since`; None: the start of today, UTC."""
    return hour_of(now).replace(hour=0) if since is None else hour_of(since)


def see_total(request: SeeKeyFigures | SeeEtaErrors, hours: Periods, now: datetime) -> Figures:
    """Figures of one city or of all, from `start_of` the request's `since` on."""
    until = request.until if isinstance(request, SeeEtaErrors) else None
    return hours.total(request.city, start_of(request.since, now), until)


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """How promises of one segment, of one hour of the day, or of both were kept; None: of all."""

    segment: str | None
    hour: int | None
    figures: Figures


def see_eta_errors(request: SeeEtaErrors, hours: Periods, zone: tzinfo, now: datetime) -> tuple[list[ErrorLine], int]:
    """Lines by segment, hour of the city's day, or both, those of the most promises first; and how many are left out.

    By hour alone they come in the order of the day. Figures are of the hour in which a promise was kept.
    """
    assert request.city is not None
    until = now if request.until is None else request.until
    found: dict[tuple[str | None, int | None], Counter[str]] = {}
    for start, segments in hours.each(request.city, start_of(request.since, now), until):
        hour = start.astimezone(zone).hour if "hour" in request.by else None
        for segment, figures in segments.items():
            kept = {name: value for name, value in figures.items() if name.startswith(PROMISES)}
            if kept:
                found.setdefault((segment if "segment" in request.by else None, hour), Counter()).update(kept)
    lines = [ErrorLine(segment, hour, figures) for (segment, hour), figures in found.items()]
    lines.sort(key=_in_order if "segment" not in request.by else _busiest_first)
    return lines[: request.limit], max(len(lines) - request.limit, 0)


def _in_order(line: ErrorLine) -> tuple[int, int]:
    return (line.hour or 0, 0)


def _busiest_first(line: ErrorLine) -> tuple[int, str, int]:
    promises = line.figures.get("pickup_promises", 0) + line.figures.get("trip_promises", 0)
    return (-promises, line.segment or "", line.hour or 0)


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
