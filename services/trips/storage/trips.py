"""Trips and offers in Postgres, inside one transaction.

Whoever changes a trip or an offer holds the trip's row lock first: so what happens to one trip happens one after
another, and its events enter the outbox in that order. Locks are taken trips first, then offers, by trip id.
What runs in the background skips locked rows, so it never waits for a ride nor a ride for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, bindparam, delete, exists, func, literal, select, union_all, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hansom.contracts.trips import ACTIVE, WITH_DRIVER, ActiveTripExists, OfferGone, OfferState, TripState
from services.trips.domain.offer import Offer, WaitingTrip
from services.trips.domain.trip import Trip
from services.trips.storage.rows import OFFER_COLUMNS, changed_values, offer_of, offer_values, trip_of, values_of
from services.trips.storage.tables import RIDER_IS_BUSY, offers, trips

_OFFER_AS = [offers.c[name].label(f"offer_{name}") for name in OFFER_COLUMNS]
_ACTIVE = [state.value for state in sorted(ACTIVE)]
_BUSY = [state.value for state in sorted(WITH_DRIVER)]


def any_of(column: Any, values: Collection[str]) -> Any:
    """`column = ANY(array)`: one plan and one compiled statement, however many values there are."""
    array = bindparam(None, list(values), type_=postgresql.ARRAY(String))
    return column == func.any(array)


class TripRows:
    """The trips and offers that one transaction reads and changes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # -- one trip ----------------------------------------------------------------------------------------------------
    def find(self, trip_id: str) -> Trip | None:
        """The trip as last committed, not locked; None when it isn't among the live ones."""
        row = self._session.execute(select(trips).where(trips.c.id == trip_id)).first()
        return trip_of(row) if row else None

    def lock(self, trip_id: str) -> Trip | None:
        """The trip, held until the end of the transaction; None when it isn't among the live ones."""
        row = self._session.execute(select(trips).where(trips.c.id == trip_id).with_for_update()).first()
        return trip_of(row) if row else None

    def add(self, trip: Trip) -> None:
        """Insert a new trip. Raises ActiveTripExists when its rider has one under way."""
        statement = (
            postgresql.insert(trips)
            .values(values_of(trip))
            .on_conflict_do_nothing(index_elements=["rider_id"], index_where=RIDER_IS_BUSY)
            .returning(trips.c.id)
        )
        if self._session.execute(statement).first() is None:
            raise ActiveTripExists()

    def save(self, before: Trip, after: Trip) -> None:
        """Write what changed of a locked trip. Raises OfferGone when its new driver is busy with another trip."""
        changes = changed_values(before, after)
        if not changes:
            return
        statement = update(trips).where(trips.c.id == before.id, trips.c.version == before.version).values(changes)
        try:
            written = self._session.execute(statement)
        except IntegrityError as exc:
            if "uq_trips_one_active_per_driver" in str(exc.orig):
                raise OfferGone("You already have an active trip.", {"state": "driver_busy"}) from exc
            raise
        assert written.rowcount == 1, "a locked trip cannot have changed"  # type: ignore[attr-defined]

    # -- one offer ---------------------------------------------------------------------------------------------------
    def lock_with_offer(self, offer_id: str) -> tuple[Trip, Offer] | None:
        """An offer and its trip, both held. Both are named in the lock: only then does Postgres read both anew after it
        has waited for another transaction, and the trip comes first, as everywhere."""
        statement = (
            select(trips, *_OFFER_AS)
            .join(offers, offers.c.trip_id == trips.c.id)
            .where(offers.c.id == offer_id)
            .with_for_update(of=[trips, offers])
        )
        row = self._session.execute(statement).first()
        return (trip_of(row), offer_of(row, "offer_")) if row else None

    def save_offer(self, offer: Offer) -> None:
        """Write the answer to a locked offer."""
        self._session.execute(
            update(offers).where(offers.c.id == offer.id).values(state=offer.state.value, answered_at=offer.answered_at)
        )

    def release_offer(self, trip_id: str, driver_id: str) -> None:
        """Mark the accepted offer of a driver who gives his trip back."""
        self._session.execute(
            update(offers)
            .where(offers.c.trip_id == trip_id, offers.c.driver_id == driver_id)
            .values(state=OfferState.RELEASED.value)
        )

    def has_released(self, trip_id: str, driver_id: str) -> bool:
        """True when this driver had the trip and gave it back."""
        released = exists().where(
            offers.c.trip_id == trip_id,
            offers.c.driver_id == driver_id,
            offers.c.state == OfferState.RELEASED.value,
        )
        return bool(self._session.execute(select(released)).scalar())

    # -- many --------------------------------------------------------------------------------------------------------
    def lock_waiting(self, trip_ids: Collection[str]) -> dict[str, WaitingTrip]:
        """The trips, held, each with the drivers it was offered to.

        Two statements: the second sees what the first had to wait for.
        """
        locked = self._session.execute(
            select(trips).where(any_of(trips.c.id, trip_ids)).order_by(trips.c.id).with_for_update()
        ).all()
        asked: dict[str, list[str]] = {row.id: [] for row in locked}
        opened: set[str] = set()
        rows = self._session.execute(
            select(offers.c.trip_id, offers.c.driver_id, offers.c.state).where(any_of(offers.c.trip_id, asked))
        )
        for trip_id, driver_id, state in rows:
            asked[trip_id].append(driver_id)
            if state == OfferState.OPEN.value:
                opened.add(trip_id)
        return {row.id: WaitingTrip(trip_of(row), asked[row.id], row.id in opened) for row in locked}

    def add_offers(self, new: Sequence[Offer]) -> set[str]:
        """Insert offers; gives the ids of those that no constraint refused.

        A driver with an active trip gets none. That is asked after the insert, which has waited until the answer to
        his other offer was committed.
        """
        if not new:
            return set()
        statement = (
            postgresql.insert(offers)
            .values([offer_values(offer) for offer in new])
            .on_conflict_do_nothing()
            .returning(offers.c.id)
        )
        made = set(self._session.execute(statement).scalars())
        busy = select(trips.c.id).where(trips.c.driver_id == offers.c.driver_id, trips.c.state.in_(_BUSY)).exists()
        gone = delete(offers).where(any_of(offers.c.id, made), busy).returning(offers.c.id)
        return made - set(self._session.execute(gone).scalars())

    def withdraw_open_offers(self, trip_ids: Collection[str], at: datetime) -> list[Offer]:
        """End the open offers of locked trips; gives them as they are now."""
        statement = (
            update(offers)
            .where(any_of(offers.c.trip_id, trip_ids), offers.c.state == OfferState.OPEN.value)
            .values(state=OfferState.WITHDRAWN.value, answered_at=at)
            .returning(offers)
        )
        return [offer_of(row) for row in self._session.execute(statement)]

    def expire_offers(self, now: datetime, limit: int) -> list[Offer]:
        """End open offers whose time is over, at most `limit`; gives them. What is locked waits for the next round."""
        due = (
            select(offers.c.id)
            .join(trips, trips.c.id == offers.c.trip_id)
            .where(offers.c.state == OfferState.OPEN.value, offers.c.expires_at <= now)
            .order_by(offers.c.expires_at)
            .limit(limit)
            .with_for_update(of=[trips, offers], skip_locked=True)
        )
        ids = self._session.execute(due).scalars().all()
        if not ids:
            return []
        statement = (
            update(offers)
            .where(any_of(offers.c.id, ids))
            .values(state=OfferState.EXPIRED.value, answered_at=now)
            .returning(offers)
        )
        return [offer_of(row) for row in self._session.execute(statement)]

    def lock_impatient(self, now: datetime, patience: timedelta, limit: int) -> list[Trip]:
        """Trips that wait longer than `patience` and have no open offer, held, longest waiting first."""
        offered = exists().where(offers.c.trip_id == trips.c.id, offers.c.state == OfferState.OPEN.value)
        statement = (
            select(trips)
            .where(trips.c.state == TripState.REQUESTED.value, trips.c.waiting_since <= now - patience, ~offered)
            .order_by(trips.c.waiting_since)
            .limit(limit)
            .with_for_update(of=trips, skip_locked=True)
        )
        return [trip_of(row) for row in self._session.execute(statement)]

    # -- the end of a trip -------------------------------------------------------------------------------------------
    def take_unsettled(self, now: datetime, retry: timedelta, limit: int) -> list[Trip]:
        """Completed trips whose fare is due, with their next try already set to `now + retry`."""
        due = (
            select(trips.c.id)
            .where(
                trips.c.state == TripState.COMPLETED.value,
                trips.c.settled_at.is_(None),
                trips.c.settle_after <= now,
            )
            .order_by(trips.c.settle_after)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = update(trips).where(trips.c.id.in_(due)).values(settle_after=now + retry).returning(trips)
        return [trip_of(row) for row in self._session.execute(statement)]

    def done_before(self, moment: datetime, limit: int) -> list[tuple[Trip, list[Offer]]]:
        """Trips that ended before `moment` and will never change, oldest first, each with its offers."""
        done = (
            trips.c.finished_at < moment,
            (trips.c.state != TripState.COMPLETED.value) | trips.c.settled_at.is_not(None),
        )
        rows = self._session.execute(
            select(trips).where(*done).order_by(trips.c.finished_at, trips.c.id).limit(limit)
        ).all()
        return self._with_offers([trip_of(row) for row in rows])

    def _with_offers(self, found: Sequence[Trip]) -> list[tuple[Trip, list[Offer]]]:
        by_trip: dict[str, list[Offer]] = {trip.id: [] for trip in found}
        rows = self._session.execute(
            select(offers).where(any_of(offers.c.trip_id, by_trip)).order_by(offers.c.made_at, offers.c.id)
        )
        for row in rows:
            by_trip[row.trip_id].append(offer_of(row))
        return [(trip, by_trip[trip.id]) for trip in found]

    def delete(self, trip_ids: Collection[str]) -> int:
        """Delete trips and, with them, their offers; gives how many trips."""
        return self._session.execute(delete(trips).where(any_of(trips.c.id, trip_ids))).rowcount  # type: ignore[attr-defined]

    def walk(self, after_id: str, limit: int) -> list[tuple[Trip, list[Offer]]]:
        """Live trips in the order of their ids, from the one after `after_id`, each with its offers as of one moment.

        Must be the transaction's first use of the rows.
        """
        self._session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        rows = self._session.execute(select(trips).where(trips.c.id > after_id).order_by(trips.c.id).limit(limit)).all()
        return self._with_offers([trip_of(row) for row in rows])

    def count_engagements(self) -> dict[str, int]:
        """`rider ID` or `driver ID` → how many active trips he is in."""
        riding = select(literal("rider ").concat(trips.c.rider_id).label("who")).where(trips.c.state.in_(_ACTIVE))
        driving = select(literal("driver ").concat(trips.c.driver_id)).where(trips.c.state.in_(_BUSY))
        people = union_all(riding, driving).subquery()
        rows = self._session.execute(select(people.c.who, func.count().label("active")).group_by(people.c.who))
        return {row.who: row.active for row in rows}
