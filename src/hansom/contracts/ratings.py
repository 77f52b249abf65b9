"""What the ratings service takes, gives, tells and refuses.

Requests are dataclasses; replies and the data of events are plain JSON, described by typed dicts. Times are RFC 3339
strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from hansom.contracts.errors import Conflict, Forbidden, error

STARS = (1, 5)
COMMENT_MAX_CHARS = 1000


# -- errors ----------------------------------------------------------------------------------------------------------
@error
class NotYourRide(Forbidden):
    code = "not_your_trip"
    message = "Only the rider and the driver of a trip rate it."


@error
class TripNotCompleted(Conflict):
    """`details`: `state` of the trip."""

    code = "trip_not_completed"
    message = "A trip is rated once it is completed."


@error
class AlreadyRated(Conflict):
    code = "already_rated"
    message = "You have rated this trip already."


# -- requests --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RateTrip:
    """`rater_role`: rider or driver."""

    trip_id: str
    rater_id: str
    rater_role: str
    stars: int
    comment: str | None = None
    idempotency: dict[str, str] | None = None


# -- replies ---------------------------------------------------------------------------------------------------------
class RatingReply(TypedDict):
    """`by`: the role of who rated."""

    trip_id: str
    stars: int
    comment: str | None
    by: str
    created_at: str


# -- events: key is the rated user's id ------------------------------------------------------------------------------
class RatingGivenData(TypedDict):
    """`average` (1..5, two decimals) and `count` include this rating; of two, the larger count is the newer."""

    trip_id: str
    rated_user_id: str
    rated_role: str
    rater_id: str
    stars: int
    average: float
    count: int
