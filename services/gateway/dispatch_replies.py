"""The wire of what matching explains: to operators, to drivers, to riders who wait."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from hansom.wire import Finite, Rfc3339
from services.gateway.replies import Reply, Trip

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
    replaces = fields.String(**MAYBE, metadata={"description": "The unseen offer that was to make way."})
    considered = fields.Integer(required=True)
    offered_to = fields.String(**MAYBE)


class Decision(Reply):
    """A driver who was looked at for the trip in one batch."""

    batch_id = fields.String(**MAYBE)
    batch_at = Rfc3339(required=True)
    policy = fields.String(**MAYBE)
    fallback = fields.String(**MAYBE)
    driver_id = fields.String(required=True)
    driver_name = fields.String(allow_none=True, metadata={"description": "Null while the users service is away."})
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
    reason = fields.String(**MAYBE, metadata={"description": "Why the offer was withdrawn."})
    answered_at = Rfc3339(**MAYBE)
    delay_s = Finite(**MAYBE, metadata={"description": "From the offer to its answer."})


class Wait(Reply):
    """A wait of the rider's that ended, and the first word that he was given of it."""

    since = Rfc3339(required=True)
    ended_at = Rfc3339(required=True)
    how = fields.String(required=True, metadata={"description": "assigned, cancelled or expired"})
    wait_s = Finite(required=True)
    promised_at = Rfc3339(**MAYBE)
    about_s = Finite(**MAYBE, metadata={"description": "What was promised then."})
    actual_s = Finite(**MAYBE, metadata={"description": "From then to the end."})


class Decisions(Reply):
    trip_id = fields.String(required=True)
    summary = fields.String(required=True, metadata={"description": "What happened, in words."})
    batches = fields.List(fields.Nested(DecisionBatch), required=True)
    waits = fields.List(fields.Nested(Wait), required=True)
    items = fields.List(fields.Nested(Decision), required=True)


class Waiting(Reply):
    """How it stands with a trip that waits for a driver."""

    text = fields.String(required=True, metadata={"description": "One line for the rider."})
    code = fields.String(
        **MAYBE,
        metadata={
            "description": "What `text` says: asking, kept, no_car, all_busy, others_first or cars_near; null in what "
            "an older release wrote."
        },
    )
    car_in_s = Finite(
        **MAYBE, metadata={"description": "asking: until the driver could be there; kept: until the car is free."}
    )
    came_to_nothing = fields.Integer(required=True, metadata={"description": "Offers before."})
    looking_s = Finite(**MAYBE, metadata={"description": "How long is looked on, when that is less than `about_s`."})
    cars_near = fields.Integer(required=True, metadata={"description": "Cars near that may carry the trip."})
    busy_near = fields.Integer(required=True, metadata={"description": "Of these, cars with a ride."})
    finishing_near = fields.Integer(required=True, metadata={"description": "Cars that end a ride near."})
    about_s = Finite(
        **MAYBE, metadata={"description": "Until a driver takes the trip, from what is known; null when nothing is."}
    )
    asked = fields.Integer(required=True, metadata={"description": "Drivers asked so far."})
    since = Rfc3339(required=True)


class WaitingTrip(Trip):
    """A trip, and how it stands with it while it waits."""

    waiting = fields.Nested(Waiting, required=True, allow_none=True)


class WhyNot(Reply):
    code = fields.String(required=True)
    count = fields.Integer(required=True, metadata={"description": "Of requests, or of offers."})
    nearer_s = Finite(**MAYBE, metadata={"description": "By how much those who were chosen were nearer, on average."})
    words = fields.String(required=True)


class Advice(Reply):
    code = fields.String(
        required=True,
        metadata={
            "description": "What `why_not` may be; not_taken, little_asked, busier, wait_elsewhere or other_category."
        },
    )
    requests = fields.Integer(**MAYBE, metadata={"description": "busier: rides asked for there."})
    distance_m = Finite(**MAYBE)
    direction = fields.String(**MAYBE, metadata={"description": "north, north-east, ..."})
    words = fields.String(required=True)


class OffersMade(Reply):
    made = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    declined = fields.Integer(required=True)
    expired = fields.Integer(required=True)
    withdrawn = fields.Integer(required=True)
    mean_answer_s = Finite(**MAYBE)


class AskedForNear(Reply):
    within_m = fields.Integer(required=True)
    requests = fields.Integer(**MAYBE)
    unmet = fields.Integer(**MAYBE, metadata={"description": "Nobody came for them."})


class WhyNoRides(Reply):
    """An hour of a driver's. What a service that is down would have said is null, and it is named in `missing`."""

    driver_id = fields.String(required=True)
    since = Rfc3339(required=True)
    until = Rfc3339(required=True)
    summary = fields.String(required=True)
    what_to_do = fields.List(fields.String(), required=True)
    advice = fields.List(fields.Nested(Advice), required=True, metadata={"description": "`what_to_do` with codes."})
    why_not = fields.String(
        **MAYBE,
        metadata={
            "description": "Why no ride is offered now: pending, suspended, offline, no_position, silent, doubtful, "
            "busy or off."
        },
    )
    online_s = Finite(required=True)
    rides = fields.Integer(**MAYBE)
    riding_s = Finite(**MAYBE)
    batches = fields.Integer(required=True, metadata={"description": "Batches that looked at the driver."})
    considered = fields.Integer(required=True, metadata={"description": "Requests that they looked at him for."})
    reasons = fields.List(fields.Nested(WhyNot), required=True)
    offers = fields.Nested(OffersMade, required=True)
    near = fields.Nested(AskedForNear, required=True)
    missing = fields.List(fields.String(), required=True)
