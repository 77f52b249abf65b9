"""Which road times to ask for: only between trips and the drivers near them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.matching.domain.model import FreeDriver, WaitingTrip

MAX_CELLS = 40_000
"""Largest table asked for at once (drivers x pickups). OSRM answers 200 x 200 in about 50 ms."""

MAX_SIDE = 500
"""Most drivers, and most pickups, of one table."""


@dataclass(frozen=True, slots=True)
class TablePlan:
    """One table: from each driver to each pickup."""

    driver_ids: tuple[str, ...]
    trip_ids: tuple[str, ...]


def plan_tables(
    trips: Sequence[WaitingTrip], candidates: Mapping[str, Sequence[FreeDriver]], max_cells: int = MAX_CELLS
) -> list[TablePlan]:
    """Tables that together hold every (candidate, pickup) pair.

    Neighbouring trips share candidates: they go into one table until it would have more than `max_cells` cells, so
    that the work grows with the number of pairs and not with trips x drivers of the whole city.
    """
    plans: list[TablePlan] = []
    trip_ids: list[str] = []
    drivers: dict[str, None] = {}
    for trip in sorted(trips, key=lambda each: (round(each.pickup.lat, 2), each.pickup.lng, each.trip_id)):
        own = [driver.driver_id for driver in candidates.get(trip.trip_id, ())]
        if not own:
            continue
        together = drivers | dict.fromkeys(own)
        side = max(len(together), len(trip_ids) + 1)
        if trip_ids and (side > MAX_SIDE or len(together) * (len(trip_ids) + 1) > max_cells):
            plans.append(TablePlan(tuple(drivers), tuple(trip_ids)))
            trip_ids, together = [], dict.fromkeys(own)
        drivers = together
        trip_ids.append(trip.trip_id)
    if trip_ids:
        plans.append(TablePlan(tuple(drivers), tuple(trip_ids)))
    return plans


def road_times(
    plans: Sequence[TablePlan],
    tables: Sequence[Sequence[Sequence[float | None]]],
    candidates: Mapping[str, Sequence[FreeDriver]],
) -> dict[tuple[str, str], float | None]:
    """(trip_id, driver_id) → seconds, of the candidates alone. `tables`: for each plan, a row for each driver."""
    wanted = {trip_id: {driver.driver_id for driver in drivers} for trip_id, drivers in candidates.items()}
    times: dict[tuple[str, str], float | None] = {}
    for plan, table in zip(plans, tables, strict=True):
        for driver_id, row in zip(plan.driver_ids, table, strict=True):
            for trip_id, seconds in zip(plan.trip_ids, row, strict=True):
                if driver_id in wanted[trip_id]:
                    times[trip_id, driver_id] = seconds
    return times
