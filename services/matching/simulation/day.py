"""What a simulated day is made of: the scenario before it is lived, trips and drivers, and what came of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from services.matching.domain.model import Batch, Policy, Proposal, Rules
from services.matching.simulation.demand import Request
from services.matching.simulation.grid import RoadGrid
from services.matching.simulation.people import Habits, Shift
from services.matching.simulation.surging import Surging
from services.matching.simulation.worths import Worths

CATEGORY = "standard"

Watch = Callable[[float, Batch, Proposal], None]
"""Told of every batch: seconds since midnight, what was looked at, what the policy said."""


@dataclass(frozen=True, slots=True)
class Dispatching:
    """How trips are dispatched: the policy and its rules, seconds from batch to batch, cars looked at for a trip, and
    how long an offer stands.

    `finishing`: drivers about to finish a ride who are looked at for a trip beside the free ones, if they are free
    within `rules.finishing_max_s`. `worths`: what earlier days taught about places; without them all are alike.
    `foreseen_s`, for hindsight: the batch also holds the trips that will be asked for within so many seconds, their
    `waited_s` below nought. No offer is made for them, but a driver proposed for one is not offered another.
    """

    policy: Policy
    rules: Rules = field(default_factory=Rules)
    window_s: float = 2.0
    candidates: int = 30
    offer_s: float = 15.0
    finishing: int = 0
    worths: Worths | None = None
    foreseen_s: float = 0.0

    @property
    def looks_ahead(self) -> bool:
        """Whether a trip may be kept waiting though a driver is free, so that the next window must look again."""
        return self.finishing > 0 or self.foreseen_s > 0


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a ride brings, in minor units; `share` is the driver's part."""

    base: float = 390.0
    per_km: float = 110.0
    per_minute: float = 45.0
    minimum: float = 700.0
    share: float = 0.8

    def fare(self, metres: float, seconds: float) -> float:
        return max(self.minimum, self.base + self.per_km * metres / 1000 + self.per_minute * seconds / 60)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A day before it is lived: the roads, who wants to go where, who drives, what they are like, and whether fares
    surge. `expected` (SLOTS, N): requests of each half hour and place, by which drivers without a ride are told where
    to go; None: they stay where they are."""

    grid: RoadGrid
    requests: Sequence[Request]
    shifts: Sequence[Shift]
    habits: Habits = field(default_factory=Habits)
    seed: int = 1
    tariff: Tariff = field(default_factory=Tariff)
    surging: Surging | None = None
    expected: np.ndarray | None = None


@dataclass(slots=True)
class Trip:
    """A request and what became of it. `outcome`: completed, unserved (nobody found), gave_up, cancelled,
    priced_out (the fare was too high for him: he never asked for a driver).

    `waiting_since_s`: when it was asked for or last given back; `over_at_s`: when the outcome came about.
    """

    request: Request
    outcome: str = ""
    driver: int | None = None
    offered_to: int | None = None
    excluded: set[str] = field(default_factory=set)
    waiting_since_s: float = 0.0
    returned: bool = False
    offers: int = 0
    assigned_at_s: float | None = None
    pickup_s: float | None = None
    wait_s: float | None = None
    over_at_s: float | None = None
    multiplier: float = 1.0
    round: int = 0
    """Counts what ended: an event that was planned before is about nothing any more."""


@dataclass(slots=True)
class Driver:
    """A driver on shift, until `until_s`. `place` is where he is, or set out from.

    `finishes_at_s`: when the ride under way ends, and `ends_at` where; no ride: infinite. `finish_told`: how many times
    as long as it is the rest of the ride is thought to be. `empty_since_s`, `empty_from`: when and where the last rider
    got out, or the shift began. `answered` and `accepted` count his offers. `moves` counts
    when he set out without a ride, or stopped doing so.
    """

    shift: Shift
    place: int
    until_s: float
    state: str = "off"
    idle_since_s: float = 0.0
    empty_since_s: float = 0.0
    empty_from: int = 0
    finishes_at_s: float = float("inf")
    ends_at: int = 0
    finish_told: float = 1.0
    answered: int = 0
    accepted: int = 0
    worked_s: float = 0.0
    carried_s: float = 0.0
    empty_m: float = 0.0
    paid_m: float = 0.0
    earned: float = 0.0
    rides: int = 0
    moves: int = 0
    moving_until_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Spell:
    """A driver without a ride, or without a rider: since when and where, and for how long. `ended`: by a ride, not by
    going home."""

    since_s: float
    place: int
    idle_s: float
    ended: bool


@dataclass(slots=True)
class Day:
    """All that happened. `spells`: of drivers without a ride; `empties`: without a rider, the way to him included."""

    trips: list[Trip]
    drivers: list[Driver]
    spells: list[Spell] = field(default_factory=list)
    empties: list[Spell] = field(default_factory=list)
    batches: int = 0
    pairs: int = 0
    offers: int = 0
    declined: int = 0
    held: int = 0
