"""Rides that are settled, and the payments service's desk on its database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nameko.containers import ServiceContainer
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from hansom.contracts.payments import ChargeKind, RefundTrip, TipTrip
from hansom.events import OutboxWriter
from hansom.ids import new_id
from hansom.settings import REPOSITORY
from hansom.store import Transactions
from services.payments.dependencies import money_rules
from services.payments.domain.charge import Line, SettledRide
from services.payments.storage.audit import audit
from services.payments.storage.books import BookRows
from services.payments.storage.tables import outbox
from services.payments.usecases.charging import charge_rides, finish_charges
from services.payments.usecases.paying_out import run_payouts
from services.payments.usecases.ports import Desk, Provider
from services.payments.usecases.refunding import begin_refund, finish_refunds
from services.payments.usecases.tipping import begin_tip

EXAMPLES = REPOSITORY / "tests" / "contract" / "examples"


def example(name: str) -> dict[str, Any]:
    """An event's example message, such as `payments.payment_captured`."""
    return json.loads(Path(EXAMPLES / f"{name}.json").read_text())


def a_settled_trip(fare_minor: int = 1010, method: str | None = "card_ok", **changes: Any) -> dict[str, Any]:
    """Data of `trip_settled`, of a new trip."""
    data = example("trips.trip_settled")["data"]
    fare = {"amount_minor": fare_minor, "currency": "EUR"}
    trip = {**data["trip"], "id": new_id(), "fare": fare, "payment_method": method, **changes}
    lines = [{"code": "distance", "label": "Distance", "amount": fare}]
    tax = {"rate": "0.135", "amount": {"amount_minor": fare_minor // 10, "currency": "EUR"}}
    return {"trip": trip, "breakdown": lines, "tax": tax}


def a_ride(fare_minor: int = 1010, **changes: Any) -> SettledRide:
    """A settled ride of a new trip. Its tax is a tenth of the fare."""
    known: dict[str, Any] = {
        "trip_id": new_id(),
        "rider_id": "rider-1",
        "driver_id": "driver-1",
        "city": "helsinki",
        "category": "standard",
        "currency": "EUR",
        "fare_minor": fare_minor,
        "tax_minor": fare_minor // 10,
        "lines": (Line("fare", "Fare", fare_minor),),
        "method": "card_ok",
        "fare_reason": "quoted_fare",
        "distance_m": 1390.0,
        "duration_s": 300.0,
        "completed_at": datetime(2026, 3, 2, 12, tzinfo=UTC),
        "cause": new_id(),
    }
    return SettledRide(**{**known, **changes})


def a_fee(amount_minor: int = 400, **changes: Any) -> SettledRide:
    """A fee for cancelling a new trip, of which a tenth is tax and a half the driver's."""
    known: dict[str, Any] = {
        "kind": ChargeKind.CANCELLATION,
        "tax_minor": amount_minor // 10,
        "share_minor": amount_minor // 2,
        "lines": (Line("cancellation_fee", "Cancelled late", amount_minor),),
        "distance_m": None,
        "duration_s": None,
        "fare_reason": "cancelled_late",
    }
    return a_ride(amount_minor, **{**known, **changes})


class SilentRelay:
    """Leaves the outbox's rows where they are, for the test to read."""

    table = outbox

    def wake(self, session: Session | None = None) -> None:
        """Nobody publishes here."""


RELAY: Any = SilentRelay()


@dataclass
class MoneyDesk:
    """Payments' use cases on real Postgres, with a clock that the test moves."""

    store: Transactions
    engine: Engine
    config: dict[str, Any]
    provider: Provider
    now: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 12, 5, tzinfo=UTC))

    @contextmanager
    def open_books(self) -> Iterator[BookRows]:
        with self.store.begin() as session:
            yield BookRows(session, OutboxWriter(RELAY))

    @property
    def desk(self) -> Desk:
        return Desk(self.open_books, self.provider, money_rules(self.config), lambda: self.now, new_id)

    def charge(self, *rides: SettledRide) -> None:
        charge_rides(self.desk, rides)

    def refund(
        self, trip_id: str, amount_minor: int | None = None, *, from_driver: bool = False, of_tip: bool = False
    ) -> str:
        """Give back so much, or all that is left; gives the refund's id."""
        refund_id = self.begin_refund(trip_id, amount_minor, from_driver=from_driver, of_tip=of_tip)
        finish_refunds(self.desk, [refund_id])
        return refund_id

    def begin_refund(
        self, trip_id: str, amount_minor: int | None = None, *, from_driver: bool = False, of_tip: bool = False
    ) -> str:
        """Keep a refund without asking for it."""
        request = RefundTrip(trip_id, "ops-1", "He was driven around.", amount_minor, from_driver, of_tip)
        with self.open_books() as books:
            return begin_refund(self.desk, books, request).id

    def tip(self, trip_id: str, amount_minor: int = 200, method: str | None = None, rider_id: str = "rider-1") -> str:
        """Tip the driver of a ride; gives the tip's id."""
        tip_id = self.begin_tip(trip_id, amount_minor, method, rider_id)
        finish_charges(self.desk, [tip_id])
        return tip_id

    def begin_tip(
        self, trip_id: str, amount_minor: int = 200, method: str | None = None, rider_id: str = "rider-1"
    ) -> str:
        """Keep a tip without asking for it."""
        with self.open_books() as books:
            return begin_tip(self.desk, books, TipTrip(trip_id, rider_id, amount_minor, method)).id

    def pay_out(self, **forward: float) -> int:
        """Run payouts as late as `forward` (of timedelta) from now."""
        self.now += timedelta(**forward)
        return run_payouts(self.desk, None)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(sql), values))

    def one(self, sql: str, **values: Any) -> Any:
        """The only value of the only row."""
        [(value,)] = self.rows(sql, **values)
        return value

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Type and data of the events in the outbox, in their order."""
        return [(row.type, row.data) for row in self.rows("SELECT type, data FROM outbox ORDER BY id")]

    def breaches(self) -> dict[str, list[str]]:
        """What the audit finds wrong, by the name of the check."""
        with self.store.begin() as session:
            return {check["name"]: check["breaches"] for check in audit(session, "simulated") if check["broken"]}


def calling(container: ServiceContainer, dependency: str) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """Calls a service by a container's client of it; any number of greenlets may, at once."""
    [provider] = [each for each in container.dependencies if each.attr_name == dependency]
    client = provider.get_dependency(SimpleNamespace(data={}))
    return lambda method, payload: client.call(method, payload, 20)
