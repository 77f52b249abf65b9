"""What dispatch sees of the simulated city at the end of a window: the batch that a policy is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hansom.values import Point
from services.matching.domain.model import Batch, FreeDriver, WaitingTrip
from services.matching.simulation.day import CATEGORY, Dispatching, Driver, Scenario, Trip

OFFERS_BELIEVED = 8
"""A driver's share of accepted offers counts from the fleet's, as if he had answered this many like the others."""

SOONEST_S = 5.0
"""Who is on a ride is not promised to be free sooner."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What holds for the whole batch: the time, the share of offers accepted so far, the worth of each place."""

    now_s: float
    fleet_rate: float
    worths: np.ndarray


@dataclass(frozen=True, slots=True)
class _Cars:
    """Drivers of one kind, as columns: who, where (numbers of places), in how many seconds free."""

    numbers: np.ndarray
    places: np.ndarray
    free_in_s: np.ndarray


class Sight:
    """Builds batches. Trips and drivers are called by their numbers, as strings."""

    def __init__(self, scenario: Scenario, dispatching: Dispatching) -> None:
        self._grid, self._habits, self._how = scenario.grid, scenario.habits, dispatching
        self._points = [Point(float(lat), float(lng)) for lat, lng in scenario.grid.points]
        self._alike = np.zeros(len(scenario.grid))

    def batch(
        self,
        now_s: float,
        trips: Mapping[int, Trip],
        idle: Mapping[int, Driver],
        riding: Mapping[int, Driver],
        fleet_rate: float,
    ) -> Batch:
        """The trips (those not yet asked for with `waited_s` below nought), the free drivers near them, and those
        about to finish near them, with the road times between. `fleet_rate`: the share of offers accepted so far."""
        worths = self._how.worths.at(now_s) if self._how.worths is not None else self._alike
        known = _Known(now_s, fleet_rate, worths)
        pickups = np.fromiter((trip.request.pickup for trip in trips.values()), dtype=int, count=len(trips))
        names = [str(number) for number in trips]
        times: dict[tuple[str, str], float | None] = {}
        drivers: list[FreeDriver] = []
        for cars, most in self._kinds(now_s, idle, riding):
            for column in self._add_times(times, names, pickups, cars, most):
                driver = idle.get(int(cars.numbers[column])) or riding[int(cars.numbers[column])]
                drivers.append(_free_driver(known, cars, column, driver, self._points))
        waiting = (self._trip(known, name, trip) for name, trip in zip(names, trips.values(), strict=True))
        return Batch(tuple(waiting), tuple(drivers), times)

    def _kinds(
        self, now_s: float, idle: Mapping[int, Driver], riding: Mapping[int, Driver]
    ) -> Iterable[tuple[_Cars, int]]:
        """The free drivers and those about to finish, each with how many of them are looked at for a trip."""
        places = np.fromiter((driver.place for driver in idle.values()), dtype=int, count=len(idle))
        yield _Cars(np.fromiter(idle, dtype=int, count=len(idle)), places, np.zeros(len(idle))), self._how.candidates
        if self._how.finishing:
            soon = self._finishing(now_s, riding)
            if len(soon.numbers):
                yield soon, self._how.finishing

    def _finishing(self, now_s: float, riding: Mapping[int, Driver]) -> _Cars:
        """Drivers who will be free within the horizon, by what is known of their rides: not quite when they end."""
        horizon_s = self._how.rules.finishing_max_s
        found = []
        for number, driver in riding.items():
            told_s = (driver.finishes_at_s - now_s) * driver.finish_told
            if told_s <= horizon_s:
                found.append((number, driver.ends_at, max(SOONEST_S, told_s)))
        numbers, places, free_in_s = zip(*found, strict=True) if found else ((), (), ())
        return _Cars(np.array(numbers, dtype=int), np.array(places, dtype=int), np.array(free_in_s, dtype=float))

    def _add_times(
        self,
        times: dict[tuple[str, str], float | None],
        names: Sequence[str],
        pickups: np.ndarray,
        cars: _Cars,
        most: int,
    ) -> list[int]:
        """Road times from the nearest of these cars to each pickup; gives the columns of those looked at."""
        called = [str(number) for number in cars.numbers.tolist()]
        seen: set[int] = set()
        near = self._nearest(pickups, cars.places, most)
        seconds = self._grid.seconds[cars.places[near], pickups[:, None]]
        for name, columns, row in zip(names, near.tolist(), seconds.tolist(), strict=True):
            for column, eta_s in zip(columns, row, strict=True):
                times[name, called[column]] = eta_s if eta_s < np.inf else None
            seen.update(columns)
        return sorted(seen)

    def _nearest(self, pickups: np.ndarray, places: np.ndarray, most: int) -> np.ndarray:
        """(pickups, at most `most`): for each pickup the columns of the nearest drivers, in a straight line."""
        if most >= len(places):
            return np.tile(np.arange(len(places)), (len(pickups), 1))
        plane_m = self._grid.plane_m
        apart = plane_m[pickups][:, None, :] - plane_m[places][None, :, :]
        return np.argpartition((apart**2).sum(axis=2), most - 1, axis=1)[:, :most]

    def _trip(self, known: _Known, name: str, trip: Trip) -> WaitingTrip:
        asked = trip.request.at_s <= known.now_s
        waited_s = known.now_s - (trip.waiting_since_s if asked else trip.request.at_s)
        return WaitingTrip(
            name,
            CATEGORY,
            self._points[trip.request.pickup],
            waited_s,
            trip.returned,
            frozenset(trip.excluded),
            dropoff=self._points[trip.request.dropoff],
            patience_left_s=self._habits.patience_s - waited_s,
            worth_s=float(known.worths[trip.request.dropoff]),
            ride_s=float(self._grid.seconds[trip.request.pickup, trip.request.dropoff]),
        )


def _free_driver(known: _Known, cars: _Cars, column: int, driver: Driver, points: Sequence[Point]) -> FreeDriver:
    place, free_in_s = int(cars.places[column]), float(cars.free_in_s[column])
    return FreeDriver(
        str(cars.numbers[column]),
        points[place],
        free_in_s=free_in_s,
        idle_s=0.0 if free_in_s else known.now_s - driver.idle_since_s,
        accept_rate=(driver.accepted + OFFERS_BELIEVED * known.fleet_rate) / (driver.answered + OFFERS_BELIEVED),
        worth_s=float(known.worths[place]),
    )
