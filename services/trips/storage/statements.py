"""The statements of trips and offers, built once: building one anew for each use costs as much as sending it.

A bound name that starts with `its_` says which row; other names given to an update are the columns to set.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    BindParameter,
    DateTime,
    Double,
    Integer,
    String,
    bindparam,
    delete,
    exists,
    func,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from hansom.contracts.trips import ACTIVE, WITH_DRIVER, OfferState, TripState
from services.trips.storage.rows import OFFER_COLUMNS
from services.trips.storage.tables import RIDER_IS_BUSY, approaches, offers, trips

_ACTIVE = [state.value for state in sorted(ACTIVE)]
_BUSY = [state.value for state in sorted(WITH_DRIVER)]
_OPEN = offers.c.state == OfferState.OPEN.value


def any_of(column: Any, values: Collection[str] | BindParameter) -> Any:
    """`column = ANY(array)`: one plan and one compiled statement, however many values there are."""
    if not isinstance(values, BindParameter):
        values = bindparam(None, list(values), type_=ARRAY(String))
    return column == func.any(values)


def _text(name: str) -> BindParameter:
    return bindparam(name, type_=String)


def _texts(name: str) -> BindParameter:
    return bindparam(name, type_=ARRAY(String))


def _moment(name: str) -> BindParameter:
    return bindparam(name, type_=DateTime(timezone=True))


def _count(name: str) -> BindParameter:
    return bindparam(name, type_=Integer)


# -- one trip, one offer ---------------------------------------------------------------------------------------------
FIND_TRIP = select(trips).where(trips.c.id == _text("its_id"))
LOCK_TRIP = FIND_TRIP.with_for_update()
ADD_TRIP = (
    insert(trips).on_conflict_do_nothing(index_elements=["rider_id"], index_where=RIDER_IS_BUSY).returning(trips.c.id)
)
ACTIVE_TRIP_OF = select(trips.c.id).where(trips.c.rider_id == _text("its_rider_id"), trips.c.state.in_(_ACTIVE))
SAVE_TRIP = update(trips).where(trips.c.id == _text("its_id"), trips.c.version == _count("its_version"))

LOCK_TRIP_WITH_OFFER = (
    select(trips, *[offers.c[name].label(f"offer_{name}") for name in OFFER_COLUMNS])
    .join(offers, offers.c.trip_id == trips.c.id)
    .where(offers.c.id == _text("its_id"))
    .with_for_update(of=[trips, offers])
)
"""Both are named in the lock: only then does Postgres read both anew after it had to wait; and the trip comes first."""

SAVE_OFFER = update(offers).where(offers.c.id == _text("its_id"))
RELEASE_OFFER = (
    update(offers)
    .where(offers.c.trip_id == _text("its_trip_id"), offers.c.driver_id == _text("its_driver_id"))
    .values(state=OfferState.RELEASED.value)
)
HAS_RELEASED = select(
    exists().where(
        offers.c.trip_id == _text("its_trip_id"),
        offers.c.driver_id == _text("its_driver_id"),
        offers.c.state == OfferState.RELEASED.value,
    )
)

# -- drivers on their way --------------------------------------------------------------------------------------------
_ITS_APPROACH = (approaches.c.trip_id == trips.c.id) & (approaches.c.version == trips.c.version)
WATCHED_TRIPS = (
    select(trips, approaches.c.nearest_m, approaches.c.nearer_at)
    .join_from(trips, approaches, _ITS_APPROACH, isouter=True)
    .where(
        trips.c.state == TripState.ASSIGNED.value,
        trips.c.assigned_at <= _moment("assigned_until"),
        trips.c.id > _text("after"),
    )
    .order_by(trips.c.id)
    .limit(_count("most"))
)
_approach = insert(approaches).from_select(
    ["trip_id", "version", "nearest_m", "nearer_at"],
    select(trips.c.id, trips.c.version, bindparam("nearest_m", type_=Double), _moment("nearer_at")).where(
        trips.c.id == _text("its_id"), trips.c.version == _count("its_version")
    ),
)
REMEMBER_APPROACH = _approach.on_conflict_do_update(
    index_elements=["trip_id"],
    set_={name: _approach.excluded[name] for name in ("version", "nearest_m", "nearer_at")},
)
"""Only of a trip that is as it was when its driver was looked at."""

# -- offers of many trips --------------------------------------------------------------------------------------------
LOCK_TRIPS = select(trips).where(any_of(trips.c.id, _texts("ids"))).order_by(trips.c.id).with_for_update()
OFFERS_MADE = select(offers.c.trip_id, offers.c.driver_id, offers.c.state, offers.c.id, offers.c.shown_at).where(
    any_of(offers.c.trip_id, _texts("ids"))
)
ADD_OFFERS = insert(offers).on_conflict_do_nothing().returning(offers.c.id)
DROP_OFFERS_TO_BUSY = (
    delete(offers)
    .where(
        any_of(offers.c.id, _texts("ids")),
        select(trips.c.id).where(trips.c.driver_id == offers.c.driver_id, trips.c.state.in_(_BUSY)).exists(),
    )
    .returning(offers.c.id)
)
WITHDRAW_OFFERS = (
    update(offers)
    .where(any_of(offers.c.trip_id, _texts("ids")), _OPEN)
    .values(state=OfferState.WITHDRAWN.value, answered_at=_moment("at"))
    .returning(offers)
)
LOCK_OPEN_OFFERS_TO = (
    select(offers)
    .join(trips, trips.c.id == offers.c.trip_id)
    .where(_OPEN, any_of(offers.c.driver_id, _texts("driver_ids")))
    .order_by(trips.c.id)
    .with_for_update(of=[trips, offers])
)
WITHDRAW_THESE_OFFERS = (
    update(offers)
    .where(any_of(offers.c.id, _texts("ids")))
    .values(state=OfferState.WITHDRAWN.value, answered_at=_moment("at"))
    .returning(offers)
)

_UNSHOWN = offers.c.shown_at.is_(None)
UNSHOWN_OFFERS = select(offers.c.id).where(any_of(offers.c.id, _texts("ids")), _OPEN, _UNSHOWN)
NOTE_SHOWN = (
    update(offers)
    .where(offers.c.id.in_(UNSHOWN_OFFERS.order_by(offers.c.id).with_for_update(skip_locked=True)))
    .values(shown_at=_moment("at"))
)
"""What is locked is being answered or taken back at this moment: whether it was seen does not matter any more."""

WITHDRAW_UNSHOWN = (
    update(offers)
    .where(offers.c.id.in_(UNSHOWN_OFFERS.order_by(offers.c.id).with_for_update()))
    .values(state=OfferState.WITHDRAWN.value, answered_at=_moment("at"))
    .returning(offers)
)
REOPEN_OFFERS = (
    update(offers).where(any_of(offers.c.id, _texts("ids"))).values(state=OfferState.OPEN.value, answered_at=None)
)

# -- timers: what is locked waits for the next round -----------------------------------------------------------------
LOCK_DUE_OFFERS = (
    select(offers.c.id)
    .join(trips, trips.c.id == offers.c.trip_id)
    .where(_OPEN, offers.c.expires_at <= _moment("now"))
    .order_by(offers.c.expires_at)
    .limit(_count("most"))
    .with_for_update(of=[trips, offers], skip_locked=True)
)
EXPIRE_OFFERS = (
    update(offers)
    .where(any_of(offers.c.id, _texts("ids")))
    .values(state=OfferState.EXPIRED.value, answered_at=_moment("now"))
    .returning(offers)
)
LOCK_IMPATIENT_TRIPS = (
    select(trips)
    .where(
        trips.c.state == TripState.REQUESTED.value,
        trips.c.waiting_since <= _moment("since"),
        ~exists().where(offers.c.trip_id == trips.c.id, _OPEN),
    )
    .order_by(trips.c.waiting_since)
    .limit(_count("most"))
    .with_for_update(of=trips, skip_locked=True)
)
_DUE_FARES = (
    select(trips.c.id)
    .where(
        trips.c.settle_after <= _moment("now"),
    )
    .order_by(trips.c.settle_after)
    .limit(_count("most"))
    .with_for_update(skip_locked=True)
)
TAKE_DUE_FARES = (
    update(trips).where(trips.c.id.in_(_DUE_FARES)).values(settle_after=_moment("retry_at")).returning(trips)
)

# -- archive and audit -----------------------------------------------------------------------------------------------
DONE_TRIPS = (
    select(trips)
    .where(
        trips.c.finished_at < _moment("before"),
        trips.c.settle_after.is_(None),
    )
    .order_by(trips.c.finished_at, trips.c.id)
    .limit(_count("most"))
)
OFFERS_OF = select(offers).where(any_of(offers.c.trip_id, _texts("ids"))).order_by(offers.c.made_at, offers.c.id)
DELETE_TRIPS = delete(trips).where(any_of(trips.c.id, _texts("ids")))
WALK_TRIPS = select(trips).where(trips.c.id > _text("after")).order_by(trips.c.id).limit(_count("most"))

_riding = select(literal("rider ").concat(trips.c.rider_id).label("who")).where(trips.c.state.in_(_ACTIVE))
_driving = select(literal("driver ").concat(trips.c.driver_id)).where(trips.c.state.in_(_BUSY))
_people = union_all(_riding, _driving).subquery()
COUNT_ENGAGEMENTS = select(_people.c.who, func.count().label("active")).group_by(_people.c.who)
