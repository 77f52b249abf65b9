"""What drivers and trips tell: who is online, who has which trip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hansom.events import Event
from hansom.wire import parse_time
from services.location.domain.positions import Position
from services.location.domain.rides import Ride, ms, target_of
from services.location.storage.live import Changes, LiveCars


def hear(events: Iterable[Event], cars: LiveCars) -> list[tuple[str, Position]]:
    """Take a batch of events in one pipeline; repeats and latecomers change nothing.

    Gives (trip, position) of positions that came before the news of their trip. Raises RedisError.
    """
    changes = cars.transaction()
    for event in events:
        HANDLERS[event.name](event, changes)
    return changes.send()


def on_drivers_driver_availability_changed(event: Event, changes: Changes) -> None:
    data = event.data
    changes.availability(data["driver_id"], bool(data["online"]), data.get("categories") or (), ms(event.occurred_at))


def on_trip_under_way(event: Event, changes: Changes) -> None:
    """The driver has the trip, or it went on: assigned, arrived, in progress, or it goes elsewhere."""
    trip = event.data["trip"]
    if not trip.get("driver_id"):
        return
    assigned_at = parse_time(trip.get("assigned_at")) or event.occurred_at
    ride = Ride(
        trip["id"],
        trip["driver_id"],
        trip["rider_id"],
        trip["state"],
        target_of(trip),
        assigned_at,
        int(trip["version"]),
    )
    changes.occupy(ride, ms(assigned_at))


def on_trip_over(event: Event, changes: Changes) -> None:
    """The driver is rid of the trip: it is completed, cancelled, or was given back."""
    data = event.data
    trip = data["trip"]
    driver_id = data.get("former_driver_id") or data.get("driver_id") or trip.get("driver_id")
    if not driver_id:
        return
    ended_at = parse_time(_ended_at(event.type, trip)) or event.occurred_at
    changes.release(driver_id, trip["id"], ms(ended_at))


def _ended_at(type_: str, trip: Mapping[str, Any]) -> str | None:
    field = {"trip_completed": "completed_at", "trip_cancelled": "cancelled_at"}.get(type_)
    return trip.get(field) if field else None


HANDLERS: dict[str, Callable[[Event, Changes], None]] = {
    "drivers.driver_availability_changed": on_drivers_driver_availability_changed,
    "trips.trip_assigned": on_trip_under_way,
    "trips.driver_arrived": on_trip_under_way,
    "trips.trip_started": on_trip_under_way,
    "trips.trip_changed": on_trip_under_way,
    "trips.trip_completed": on_trip_over,
    "trips.trip_cancelled": on_trip_over,
    "trips.trip_returned": on_trip_over,
}
