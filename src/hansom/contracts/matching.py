"""What the matching service takes, gives and refuses. Times are RFC 3339 strings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
    null for a driver who got the offer. `reason`: why it was withdrawn. `delay_s`: from the offer to its answer.
    `fallback`: see `BatchReply`.
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
    reason: str | None
    answered_at: str | None
    delay_s: float | None


class BatchReply(TypedDict):
    """One batch's look at a trip. `policy` decided; `fallback` says why that is not the city's own (`deadline`: it was
    not ready in time), else null. `estimated`: road times were guesses. `replaces`: an offer that nobody had seen and
    that was to make way for a better one. `considered`: drivers who were looked at.
    """

    batch_id: str
    batch_at: str
    policy: str
    fallback: str | None
    estimated: bool
    waited_s: float | None
    replaces: str | None
    considered: int
    offered_to: str | None


class WaitReply(TypedDict):
    """A wait that ended, and the first word that the rider was given of it: `about_s` at `promised_at`, null when
    nothing was promised. `how`: assigned, cancelled or expired. `actual_s`: from the promise to the end.
    """

    since: str
    ended_at: str
    how: str
    wait_s: float
    promised_at: str | None
    about_s: float | None
    actual_s: float | None


class DecisionsReply(TypedDict):
    """Everything that was decided about one trip, newest batch first; `summary` says it in words."""

    trip_id: str
    summary: str
    batches: list[BatchReply]
    waits: list[WaitReply]
    items: list[DecisionReply]


class WaitCode(StrEnum):
    """How it stands with a rider who waits: a driver is being asked, a car is kept for him until its ride ends, none is
    near, all near are busy, those near go to others who have waited longer, or those near are about to be asked."""

    ASKING = "asking"
    KEPT = "kept"
    NO_CAR = "no_car"
    ALL_BUSY = "all_busy"
    OTHERS_FIRST = "others_first"
    CARS_NEAR = "cars_near"


class WaitingReply(TypedDict):
    """How it stands with a rider who waits. `text`: one line for him. `cars_near` may carry the trip, `busy_near` of
    them have a ride, `finishing_near` end one near. `asked`: drivers asked so far, the one being asked included.
    `about_s`: seconds until a driver takes the trip, null when that is not known.

    What `text` says, for other languages: `code` is one of `WaitCode`, null in what an older release wrote; `car_in_s`:
    seconds until the driver who is asked could be there (`asking`) or the car that is kept is free (`kept`), else null;
    `came_to_nothing`: offers before; `looking_s`: how long is looked on, when that is less than `about_s`, else null.
    """

    text: str
    code: str | None
    car_in_s: float | None
    came_to_nothing: int
    looking_s: float | None
    cars_near: int
    busy_near: int
    finishing_near: int
    about_s: float | None
    asked: int
    since: str


class WaitingNews(WaitingReply):
    """What notifications gets on the exchange `hansom.moves`, in `{"waiting": [...]}`."""

    rider_id: str
    trip_id: str


@dataclass(frozen=True, slots=True)
class SeeWhyNoRides:
    """Why a driver had few rides in the hour that ends at `until`; None: now."""

    driver_id: str
    until: datetime | None = None


class ReasonReply(TypedDict):
    """Why not: `count` requests, or offers. `code`: one of `Dropped`, or declined, not_answered, taken_back.

    `nearer_s`: by how much those who were chosen were nearer, on average; null when that is nothing or not known."""

    code: str
    count: int
    nearer_s: float | None
    words: str


class AdviceReply(TypedDict):
    """What to do, for programs and in words. `code`: what `why_not` may be; `not_taken`, `little_asked`, `busier` (with
    how many `requests`, how far and where: a point of the compass), `wait_elsewhere` or `other_category`."""

    code: str
    requests: int | None
    distance_m: float | None
    direction: str | None
    words: str


class OffersReply(TypedDict):
    """Offers made to a driver and what he said, by answer; `mean_answer_s`: null when he answered none."""

    made: int
    accepted: int
    declined: int
    expired: int
    withdrawn: int
    mean_answer_s: float | None


class NearReply(TypedDict):
    """Rides asked for within `within_m` of where the driver is, and those that nobody came for; null: not known."""

    within_m: int
    requests: int | None
    unmet: int | None


class WhyNoRidesReply(TypedDict):
    """Why a driver had few rides from `since` to `until`. Names no rider and no other driver.

    `batches`: that looked at him, for `considered` requests. `why_not`: why he is not offered rides at this moment,
    null when he is or when `until` is past. `what_to_do`: sentences, the most useful first; `advice`: the same with
    codes, for other languages. `missing` names the
    services that are down; what they know is null: `rides` and `riding_s`, `near`, `why_not`.
    """

    driver_id: str
    since: str
    until: str
    summary: str
    what_to_do: list[str]
    advice: list[AdviceReply]
    why_not: str | None
    online_s: float
    rides: int | None
    riding_s: float | None
    batches: int
    considered: int
    reasons: list[ReasonReply]
    offers: OffersReply
    near: NearReply
    missing: list[str]


class CityStatus(TypedDict):
    """`leader`: who leads the city's batches, null when nobody does. `policy`: what the city is set to.

    Of the last batch: `batch_ms`, what it took; `made` offers, `replaced` of them in the place of one that its driver
    had not seen; `held` trips for drivers who are about to finish. `decided_by` and `fallback`: which policy it was,
    and why not the city's own (`deadline`: it was not ready in time; `still_solving`: nor is it yet).
    """

    leader: str | None
    waiting: int
    open_offers: int
    last_batch_at: str | None
    batch_ms: float | None
    made: int | None
    replaced: int | None
    held: int | None
    decided_by: str | None
    fallback: str | None
    policy: str
