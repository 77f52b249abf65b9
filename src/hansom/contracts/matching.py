"""What the matching service takes, gives and refuses. Times are RFC 3339 strings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict


class Dropped(StrEnum):
    """Why a driver who was looked at got no offer for the trip in this batch.

    `HELD`: the trip waits for him, as he is about to finish a ride. `PATIENCE`: he could not be asked before the
    rider's patience ends.
    """

    CATEGORY = "category"
    EXCLUDED = "excluded"
    NO_ROAD = "no_road"
    TOO_FAR = "too_far"
    PATIENCE = "patience"
    HELD = "held"
    ANOTHER_DRIVER = "another_driver"
    ANOTHER_TRIP = "another_trip"
    NOT_MATCHED = "not_matched"
    REFUSED = "refused"


class Answer(StrEnum):
    """What became of an offer."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class SeeDecisions:
    """Everything that was decided about one trip, newest batch first."""

    trip_id: str


class DecisionReply(TypedDict):
    """One driver, looked at for one trip in one batch. `score`: seconds, lower is better; null when never scored.

    `dropped` is one of `Dropped`, or `refused:` and the reason that trips gave; null for a driver who got the offer.
    """

    batch_id: str | None
    batch_at: str
    policy: str | None
    driver_id: str
    distance_m: float | None
    pickup_eta_s: float | None
    score: float | None
    dropped: str | None
    offer_id: str | None
    answer: str | None
    answered_at: str | None


class CityStatus(TypedDict):
    """`leader`: who leads the city's batches, null when nobody does. `batch_ms`: what the last batch took."""

    leader: str | None
    waiting: int
    open_offers: int
    last_batch_at: str | None
    batch_ms: float | None
    policy: str
