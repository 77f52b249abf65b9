"""What worths and hints are good for: a town in which riders ask at random and the nearest free car comes."""

from __future__ import annotations

from statistics import mean

import pytest

from services.analytics.assigning import assign
from services.analytics.domain.hints import HOLDS_S, Car, Outlook, Sending, hints
from services.analytics.domain.worths import nearness, worths
from services.analytics.domain.zones import finest_zones
from services.analytics.outlooks import centre_of, parent_of
from tests.support.small_town import STRAIGHT_MPS, SmallTown

SENDING = Sending(assign, 600.0, parent_of, centre_of)


@pytest.mark.parametrize(("cars", "requests"), [(20, 60), (60, 240)])
def test_cars_wait_less_in_places_that_are_said_to_be_worth_more(cars: int, requests: int) -> None:
    """And by no less than is said: a worth errs to the side of none."""
    town = SmallTown(requests)
    lived = town.live(cars, hours=18, seed=1)
    near = nearness(finest_zones(town.segments, parent_of, centre_of), STRAIGHT_MPS)
    said = worths(near, town.rates, lived.free, evidence=1e6).items
    everywhere = mean(idle for each in lived.idle_s.values() for idle in each)
    drawn = [(said.get(segment, 0.0), everywhere - idle) for segment, each in lived.idle_s.items() for idle in each]
    at_worth = mean(one for one, _ in drawn)
    spread = mean((one - at_worth) ** 2 for one, _ in drawn)
    slope = mean((one - at_worth) * gain for one, gain in drawn) / spread
    assert slope > 0.8, "seconds gained for each second said"
    better = mean(gain for one, gain in drawn if one > 0)
    worse = mean(gain for one, gain in drawn if one < 0)
    assert better > 0 > worse


class Followed:
    """Gives hints as analytics does, once a minute, to drivers who all follow them."""

    def __init__(self, town: SmallTown) -> None:
        self._rates = town.rates
        self._goals: dict[int, tuple[str, float]] = {}
        self.given = 0

    def __call__(self, now: float, where: dict[int, str], since: dict[int, float]) -> dict[int, str]:
        self._goals = {car: goal for car, goal in self._goals.items() if car in where and goal[1] > now}
        cars = [
            Car(str(car), centre_of(segment), segment, idle := now - since[car], idle >= 180 and car not in self._goals)
            for car, segment in where.items()
        ]
        coming = [(goal, where[car]) for car, (goal, _) in self._goals.items()]
        for hint in hints(Outlook(self._rates, {}, coming, STRAIGHT_MPS), cars, SENDING):
            self._goals[int(hint.driver_id)] = hint.segment, now + HOLDS_S
            self.given += 1
        return {car: goal for car, (goal, _) in self._goals.items()}


def test_cars_that_follow_hints_are_nearer_to_riders() -> None:
    """The same riders, with and without hints: a sixth less time to the pickup at the least, and nobody loses by it."""
    town = SmallTown(60)
    followed = Followed(town)
    without, with_hints = (town.live(28, hours=12, seed=2, moves=moves) for moves in (None, followed))
    assert followed.given > 50
    assert mean(with_hints.pickups_s) < 5 / 6 * mean(without.pickups_s)
    worst_tenth = [sorted(lived.pickups_s)[int(0.9 * len(lived.pickups_s))] for lived in (without, with_hints)]
    assert worst_tenth[1] < worst_tenth[0]
    assert with_hints.unserved <= without.unserved


def test_where_no_car_can_be_spared_hints_move_none() -> None:
    town = SmallTown(60)
    followed = Followed(town)
    lived = town.live(8, hours=6, seed=3, moves=followed)
    assert followed.given < 0.05 * len(lived.pickups_s)
