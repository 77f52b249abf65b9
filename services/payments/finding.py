"""The entrypoint that finds trips by their payment."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from hansom.contracts.payments import MAX_FOUND, Payment
from hansom.rpc import rpc
from hansom.validation import load
from services.payments.storage.finding import trips_paid_so


class FindTripsSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    payment = fields.Enum(Payment, by_value=True, required=True)
    city = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 64))
    limit = fields.Integer(load_default=MAX_FOUND, strict=True, validate=validate.Range(1, MAX_FOUND))


FIND_TRIPS = FindTripsSchema()


class Finding:
    """What `PaymentsService` knows of many trips."""

    store: Any

    @rpc
    def find_trips(self, payload: dict[str, Any]) -> dict[str, Any]:
        asked = load(FIND_TRIPS, payload)
        with self.store.begin() as session:
            trip_ids, more = trips_paid_so(session, asked["payment"], asked["city"], asked["limit"])
        return {"trip_ids": trip_ids, "more": more}
