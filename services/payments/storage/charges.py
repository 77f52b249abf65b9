"""A charge and its row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_

from hansom.contracts.payments import ChargeKind, ChargeState
from services.payments.domain.charge import Charge, Line, SettledRide
from services.payments.storage.tables import charges

NO_TIP: ColumnElement[bool] = charges.c.kind != ChargeKind.TIP.value
"""Of a trip's charges one is no tip: its ride's, or its cancellation's."""

STANDING_TIP: ColumnElement[bool] = and_(
    charges.c.kind == ChargeKind.TIP.value, charges.c.state != ChargeState.FAILED.value
)
"""And one is a tip that did not fail."""


def row_of_charge(charge: Charge) -> dict[str, Any]:
    ride = charge.ride
    return {
        "id": charge.id,
        "trip_id": ride.trip_id,
        "kind": ride.kind.value,
        "rider_id": ride.rider_id,
        "driver_id": ride.driver_id,
        "city": ride.city,
        "category": ride.category,
        "currency": ride.currency,
        "fare_minor": ride.fare_minor,
        "tax_minor": ride.tax_minor,
        "fee_minor": charge.fee_minor,
        "discount_minor": ride.discount_minor,
        "promo_code": ride.promo_code,
        "tip_max_minor": ride.tip_max_minor,
        "lines": [_row_of_line(line) for line in ride.lines],
        "method": charge.method,
        "fare_reason": ride.fare_reason,
        "distance_m": ride.distance_m,
        "duration_s": ride.duration_s,
        "completed_at": ride.completed_at,
        "cause": ride.cause,
        "state": charge.state.value,
        "created_at": charge.created_at,
    }


def _row_of_line(line: Line) -> list[Any]:
    row = [line.code, line.label, line.amount_minor]
    return [*row, dict(line.values)] if line.values else row


def charge_of_row(row: Any) -> Charge:
    """A charge from a row that has all columns of `charges`."""
    kind = ChargeKind(row.kind)
    ride = SettledRide(
        trip_id=row.trip_id,
        rider_id=row.rider_id,
        driver_id=row.driver_id,
        city=row.city,
        category=row.category,
        currency=row.currency,
        fare_minor=row.fare_minor,
        tax_minor=row.tax_minor,
        lines=tuple(Line(*line) for line in row.lines),
        method=row.method,
        fare_reason=row.fare_reason,
        distance_m=row.distance_m,
        duration_s=row.duration_s,
        completed_at=row.completed_at,
        cause=row.cause,
        kind=kind,
        discount_minor=row.discount_minor,
        promo_code=row.promo_code,
        share_minor=None if kind == ChargeKind.RIDE else row.fare_minor - row.tax_minor - row.fee_minor,
        tip_max_minor=row.tip_max_minor,
    )
    return Charge(row.id, ride, row.method, row.fee_minor, ChargeState(row.state), row.created_at)
