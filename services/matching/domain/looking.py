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
from services.matching.domain.model import (
    Batch,
    Considered,
    Edge,
    FreeDriver,
    Proposal,
    Reasoned,
    Rules,
    WaitingTrip,
)


class Score(Protocol):
    """How one policy scores the pairs of one batch, whose trips and drivers it has in order: lower is better."""

    def score(self, row: int, column: int, eta_s: float) -> float: ...

    def parts(self, row: int, column: int, eta_s: float) -> Mapping[str, float]:
        """What the score is made of, in seconds, summing to it; nothing when it is not in seconds."""
        ...


Scoring = Callable[[Sequence[WaitingTrip], Sequence[FreeDriver], Rules], Score]


@dataclass(frozen=True, slots=True)
class Looked:
    """Every pair with a road time, as columns of one table in the order of trip and driver ids.

    `rows` and `columns` point into `trips` and `drivers`; `dropped` is the hard rule that forbids the pair, `scores` is
    None for those. A batch of 5,000 trips has 150,000 pairs: nothing is made for a pair that is not needed yet.
    """

    trips: list[WaitingTrip]
    drivers: list[FreeDriver]
    score: Score
    rows: list[int]
    columns: list[int]
    etas: list[float | None]
    dropped: list[Dropped | None]
    scores: list[float | None]

    def edges(self) -> list[Edge]:
        """The pairs that may be made, for a solver."""
        table = zip(self.rows, self.columns, self.scores, strict=True)
        return [(row, column, score) for row, column, score in table if score is not None]


def look_at(batch: Batch, rules: Rules, scoring: Scoring, *, hold: bool = False) -> Looked:
    """Score every pair with a road time, or drop it by a hard rule. `hold`: finishing drivers count."""
    trips = sorted(batch.trips, key=lambda trip: trip.trip_id)
    drivers = sorted(batch.drivers, key=lambda driver: driver.driver_id)
    score = scoring(trips, drivers, rules)
    looked = Looked(trips, drivers, score, [], [], [], [], [])
    for row, column, eta_s in _in_order(batch, trips, drivers):
        dropped = forbidden(trips[row], drivers[column], eta_s, rules, hold=hold)
        looked.rows.append(row)
        looked.columns.append(column)
        looked.etas.append(eta_s)
        looked.dropped.append(dropped)
        looked.scores.append(None if dropped is not None or eta_s is None else score.score(row, column, eta_s))
    return looked


def _in_order(
    batch: Batch, trips: Sequence[WaitingTrip], drivers: Sequence[FreeDriver]
) -> Iterator[tuple[int, int, float | None]]:
    """(row, column, road time) of each pair, by row and column, however the batch came."""
    row_of = {trip.trip_id: row for row, trip in enumerate(trips)}
    column_of = {driver.driver_id: column for column, driver in enumerate(drivers)}
    width = len(drivers)
    keyed = [(row_of[trip] * width + column_of[driver], eta) for (trip, driver), eta in batch.road_times.items()]
    keyed.sort(key=itemgetter(0))
    for key, eta_s in keyed:
        yield key // width, key % width, eta_s


def forbidden(
    trip: WaitingTrip, driver: FreeDriver, eta_s: float | None, rules: Rules, *, hold: bool = False
) -> Dropped | None:
    """The hard rule that this pair would break, or None.

    `eta_s`: seconds from where he is, or will be, to the pickup; None without a road. `hold`: the trip may be held for
    a driver who is still on a ride.
    """
    if driver.categories is not None and trip.category not in driver.categories:
        return Dropped.CATEGORY
    if driver.driver_id in trip.excluded:
        return Dropped.EXCLUDED
    if eta_s is None:
        return Dropped.NO_ROAD
    if eta_s > rules.max_pickup_s:
        return Dropped.TOO_FAR
    return _too_late(trip, driver, rules, hold=hold)


def _too_late(trip: WaitingTrip, driver: FreeDriver, rules: Rules, *, hold: bool) -> Dropped | None:
    if trip.patience_left_s is not None and trip.patience_left_s <= driver.free_in_s:
        return Dropped.PATIENCE
    if driver.free_in_s > 0 and not (hold and may_be_held(trip, driver, rules)):
        return Dropped.FINISHING
    return None


def may_be_held(trip: WaitingTrip, driver: FreeDriver, rules: Rules) -> bool:
    """Whether he is free soon enough for the rider to be let wait without an offer until then."""
    soon = driver.free_in_s <= rules.finishing_max_s
    return soon and trip.waited_s + driver.free_in_s <= rules.hold_waited_max_s


def proposed(looked: Looked, chosen: Mapping[int, int], policy: str) -> Proposal:
    """What was decided: `chosen` is the column of each row that got a driver."""
    return Proposal(_Reasons(looked, chosen), policy)


class _Reasons(Reasoned):
    """Every pair with what became of it, each made when it is first asked for."""

    def __init__(self, looked: Looked, chosen: Mapping[int, int]) -> None:
        self._looked, self._chosen = looked, chosen
        self._taken = frozenset(chosen.values())

    def __len__(self) -> int:
        return len(self._looked.rows)

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

    def __repr__(self) -> str:
        return repr(self._all)

    __hash__ = None  # type: ignore[assignment]

    def because(self, dropped: Dropped | None) -> tuple[Considered, ...]:
        if dropped is not None and dropped is not Dropped.HELD:
            return super().because(dropped)
        return tuple(pair for pair in self._picked if pair.dropped is dropped)

    @cached_property
    def _all(self) -> tuple[Considered, ...]:
        return tuple(self._considered(number) for number in range(len(self)))

    @cached_property
    def _picked(self) -> tuple[Considered, ...]:
        table = enumerate(zip(self._looked.rows, self._looked.columns, strict=True))
        return tuple(self._considered(number) for number, (row, column) in table if self._chosen.get(row) == column)

    def _considered(self, number: int) -> Considered:
        looked = self._looked
        row, column, eta_s = looked.rows[number], looked.columns[number], looked.etas[number]
        trip, driver = looked.trips[row], looked.drivers[column]
        score, dropped = looked.scores[number], looked.dropped[number]
        return Considered(
            trip.trip_id,
            driver.driver_id,
            distance_m(driver.point, trip.pickup),
            eta_s,
            score,
            self._why_not(row, column) if dropped is None else dropped,
            looked.score.parts(row, column, eta_s) if score is not None and eta_s is not None else {},
            driver.free_in_s,
        )

    def _why_not(self, row: int, column: int) -> Dropped | None:
        """Why an allowed pair gets no offer; None when it gets one."""
        got = self._chosen.get(row)
        if got == column:
            return Dropped.HELD if self._looked.drivers[column].free_in_s > 0 else None
        if got is not None:
            return Dropped.ANOTHER_DRIVER
        return Dropped.ANOTHER_TRIP if column in self._taken else Dropped.NOT_MATCHED
