"""Why a driver had few rides: what is kept of his hour, and what other services know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from hansom.contracts.drivers import Approval
from hansom.contracts.errors import NotFound, Unavailable
from hansom.contracts.matching import Answer, SeeWhyNoRides
from hansom.segments import centre
from hansom.values import Point
from hansom.wire import iso, parse_time, point_of
from services.matching.domain.driver_hour import (
    OFFERED,
    DriverHour,
    Explanation,
    Place,
    SeenTrip,
    Shift,
    busier_place,
    explain,
    online_seconds,
    requests_near,
    riding_seconds,
)

HOUR = timedelta(hours=1)

LONGEST_RIDE = timedelta(hours=4)
"""A ride of the hour may have been asked for so long before it."""

RIDES_READ = 100

Row = dict[str, Any]


class Kept(Protocol):
    """Decision records. Raises what their store raises while it is down."""

    def of_driver(self, driver_id: str, since: datetime, until: datetime) -> tuple[list[Row], list[Row], list[Row]]: ...


class Asked(Protocol):
    """A call under way: `result()` raises what the service raised, or Unavailable."""

    def result(self) -> Row: ...


class Ask(Protocol):
    """Begins a call of another service."""

    def __call__(self, service: str, method: str, payload: Row) -> Asked: ...


class CityAt(Protocol):
    """The name of the city that serves a point, or None."""

    def __call__(self, point: Point) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Where an explanation comes from."""

    kept: Kept
    ask: Ask
    city_at: CityAt


@dataclass(frozen=True, slots=True)
class Told:
    """An explanation with the hour that it explains, and the services that could not be asked."""

    hour: DriverHour
    explanation: Explanation
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Others:
    """What other services said; None for one that is down, or that was not asked as the hour is past."""

    driver: Row
    rides: Sequence[Row] | None
    standing: Row | None
    places: Sequence[Place] | None
    missing: tuple[str, ...]


def why_no_rides(command: SeeWhyNoRides, now: datetime, sources: Sources) -> Told:
    """Explain the hour that ends at `until`, or now.

    Raises UnknownDriver, Unavailable (without `drivers` nothing can be said), and what the records' store does.
    """
    ends = min(command.until or now, now)
    since = ends - HOUR
    others = _ask_others(command, since, sources)
    seen, offers, shifts = sources.kept.of_driver(command.driver_id, since, ends)
    here = _position(others.standing)
    near = requests_near(others.places, here) if others.places is not None and here is not None else (None, None)
    spans = None if others.rides is None else [_span(ride) for ride in others.rides if ride["assigned_at"]]
    hour = DriverHour(
        since=since,
        until=ends,
        online_s=online_seconds(_shifts(shifts, others.driver), since, ends),
        riding_s=None if spans is None else riding_seconds(spans, since, ends),
        rides=None if spans is None else sum(1 for begins, end in spans if begins < ends and (end or ends) > since),
        batches=len(seen),
        trips=_trips(seen),
        answers=[Answer(each["answer"]) if each.get("answer") else None for each in offers],
        mean_answer_s=_mean_answer_s(offers),
        requests=near[0],
        unmet=near[1],
        busier=busier_place(others.places, here) if others.places is not None and here is not None else None,
        now=_why_not(others.driver, others.standing) if command.until is None else None,
    )
    return Told(hour, explain(hour), others.missing)


def _ask_others(command: SeeWhyNoRides, since: datetime, sources: Sources) -> _Others:
    """Ask all at once; what happens now is only asked for when the hour ends now."""
    ask, who = sources.ask, {"driver_id": command.driver_id}
    driver = ask("drivers", "get_driver", who)
    rides = ask("trips", "list_all", {**who, "from": iso(since - LONGEST_RIDE), "limit": RIDES_READ})
    standing = ask("location", "marks_of", {**who, "limit": 1}) if command.until is None else None
    missing: list[str] = []
    found = driver.result()
    known = _or_missing(rides, "trips", missing)
    stands = _or_missing(standing, "location", missing)
    here = _position(stands)
    city = sources.city_at(here) if here is not None else None
    demand = ask("analytics", "demand", {"city": city, "minutes": 60}) if city is not None else None
    asked_for = _or_missing(demand, "analytics", missing)
    return _Others(
        found,
        None if known is None else known["items"],
        stands,
        None if asked_for is None else _places(asked_for["items"]),
        tuple(missing),
    )


def _or_missing(asked: Asked | None, service: str, missing: list[str]) -> Row | None:
    """What a service said; None, and its name among the missing, while it is down."""
    if asked is None:
        return None
    try:
        return asked.result()
    except (Unavailable, NotFound):
        missing.append(service)
        return None


def _places(items: Iterable[Mapping[str, Any]]) -> list[Place]:
    return [Place(Point(*centre(item["segment"])), item["requests"], item["unmet"]) for item in items]


def _position(standing: Row | None) -> Point | None:
    position = standing["position"] if standing is not None else None
    return None if position is None else point_of(position["point"])


def _why_not(driver: Row, standing: Row | None) -> str | None:
    """Why he is not offered rides at this moment: a word of NOW, or None."""
    if driver["approval"] != Approval.APPROVED:
        return str(driver["approval"])
    if not driver["online"]:
        return "offline"
    return None if standing is None else standing["why_not"]


def _shifts(known: Iterable[Row], driver: Row) -> list[Shift]:
    """When he went online and offline; of a driver of whom no such time is kept, what his profile says."""
    shifts = [Shift(each["at"], each["online"]) for each in known]
    since = parse_time(driver["went_online_at"])
    return shifts or ([Shift(since, True)] if since is not None else [])


def _span(ride: Row) -> tuple[datetime, datetime | None]:
    """Since when and until when a ride was his."""
    begins = parse_time(ride["assigned_at"])
    assert begins is not None
    return begins, parse_time(ride["completed_at"] or ride["cancelled_at"])


def _trips(seen: Iterable[Row]) -> dict[str, SeenTrip]:
    """What became of each trip for him: an offer, otherwise what the last batch said. `seen`: newest first."""
    trips: dict[str, SeenTrip] = {}
    for batch in seen:
        for trip_id, why, _, behind_s in batch["trips"]:
            if why == OFFERED or trip_id not in trips:
                trips[trip_id] = SeenTrip(why, behind_s)
    return trips


def _mean_answer_s(offers: Iterable[Row]) -> float | None:
    """Seconds from an offer to the driver's own answer."""
    own = (Answer.ACCEPTED, Answer.DECLINED)
    delays = [
        max(0.0, (each["answered_at"] - each["made_at"]).total_seconds())
        for each in offers
        if each.get("answer") in own and each.get("answered_at") is not None
    ]
    return sum(delays) / len(delays) if delays else None
