"""Trips and offers ↔ rows of their tables."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hansom.contracts.trips import OfferState, TripState
from hansom.values import Money, Point
from hansom.wire import iso, parse_time
from services.trips.domain.approach import Approach, Watched
from services.trips.domain.offer import Offer
from services.trips.domain.trip import Step, Trip

COMPOSED = ("pickup", "dropoff", "fare", "history", "state")
PLAIN = tuple(field.name for field in fields(Trip) if field.name not in COMPOSED)
"""Fields that stand in a column of their own name."""


def trip_of(row: Any) -> Trip:
    """The trip of a row that has every column of `trips`."""
    plain = {name: getattr(row, name) for name in PLAIN}
    return Trip(
        **plain,
        state=TripState(row.state),
        pickup=Point(row.pickup_lat, row.pickup_lng),
        dropoff=Point(row.dropoff_lat, row.dropoff_lng),
        fare=Money(row.fare_minor, row.currency),
        history=steps_of(row.history),
    )


def watched_of(row: Any) -> Watched:
    """A trip with its driver's approach: of a row of `trips` with those two columns, null where there is none."""
    approach = None if row.nearer_at is None else Approach(row.nearest_m, row.nearer_at)
    return Watched(trip_of(row), approach)


def values_of(trip: Trip) -> dict[str, Any]:
    """Every column of the trip's row."""
    values = {name: getattr(trip, name) for name in PLAIN}
    for name in COMPOSED:
        values |= _columns(name, getattr(trip, name))
    return values


def changed_values(before: Trip, after: Trip) -> dict[str, Any]:
    """The columns in which two states of a trip differ."""
    values: dict[str, Any] = {}
    for name in PLAIN:
        new = getattr(after, name)
        if new != getattr(before, name):
            values[name] = new
    for name in COMPOSED:
        new = getattr(after, name)
        if new != getattr(before, name):
            values |= _columns(name, new)
    return values


def _columns(name: str, value: Any) -> dict[str, Any]:
    match name:
        case "pickup" | "dropoff":
            return {f"{name}_lat": value.lat, f"{name}_lng": value.lng}
        case "fare":
            return {"fare_minor": value.amount_minor, "currency": value.currency}
        case "history":
            return {"history": [[step.version, step.verb, step.state, step.by, iso(step.at)] for step in value]}
        case _:
            return {name: value.value}


def steps_of(history: list[list[Any]]) -> tuple[Step, ...]:
    """A trip's history from its JSON: a list of [version, verb, state, by, at]."""
    steps = []
    for version, verb, state, by, at in history:
        moment = parse_time(at)
        assert moment is not None
        steps.append(Step(version, verb, state, by, moment))
    return tuple(steps)


OFFER_COLUMNS = tuple(field.name for field in fields(Offer))


def offer_of(row: Any, prefix: str = "") -> Offer:
    """The offer of a row whose columns may be named with a prefix, as in a join."""
    values = {name: getattr(row, prefix + name) for name in OFFER_COLUMNS}
    return Offer(**values | {"state": OfferState(values["state"])})


def offer_values(offer: Offer) -> dict[str, Any]:
    """Every column of the offer's row."""
    return {name: getattr(offer, name) for name in OFFER_COLUMNS} | {"state": offer.state.value}
