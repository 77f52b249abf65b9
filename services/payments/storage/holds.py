"""Holds in Postgres."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from hansom.contracts.payments import ChargeState, HoldState
from services.payments.domain.debt import OpenDebt
from services.payments.domain.hold import MAY_BECOME, STANDING, Hold, HoldAnswer
from services.payments.storage.debts import open_debts
from services.payments.storage.tables import charges, holds

_STANDS: ColumnElement[bool] = holds.c.state.in_(sorted(STANDING))
_IS_WANTED: ColumnElement[bool] = holds.c.let_go_at.is_(None)
_PAIRS = sorted((before.value, after.value) for before, afters in MAY_BECOME.items() for after in afters)


class HoldRows:
    """The holds of one transaction."""

    _session: Session

    def lock_rider(self, rider_id: str) -> list[OpenDebt]:
        """Let requests of a rider wait for each other until the transaction ends; gives what he owes."""
        self._session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"hansom.holds.{rider_id}"))))
        return open_debts(self._session, rider_id)

    def standing_hold(self, trip_id: str) -> Hold | None:
        """The hold of a trip that stands."""
        return next(iter(self._holds(holds.c.trip_id == trip_id, _STANDS)), None)

    def hold(self, hold_id: str) -> Hold | None:
        return next(iter(self._holds(holds.c.id == hold_id)), None)

    def holds(self, ids: Collection[str]) -> list[Hold]:
        return self._holds(holds.c.id.in_(list(ids)))

    def ungranted_holds(self, rider_id: str) -> list[Hold]:
        """A rider's holds by which no trip goes on: they wait for his confirmation, or have it. Oldest first."""
        waits = holds.c.state == HoldState.NEEDS_CONFIRMATION.value
        has_it = and_(holds.c.state == HoldState.HELD.value, holds.c.confirmed_at.is_not(None))
        return self._holds(
            holds.c.rider_id == rider_id, _STANDS, or_(waits, has_it), holds.c.granted_at.is_(None), _IS_WANTED
        )

    def add_hold(self, hold: Hold) -> None:
        """The database refuses a second one that stands for the same trip."""
        row = {
            "id": hold.id,
            "trip_id": hold.trip_id,
            "rider_id": hold.rider_id,
            "city": hold.city,
            "amount_minor": hold.amount_minor,
            "currency": hold.currency,
            "method": hold.method,
            "state": hold.state.value,
            "created_at": hold.created_at,
        }
        self._session.execute(insert(holds), [row])

    def give_hold_to(self, hold_id: str, trip_id: str) -> None:
        """A hold by which no trip goes on is another trip's now."""
        self._session.execute(
            update(holds).where(holds.c.id == hold_id, holds.c.granted_at.is_(None)).values(trip_id=trip_id)
        )

    def grant_hold(self, hold_id: str, trip_id: str, at: datetime) -> None:
        """The trip goes on by it, if it is held for that trip, and not being let go."""
        mine = and_(holds.c.id == hold_id, holds.c.trip_id == trip_id, holds.c.granted_at.is_(None))
        wanted = update(holds).where(mine, holds.c.state == HoldState.HELD.value, _IS_WANTED)
        self._session.execute(wanted.values(granted_at=at))

    def resolve_holds(self, answers: Mapping[str, HoldAnswer], at: datetime) -> set[str]:
        """Write what the provider says, where a hold may become that; gives those that changed."""
        if not answers:
            return set()
        ids = sorted(answers)
        found = self._session.execute(
            _RESOLVE,
            {
                "ids": ids,
                "states": [answers[id_].state.value for id_ in ids],
                "references": [answers[id_].reference for id_ in ids],
                "reasons": [answers[id_].reason for id_ in ids],
                # what a bank wants of the rider is kept while it is wanted; that it was wanted, for ever
                "actions": [json.dumps(dict(answers[id_].confirmation or {})) for id_ in ids],
                "befores": [before for before, _ in _PAIRS],
                "afters": [after for _, after in _PAIRS],
                "at": at,
            },
        )
        return set(found.scalars())

    def holds_of(self, trip_ids: Collection[str]) -> dict[str, Hold]:
        """What is held for these trips and may be charged, or was captured by a charge that is not recorded yet:
        trip → hold."""
        if not trip_ids:
            return {}
        is_held = and_(holds.c.state == HoldState.HELD.value, _IS_WANTED)
        is_taken = and_(holds.c.state == HoldState.CAPTURED.value, holds.c.charge_id.is_(None))
        # two questions, since each has an index of its own
        found = [*self._holds(_of(trip_ids), is_held), *self._holds(_of(trip_ids), is_taken)]
        return {hold.trip_id: hold for hold in found}

    def use_holds(self, used: Mapping[str, str], at: datetime) -> None:
        """These were charged: hold → charge."""
        if used:
            self._session.execute(_USE, {"ids": list(used), "charges": list(used.values()), "at": at})

    def let_go(self, trip_ids: Collection[str], at: datetime) -> list[str]:
        """The holds of these trips are to be released; gives those that stand. `release_all` comes after."""
        return self._let_go(at, holds.c.trip_id.in_(list(trip_ids))) if trip_ids else []

    def let_go_holds(self, ids: Collection[str], at: datetime) -> list[str]:
        """These holds are to be released; gives those that stand."""
        return self._let_go(at, holds.c.id.in_(list(ids))) if ids else []

    def _let_go(self, at: datetime, which: ColumnElement[bool]) -> list[str]:
        wanted = update(holds).where(which, _STANDS).values(let_go_at=func.coalesce(holds.c.let_go_at, at))
        return list(self._session.execute(wanted.returning(holds.c.id)).scalars())

    def holds_let_go(self, limit: int) -> list[Hold]:
        """Holds that are to be released, longest first."""
        return self._holds(_STANDS, holds.c.let_go_at.is_not(None), limit=limit)

    def holds_pending_since(self, moment: datetime, limit: int) -> list[Hold]:
        """Holds that were pending at a moment and still are."""
        return self._holds(holds.c.state == HoldState.PENDING.value, holds.c.created_at < moment, limit=limit)

    def let_go_spent(self, confirmed_before: datetime, at: datetime) -> None:
        """Let go of what waits for a confirmation, or for a trip after it, since before a moment; and of what stands
        though its trip was charged."""
        waits = and_(
            holds.c.granted_at.is_(None),
            or_(holds.c.state == HoldState.NEEDS_CONFIRMATION.value, holds.c.confirmed_at.is_not(None)),
            func.coalesce(holds.c.confirmed_at, holds.c.created_at) < confirmed_before,
        )
        charged = (
            select(charges.c.id)
            .where(
                charges.c.trip_id == holds.c.trip_id,
                charges.c.kind != "tip",
                charges.c.state != ChargeState.PENDING.value,
            )
            .exists()
        )
        self._let_go(at, and_(_IS_WANTED, or_(waits, charged)))

    def holds_to_check(self, before: datetime, limit: int) -> list[Hold]:
        """Holds that are held, were made before a moment and not checked since, and have no charge, longest first."""
        charging = select(charges.c.id).where(charges.c.trip_id == holds.c.trip_id, charges.c.kind != "tip").exists()
        last = func.coalesce(holds.c.checked_at, holds.c.created_at)
        is_held = holds.c.state == HoldState.HELD.value
        wanted = select(holds).where(is_held, _IS_WANTED, last < before, ~charging).order_by(last).limit(limit)
        return [_hold(row) for row in self._session.execute(wanted)]

    def mark_checked(self, ids: Collection[str], at: datetime) -> None:
        if ids:
            self._session.execute(update(holds).where(holds.c.id.in_(list(ids))).values(checked_at=at))

    def mark_ended(self, ids: Collection[str], at: datetime) -> None:
        """Their trips are over."""
        if ids:
            is_new = and_(holds.c.id.in_(list(ids)), holds.c.ended_at.is_(None))
            self._session.execute(update(holds).where(is_new).values(ended_at=at))

    def _holds(self, *wanted: ColumnElement[bool], limit: int | None = None) -> list[Hold]:
        order = (holds.c.created_at, holds.c.id)
        return [_hold(row) for row in self._session.execute(select(holds).where(*wanted).order_by(*order).limit(limit))]


def _of(trip_ids: Collection[str]) -> ColumnElement[bool]:
    return holds.c.trip_id.in_(list(trip_ids))


_RESOLVE = text("""
    WITH mine AS MATERIALIZED (
        SELECT holds.id, holds.state AS before, answer.state, answer.reference, answer.reason, answer.action
          FROM holds
          JOIN unnest(CAST(:ids AS text[]), CAST(:states AS text[]), CAST(:references AS text[]),
                      CAST(:reasons AS text[]), CAST(:actions AS text[]))
               AS answer(id, state, reference, reason, action) ON answer.id = holds.id
          JOIN unnest(CAST(:befores AS text[]), CAST(:afters AS text[])) AS way(before, after)
               ON (way.before, way.after) = (holds.state, answer.state)
         ORDER BY holds.id FOR UPDATE OF holds)
    UPDATE holds SET state = mine.state, reason = mine.reason,
           provider_reference = coalesce(mine.reference, holds.provider_reference),
           confirmation = CASE WHEN mine.state = 'needs_confirmation' THEN CAST(mine.action AS jsonb)
                               WHEN holds.confirmation IS NOT NULL THEN '{}' END,
           confirmed_at = CASE WHEN (mine.before, mine.state) = ('needs_confirmation', 'held')
                               THEN CAST(:at AS timestamptz) ELSE holds.confirmed_at END,
           resolved_at = CASE WHEN mine.state IN ('declined', 'captured', 'released')
                              THEN CAST(:at AS timestamptz) END
      FROM mine WHERE holds.id = mine.id AND holds.state = mine.before
    RETURNING holds.id
""")

_USE = text("""
    UPDATE holds SET state = 'captured', charge_id = used.charge_id, resolved_at = coalesce(resolved_at, :at)
      FROM unnest(CAST(:ids AS text[]), CAST(:charges AS text[])) AS used(id, charge_id)
     WHERE holds.id = used.id AND holds.charge_id IS NULL AND holds.state IN ('held', 'captured')
""")


def _hold(row: Any) -> Hold:
    return Hold(
        id=row.id,
        trip_id=row.trip_id,
        rider_id=row.rider_id,
        city=row.city,
        amount_minor=row.amount_minor,
        currency=row.currency,
        method=row.method,
        state=HoldState(row.state),
        created_at=row.created_at,
        reason=row.reason,
        confirmation=row.confirmation,
        confirmed_at=row.confirmed_at,
        granted_at=row.granted_at,
        let_go_at=row.let_go_at,
        ended_at=row.ended_at,
        resolved_at=row.resolved_at,
    )
