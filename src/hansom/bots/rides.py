"""The story of each ride that a rider bot asked for, and what became of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hansom.bots.measures import Spread
from hansom.bots.promises import Promises, seconds_between

STATES = ("requested", "assigned", "arrived", "in_progress", "completed", "cancelled", "expired")
ENDED = frozenset({"completed", "cancelled", "expired"})


@dataclass(slots=True)
class Ride:
    """One trip as its rider saw it. Times are seconds on the bots' clock, None until it happened."""

    trip_id: str
    requested_at: float
    state: str = "requested"
    version: int = 0
    offered_at: float | None = None
    assigned_at: float | None = None
    arrived_at: float | None = None
    ended_at: float | None = None
    payment: str | None = None
    returned: int = 0
    promised_s: float | None = None
    pickup_promises: dict[str, float] = field(default_factory=dict)
    """Driver → the pickup time in the offer that he accepted."""

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(slots=True)
class Waits:
    """How long riders waited, each from its own start."""

    to_offer: Spread = field(default_factory=Spread)
    to_assigned: Spread = field(default_factory=Spread)
    pickup: Spread = field(default_factory=Spread)
    settled: Spread = field(default_factory=Spread)

    def as_dict(self) -> dict[str, dict[str, float | int | None]]:
        return {
            "request_to_offer": self.to_offer.as_dict(),
            "request_to_assigned": self.to_assigned.as_dict(),
            "assigned_to_arrived": self.pickup.as_dict(),
            "completed_to_paid": self.settled.as_dict(),
        }


class Rides:
    """All rides of one run. Offers may be heard before the answer to the request that caused them."""

    def __init__(self) -> None:
        self._rides: dict[str, Ride] = {}
        self._early_offers: dict[str, float] = {}
        self.waits = Waits()
        self.pickup_promises, self.trip_promises = Promises(), Promises()

    def __iter__(self) -> Iterator[Ride]:
        return iter(list(self._rides.values()))

    def __len__(self) -> int:
        return len(self._rides)

    def asked(self, trip: dict[str, Any], requested_at: float) -> Ride:
        """A request was accepted; `requested_at` is when it was sent. The same trip again gives the same ride."""
        ride = self._rides.setdefault(trip["id"], Ride(trip["id"], requested_at))
        ride.promised_s = trip.get("duration_s")
        early = self._early_offers.pop(ride.trip_id, None)
        if early is not None:
            self.offered(ride.trip_id, early)
        return ride

    def offered(self, trip_id: str, now: float) -> None:
        """A driver was offered the trip; only the first offer counts as the rider's wait."""
        ride = self._rides.get(trip_id)
        if ride is None:
            self._early_offers[trip_id] = now
        elif ride.offered_at is None:
            ride.offered_at = now
            self.waits.to_offer.add(max(now - ride.requested_at, 0.0))

    def promised(self, trip_id: str, driver_id: str, pickup_eta_s: float | None) -> None:
        """A driver accepted the trip with this time to its pickup."""
        ride = self._rides.get(trip_id)
        if ride is not None and pickup_eta_s is not None:
            ride.pickup_promises[driver_id] = pickup_eta_s

    def seen(self, trip: dict[str, Any], now: float) -> bool:
        """The server showed the trip; True when that was news. An older version than one seen before is not."""
        ride = self._rides.get(trip["id"])
        version = trip.get("version") or 0
        if ride is None or version < ride.version or (trip["state"] == ride.state and version == ride.version):
            return False
        changed = trip["state"] != ride.state
        ride.version = version
        if changed:
            self._enter(ride, trip["state"], now)
            self._judge(ride, trip)
        return changed

    def _judge(self, ride: Ride, trip: dict[str, Any]) -> None:
        """Compares what was promised, each promise once, with what the trip says of itself."""
        pickup_s = seconds_between(trip, "assigned_at", "arrived_at")
        driver_id = trip.get("driver_id")
        if pickup_s is not None and driver_id in ride.pickup_promises:
            self.pickup_promises.kept(ride.pickup_promises.pop(driver_id), pickup_s)
        trip_s = seconds_between(trip, "started_at", "completed_at")
        if trip_s is not None and ride.promised_s is not None:
            self.trip_promises.kept(ride.promised_s, trip_s)
            ride.promised_s = None

    def _enter(self, ride: Ride, state: str, now: float) -> None:
        if state == "requested":
            ride.returned += 1
        elif state == "assigned":
            ride.assigned_at = now
            self.waits.to_assigned.add(now - ride.requested_at)
        elif state == "arrived":
            ride.arrived_at = now
            if ride.assigned_at is not None:
                self.waits.pickup.add(now - ride.assigned_at)
        elif state in ENDED:
            ride.ended_at = now
        ride.state = state

    def paid(self, trip_id: str, event: str, now: float) -> None:
        """`payment_captured` or `payment_failed` was heard for the trip."""
        ride = self._rides.get(trip_id)
        if ride is None or ride.payment is not None:
            return
        ride.payment = event
        if ride.ended_at is not None:
            self.waits.settled.add(now - ride.ended_at)

    def by_state(self) -> dict[str, int]:
        """How many rides stand in each state now."""
        counts = Counter(ride.state for ride in self._rides.values())
        return {state: counts.get(state, 0) for state in STATES}

    def unfinished(self) -> list[Ride]:
        """Rides that are still under way, or over and not yet paid nor refused."""
        return [ride for ride in self._rides.values() if not ride.ended or unsettled(ride)]


def unsettled(ride: Ride) -> bool:
    """A completed ride whose rider has not heard of the payment."""
    return ride.state == "completed" and ride.payment is None
