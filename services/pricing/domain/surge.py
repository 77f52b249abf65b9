"""Surge: what the next minute's requests near a pickup ask for, against the free cars there."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hansom.contracts.pricing import SurgeReason

FEW_REQUESTS = 5
"""With fewer requests in the window nothing can be said about demand."""

HORIZON_S = 60
"""Requests of this long ahead are set against the cars that are free now."""

UNMET_WEIGHT = 2
"""A request that found no driver counts this many times more."""

SLOPE = Fraction(1, 2)
"""How much of the excess of demand over supply goes into the multiplier."""

STEPS = 10
"""Multipliers are tenths."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Requests, and those that found no driver, in the last `window_s` seconds in the pickup's segment and around."""

    requests: int
    unmet: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Surge:
    """A multiplier of 1 or more, in tenths, and why."""

    tenths: int
    reason: SurgeReason

    @property
    def multiplier(self) -> Fraction:
        return Fraction(self.tenths, STEPS)


def no_surge(reason: SurgeReason) -> Surge:
    return Surge(STEPS, reason)


def surge_for(demand: Demand | None, free_cars: int | None, cap: Fraction) -> Surge:
    """The multiplier: 1 + half of (expected requests / free cars - 1), down to a tenth, at most `cap`.

    What is not known (None) never raises a fare.
    """
    if demand is None:
        return no_surge(SurgeReason.DEMAND_UNKNOWN)
    if free_cars is None:
        return no_surge(SurgeReason.SUPPLY_UNKNOWN)
    if demand.requests < FEW_REQUESTS:
        return no_surge(SurgeReason.NORMAL)
    weighed = demand.requests + UNMET_WEIGHT * demand.unmet
    excess = Fraction(weighed * HORIZON_S, demand.window_s * max(1, free_cars)) - 1
    raised = min(1 + SLOPE * excess, cap)
    tenths = int(raised * STEPS)
    if tenths <= STEPS:
        return no_surge(SurgeReason.NORMAL)
    return Surge(tenths, SurgeReason.HIGH_DEMAND)
