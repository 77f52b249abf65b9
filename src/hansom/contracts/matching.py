"""What the matching service takes, gives and refuses. Times are RFC 3339 strings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict


class Dropped(StrEnum):
    """Why a driver who was looked at got no offer for the trip in this batch.

    `FINISHING`: he is still on a ride, and the trip is not to wait for him. `HELD`: the trip waits for him, as he is
    about to finish one. `PATIENCE`: he could not be asked before the rider's patience ends.
    """

    CATEGORY = "category"
    EXCLUDED = "excluded"
    NO_ROAD = "no_road"
    TOO_FAR = "too_far"
    PATIENCE = "patience"
    FINISHING = "finishing"
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

    `parts`: the seconds that the score is made of, by name. `free_in_s` above 0: he was finishing a ride, and
    `pickup_eta_s` counts from its dropoff. `dropped` is one of `Dropped`, or `refused:` and the reason that trips gave;
    null for a driver who got the offer. `delay_s`: from the offer to its answer. `fallback`: see `BatchReply`.
    """

    batch_id: str | None
    batch_at: str
    policy: str | None
    fallback: str | None
    driver_id: str
    distance_m: float | None
    pickup_eta_s: float | None
    free_in_s: float | None
    score: float | None
    parts: dict[str, float]
    dropped: str | None
    offer_id: str | None
    offered_at: str | None
    answer: str | None
    answered_at: str | None
    delay_s: float | None


class BatchReply(TypedDict):
    """One batch's look at a trip. `policy` decided; `fallback` says why that is not the city's own (`deadline`: it was
    not ready in time), else null. `estimated`: road times were guesses. `considered`: drivers who were looked at.
    """

    batch_id: str
    batch_at: str
    policy: str
    fallback: str | None
    estimated: bool
    waited_s: float | None
    considered: int
    offered_to: str | None


class DecisionsReply(TypedDict):
    """Everything that was decided about one trip, newest batch first; `summary` says it in words."""

    trip_id: str
    summary: str
    batches: list[BatchReply]
    items: list[DecisionReply]


class CityStatus(TypedDict):
    """`leader`: who leads the city's batches, null when nobody does. `batch_ms`: what the last batch took."""

    leader: str | None
    waiting: int
    open_offers: int
    last_batch_at: str | None
    batch_ms: float | None
    policy: str
