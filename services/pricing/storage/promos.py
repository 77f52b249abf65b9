"""Promo codes and their uses in Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from hansom.contracts.promos import PromoExists, PromoKind, UnknownPromo, UseState
from services.pricing.domain.promo import Promo, PromoCode, PromoUse
from services.pricing.storage.tables import promo_codes, promo_uses, riders_with_rides


class Promos:
    """The codes and uses of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # -- codes -------------------------------------------------------------------------------------------------------
    def add(self, code: PromoCode) -> None:
        """Raises PromoExists."""
        statement = upsert(promo_codes).values(_code_row(code)).on_conflict_do_nothing().returning(promo_codes.c.code)
        if self._session.execute(statement).first() is None:
            raise PromoExists(details={"code": code.code})

    def find(self, code: str) -> PromoCode | None:
        row = self._session.execute(select(promo_codes).where(promo_codes.c.code == code)).first()
        return None if row is None else _code(row)

    def lock(self, code: str) -> PromoCode:
        """The code, whose uses nobody else changes until this transaction ends. Raises UnknownPromo."""
        statement = select(promo_codes).where(promo_codes.c.code == code).with_for_update(key_share=True)
        row = self._session.execute(statement).first()
        if row is None:
            raise UnknownPromo(details={"code": code})
        return _code(row)

    def disable(self, code: str, by: str, at: datetime) -> None:
        self._session.execute(
            update(promo_codes).where(promo_codes.c.code == code).values(disabled_at=at, disabled_by=by)
        )

    def newest(self, before: str | None, most: int) -> Sequence[PromoCode]:
        """Codes, newest first, from before this one; none when there is no such code."""
        order = promo_codes.c.created_at, promo_codes.c.code
        statement = select(promo_codes).order_by(*(column.desc() for column in order)).limit(most)
        if before is not None:
            statement = statement.where(tuple_(*order) < select(*order).where(order[1] == before).scalar_subquery())
        return [_code(row) for row in self._session.execute(statement)]

    # -- uses --------------------------------------------------------------------------------------------------------
    def uses_by(self, code: str, rider_id: str) -> int:
        """How often a rider has reserved or used a code."""
        statement = select(func.count()).where(
            promo_uses.c.code == code,
            promo_uses.c.rider_id == rider_id,
            promo_uses.c.state != UseState.GIVEN_BACK.value,
        )
        return int(self._session.execute(statement).scalar_one())

    def use_of(self, trip_id: str) -> PromoUse | None:
        row = self._session.execute(select(promo_uses).where(promo_uses.c.trip_id == trip_id)).first()
        return None if row is None else _use(row)

    def keep_use(self, use: PromoUse, look_after: datetime) -> None:
        """The trip's use, in place of one it had. The database refuses what a limit forbids."""
        row = {**_use_row(use), "look_after": look_after}
        self._session.execute(
            upsert(promo_uses).values(row).on_conflict_do_update(index_elements=["trip_id"], set_=row)
        )

    def give_back(self, trip_ids: Iterable[str], at: datetime) -> int:
        """Give back what is reserved for these trips; gives how many."""
        statement = (
            update(promo_uses)
            .where(promo_uses.c.trip_id.in_(list(trip_ids)), promo_uses.c.state == UseState.RESERVED.value)
            .values(state=UseState.GIVEN_BACK.value, resolved_at=at)
        )
        return self._session.execute(statement).rowcount  # type: ignore[attr-defined]

    def uses_of(self, trip_ids: Iterable[str]) -> dict[str, PromoUse]:
        """The uses of these trips, by trip, of those that have one."""
        rows = self._session.execute(select(promo_uses).where(promo_uses.c.trip_id.in_(list(trip_ids))))
        return {row.trip_id: _use(row) for row in rows}

    def take_due(self, now: datetime, patience: timedelta, most: int) -> list[PromoUse]:
        """Reservations to look after, which come again after `patience`."""
        due = (
            select(promo_uses.c.trip_id)
            .where(promo_uses.c.state == UseState.RESERVED.value, promo_uses.c.look_after <= now)
            .order_by(promo_uses.c.look_after)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(promo_uses)
            .where(promo_uses.c.trip_id.in_(due))
            .values(look_after=now + patience)
            .returning(*promo_uses.c)
        )
        return [_use(row) for row in self._session.execute(statement)]

    def list_uses(self, code: str | None, after: str | None, most: int) -> Sequence[PromoUse]:
        """Uses of a code, or of all, in the order of their trips, from after this one."""
        statement = select(promo_uses).order_by(promo_uses.c.trip_id).limit(most)
        if code is not None:
            statement = statement.where(promo_uses.c.code == code)
        if after is not None:
            statement = statement.where(promo_uses.c.trip_id > after)
        return [_use(row) for row in self._session.execute(statement)]

    # -- first rides -------------------------------------------------------------------------------------------------
    def note_rides(self, rides: Sequence[tuple[str, str, datetime]]) -> None:
        """Riders who have had a ride: rider, trip, when it was settled. Who is known stays as he is."""
        rows = {rider: {"rider_id": rider, "trip_id": trip, "settled_at": at} for rider, trip, at in reversed(rides)}
        if rows:
            # in one order, so that two replicas never wait for each other
            self._session.execute(
                upsert(riders_with_rides).values([rows[rider] for rider in sorted(rows)]).on_conflict_do_nothing()
            )

    def had_a_ride(self, rider_id: str) -> bool:
        found = select(riders_with_rides.c.rider_id).where(riders_with_rides.c.rider_id == rider_id)
        return self._session.execute(found).first() is not None


def _code_row(code: PromoCode) -> dict[str, Any]:
    return {
        **code.promo.as_dict(),
        "currency": code.currency,
        "first_ride": code.first_ride,
        "valid_from": code.valid_from,
        "valid_until": code.valid_until,
        "uses_max": code.uses_max,
        "uses_per_rider": code.uses_per_rider,
        "cities": None if code.cities is None else list(code.cities),
        "note": code.note,
        "created_at": code.created_at,
        "created_by": code.created_by,
    }


def _code(row: Any) -> PromoCode:
    return PromoCode(
        promo=Promo(row.code, PromoKind(row.kind), row.amount_minor, row.percent, row.cap_minor),
        currency=row.currency,
        first_ride=row.first_ride,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        uses_max=row.uses_max,
        uses_per_rider=row.uses_per_rider,
        cities=None if row.cities is None else tuple(row.cities),
        uses=row.uses,
        note=row.note,
        created_at=row.created_at,
        created_by=row.created_by,
        disabled_at=row.disabled_at,
        disabled_by=row.disabled_by,
    )


def _use_row(use: PromoUse) -> dict[str, Any]:
    return {
        "trip_id": use.trip_id,
        "code": use.code,
        "rider_id": use.rider_id,
        "quote_id": use.quote_id,
        "category": use.category,
        "state": use.state.value,
        "discount_minor": use.discount_minor,
        "currency": use.currency,
        "reserved_at": use.reserved_at,
        "resolved_at": use.resolved_at,
    }


def _use(row: Any) -> PromoUse:
    return PromoUse(
        trip_id=row.trip_id,
        code=row.code,
        rider_id=row.rider_id,
        quote_id=row.quote_id,
        category=row.category,
        state=UseState(row.state),
        discount_minor=row.discount_minor,
        currency=row.currency,
        reserved_at=row.reserved_at,
        resolved_at=row.resolved_at,
    )
