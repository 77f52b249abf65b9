"""The waiting pool: what is known of the trips that need a driver, and how events change it."""

from __future__ import annotations

from dataclasses import dataclass

from hansom.contracts.matching import Answer
from hansom.values import Point
from services.matching.domain.model import WaitingTrip


@dataclass(frozen=True, slots=True)
class PooledTrip:
    """A trip in the pool. `waiting_since_ms`: since it was asked for or given back, milliseconds since 1970."""

    trip_id: str
    city: str
    category: str
    pickup: Point
    waiting_since_ms: int
    returned: bool

    def as_waiting(self, now_ms: int, excluded: frozenset[str]) -> WaitingTrip:
        """What a policy sees of it at `now_ms`."""
        waited_s = max(0, now_ms - self.waiting_since_ms) / 1000
        return WaitingTrip(self.trip_id, self.category, self.pickup, waited_s, self.returned, excluded)


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """An offer not answered so far. It counts until `until_ms`, whether its end is heard of or not."""

    trip_id: str
    offer_id: str
    driver_id: str
    until_ms: int


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


Change = Wait | Leave | Open | Close | Exclude | Hold | Release


@dataclass(frozen=True, slots=True)
class Answered:
    """What a driver's offer came to, or that it was made (`answer` None)."""

    trip_id: str
    driver_id: str
    offer_id: str | None
    answer: Answer | None
    at: str


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
