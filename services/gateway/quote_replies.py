"""The wire of quotes, part of `replies`."""

from __future__ import annotations

from marshmallow import fields

from hansom.wire import Finite, MoneySchema, PointSchema, Rfc3339
from services.gateway.replies import FareLine, Reply, Surge


def _money(description: str) -> fields.Nested:
    return fields.Nested(MoneySchema, required=True, metadata={"description": description})


class CancellationCost(Reply):
    """What cancelling costs: nothing for `free_s` after a driver was found, nor once he is `late_s` behind his promise;
    then `fee`. A driver whom nobody meets for `no_show_after_s` after his arrival may claim `no_show_fee`; null: never.
    """

    free_s = fields.Integer(required=True)
    late_s = fields.Integer(required=True)
    fee = _money("Never more than the fare.")
    tax = _money("The tax in it.")
    driver_share = _money("The driver's part of it.")
    no_show_after_s = fields.Integer(required=True, allow_none=True)
    no_show_fee = _money("Never more than the fare.")
    no_show_tax = _money("The tax in it.")
    no_show_driver_share = _money("The driver's part of it.")


class QuotePromo(Reply):
    """What the promo code takes off."""

    code = fields.String(required=True)
    label = fields.String(required=True)
    discount = _money("Never more than the fare.")
    to_pay = _money("The fare without the discount: what the rider pays.")


class QuoteOption(Reply):
    category = fields.String(required=True)
    fare = _money("What the ride costs; with a promo code the rider pays its `to_pay`.")
    breakdown = fields.List(fields.Nested(FareLine), required=True)
    surge = fields.Nested(Surge, required=True)
    pickup_eta_s = Finite(required=True, allow_none=True)
    cancellation = fields.Nested(CancellationCost, required=True)
    tip_max = _money("No tip is higher.")
    promo = fields.Nested(QuotePromo, required=True, allow_none=True)


class Quote(Reply):
    id = fields.String(required=True)
    distance_m = Finite(required=True)
    duration_s = Finite(required=True)
    correction = Finite(
        metadata={"description": "Factor in `duration_s` learnt from earlier rides: 1.2 is a fifth slower."}
    )
    estimated = fields.Boolean(
        metadata={"description": "True when the road service was down: distance, time and so the fare rest on a guess."}
    )
    route = fields.List(fields.Nested(PointSchema), required=True)
    options = fields.List(fields.Nested(QuoteOption), required=True)
    expires_at = Rfc3339(required=True)
    parent_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Of a quote for another destination of a trip: the quote whose place it takes."},
    )
    trip_id = fields.String(required=True, allow_none=True, metadata={"description": "... and the trip."})
