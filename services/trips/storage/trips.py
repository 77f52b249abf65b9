"""Trips and offers in Postgres, inside one transaction.

Whoever changes a trip or an offer holds the trip's row lock first: so what happens to one trip happens one after
another, and its events enter the outbox in that order. Locks are taken trips first, then offers, by trip id.
What runs in the background skips locked rows, so it never waits for a ride nor a ride for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hansom.contracts.trips import ActiveTripExists, OfferGone, OfferState
from services.trips.domain.approach import Approach, Watched
from services.trips.domain.offer import Offer, WaitingTrip
from services.trips.domain.trip import Trip
from services.trips.storage import statements as sql
from services.trips.storage.rows import changed_values, offer_of, offer_values, trip_of, values_of, watched_of


class TripRows:
    """The trips and offers that one transaction reads and changes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def _run(self, statement: Executable, values: Any = None) -> Any:
        # the connection, not the session: there are no ORM objects to look after
        return self._session.connection().execute(statement, values)

    # -- one trip ----------------------------------------------------------------------------------------------------
    def find(self, trip_id: str) -> Trip | None:
        """The trip as last committed, not locked; None when it isn't among the live ones."""
        row = self._run(sql.FIND_TRIP, {"its_id": trip_id}).first()
        return trip_of(row) if row else None

    def find_with_offers(self, trip_id: str) -> tuple[Trip, list[Offer]] | None:
        """The trip with its offers, oldest first, not locked; None when it isn't among the live ones."""
        found = self._with_offers(self._run(sql.FIND_TRIP, {"its_id": trip_id}).all())
        return found[0] if found else None

    def lock(self, trip_id: str) -> Trip | None:
        """The trip, held until the end of the transaction; None when it isn't among the live ones."""
        row = self._run(sql.LOCK_TRIP, {"its_id": trip_id}).first()
        return trip_of(row) if row else None

    def add(self, trip: Trip) -> None:
        """Insert a new trip. Raises ActiveTripExists (details: trip_id) when its rider has one under way."""
        if self._run(sql.ADD_TRIP, values_of(trip)).first() is None:
            raise ActiveTripExists(details={"trip_id": self.active_trip_of(trip.rider_id)})

    def active_trip_of(self, rider_id: str) -> str | None:
        """The id of the trip that the rider has under way."""
        return self._run(sql.ACTIVE_TRIP_OF, {"its_rider_id": rider_id}).scalar()

    def save(self, before: Trip, after: Trip) -> None:
        """Write what changed of a locked trip. Raises OfferGone when its new driver is busy with another trip."""
        changes = changed_values(before, after)
        if not changes:
            return
        try:
            written = self._run(sql.SAVE_TRIP, {"its_id": before.id, "its_version": before.version, **changes})
        except IntegrityError as exc:
            if "uq_trips_one_active_per_driver" in str(exc.orig):
                raise OfferGone("You already have an active trip.", {"state": "driver_busy"}) from exc
            raise
        assert written.rowcount == 1, "a locked trip cannot have changed"

    # -- one offer ---------------------------------------------------------------------------------------------------
    def lock_with_offer(self, offer_id: str) -> tuple[Trip, Offer] | None:
        """An offer and its trip, both held until the end of the transaction."""
        row = self._run(sql.LOCK_TRIP_WITH_OFFER, {"its_id": offer_id}).first()
        return (trip_of(row), offer_of(row, "offer_")) if row else None

    def save_offer(self, offer: Offer) -> None:
        """Write the answer to a locked offer."""
        answer = {"state": offer.state.value, "answered_at": offer.answered_at}
        self._run(sql.SAVE_OFFER, {"its_id": offer.id, **answer})

    def release_offer(self, trip_id: str, driver_id: str) -> None:
        """Mark the accepted offer of a driver who gives his trip back."""
        self._run(sql.RELEASE_OFFER, {"its_trip_id": trip_id, "its_driver_id": driver_id})

    def has_released(self, trip_id: str, driver_id: str) -> bool:
        """True when this driver had the trip and gave it back."""
        return bool(self._run(sql.HAS_RELEASED, {"its_trip_id": trip_id, "its_driver_id": driver_id}).scalar())

    # -- many --------------------------------------------------------------------------------------------------------
    def lock_waiting(self, trip_ids: Collection[str]) -> dict[str, WaitingTrip]:
        """The trips, held, each with the drivers it was offered to.

        Two statements: the second sees what the first had to wait for.
        """
        locked = self._run(sql.LOCK_TRIPS, {"ids": list(trip_ids)}).all()
        asked: dict[str, list[str]] = {row.id: [] for row in locked}
        opened: dict[str, tuple[str, bool]] = {}
        for trip_id, driver_id, state, offer_id, shown_at in self._run(sql.OFFERS_MADE, {"ids": list(asked)}):
            asked[trip_id].append(driver_id)
            if state == OfferState.OPEN.value:
                opened[trip_id] = (offer_id, shown_at is not None)
        return {
            row.id: WaitingTrip(trip_of(row), asked[row.id], row.id in opened, *opened.get(row.id, (None, False)))
            for row in locked
        }

    def add_offers(self, new: Sequence[Offer]) -> set[str]:
        """Insert offers; gives the ids of those that no constraint refused.

        A driver with an active trip gets none. That is asked after the insert, which has waited until the answer to
        his other offer was committed. The insert goes by driver, so that two of them never wait for each other.
        """
        if not new:
            return set()
        by_driver = sorted(new, key=lambda offer: offer.driver_id)
        made = set(self._run(sql.ADD_OFFERS, [offer_values(offer) for offer in by_driver]).scalars())
        return made - set(self._run(sql.DROP_OFFERS_TO_BUSY, {"ids": list(made)}).scalars())

    def unshown_offers(self, offer_ids: Collection[str]) -> list[str]:
        """Those of these offers that are open and were not shown."""
        return list(self._run(sql.UNSHOWN_OFFERS, {"ids": list(offer_ids)}).scalars())

    def note_shown(self, offer_ids: Collection[str], at: datetime) -> int:
        """Write when open offers were shown, the first time only; gives how many."""
        return self._run(sql.NOTE_SHOWN, {"ids": list(offer_ids), "at": at}).rowcount

    def withdraw_unshown(self, offer_ids: Collection[str], at: datetime) -> list[Offer]:
        """End those of these offers, of locked trips, that are open and were not shown; gives them as they are now."""
        return [offer_of(row) for row in self._run(sql.WITHDRAW_UNSHOWN, {"ids": list(offer_ids), "at": at})]

    def reopen_offers(self, offer_ids: Collection[str]) -> None:
        """Undo the withdrawal of offers in the transaction that withdrew them."""
        self._run(sql.REOPEN_OFFERS, {"ids": list(offer_ids)})

    def withdraw_open_offers(self, trip_ids: Collection[str], at: datetime) -> list[Offer]:
        """End the open offers of locked trips; gives them as they are now."""
        return [offer_of(row) for row in self._run(sql.WITHDRAW_OFFERS, {"ids": list(trip_ids), "at": at})]

    def lock_open_offers_to(self, driver_ids: Collection[str]) -> list[Offer]:
        """The open offers of drivers, held with their trips until the end of the transaction."""
        return [offer_of(row) for row in self._run(sql.LOCK_OPEN_OFFERS_TO, {"driver_ids": list(driver_ids)})]

    def withdraw_offers(self, offer_ids: Collection[str], at: datetime) -> list[Offer]:
        """End locked open offers; gives them as they are now."""
        if not offer_ids:
            return []
        return [offer_of(row) for row in self._run(sql.WITHDRAW_THESE_OFFERS, {"ids": list(offer_ids), "at": at})]

    def expire_offers(self, now: datetime, limit: int) -> list[Offer]:
        """End open offers whose time is over, at most `limit`; gives them. What is locked waits for the next round."""
        ids = self._run(sql.LOCK_DUE_OFFERS, {"now": now, "most": limit}).scalars().all()
        if not ids:
            return []
        return [offer_of(row) for row in self._run(sql.EXPIRE_OFFERS, {"ids": list(ids), "now": now})]

    def lock_impatient(self, now: datetime, patience: timedelta, limit: int) -> list[Trip]:
        """Trips that wait longer than `patience` and have no open offer, held, longest waiting first."""
        return [trip_of(row) for row in self._run(sql.LOCK_IMPATIENT_TRIPS, {"since": now - patience, "most": limit})]

    # -- drivers on their way ----------------------------------------------------------------------------------------
    def watched(self, assigned_until: datetime, after_id: str, limit: int) -> list[Watched]:
        """Trips assigned until then whose driver has not arrived, by id from the one after `after_id`; not locked."""
        asked = {"assigned_until": assigned_until, "after": after_id, "most": limit}
        return [watched_of(row) for row in self._run(sql.WATCHED_TRIPS, asked)]

    def remember_approaches(self, approaches: Sequence[tuple[Trip, Approach]]) -> None:
        """Keep how near the drivers of these trips came, of those trips that are still as they are here."""
        for trip, approach in approaches:
            its = {"its_id": trip.id, "its_version": trip.version}
            new = {"nearest_m": approach.nearest_m, "nearer_at": approach.nearer_at}
            self._run(sql.REMEMBER_APPROACH, {**its, **new})

    # -- the end of a trip -------------------------------------------------------------------------------------------
    def take_unsettled(self, now: datetime, retry: timedelta, limit: int) -> list[Trip]:
        """Completed trips whose fare is due, with their next try already set to `now + retry`."""
        due = {"now": now, "retry_at": now + retry, "most": limit}
        return [trip_of(row) for row in self._run(sql.TAKE_DUE_FARES, due)]

    def done_before(self, moment: datetime, limit: int) -> list[tuple[Trip, list[Offer]]]:
        """Trips that ended before `moment` and will never change, oldest first, each with its offers."""
        return self._with_offers(self._run(sql.DONE_TRIPS, {"before": moment, "most": limit}).all())

    def _with_offers(self, found: Sequence[Any]) -> list[tuple[Trip, list[Offer]]]:
        by_trip: dict[str, list[Offer]] = {row.id: [] for row in found}
        for row in self._run(sql.OFFERS_OF, {"ids": list(by_trip)}):
            by_trip[row.trip_id].append(offer_of(row))
        return [(trip_of(row), by_trip[row.id]) for row in found]

    def delete(self, trip_ids: Collection[str]) -> int:
        """Delete trips and, with them, their offers; gives how many trips."""
        return self._run(sql.DELETE_TRIPS, {"ids": list(trip_ids)}).rowcount

    def walk(self, after_id: str, limit: int) -> list[tuple[Trip, list[Offer]]]:
        """Live trips in the order of their ids, from the one after `after_id`, each with its offers as of one moment.

        Must be the transaction's first use of the rows.
        """
        self._session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return self._with_offers(self._run(sql.WALK_TRIPS, {"after": after_id, "most": limit}).all())

    def count_engagements(self) -> dict[str, int]:
        """`rider ID` or `driver ID` → how many active trips he is in."""
        return {row.who: row.active for row in self._run(sql.COUNT_ENGAGEMENTS)}
