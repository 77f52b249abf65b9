"""Looking at the pairs of a batch: the hard rules, the scores, and why each driver got no offer.

The hard rules hold for every policy: category, who declined or gave the trip back, a road there, the largest pickup
time, the rider's patience, and no offer to a driver who is still on a ride. That a driver is approved, free, heard of
and where he plausibly can be is seen to before a batch: `location.find_candidates` gives no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Protocol, overload

from hansom.contracts.matching import Dropped
from hansom.values import distance_m
from services.matching.domain.model import Batch, Considered, Edge, FreeDriver, Proposal, Reasoned, Rules, WaitingTrip

Cell = tuple[int, float | None]
"""A driver's column and his road time to the trip of this row, None without a road."""


class Score(Protocol):
    """How one policy scores the pairs of one batch, whose trips and drivers it has in order: lower is better."""

    def of_row(self, row: int, cells: Sequence[tuple[int, float]]) -> list[float]:
        """One trip's score with each of these drivers."""
        ...

    def parts(self, row: int, column: int, eta_s: float) -> Mapping[str, float]:
        """What the score is made of, in seconds, summing to it; nothing when it is not in seconds."""
        ...


Scoring = Callable[[Sequence[WaitingTrip], Sequence[FreeDriver], Rules], Score]


@dataclass(frozen=True, slots=True)
class Looked:
    """Every pair with a road time, one row a trip and one column a driver, in the order of their ids.

    `cells`: for each row all drivers who were looked at. `allowed`: those whom no hard rule forbids, with their scores.
    A batch may have a million pairs, so nothing more is made of a pair before it is asked for.
    """

    trips: list[WaitingTrip]
    drivers: list[FreeDriver]
    cells: list[list[Cell]]
    allowed: list[list[tuple[int, float]]]
    score: Score
    hard: HardRules

    def edges(self) -> list[Edge]:
        """The pairs that may be made, for a solver."""
        return [(row, column, score) for row, own in enumerate(self.allowed) for column, score in own]


@dataclass(frozen=True, slots=True)
class HardRules:
    """What no policy may break. `hold`: a trip may be held for a driver who is about to finish."""

    rules: Rules
    hold: bool = False

    def forbidden(self, trip: WaitingTrip, driver: FreeDriver, eta_s: float | None) -> Dropped | None:
        """The rule that this pair would break, or None. `eta_s`: seconds from where he is, or will be, to the pickup;
        None without a road."""
        barred = self.barred(trip, driver)
        if barred is not None:
            return barred
        if eta_s is None:
            return Dropped.NO_ROAD
        return Dropped.TOO_FAR if eta_s > self.rules.max_pickup_s else None

    def barred(self, trip: WaitingTrip, driver: FreeDriver) -> Dropped | None:
        """The same, but for the road between them."""
        if driver.categories is not None and trip.category not in driver.categories:
            return Dropped.CATEGORY
        if driver.driver_id in trip.excluded:
            return Dropped.EXCLUDED
        if trip.patience_left_s is not None and trip.patience_left_s <= driver.free_in_s:
            return Dropped.PATIENCE
        if driver.free_in_s > 0 and not self._may_be_held(trip, driver):
            return Dropped.FINISHING
        return None

    def _may_be_held(self, trip: WaitingTrip, driver: FreeDriver) -> bool:
        """Whether he is free soon enough for the rider to be let wait without an offer until then."""
        soon = driver.free_in_s <= self.rules.finishing_max_s
        return self.hold and soon and trip.waited_s + driver.free_in_s <= self.rules.hold_waited_max_s


def look_at(batch: Batch, rules: Rules, scoring: Scoring, *, hold: bool = False) -> Looked:
    """Every pair with a road time, and the scores of those that no hard rule forbids.

    `hold`: drivers who are about to finish a ride count.
    """
    trips = sorted(batch.trips, key=lambda trip: trip.trip_id)
    drivers = sorted(batch.drivers, key=lambda driver: driver.driver_id)
    hard, score = HardRules(rules, hold), scoring(trips, drivers, rules)
    cells = _cells(batch, trips, drivers)
    allowed: list[list[tuple[int, float]]] = []
    for row, near in enumerate(_allowed(trips, drivers, cells, hard)):
        scores = score.of_row(row, near)
        allowed.append([(column, each) for (column, _), each in zip(near, scores, strict=True)])
    return Looked(trips, drivers, cells, allowed, score, hard)


def _allowed(
    trips: Sequence[WaitingTrip], drivers: Sequence[FreeDriver], cells: Sequence[Sequence[Cell]], hard: HardRules
) -> Iterator[list[tuple[int, float]]]:
    """For each row the drivers whom no hard rule forbids, with their road times.

    A driver who is free now, and of whom no category is known, can be barred by something of the trip's only: so most
    pairs need no look at both.
    """
    special = {column for column, driver in enumerate(drivers) if driver.categories is not None or driver.free_in_s > 0}
    most_s = hard.rules.max_pickup_s
    for trip, own in zip(trips, cells, strict=True):
        near = [(column, eta_s) for column, eta_s in own if eta_s is not None and eta_s <= most_s]
        if trip.excluded or (trip.patience_left_s is not None and trip.patience_left_s <= 0):
            yield [cell for cell in near if hard.barred(trip, drivers[cell[0]]) is None]
        elif special:
            yield [cell for cell in near if cell[0] not in special or hard.barred(trip, drivers[cell[0]]) is None]
        else:
            yield near


def _cells(batch: Batch, trips: Sequence[WaitingTrip], drivers: Sequence[FreeDriver]) -> list[list[Cell]]:
    """The drivers looked at for each trip, in order, however the batch came."""
    column_of = {driver.driver_id: column for column, driver in enumerate(drivers)}
    cells: list[list[Cell]] = [[] for _ in trips]
    cells_of = {trip.trip_id: own for trip, own in zip(trips, cells, strict=True)}
    for (trip_id, driver_id), eta_s in batch.road_times.items():
        cells_of[trip_id].append((column_of[driver_id], eta_s))
    for own in cells:
        own.sort(key=itemgetter(0))
    return cells


def proposed(looked: Looked, chosen: Mapping[int, int], policy: str) -> Proposal:
    """What was decided: `chosen` is the column of each row that got a driver."""
    return Proposal(_Reasons(looked, chosen), policy)


class _Reasons(Reasoned):
    """Every pair with what became of it, made when first asked for."""

    def __init__(self, looked: Looked, chosen: Mapping[int, int]) -> None:
        self._looked, self._chosen = looked, chosen
        self._taken = frozenset(chosen.values())

    def __len__(self) -> int:
        return sum(map(len, self._looked.cells))

    @overload
    def __getitem__(self, number: int) -> Considered: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Considered, ...]: ...

    def __getitem__(self, number: int | slice) -> Considered | tuple[Considered, ...]:
        return self._all[number]

    def __iter__(self) -> Iterator[Considered]:
        return iter(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._all)

    def because(self, dropped: Dropped | None) -> tuple[Considered, ...]:
        if dropped is not None and dropped is not Dropped.HELD:
            return super().because(dropped)
        return tuple(pair for pair in self._picked if pair.dropped is dropped)

    @cached_property
    def _all(self) -> tuple[Considered, ...]:
        return tuple(pair for row in range(len(self._looked.trips)) for pair in self._of_row(row))

    @cached_property
    def _picked(self) -> tuple[Considered, ...]:
        rows = sorted(self._chosen)
        return tuple(pair for row in rows for pair in self._of_row(row, only=self._chosen[row]))

    def _of_row(self, row: int, only: int | None = None) -> Iterator[Considered]:
        looked = self._looked
        scores, trip = dict(looked.allowed[row]), looked.trips[row]
        for column, eta_s in looked.cells[row]:
            if only is None or column == only:
                driver, score = looked.drivers[column], scores.get(column)
                yield Considered(
                    trip.trip_id,
                    driver.driver_id,
                    distance_m(driver.point, trip.pickup),
                    eta_s,
                    score,
                    self._why_not(row, column, eta_s, allowed=score is not None),
                    looked.score.parts(row, column, eta_s) if score is not None and eta_s is not None else {},
                    driver.free_in_s,
                )

    def _why_not(self, row: int, column: int, eta_s: float | None, *, allowed: bool) -> Dropped | None:
        """Why a pair gets no offer; None when it gets one."""
        looked, got = self._looked, self._chosen.get(row)
        if not allowed:
            return looked.hard.forbidden(looked.trips[row], looked.drivers[column], eta_s)
        if got == column:
            return Dropped.HELD if looked.drivers[column].free_in_s > 0 else None
        if got is not None:
            return Dropped.ANOTHER_DRIVER
        return Dropped.ANOTHER_TRIP if column in self._taken else Dropped.NOT_MATCHED
