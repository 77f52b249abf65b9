"""Batches to try policies on."""

from __future__ import annotations

from collections.abc import Iterable

from hansom.values import Point, distance_m
from services.matching.domain.model import Batch, FreeDriver, WaitingTrip

SPEED_MPS = 8.0


def a_trip(trip_id: str, lat: float = 60.17, lng: float = 24.94, **more: object) -> WaitingTrip:
    return WaitingTrip(trip_id, more.pop("category", "standard"), Point(lat, lng), **more)  # type: ignore[arg-type]


def a_driver(
    driver_id: str, lat: float = 60.17, lng: float = 24.94, *categories: str, **more: float | None
) -> FreeDriver:
    return FreeDriver(driver_id, Point(lat, lng), frozenset(categories) if categories else None, **more)  # type: ignore[arg-type]


def a_batch(
    trips: Iterable[WaitingTrip],
    drivers: Iterable[FreeDriver],
    times: dict[tuple[str, str], float | None] | None = None,
) -> Batch:
    """Road times are those of straight roads unless given."""
    trips, drivers = tuple(trips), tuple(drivers)
    straight = {
        (trip.trip_id, driver.driver_id): distance_m(trip.pickup, driver.point) / SPEED_MPS
        for trip in trips
        for driver in drivers
    }
    return Batch(trips, drivers, straight if times is None else times)
