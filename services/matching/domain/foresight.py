"""The policy `foresight`: one assignment for all, with what is to come. Its objective and where each part is from.

As many pairs as can be made, drivers about to finish included, and of all such assignments the least sum of a score in
seconds. A score is a sum of parts, each on record:

- `road`: seconds on the road to the pickup; for a driver who is finishing, from his dropoff.
- `finishing`: `hold_penalty * free_in_s + hold_margin_s` for a driver who is free only in `free_in_s`. When such a pair
  is chosen the trip is held: nobody is asked, and the next batch decides anew with better knowledge. Waiting for a
  better car that will soon be there is the "dynamic waiting" of Yan, Zhu, Korolko and Woodard (Naval Research Logistics
  67, 2020). A rider without a driver gives up several times sooner than one who sees his car come, so a second of being
  held costs more than a second of driving (`hold_penalty` > 1), and nobody is held past `hold_waited_max_s` or his
  patience.
- `acceptance`: `(1 - p) * retry_s`, the seconds that asking this driver in vain costs, times the chance of it. That a
  dispatcher should reckon with each driver's chance of accepting is from Zhang et al. (KDD 2017); p is logistic in the
  minutes to the pickup (their main feature after the driver's own record), through the driver's learnt rate at two
  minutes: logit p = logit(accept_rate) - accept_minds * (minutes - 2).
- `worth`: `worth_weight * (worth where he is - worth of the dropoff)`. This is the advantage of Xu et al. (KDD 2018),
  V(where and when he ends) - V(where he is), in the average-reward form (Mahadevan, Machine Learning 22, 1996): V is
  the time by which the next trip comes sooner than in the city's mean, learnt by `analytics` from demand and supply of
  each segment and half hour. Lyft found the same quantity worth learning online (Azagirre et al., INFORMS Journal on
  Applied Analytics 54, 2024).
- `ride`: `ride_weight * ride_s`, the other half of their V: when he ends. In the average-reward form a second of a
  driver's time has one price, on the way to a rider or with him. It is 0 by default: on simulated days it served no
  more riders to speak of, and fewer of those with a long way. All riders count alike; their fare, which is the reward
  in that paper, is left out on purpose.
- `waited`: less what the rider has waited: `rider_weight` a second, and `rider_long_weight` more after `rider_long_s`;
  less `returned_bonus_s` when a driver gave the trip back. It is the same for all drivers of a trip: it decides who is
  served when drivers are scarce, and never makes a served rider's car come from further away.
- `idle`: less what the driver has waited, `idle_weight` a second and `idle_long_weight` more after `idle_long_s`. The
  same for all trips of a driver: it decides who drives when drivers are plentiful.

Nobody starves: what waits gains without bound, and all else in a score is bounded. See `rider_bound_s` and
`driver_bound_s`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, inf

from hansom.values import distance_m
from services.matching.domain.model import FreeDriver, Rules, WaitingTrip

LEAST_RATE, LARGEST_RATE = 0.05, 0.99
"""A learnt rate is taken as no less and no more: nobody is sure, either way."""

STRAIGHT_MPS = 5.0
"""How fast a ride gets on in a straight line, when nobody says how long it takes: 25 km/h on streets with detours."""

RATE_AT_S = 120.0
"""Seconds to the pickup at which a driver's accept rate holds."""


class Foresight:
    """Scores of one batch. What belongs to a trip or a driver alone is reckoned once, not once a pair."""

    def __init__(self, trips: Sequence[WaitingTrip], drivers: Sequence[FreeDriver], rules: Rules) -> None:
        self._waited = [-rider_claim_s(trip, rules) for trip in trips]
        self._dropoff = [-_worth_s(trip.worth_s, rules) for trip in trips]
        self._ride = [rules.ride_weight * min(ride_s(trip), rules.ride_most_s) for trip in trips]
        self._here = [_worth_s(driver.worth_s, rules) for driver in drivers]
        self._idle = [-driver_claim_s(driver, rules) for driver in drivers]
        self._finishing = [_finishing_s(driver, rules) for driver in drivers]
        self._refusal_odds = [_refusal_odds(driver, rules) for driver in drivers]
        self._of_trip = [sum(parts) for parts in zip(self._waited, self._dropoff, self._ride, strict=True)]
        self._of_driver = [sum(parts) for parts in zip(self._here, self._idle, self._finishing, strict=True)]
        self._minds, self._retry_s = rules.accept_minds / 60, rules.retry_s

    def of_row(self, row: int, cells: Sequence[tuple[int, float]]) -> list[float]:
        own, of_driver, refused_s = self._of_trip[row], self._of_driver, self._refused_s
        return [eta_s + own + of_driver[column] + refused_s(column, eta_s) for column, eta_s in cells]

    def parts(self, row: int, column: int, eta_s: float) -> Mapping[str, float]:
        return {
            "road": eta_s,
            "waited": self._waited[row],
            "finishing": self._finishing[column],
            "acceptance": self._refused_s(column, eta_s),
            "worth": self._here[column] + self._dropoff[row],
            "ride": self._ride[row],
            "idle": self._idle[column],
        }

    def _refused_s(self, column: int, eta_s: float) -> float:
        """Seconds that asking him in vain would cost, times the chance of it."""
        odds = self._refusal_odds[column] * exp(self._minds * (eta_s - RATE_AT_S))
        return self._retry_s * odds / (1.0 + odds)


def ride_s(trip: WaitingTrip) -> float:
    """How long the ride itself takes; 0 when its dropoff is not known."""
    if trip.ride_s is not None:
        return trip.ride_s
    return distance_m(trip.pickup, trip.dropoff) / STRAIGHT_MPS if trip.dropoff is not None else 0.0


def rider_claim_s(trip: WaitingTrip, rules: Rules) -> float:
    """How far ahead of a trip that came this moment, in seconds of pickup time."""
    returned_s = rules.returned_bonus_s if trip.returned else 0.0
    long_s = max(0.0, trip.waited_s - rules.rider_long_s)
    return rules.rider_weight * trip.waited_s + rules.rider_long_weight * long_s + returned_s


def driver_claim_s(driver: FreeDriver, rules: Rules) -> float:
    """How far ahead of a driver who became free this moment, in seconds of pickup time."""
    return rules.idle_weight * driver.idle_s + long_idle_claim_s(driver, rules)


def long_idle_claim_s(driver: FreeDriver, rules: Rules) -> float:
    """The part of it that only counts after `idle_long_s`: what `batch` looks at, so that nobody starves."""
    return rules.idle_long_weight * max(0.0, driver.idle_s - rules.idle_long_s)


def rider_bound_s(rules: Rules) -> float:
    """No driver serves a trip that came this many seconds later than another that he could have served and that is left
    without one, unless the later one was given back by its driver."""
    return _passed_after_s(_spread_s(rules), rules.rider_weight, rules.rider_long_s, rules.rider_long_weight)


def driver_bound_s(rules: Rules) -> float:
    """No trip goes to a driver who has been without a ride for this much less time than another who could have had it
    and is left without one."""
    return _passed_after_s(_spread_s(rules), rules.idle_weight, rules.idle_long_s, rules.idle_long_weight)


def _spread_s(rules: Rules) -> float:
    """By how much two scores can differ for anything but waiting, when one trip, or one driver, is the same."""
    places_s = 2 * rules.worth_weight * rules.worth_most_s
    return rules.max_pickup_s + rules.retry_s + places_s + rules.ride_weight * rules.ride_most_s


def _passed_after_s(spread_s: float, weight: float, long_s: float, long_weight: float) -> float:
    """The lead in waiting that is worth `spread_s`. Least where the later one has not waited, as a claim is convex."""
    if weight * long_s >= spread_s:
        return spread_s / weight
    slope = weight + long_weight
    return (spread_s + long_weight * long_s) / slope if slope > 0 else inf


def _worth_s(worth_s: float, rules: Rules) -> float:
    return rules.worth_weight * min(max(worth_s, -rules.worth_most_s), rules.worth_most_s)


def _finishing_s(driver: FreeDriver, rules: Rules) -> float:
    return rules.hold_penalty * driver.free_in_s + rules.hold_margin_s if driver.free_in_s > 0 else 0.0


def _refusal_odds(driver: FreeDriver, rules: Rules) -> float:
    """Odds that he does not take an offer two minutes away."""
    known = rules.accept_rate if driver.accept_rate is None else driver.accept_rate
    rate = min(max(known, LEAST_RATE), LARGEST_RATE)
    return (1 - rate) / rate
