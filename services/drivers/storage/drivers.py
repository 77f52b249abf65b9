"""Drivers in Postgres, inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Double, Integer, Row, Text, bindparam, column, func, insert, or_, select, update, values
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session as Transaction

from hansom.contracts.drivers import Approval, DriverCounts, ListDrivers, VehicleDetails
from services.drivers.domain.drivers import Decision, Driver
from services.drivers.storage.documents import DocumentRows
from services.drivers.storage.tables import decisions, drivers, vehicles

_VEHICLE = ("make", "model", "colour", "plate", "category")
_STATE = ("approval", "suspended_for", "online", "went_online_at")
_DRIVER_COLUMNS = [*drivers.c, *(vehicles.c[name] for name in _VEHICLE)]
_DRIVERS = select(*_DRIVER_COLUMNS).join_from(drivers, vehicles)


def _driver(row: Row[Any]) -> Driver:
    fields = dict(row._mapping)
    vehicle = VehicleDetails(**{name: fields.pop(name) for name in _VEHICLE})
    return Driver(**{**fields, "vehicle": vehicle, "approval": Approval(fields["approval"])})


def _any_of(ids: Collection[str]) -> Any:
    return func.any(bindparam(None, list(ids), type_=postgresql.ARRAY(Text)))


class DriverRows(DocumentRows):
    """The drivers that one transaction reads and changes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, newcomers: Sequence[Driver]) -> None:
        """Insert drivers; one that is there already stays as it is."""
        rows = {driver.id: driver for driver in newcomers}
        if not rows:
            return
        people = [
            {name: getattr(driver, name) for name in Driver.__slots__ if name != "vehicle"} for driver in rows.values()
        ]
        cars = [
            {"driver_id": driver.id, **{name: getattr(driver.vehicle, name) for name in _VEHICLE}}
            for driver in rows.values()
        ]
        people.sort(key=lambda row: row["id"])  # two that insert the same drivers do not lock each other out
        cars.sort(key=lambda row: row["driver_id"])
        self._transaction.execute(postgresql.insert(drivers).values(people).on_conflict_do_nothing())
        self._transaction.execute(postgresql.insert(vehicles).values(cars).on_conflict_do_nothing())

    def find(self, ids: Collection[str]) -> list[Driver]:
        """The drivers there are among these ids, as last committed."""
        return [_driver(row) for row in self._transaction.execute(_DRIVERS.where(drivers.c.id == _any_of(ids)))]

    def lock(self, driver_id: str) -> Driver | None:
        """The driver, held until the end of the transaction."""
        row = self._transaction.execute(_DRIVERS.where(drivers.c.id == driver_id).with_for_update(of=drivers)).first()
        return _driver(row) if row else None

    def save(self, driver: Driver) -> None:
        """Write the approval and availability of a driver that this transaction has locked."""
        state = {name: getattr(driver, name) for name in _STATE}
        self._transaction.execute(update(drivers).where(drivers.c.id == driver.id).values(state))

    def add_decision(self, driver_id: str, decision: Decision, by: str, reason: str | None, at: datetime) -> None:
        """Write down who decided what."""
        row = {"driver_id": driver_id, "decision": decision.value, "decided_by": by, "reason": reason, "decided_at": at}
        self._transaction.execute(insert(decisions).values(row))

    def set_names(self, names: Mapping[str, tuple[str, int]]) -> None:
        """Driver id → (name, the account's version). A version not above the one known is old news."""
        rows = [(driver_id, name, version) for driver_id, (name, version) in sorted(names.items())]
        told = values(column("id", Text), column("name", Text), column("version", Integer), name="told").data(rows)
        self._transaction.execute(
            update(drivers)
            .where(drivers.c.id == told.c.id, drivers.c.name_version < told.c.version)
            .values(name=told.c.name, name_version=told.c.version)
        )

    def set_ratings(self, ratings: Mapping[str, tuple[float, int]]) -> None:
        """Driver id → (mean, count). A count not above the one known is old news."""
        rows = [(driver_id, mean, count) for driver_id, (mean, count) in sorted(ratings.items())]
        told = values(column("id", Text), column("mean", Double), column("count", Integer), name="told").data(rows)
        self._transaction.execute(
            update(drivers)
            .where(drivers.c.id == told.c.id, drivers.c.rating_count < told.c.count)
            .values(rating=told.c.mean, rating_count=told.c.count)
        )

    def page(self, wanted: ListDrivers) -> list[Driver]:
        """Newest first (ids rise with time), one more than `limit` when there are more."""
        statement = _DRIVERS.order_by(drivers.c.id.desc()).limit(wanted.limit + 1)
        if wanted.cursor is not None:
            statement = statement.where(drivers.c.id < wanted.cursor)
        if wanted.approval is not None:
            statement = statement.where(drivers.c.approval == wanted.approval.value)
        if wanted.online is not None:
            statement = statement.where(drivers.c.online == wanted.online)
        if wanted.q:
            by_name = drivers.c.name.icontains(wanted.q, autoescape=True)
            statement = statement.where(or_(by_name, vehicles.c.plate.startswith(wanted.q.upper(), autoescape=True)))
        return [_driver(row) for row in self._transaction.execute(statement)]

    def count(self) -> DriverCounts:
        """How many there are of each approval, and how many are online."""
        of = {approval: func.count().filter(drivers.c.approval == approval.value) for approval in Approval}
        columns = [count.label(approval.value) for approval, count in of.items()]
        row = self._transaction.execute(
            select(*columns, func.count().filter(drivers.c.online).label("online")).select_from(drivers)
        ).one()
        return DriverCounts(**row._mapping)  # type: ignore[typeddict-item]
