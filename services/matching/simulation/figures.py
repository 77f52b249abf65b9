"""What a simulated day comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from services.matching.simulation.day import Day, Trip


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares are of all requests; times in seconds; earnings in minor units an hour on shift.

    `wait_*`: from asking until the car is there, of completed rides; `wait_worst_s`: the mean of the slowest tenth.
    `priced_out`: turned away by a fare that surged, and never asked.
    """

    requests: int
    completed: int
    unserved: int
    gave_up: int
    cancelled: int
    priced_out: int
    pickup_mean_s: float
    pickup_p50_s: float
    pickup_p90_s: float
    wait_mean_s: float
    wait_p50_s: float
    wait_p90_s: float
    wait_worst_s: float
    empty_km: float
    paid_km: float
    empty_share: float
    earned_an_hour: float
    earned_p10_an_hour: float
    gini: float
    busy_share: float
    offers_a_trip: float
    accepted_share: float
    batches: int
    pairs: int

    @property
    def completed_share(self) -> float:
        return self.completed / self.requests if self.requests else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Every figure, and the share completed, rounded for a JSON line."""
        found = {"completed_share": self.completed_share, **asdict(self)}
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in found.items()}


def figures(day: Day, only: Callable[[Trip], bool] | None = None) -> Figures:
    """The day in numbers; NaN where nothing happened. `only`: which trips count; drivers count with all they did."""
    trips = [trip for trip in day.trips if only is None or only(trip)]
    outcomes = [trip.outcome for trip in trips]
    done = [trip for trip in trips if trip.outcome == "completed"]
    pickups = np.array([trip.pickup_s for trip in done], dtype=float)
    waits = np.array([trip.wait_s for trip in done], dtype=float)
    worked = [driver for driver in day.drivers if driver.worked_s > 0]
    hours = sum(driver.worked_s for driver in worked) / 3600
    empty_m, paid_m = (sum(getattr(driver, name) for driver in day.drivers) for name in ("empty_m", "paid_m"))
    an_hour = earned_an_hour(day)
    return Figures(
        requests=len(trips),
        completed=outcomes.count("completed"),
        unserved=outcomes.count("unserved"),
        gave_up=outcomes.count("gave_up"),
        cancelled=outcomes.count("cancelled"),
        priced_out=outcomes.count("priced_out"),
        pickup_mean_s=_mean(pickups),
        pickup_p50_s=_quantile(pickups, 0.5),
        pickup_p90_s=_quantile(pickups, 0.9),
        wait_mean_s=_mean(waits),
        wait_p50_s=_quantile(waits, 0.5),
        wait_p90_s=_quantile(waits, 0.9),
        wait_worst_s=worst_tenth(waits),
        empty_km=empty_m / 1000,
        paid_km=paid_m / 1000,
        empty_share=empty_m / (empty_m + paid_m) if empty_m + paid_m else float("nan"),
        earned_an_hour=sum(driver.earned for driver in worked) / hours if worked else float("nan"),
        earned_p10_an_hour=_quantile(an_hour, 0.1),
        gini=gini(an_hour.tolist()),
        busy_share=sum(driver.carried_s for driver in worked) / max(1.0, hours * 3600),
        offers_a_trip=day.offers / max(1, len(day.trips)),
        accepted_share=1 - day.declined / max(1, day.offers),
        batches=day.batches,
        pairs=day.pairs,
    )


def earned_an_hour(day: Day) -> np.ndarray:
    """What each driver who worked earned in an hour on shift, in minor units."""
    return np.array([driver.earned / driver.worked_s * 3600 for driver in day.drivers if driver.worked_s > 0])


def gini(values: Sequence[float]) -> float:
    """Gini's coefficient of the values, 0 (all the same) to 1: half the mean difference over the mean."""
    ordered = np.sort(np.asarray(values, dtype=float))
    count, total = len(ordered), ordered.sum()
    if not count or total <= 0:
        return 0.0
    return float((2 * np.arange(1, count + 1) - count - 1) @ ordered / (count * total))


def worst_tenth(values: np.ndarray) -> float:
    """The mean of the largest tenth, NaN of nothing."""
    return _mean(np.sort(values)[-max(1, len(values) // 10) :])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _quantile(values: np.ndarray, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")
