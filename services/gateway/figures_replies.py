"""The wire of key figures by minute and of the day, part of `replies`."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from hansom.wire import Finite, Rfc3339
from services.gateway.replies import Reply

WAIT = "From request to assignment, of a histogram: right to 0.5 s below a minute, 2.5 s below five, then 7.5 s."


def _line(of: type[fields.Field], **metadata: Any) -> fields.List:
    """A value for each minute, null where there is none."""
    return fields.List(of(allow_none=True), required=True, metadata=metadata)


class Series(Reply):
    """Each as long as `at`."""

    requests = _line(fields.Integer)
    assigned = _line(fields.Integer)
    completed = _line(fields.Integer)
    cancelled = _line(fields.Integer)
    unserved = _line(fields.Integer, description="Nobody was found within the rider's patience.")
    wait_p50_s = _line(Finite, description=WAIT)
    wait_p90_s = _line(Finite, description=WAIT)
    positions_per_s = _line(Finite, description="Believed, and news; null where nobody counted.")
    charged_minor = _line(fields.Integer, description="Charged for rides and cancellations, in the city's currency.")


class Today(Reply):
    """Of the city's own day, since its first moment."""

    since = Rfc3339(required=True)
    requests = fields.Integer(required=True)
    assigned = fields.Integer(required=True)
    completed = fields.Integer(required=True)
    cancelled = fields.Integer(required=True)
    unserved = fields.Integer(required=True)
    wait_p50_s = Finite(required=True, allow_none=True)
    wait_p90_s = Finite(required=True, allow_none=True)
    charged_minor = fields.Integer(required=True)
    paid_out_minor = fields.Integer(required=True, metadata={"description": "Payouts that were sent."})
    currency = fields.String(required=True)


class Figures(Reply):
    city = fields.String(required=True)
    interval_s = fields.Integer(required=True)
    at = fields.List(
        Rfc3339(), required=True, metadata={"description": "Starts of minutes; the last one is under way, to `until`."}
    )
    until = Rfc3339(required=True)
    series = fields.Nested(Series, required=True)
    today = fields.Nested(Today, required=True)
