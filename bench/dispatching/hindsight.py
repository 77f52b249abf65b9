"""What the best assignment in hindsight would have made of a day that was lived.

The day is cut into blocks of five minutes. In each, the riders to whom a driver was given in it, and who were later
carried, are given drivers anew, all at once. The assignment may know:

- all requests of the block from its first second on, and that these riders will not cancel;
- where and when each driver of the block has no ride, also those who finish a ride within it.

It may not:

- send a car before its rider has asked (and the block has begun), or to a rider later than he was really fetched;
- touch a ride that was under way, or a car that was on its way to a rider who then cancelled or was given back;
- keep a driver beyond his shift, use a spell without a ride twice, or go further than the largest pickup time.

Since nobody is fetched later than he was, every car that ends a ride in the block is free where, and at the latest
when, the day says: what it finds could have been driven, if every driver had said yes. Among such plans it finds the
one with the least sum of pickup times (the assignment problem, exactly). Each block starts from the day as it was
lived, and nothing is paid for where it leaves the cars: the sum over the blocks is what five minutes of foreknowledge
could have spared these riders' drivers, given all that was decided before each block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from services.matching.simulation.day import Day, Spell, Trip
from services.matching.simulation.grid import RoadGrid

BLOCK_S = 300.0
SLACK_S = 0.05
"""Road times are kept in single precision."""


@dataclass(frozen=True, slots=True)
class Hindsight:
    """Of `riders`: mean pickup time as it was and as it could have been, in seconds."""

    riders: int
    actual_s: float
    best_s: float

    @property
    def gap(self) -> float:
        """How much longer it was, in per cent."""
        return 100 * (self.actual_s - self.best_s) / self.best_s if self.best_s else float("nan")


@dataclass(frozen=True, slots=True)
class Stand:
    """A spell without a ride in which a car may be sent somewhere. `used_s`: when it was; infinite: it never was."""

    place: int
    from_s: float
    until_s: float
    used_s: float = float("inf")


def hindsight(day: Day, grid: RoadGrid, max_pickup_s: float, block_s: float = BLOCK_S) -> Hindsight:
    """How near the day came to what could have been known."""
    riders = [trip for trip in day.trips if trip.outcome == "completed"]
    stands = list(_stands(day, block_s))
    actual_s = best_s = 0.0
    for began_s, block in _blocks(riders, block_s):
        ended_s = began_s + block_s
        usable = [
            each for each in stands if each.from_s < ended_s and each.until_s > began_s and each.used_s >= began_s
        ]
        actual_s += sum(_pickup_s(trip) for trip in block)
        best_s += _least_sum(began_s, block, usable, grid, max_pickup_s)
    count = max(1, len(riders))
    return Hindsight(len(riders), actual_s / count, best_s / count)


def _stands(day: Day, block_s: float) -> Iterator[Stand]:
    """Every spell, but those that ended with a ride that came to nothing: these only until then."""
    fetched = {_moment(_assigned_s(trip)): trip for trip in day.trips if trip.outcome == "completed"}
    for spell in day.spells:
        end_s = spell.since_s + spell.idle_s
        trip = fetched.get(_moment(end_s)) if spell.ended else None
        if not spell.ended:
            yield Stand(spell.place, spell.since_s, end_s)
        elif trip is None or trip.driver is None:
            yield from _wasted(spell, end_s, block_s)
        else:
            until_s = max(end_s, day.drivers[trip.driver].until_s)
            yield Stand(spell.place, spell.since_s, until_s, end_s)


def _wasted(spell: Spell, end_s: float, block_s: float) -> Iterator[Stand]:
    """In the block in which it ended the car is not to be had, in those before it is."""
    until_s = end_s // block_s * block_s
    if until_s > spell.since_s:
        yield Stand(spell.place, spell.since_s, until_s)


def _blocks(riders: Sequence[Trip], block_s: float) -> Iterator[tuple[float, list[Trip]]]:
    found: dict[int, list[Trip]] = {}
    for trip in riders:
        found.setdefault(int(_assigned_s(trip) // block_s), []).append(trip)
    for number in sorted(found):
        yield number * block_s, found[number]


def _least_sum(
    began_s: float, riders: Sequence[Trip], stands: Sequence[Stand], grid: RoadGrid, max_pickup_s: float
) -> float:
    pickups = np.array([trip.request.pickup for trip in riders])
    asked_s = np.array([trip.waiting_since_s for trip in riders])[:, None]
    fetched_s = np.array([_assigned_s(trip) + _pickup_s(trip) for trip in riders])[:, None]
    places = np.array([stand.place for stand in stands])
    from_s, until_s = (np.array([getattr(stand, name) for stand in stands])[None, :] for name in ("from_s", "until_s"))
    eta_s = grid.seconds[places[None, :], pickups[:, None]].astype(float)
    sent_s = np.maximum(np.maximum(asked_s, from_s), began_s)
    allowed = (sent_s <= until_s) & (sent_s + eta_s <= fetched_s + SLACK_S) & (eta_s <= max_pickup_s + SLACK_S)
    forbidden_s = (max_pickup_s + 1.0) * (len(riders) + 1)
    chosen = linear_sum_assignment(np.where(allowed, eta_s, forbidden_s))
    if not allowed[chosen].all():
        raise AssertionError("the day as it was lived is not among the plans")
    return float(eta_s[chosen].sum())


def _assigned_s(trip: Trip) -> float:
    assert trip.assigned_at_s is not None
    return trip.assigned_at_s


def _pickup_s(trip: Trip) -> float:
    assert trip.pickup_s is not None
    return trip.pickup_s


def _moment(at_s: float) -> int:
    """Moments are told apart to a microsecond."""
    return round(at_s * 1e6)
