"""The wire of what matching explains: to operators, to drivers, to riders who wait."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from hansom.wire import Finite, Rfc3339
from services.gateway.replies import Reply

MAYBE: dict[str, Any] = {"required": True, "allow_none": True}
"""There, and null while it is not known."""


class DecisionBatch(Reply):
    """`fallback` says why `policy` is not the city's own; `deadline`: that was not ready in time."""

    batch_id = fields.String(required=True)
    batch_at = Rfc3339(required=True)
    policy = fields.String(required=True)
    fallback = fields.String(**MAYBE)
    estimated = fields.Boolean(required=True, metadata={"description": "Road times were guesses."})
    waited_s = Finite(**MAYBE)
    considered = fields.Integer(required=True)
    offered_to = fields.String(**MAYBE)


class Decision(Reply):
    """A driver who was looked at for the trip in one batch."""

    batch_id = fields.String(**MAYBE)
    batch_at = Rfc3339(required=True)
    policy = fields.String(**MAYBE)
    fallback = fields.String(**MAYBE)
    driver_id = fields.String(required=True)
    distance_m = Finite(**MAYBE)
    pickup_eta_s = Finite(**MAYBE, metadata={"description": "Road time; from the end of his ride when he has one."})
    free_in_s = Finite(**MAYBE, metadata={"description": "Above 0: he was finishing a ride."})
    score = Finite(**MAYBE, metadata={"description": "Lower is better: seconds, metres for the policy `nearest`."})
    parts = fields.Dict(
        fields.String(), Finite(), required=True, metadata={"description": "Seconds that the score is the sum of."}
    )
    dropped = fields.String(**MAYBE, metadata={"description": "Why he got no offer; null when he got one."})
    offer_id = fields.String(**MAYBE)
    offered_at = Rfc3339(**MAYBE)
    answer = fields.String(**MAYBE)
    answered_at = Rfc3339(**MAYBE)
    delay_s = Finite(**MAYBE, metadata={"description": "From the offer to its answer."})


class Decisions(Reply):
    trip_id = fields.String(required=True)
    summary = fields.String(required=True, metadata={"description": "What happened, in words."})
    batches = fields.List(fields.Nested(DecisionBatch), required=True)
    items = fields.List(fields.Nested(Decision), required=True)
