"""The waiting pool: what is known of the trips that need a driver, and how events change it."""

from __future__ import annotations

from dataclasses import dataclass

from hansom.contracts.matching import Answer
from hansom.values import Point
from services.matching.domain.model import WaitingTrip


@dataclass(frozen=True, slots=True)
class PooledTrip:
    """A trip in the pool. `waiting_since_ms`: since it was asked for or given back, milliseconds since 1970.

    `ride_s`: the ride's own time, as quoted.
    """

    trip_id: str
    city: str
    category: str
    pickup: Point
    waiting_since_ms: int
    returned: bool
    dropoff: Point | None = None
    ride_s: float | None = None
    rider_id: str = ""

    def as_waiting(self, now_ms: int, excluded: frozenset[str], patience_s: float | None = None) -> WaitingTrip:
        """What a policy sees of it at `now_ms`. `patience_s`: how long a trip waits before it expires."""
        waited_s = max(0, now_ms - self.waiting_since_ms) / 1000
        return WaitingTrip(
            self.trip_id,
            self.category,
            self.pickup,
            waited_s,
            self.returned,
            excluded,
            self.dropoff,
            None if patience_s is None else max(0.0, patience_s - waited_s),
            ride_s=self.ride_s,
        )


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """An offer not answered so far. It counts until `until_ms`, whether its end is heard of or not.

    `made_ms` and `pickup_eta_s`: when it was made, and what it promised; None where a rebuild does not know.
    """

    trip_id: str
    offer_id: str
    driver_id: str
    until_ms: int
    made_ms: int | None = None
    pickup_eta_s: float | None = None


# -- changes: what an event, a reply or a rebuild does to the pool ----------------------------------------------------
@dataclass(frozen=True, slots=True)
class Wait:
    """The trip needs a driver."""

    trip: PooledTrip


@dataclass(frozen=True, slots=True)
class Leave:
    """The trip no longer needs one: assigned, cancelled or expired. Its offers end with it."""

    trip_id: str
    city: str


@dataclass(frozen=True, slots=True)
class Open:
    """The trip has an open offer, and its driver is not to be looked at meanwhile."""

    offer: OpenOffer


@dataclass(frozen=True, slots=True)
class Close:
    """The offer ended without a driver."""

    trip_id: str
    offer_id: str


@dataclass(frozen=True, slots=True)
class Exclude:
    """Never offer this trip to these drivers again."""

    trip_id: str
    driver_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """Do not look at the driver until then: he has an offer, or a trip that `location` has not heard of yet."""

    driver_id: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Release:
    """The driver may be looked at again."""

    driver_id: str


@dataclass(frozen=True, slots=True)
class Idle:
    """The driver has been without a ride since then; news from before what is known changes nothing."""

    driver_id: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class NotIdle:
    """The driver has a ride, or does not work: nobody keeps him waiting."""

    driver_id: str


@dataclass(frozen=True, slots=True)
class Said:
    """The driver took an offer, or did not (a no, or silence), at that time; heard twice it counts once."""

    driver_id: str
    yes: bool
    at_ms: int


Change = Wait | Leave | Open | Close | Exclude | Hold | Release | Idle | NotIdle | Said


@dataclass(frozen=True, slots=True)
class Answered:
    """What a driver's offer came to, or that it was made (`answer` None). `reason`: why it was withdrawn."""

    trip_id: str
    driver_id: str
    offer_id: str | None
    answer: Answer | None
    at: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Habits:
    """What is learnt of a driver: since when he has been without a ride, and his answers, the newer ones counting more.

    `took` of `asked` offers; both are sums of weights, 0 where nothing is known.
    """

    idle_since_ms: int | None = None
    took: float = 0.0
    asked: float = 0.0

    def idle_s(self, now_ms: int) -> float:
        return 0.0 if self.idle_since_ms is None else max(0, now_ms - self.idle_since_ms) / 1000

    @property
    def accept_rate(self) -> float | None:
        """The share of offers that he takes, from 0 to 1; None while too little is known.

        One answer each way is added (Laplace's rule of succession), so that one no does not make it nought.
        """
        return None if self.asked < ANSWERS_NEEDED else (self.took + 1) / (self.asked + 2)


ANSWERS_NEEDED = 3.0
"""Answers before a driver's own rate is believed."""

ANSWERS_KEPT = 0.95
"""What an answer still counts after the next one: about the last twenty make the rate."""


@dataclass(frozen=True, slots=True)
class ListedTrip:
    """A waiting trip as `trips` lists it."""

    trip: PooledTrip
    excluded: tuple[str, ...]
    has_open_offer: bool


@dataclass(frozen=True, slots=True)
class PoolView:
    """One city's pool as read at one moment. `built`: False when Redis was emptied and the pool must be rebuilt."""

    trips: tuple[PooledTrip, ...]
    offers: tuple[OpenOffer, ...]
    excluded: dict[str, frozenset[str]]
    held: frozenset[str]
    built: bool

    def without_offer(self, now_ms: int) -> tuple[PooledTrip, ...]:
        """The trips to be matched now."""
        open_for = {offer.trip_id for offer in self.offers if offer.until_ms > now_ms}
        return tuple(trip for trip in self.trips if trip.trip_id not in open_for)
