"""Ratings: who may rate whom, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hansom.contracts.ratings import NotYourRide, TripNotCompleted


@dataclass(frozen=True, slots=True)
class Parties:
    """Who rode and who drove, and how far the trip has come. `ended_early`: the rider got out on the way, and paid."""

    trip_id: str
    rider_id: str
    driver_id: str | None
    state: str
    ended_early: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """What one party thinks of the other."""

    trip_id: str
    rater_id: str
    rater_role: str
    rated_id: str
    rated_role: str
    stars: int
    comment: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Total:
    """All ratings of one user."""

    stars: int
    count: int

    @property
    def average(self) -> float:
        """The mean, rounded to two decimals."""
        return round(self.stars / self.count, 2)


def rated_by(parties: Parties, rater_id: str, rater_role: str) -> tuple[str, str]:
    """Id and role of whom this rater rates: the other party. Raises NotYourRide, TripNotCompleted."""
    if rater_role == "rider" and rater_id == parties.rider_id:
        other = (parties.driver_id, "driver")
    elif rater_role == "driver" and parties.driver_id is not None and rater_id == parties.driver_id:
        other = (parties.rider_id, "rider")
    else:
        raise NotYourRide()
    if not (parties.state == "completed" or parties.ended_early) or other[0] is None:
        raise TripNotCompleted(details={"state": parties.state})
    return other[0], other[1]
