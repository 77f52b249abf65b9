"""Reads of live trips that change nothing: lists, who is busy, who waits, counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_, union
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from hansom.contracts.trips import WITH_DRIVER, OfferState, TripState
from services.trips.domain.offer import WaitingPlace, WaitingTrip
from services.trips.domain.paging import Place, TripFilter
from services.trips.domain.trip import Trip
from services.trips.storage.rows import trip_of
from services.trips.storage.statements import any_of
from services.trips.storage.tables import offers, trips

WAITING_MAX = 5000
"""Waiting trips told at once: more than one batch of matching can serve."""

_BUSY = [state.value for state in sorted(WITH_DRIVER)]


def newest(session: Session, wanted: TripFilter, before: Place | None, limit: int) -> list[Trip]:
    """Live trips that pass the filter, newest first, from the place on. One statement."""
    statement = select(trips).where(*_conditions(wanted))
    if before is not None:
        place = tuple_(trips.c.requested_at, trips.c.id)
        statement = statement.where(place < tuple_(before.requested_at, before.trip_id))
    statement = statement.order_by(trips.c.requested_at.desc(), trips.c.id.desc()).limit(limit)
    return [trip_of(row) for row in session.execute(statement)]


def _conditions(wanted: TripFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.rider_id is not None:
        conditions.append(trips.c.rider_id == wanted.rider_id)
    if wanted.driver_id is not None:
        conditions.append(trips.c.driver_id == wanted.driver_id)
    if wanted.state is not None:
        conditions.append(trips.c.state == wanted.state.value)
    if wanted.category is not None:
        conditions.append(trips.c.category == wanted.category)
    if wanted.requested_from is not None:
        conditions.append(trips.c.requested_at >= wanted.requested_from)
    if wanted.requested_to is not None:
        conditions.append(trips.c.requested_at < wanted.requested_to)
    if wanted.city is not None:
        conditions.append(trips.c.city == wanted.city)
    if wanted.ids is not None:
        conditions.append(any_of(trips.c.id, wanted.ids))
    found = _found(wanted)
    if found:
        conditions.append(or_(*found))
    return conditions


def _found(wanted: TripFilter) -> list[ColumnElement[bool]]:
    """What a search looks for, each by an index of its own."""
    found: list[ColumnElement[bool]] = []
    if wanted.people is not None:
        found += [any_of(trips.c.rider_id, wanted.people), any_of(trips.c.driver_id, wanted.people)]
    if wanted.id_span is not None:
        found.append(and_(trips.c.id >= wanted.id_span[0], trips.c.id < wanted.id_span[1]))
    return found


def waiting(session: Session, city: str) -> list[WaitingTrip]:
    """A city's trips without a driver, longest waiting first, 5000 at most, with the drivers asked. One statement."""
    asked = aggregate_order_by(offers.c.driver_id, offers.c.made_at)
    statement: Select[Any] = (
        select(
            trips,
            func.coalesce(func.array_agg(asked).filter(offers.c.id.is_not(None)), []).label("asked"),
            func.coalesce(func.bool_or(offers.c.state == OfferState.OPEN.value), False).label("opened"),
        )
        .join_from(trips, offers, offers.c.trip_id == trips.c.id, isouter=True)
        .where(trips.c.state == TripState.REQUESTED.value, trips.c.city == city)
        .group_by(trips.c.id)
        .order_by(trips.c.waiting_since)
        .limit(WAITING_MAX)
    )
    return [WaitingTrip(trip_of(row), row.asked, row.opened) for row in session.execute(statement)]


def waiting_places(session: Session, city: str) -> list[WaitingPlace]:
    """The same trips with no more than a map needs of them. One statement."""
    statement = (
        select(trips.c.id, trips.c.pickup_lat, trips.c.pickup_lng, trips.c.waiting_since)
        .where(trips.c.state == TripState.REQUESTED.value, trips.c.city == city)
        .order_by(trips.c.waiting_since)
        .limit(WAITING_MAX)
    )
    return [WaitingPlace(*row) for row in session.execute(statement)]


def offered_drivers(session: Session, city: str) -> list[str]:
    """Drivers with an open offer of a trip in the city. One statement."""
    statement = select(offers.c.driver_id).join(trips, offers.c.trip_id == trips.c.id)
    is_open = offers.c.state == OfferState.OPEN.value
    return list(session.execute(statement.where(is_open, trips.c.city == city)).scalars())


def active_of_drivers(session: Session, driver_ids: Collection[str]) -> dict[str, Trip]:
    """Driver → the trip he is busy with; drivers without one are absent. One statement."""
    statement = select(trips).where(any_of(trips.c.driver_id, driver_ids), trips.c.state.in_(_BUSY))
    return {row.driver_id: trip_of(row) for row in session.execute(statement)}


def states_of_driver(session: Session, driver_id: str) -> dict[str, str]:
    """Trip → its state, of a driver's live trips, by an index: no more than a day's. One statement."""
    statement = select(trips.c.id, trips.c.state).where(trips.c.driver_id == driver_id)
    return {row.id: row.state for row in session.execute(statement)}


def unfree_drivers(session: Session) -> list[str]:
    """Drivers with an active trip or an open offer. One statement."""
    busy = select(trips.c.driver_id).where(trips.c.state.in_(_BUSY))
    offered = select(offers.c.driver_id).where(offers.c.state == OfferState.OPEN.value)
    return list(session.execute(union(busy, offered)).scalars())


@dataclass(frozen=True, slots=True)
class Counts:
    """Live trips by state and what ops look at first."""

    by_state: dict[str, int]
    completed_today: int
    requested_last_hour: int
    unsettled: int
    open_offers: int
    longest_wait_s: float


def counts(session: Session, now: datetime, day_began_at: datetime) -> Counts:
    """Figures over the live trips; `completed_today` since `day_began_at`. Two statements."""
    unsettled = trips.c.settle_after.is_not(None)
    rows = session.execute(
        select(
            trips.c.state,
            func.count().label("all"),
            func.count().filter(trips.c.completed_at >= day_began_at).label("today"),
            func.count().filter(trips.c.requested_at >= now - timedelta(hours=1)).label("last_hour"),
            func.count().filter(unsettled).label("unsettled"),
            func.min(trips.c.waiting_since).label("first_waiting"),
        ).group_by(trips.c.state)
    ).all()
    found = {row.state: row for row in rows}
    waits = [(now - row.first_waiting).total_seconds() for row in rows if row.state == TripState.REQUESTED.value]
    opened = select(func.count()).select_from(offers).where(offers.c.state == OfferState.OPEN.value)
    return Counts(
        by_state={state.value: found[state].all if state.value in found else 0 for state in TripState},
        completed_today=sum(row.today for row in rows),
        requested_last_hour=sum(row.last_hour for row in rows),
        unsettled=sum(row.unsettled for row in rows),
        open_offers=session.execute(opened).scalar_one(),
        longest_wait_s=max(waits, default=0.0),
    )
