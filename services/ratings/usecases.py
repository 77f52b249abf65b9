"""What can be done with ratings: one function a verb."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from hansom.contracts.ratings import RateTrip, RatingGivenData, RatingReply
from hansom.contracts.timeline import Code, Kind, Moment, Who
from hansom.wire import iso
from services.ratings.domain.ratings import Parties, Rating, Total, rated_by

Idempotency = dict[str, str] | None


class Rows(Protocol):
    """Ratings of one transaction: see `storage.ratings.RatingRows`."""

    def add(self, rating: Rating) -> None: ...
    def add_to_total(self, rated_id: str, stars: int) -> Total: ...
    def of_trip(self, trip_id: str) -> list[Rating]: ...


@dataclass(frozen=True, slots=True)
class Unit:
    """One transaction: its rows, the events told when it commits, replies by idempotency key, its time."""

    rows: Rows
    tell: Callable[[str, str, dict[str, Any]], Any]
    once: Callable[[Idempotency, Callable[[], dict[str, Any]]], dict[str, Any]]
    replay: Callable[[Idempotency], dict[str, Any] | None]
    now: datetime


Units = Callable[[], AbstractContextManager[Unit]]
"""Opens a transaction: `with units() as unit:`, committed at the end of the block."""


class Trips(Protocol):
    """The trips service: see `hansom.rpc.ServiceClient`."""

    def get_parties(self, payload: dict[str, Any]) -> dict[str, Any]: ...


def rate_trip(units: Units, trips: Trips, command: RateTrip) -> dict[str, Any]:
    """One party's rating of the other.

    Raises NotYourRide, TripNotCompleted, AlreadyRated, IdempotencyKeyReused, and what `trips.get_parties` raises
    (an unknown trip among it).
    """
    if command.idempotency:
        with units() as unit:
            before = unit.replay(command.idempotency)
        if before is not None:
            return before
    asked = trips.get_parties({"trip_id": command.trip_id})
    ended_early = bool(asked.get("ended_early"))
    parties = Parties(command.trip_id, asked["rider_id"], asked["driver_id"], asked["state"], ended_early)
    rated_id, rated_role = rated_by(parties, command.rater_id, command.rater_role)
    with units() as unit:
        return unit.once(command.idempotency, lambda: dict(_rate(unit, command, rated_id, rated_role)))


def _rate(unit: Unit, command: RateTrip, rated_id: str, rated_role: str) -> RatingReply:
    rating = Rating(
        trip_id=command.trip_id,
        rater_id=command.rater_id,
        rater_role=command.rater_role,
        rated_id=rated_id,
        rated_role=rated_role,
        stars=command.stars,
        comment=command.comment,
        created_at=unit.now,
    )
    unit.rows.add(rating)
    # the total is locked before the event gets its place in the outbox: counts reach others in their order
    total = unit.rows.add_to_total(rated_id, rating.stars)
    data = RatingGivenData(
        trip_id=rating.trip_id,
        rated_user_id=rated_id,
        rated_role=rated_role,
        rater_id=rating.rater_id,
        stars=rating.stars,
        average=total.average,
        count=total.count,
    )
    unit.tell("rating_given", rated_id, dict(data))
    return {
        "trip_id": rating.trip_id,
        "stars": rating.stars,
        "comment": rating.comment,
        "by": rating.rater_role,
        "created_at": iso(rating.created_at) or "",
    }


def moment_of(rating: Rating) -> Moment:
    """A rating as a moment of its trip."""
    values = {"of": rating.rated_role, "stars": rating.stars, "comment": rating.comment}
    return Moment(rating.created_at, Kind.RATING, Code.RATED, Who(rating.rater_role, rating.rater_id), values)
