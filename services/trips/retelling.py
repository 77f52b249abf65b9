"""The entrypoint that tells what happened to a trip."""

from __future__ import annotations

from typing import Any

from hansom.rpc import rpc
from hansom.timeline import timeline_reply
from services.trips import schemas
from services.trips.domain.offer import Offer
from services.trips.domain.timeline import timeline
from services.trips.domain.trip import Trip
from services.trips.schemas import decode
from services.trips.storage import queries
from services.trips.storage.trips import TripRows
from services.trips.usecases import reading


class Retelling:
    """What `TripsService` says of a trip's past."""

    store: Any
    history: Any

    @rpc
    def get_timeline(self, payload: dict[str, Any]) -> dict[str, Any]:
        trip_id = decode(schemas.TRIP_ID, payload)["trip_id"]
        trip, offers = reading.find_with_offers(self._find_with_offers, self.history, trip_id)
        return {**timeline_reply(timeline(trip, offers)), "trip": _about(trip)}

    @rpc
    def count_of_driver(self, payload: dict[str, Any]) -> dict[str, Any]:
        driver_id = decode(schemas.DRIVER_ID, payload)["driver_id"]
        return reading.count_of_driver(self._live_states_of, self.history, driver_id)

    def _live_states_of(self, driver_id: str) -> dict[str, str]:
        with self.store.begin() as session:
            return queries.states_of_driver(session, driver_id)

    def _find_with_offers(self, trip_id: str) -> tuple[Trip, list[Offer]] | None:
        with self.store.begin() as session:
            return TripRows(session).find_with_offers(trip_id)


def _about(trip: Trip) -> dict[str, Any]:
    """What whoever puts a timeline together needs beside it."""
    return {"trip_id": trip.id, "rider_id": trip.rider_id, "quote_id": trip.quote_id, "category": trip.category}
