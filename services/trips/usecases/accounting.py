"""Trips as the audit of money compares them with charges."""

from __future__ import annotations

from services.trips.domain.trip import Trip
from services.trips.usecases.ports import Archive, Units


def trips_after(units: Units, archive: Archive, after_id: str, limit: int) -> list[Trip]:
    """Trips, live and archived, in the order of their ids, from the one after `after_id`."""
    with units() as unit:
        live = [trip for trip, _ in unit.rows.walk(after_id, limit)]
    # this order: a trip that leaves Postgres between the two reads was in the archive before it left
    found = {trip.id: trip for trip in archive.walk(after_id, limit)} | {trip.id: trip for trip in live}
    return [found[trip_id] for trip_id in sorted(found)[:limit]]
