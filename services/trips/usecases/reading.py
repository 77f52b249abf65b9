"""Trips as they are, live or archived. Postgres is always read first: see `storage.mongo`."""

from __future__ import annotations

from collections.abc import Callable

from hansom.contracts.trips import ListAllTrips, ListTrips, Role, SeeTrip, TripState, UnknownTrip
from services.trips.domain.offer import Offer
from services.trips.domain.paging import Place, TripFilter, merged, read_cursor
from services.trips.domain.trip import Trip, must_be_seen_by
from services.trips.usecases.ports import Archive

FindLive = Callable[[str], Trip | None]
FindWithOffers = Callable[[str], tuple[Trip, list[Offer]] | None]
StatesOf = Callable[[str], dict[str, str]]
NewestLive = Callable[[TripFilter, Place | None, int], list[Trip]]


def find_trip(live: FindLive, archive: Archive, trip_id: str) -> Trip:
    """The trip, live or archived. Raises UnknownTrip."""
    trip = live(trip_id) or archive.find(trip_id)
    if trip is None:
        raise UnknownTrip()
    return trip


def find_with_offers(live: FindWithOffers, archive: Archive, trip_id: str) -> tuple[Trip, list[Offer]]:
    """The trip, live or archived, with its offers, oldest first. Raises UnknownTrip."""
    found = live(trip_id) or archive.find_with_offers(trip_id)
    if found is None:
        raise UnknownTrip()
    return found


def see_trip(live: FindLive, archive: Archive, command: SeeTrip) -> Trip:
    """The trip, for a party of it or ops. Raises UnknownTrip, NotYourTrip."""
    trip = find_trip(live, archive, command.trip_id)
    must_be_seen_by(trip, command.actor.user_id, command.actor.role)
    return trip


def list_trips(live: NewestLive, archive: Archive, command: ListTrips) -> tuple[list[Trip], str | None]:
    """A user's trips, newest first, and the next cursor. Raises Invalid (details: cursor)."""
    mine = (
        TripFilter(driver_id=command.user_id) if command.role == Role.DRIVER else TripFilter(rider_id=command.user_id)
    )
    return _page(live, archive, mine, command.limit, command.cursor)


def list_all(live: NewestLive, archive: Archive, command: ListAllTrips) -> tuple[list[Trip], str | None]:
    """Everybody's trips, filtered, newest first, and the next cursor. Raises Invalid (details: cursor)."""
    wanted = TripFilter(
        rider_id=command.rider_id,
        driver_id=command.driver_id,
        state=command.state,
        category=command.category,
        requested_from=command.requested_from,
        requested_to=command.requested_to,
        city=command.city,
        id_prefix=command.id_prefix,
        people=None if command.people is None else tuple(command.people),
        ids=None if command.ids is None else tuple(command.ids),
    )
    return _page(live, archive, wanted, command.limit, command.cursor)


def count_of_driver(states_of: StatesOf, archive: Archive, driver_id: str) -> dict[str, int]:
    """How many trips a driver had: `trips` in all, `completed` and `cancelled` of them. One that is on its way to the
    archive counts once."""
    live = states_of(driver_id)
    counts = {
        state.value: sum(1 for each in live.values() if each == state.value)
        + archive.count_of_driver(driver_id, state, list(live))
        for state in (TripState.COMPLETED, TripState.CANCELLED)
    }
    under_way = sum(1 for each in live.values() if each not in counts)
    return {"trips": sum(counts.values()) + under_way, **counts}


def has_ridden(live: NewestLive, archive: Archive, rider_id: str) -> bool:
    """Whether this rider has ever completed a ride."""
    rides = TripFilter(rider_id=rider_id, state=TripState.COMPLETED)
    return bool(live(rides, None, 1) or archive.newest(rides, None, 1))


def _page(
    live: NewestLive, archive: Archive, wanted: TripFilter, limit: int, cursor: str | None
) -> tuple[list[Trip], str | None]:
    before = read_cursor(cursor)
    # this order: a trip that leaves Postgres between the two reads was in the archive before it left
    live_page = live(wanted, before, limit + 1)
    archived_page = archive.newest(wanted, before, limit + 1) if wanted.may_be_archived() else []
    return merged(live_page, archived_page, limit)
