"""Promised times against actual ones, as the people of the rides see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hansom.bots.measures import Spread


class Promises:
    """How promises of one kind were kept. Constant memory."""

    def __init__(self) -> None:
        self._sizes = Spread()
        self._promised_s = self._actual_s = self._abs_error_s = 0.0

    def kept(self, promised_s: float, actual_s: float) -> None:
        """One was kept, so well."""
        self._sizes.add(abs(actual_s - promised_s))
        self._promised_s += promised_s
        self._actual_s += actual_s
        self._abs_error_s += abs(actual_s - promised_s)

    def as_dict(self) -> dict[str, float | int | None]:
        """`{trips, mean_promised_s, mean_actual_s, mean_abs_error_s, p50_abs_error_s, p90_abs_error_s}`."""
        trips = self._sizes.count
        sums = {"promised": self._promised_s, "actual": self._actual_s, "abs_error": self._abs_error_s}
        means = {f"mean_{name}_s": round(total / trips, 1) if trips else None for name, total in sums.items()}
        return {"trips": trips, **means, "p50_abs_error_s": self._at(0.5), "p90_abs_error_s": self._at(0.9)}

    def _at(self, share: float) -> float | None:
        found = self._sizes.quantile(share)
        return None if found is None else round(found, 1)


def seconds_between(trip: dict[str, Any], begin: str, end: str) -> float | None:
    """Between two times of a trip; None while one is not known."""
    if not trip.get(begin) or not trip.get(end):
        return None
    return (datetime.fromisoformat(trip[end]) - datetime.fromisoformat(trip[begin])).total_seconds()
